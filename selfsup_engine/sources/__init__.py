"""Where training images come from. A source string names a set; `info` tells about it, `load` gives it as an `ImageSet`.

| source string | what |
|---|---|
| `digits`, `shapes` | built in; `shapes:size=48,count=6000,seed=3,channels=1` draws others |
| `mnist`, `fashion-mnist`, `kmnist`, `cifar10` | downloaded once, then kept in `data_root()` |
| `photos` | patches of the photos that are built in |
| `npz:PATH`, `folder:PATH` | files on this computer; see `npz.read` and `folder.read` |
| `patches:PATH` | patches of a photo, or of the photos in a folder; see `patches.read` |
| `upload:ID` | what `own.save` stored |
| `elsewhere:NAME` | somebody's files on another computer, by their name alone; see `without_path` |

torch is imported by `load`, not by this package, so that a page can show at once what there is.
"""

from __future__ import annotations

import difflib
from dataclasses import replace
from pathlib import Path, PurePath

from selfsup_engine.errors import UserError
from selfsup_engine.lines import one_line
from selfsup_engine.sources import digits, folder, npz, own, patches, shapes, torchvision_sets
from selfsup_engine.sources.base import OWN_LICENCE, ImageSet, Progress, SourceInfo, data_root
from selfsup_engine.sources.catalogue import SOURCES

__all__ = [
    "SOURCES",
    "ImageSet",
    "Progress",
    "SourceInfo",
    "at_hand",
    "called",
    "data_root",
    "info",
    "is_local",
    "is_own",
    "load",
    "without_path",
]

_PATHS = ("npz", "folder", "patches")
_ELSEWHERE = "elsewhere"
_OWN = (*_PATHS, "upload", _ELSEWHERE)


def info(source: str) -> SourceInfo:
    """What can be said of a source without torch. A folder's counts are of files not opened yet; an `.npz` is read for it.

    Raises:
        UserError: there is no such source.
    """
    kind, rest = _parse(source)
    match kind:
        case "shapes":
            return shapes.info(SOURCES[kind], rest)
        case "npz":
            return replace(npz.info(Path(rest).expanduser()), name=source)
        case "folder":
            return replace(folder.info(Path(rest).expanduser()), name=source)
        case "patches":
            return patches.info(rest)
        case "upload":
            return own.info(rest)
        case "elsewhere":
            raise _not_here(rest)
        case _:
            return SOURCES[kind]


def is_local(source: str) -> bool:
    """Whether `load` can do without the network.

    Raises:
        UserError: there is no such kind of source.
    """
    kind, rest = _parse(source)
    match kind:
        case "npz" | "folder":
            return Path(rest).expanduser().exists()
        case "patches":
            return patches.exists(rest)
        case "upload":
            return own.exists(rest)
        case "elsewhere":
            return False
        case _:
            return not SOURCES[kind].files or torchvision_sets.is_local(SOURCES[kind])


def at_hand(name: str) -> str:
    """Whether one of the SOURCES can be had without the network, in words."""
    about = SOURCES[name]
    if not about.files:
        return "built in"
    return "ready" if is_local(name) else f"downloads {about.download_mb:.0f} MB when first chosen"


def is_own(source: str) -> bool:
    """Whether it is somebody's own files, which only the machine that they lie on has."""
    return source.partition(":")[0] in _OWN


def without_path(source: str) -> str:
    """A source string that names no place on a disk: what goes to another computer says nothing of this one, and what comes from one opens
    nothing here. `folder:PATH/shoes` becomes `elsewhere:shoes`."""
    kind, _, rest = source.partition(":")
    if kind not in _PATHS:
        return source
    name = PurePath(rest.rpartition("?side=")[0] or rest).name.rpartition("\\")[2]
    return f"{_ELSEWHERE}:{one_line(PurePath(name).stem)[:80] or 'pictures'}"


def called(source: str) -> str:
    """What a message calls a source: files of one's own by their name, not by their place."""
    told = without_path(source)
    return told.removeprefix(f"{_ELSEWHERE}:")[:80]


def _not_here(name: str) -> UserError:
    return UserError(f"The pictures {name[:80]!r} are on the computer on which this model was trained, not here.")


def load(source: str, progress: Progress | None = None) -> ImageSet:
    """The images of a source; the same ones, byte for byte, every time.

    Args:
        source: a source string; see above.
        progress: called with the share done, in [0, 1], and what is being done, while a set is downloaded.

    Raises:
        UserError: there is no such source, or it cannot be read or downloaded.
    """
    kind, rest = _parse(source)
    match kind:
        case "digits":
            return digits.load(SOURCES[kind])
        case "photos":
            return patches.load(SOURCES[kind])
        case "shapes":
            drawn = shapes.read(shapes.Options.parse(rest))
            return drawn.to_image_set(source, SOURCES[kind].licence)
        case "npz":
            return npz.read(Path(rest).expanduser()).to_image_set(source, OWN_LICENCE)
        case "folder":
            return folder.read(Path(rest).expanduser()).to_image_set(source, OWN_LICENCE)
        case "patches":
            return patches.read(rest).to_image_set(source, OWN_LICENCE)
        case "upload":
            return own.load(rest)
        case "elsewhere":
            raise _not_here(rest)
        case _:
            return torchvision_sets.load(SOURCES[kind], progress or _silent)


def _parse(source: str) -> tuple[str, str]:
    """A source string's kind and what follows its first colon."""
    kind, colon, rest = source.partition(":")
    if (kind in SOURCES and (kind == "shapes" or not colon)) or (kind in _OWN and rest):
        return kind, rest
    alike = difflib.get_close_matches(kind.lower(), [*SOURCES, *_OWN], n=1)
    hint = f" Did you mean {alike[0]}?" if alike and alike[0] != kind else ""
    raise UserError(
        f"There is no source {source[:80]!r}.{hint} "
        f"Choose one of {', '.join(SOURCES)}, or name your own: npz:PATH, folder:PATH, patches:PATH or upload:ID."
    )


def _silent(share: float, what: str) -> None:
    pass
