"""A run as one file, to take along or to pass on: a zip of what it takes to look at it, explore it and score it; or several runs in
one zip, a folder each.

What comes in is checked before a byte of it is kept: names from a short list, sizes, run.json by pydantic, weights, snapshots and exhibit
as safetensors of exactly the shapes that the config asks for. Nothing is unpickled. Torch is imported only to take a run in.

The directions that a person kept of a model lie with the library; they go along, and are handed over to the library that takes it in.
"""

import contextlib
import hashlib
import io
import itertools
import lzma
import re
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from selfsup_engine import files, snapshots, tags
from selfsup_engine.errors import UserError
from selfsup_engine.images import open_image
from selfsup_engine.kept_directions import FILE as DIRECTIONS
from selfsup_engine.kept_directions import Kept, KeptDirections, parse
from selfsup_engine.runs import Library, Run, RunFolder
from selfsup_engine.sources import without_path

PARTS: dict[str, Callable[[RunFolder, Path], object] | None] = {
    r"run\.json": None,
    r"weights\.safetensors": None,
    r"exhibit\.safetensors": None,  # these three have to fit each other: `_check_together`
    r"cover\.png": lambda run, path: open_image(path),
    r"events\.jsonl": None,  # what is no event is passed over by whoever reads it
    r"previews/\d{8}-[a-z]{1,20}\.png": lambda run, path: open_image(path),
    r"snapshots/\d{8}\.safetensors": None,  # nor do these without the weights
    r"tags\.json": lambda run, path: tags.read(path),
    r"directions\.json": None,  # handed over once they are checked
}
"""What a run's zip may hold, by the pattern of its name, and what checks such a file of a run: it raises a UserError."""
MEMBERS = re.compile("|".join(PARTS))
NEEDED = {"run.json", "weights.safetensors", "exhibit.safetensors", "cover.png"}
MAX_BYTES = 300_000_000  # a run, unpacked; every preset's is under a tenth of it
MAX_MEMBERS = 2_000
MAX_BYTES_IN_ALL = 1_000_000_000  # all runs of one zip
MAX_RUNS = 200
MAX_LIST = 4_000_000  # bytes of the list of names in a zip, which is read as a whole: some 40,000 names
CHUNK = 1 << 20


def export(folder: RunFolder, library: Library | None = None) -> bytes:
    """The finished run as a zip, with the directions that the library keeps of it.

    Raises:
        UserError: there is no finished model in it yet.
    """
    file = io.BytesIO()
    with _new(file) as archive:
        _add(archive, folder, "", library)
    return file.getvalue()


def export_many(folders: Sequence[RunFolder], file: IO[bytes], library: Library | None = None) -> None:
    """Writes one zip with a folder for each finished run; `take_in_many` takes it.

    Raises:
        UserError: one of them has no finished model, or they are more than a library takes in at once.
    """
    if len(folders) > MAX_RUNS or sum(map(size_to_export, folders)) > MAX_BYTES_IN_ALL:
        raise UserError(
            f"One file holds at most {MAX_RUNS} runs and {MAX_BYTES_IN_ALL // 1_000_000} MB. Choose fewer at a time."
        )
    taken: set[str] = set()
    with _new(file) as archive:
        for folder in folders:
            numbered = (f"{folder.name}-{number}" for number in itertools.count(2))  # yours and a gallery model alike
            name = next(name for name in itertools.chain([folder.name], numbered) if name not in taken)
            taken.add(name)
            _add(archive, folder, f"{name}/", library)


def size_to_export(folder: RunFolder) -> int:
    """Bytes of what a run's zip holds; the zip is a little smaller, since weights and pictures hardly shrink."""
    return sum(path.stat().st_size for path, _ in _kept(folder))


def _new(file: IO[bytes]) -> zipfile.ZipFile:
    return zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1)


def _kept(folder: RunFolder) -> list[tuple[Path, str]]:
    """What belongs into a run's zip, and its name there."""
    left = {*snapshots.stored(folder).values()} - {*snapshots.carried(folder)}
    found = (path for path in sorted(folder.path.rglob("*")) if files.stays_below(path, folder.path))
    named = ((path, path.relative_to(folder.path).as_posix()) for path in found)
    return [(path, name) for path, name in named if MEMBERS.fullmatch(name) and path not in left]


def _passed_on(run: Run) -> Run:
    """A run as another computer may know it, and as one from there is taken in: its source opens no file of this one."""
    return run.model_copy(update={"source": without_path(run.source)})


def _add(archive: zipfile.ZipFile, folder: RunFolder, prefix: str, library: Library | None) -> None:
    if not folder.usable:
        raise UserError(f"{folder.name} has no finished model yet. Let it finish, or stop it, then download it.")
    for path, name in _kept(folder):
        if name == "run.json":
            archive.writestr(prefix + name, _passed_on(folder.run).model_dump_json(indent=2) + "\n")
        else:
            archive.write(path, prefix + name)
    result = folder.run.result
    if library and result and (kept := KeptDirections(library.root, result.weights)).all():
        archive.writestr(prefix + DIRECTIONS, kept.export())


# ------------------------------------------------------------------------------------------------------------- taking in


@dataclass(frozen=True)
class Outcome:
    """What became of one run that was brought: `folder` where it was taken in, else `why` not. `name`: as it was called in the file,
    or the file's name."""

    name: str
    folder: RunFolder | None = None
    why: str = ""


def take_in(data: bytes, library: Library) -> RunFolder:
    """Checks a zip made by `export` and puts the run into the library.

    Raises:
        UserError: it is no such zip, or anything in it does not fit. The library is then as it was.
    """
    with _opened(io.BytesIO(data), library) as archive:
        return _take_in(archive, "", _members(archive), library)


def take_in_many(data: Iterable[tuple[str, IO[bytes]]], library: Library) -> Iterator[Outcome]:
    """Takes in runs from zips, each with its file's name: what `export` made, or what `export_many` made. Each run is checked on its own,
    and is taken in as a whole or not at all; what became of it is said as soon as it is known.
    """
    for file_name, file in data:
        try:
            with _opened(file, library) as archive:
                for folder, members in _runs(_members(archive)).items():
                    name = folder.rstrip("/")[:80] or file_name
                    try:
                        yield Outcome(name, _take_in(archive, folder, members, library))
                    except UserError as error:
                        yield Outcome(name, why=str(error))
        except UserError as error:
            yield Outcome(file_name, why=str(error))


def _runs(members: Sequence[zipfile.ZipInfo]) -> dict[str, list[zipfile.ZipInfo]]:
    """Members by the folder of the run that they belong to, "" where the zip is one run's; a file that lies in no folder is by itself,
    and will be refused.

    Raises:
        UserError: there are too many.
    """
    if any(member.filename == "run.json" for member in members) or not members:
        return {"": list(members)}
    found: dict[str, list[zipfile.ZipInfo]] = {}
    for member in members:
        folder, slash, _ = member.filename.partition("/")
        found.setdefault(folder + slash, []).append(member)
    if len(found) > MAX_RUNS:
        raise UserError(f"This file holds more than {MAX_RUNS} runs. Bring fewer at a time.")
    return found


def _members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """All files in a zip, without its entries for folders, which hold nothing.

    Raises:
        UserError: they unpack to more than is taken in at once.
    """
    members = [member for member in archive.infolist() if not member.filename.endswith("/")]
    if sum(member.file_size for member in members) > MAX_BYTES_IN_ALL:
        raise UserError(
            f"This file unpacks to more than {MAX_BYTES_IN_ALL // 1_000_000} MB; so much is not taken in at once."
        )
    return members


def _take_in(archive: zipfile.ZipFile, prefix: str, members: Sequence[zipfile.ZipInfo], library: Library) -> RunFolder:
    """Checks one run of a zip, whose names begin with `prefix`, and puts it into the library; raises a UserError as `take_in`."""
    named = {member.filename.removeprefix(prefix): member for member in members}
    if not all(map(MEMBERS.fullmatch, named)) or not set(named) >= NEEDED or len(named) < len(members):
        raise UserError("This zip is not a model of Selfsup Studio's. Upload a file that the library's Download gave.")
    if len(members) > MAX_MEMBERS or sum(member.file_size for member in members) > MAX_BYTES:
        raise UserError(
            f"This file unpacks to more than {MAX_BYTES // 1_000_000} MB; so large a model is not taken in."
        )
    with files.told(library.root), files.workplace(library.root) as place:
        checked = RunFolder(place / "uploaded-run")
        for name, member in named.items():
            with _damage_in_words():
                _unpack(archive, member, checked.path / name)
        run = _passed_on(checked.run)
        checked.save(run)
        if run.result is None:
            raise UserError(
                "This file holds a run that was never finished. Download it again once it has been trained."
            )
        library.check_kept()
        library.room_for(sum(member.file_size for member in members))
        if (source := library.admitted(run.source)) != run.source:
            checked.save(run.model_copy(update={"source": source}))
        _check_together(checked)
        for pattern, check in PARTS.items():
            for name in named:
                if check and re.fullmatch(pattern, name):
                    check(checked, checked.path / name)
        if checked.status().state not in ("done", "stopped"):  # a history that does not end so is not this model's
            checked.file("events.jsonl").unlink()
        if DIRECTIONS in named:
            found = _check_directions(checked, checked.file(DIRECTIONS))
            KeptDirections(library.root, run.result.weights).keep(*found)
            checked.file(DIRECTIONS).unlink()
        return RunFolder(checked.path.rename(library.free_path(run)))


def _check_together(folder: RunFolder) -> None:
    """Weights, exhibit and run.json fit each other.

    Raises:
        UserError: they do not.
    """
    from selfsup_engine.exhibit import read as read_exhibit
    from selfsup_engine.models.saved import load_model
    from selfsup_engine.models.spec import Encodes, check_config

    run, model, kept = folder.run, load_model(folder), read_exhibit(folder.path)
    config = check_config(run.family, run.config)
    fits = kept.images.shape[1:] == (config.channels, config.size, config.size)
    fits = fits and (not isinstance(model, Encodes) or kept.codes.shape[1] == model.code_size)
    if kept.labels is not None and run.result is not None:
        fits = fits and bool(((kept.labels >= 0) & (kept.labels < len(run.result.classes))).all())
    kept_steps = snapshots.stored(folder)
    fits = (
        fits
        and len(kept_steps) <= snapshots.CARRIED
        and max(kept_steps, default=0) <= (run.result.steps if run.result else 0)
    )
    models = [model, *(load_model(folder, path) for path in kept_steps.values())] if fits else []
    if not fits or not all(bool(t.isfinite().all()) for one in models for t in one.state_dict().values()):
        raise UserError("The weights and the test images in this file do not belong together. It was refused.")


def _check_directions(folder: RunFolder, path: Path) -> list[Kept]:
    """The directions that came with a model.

    Raises:
        UserError: they are none of this model's.
    """
    from selfsup_engine.models.saved import WEIGHTS, load_model
    from selfsup_engine.models.spec import Encodes, Samples

    model, result = load_model(folder), folder.run.result
    size = model.code_size if isinstance(model, Encodes) else model.latent_size if isinstance(model, Samples) else 0
    found = parse(path.read_bytes(), size)
    digest = hashlib.sha256(folder.file(WEIGHTS).read_bytes()).hexdigest()
    if result is None or result.weights != digest[:16]:  # else a file could add to what is kept of any model
        raise UserError("The directions in this file belong to other weights than it brings. It was refused.")
    return found


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    """Writes one file of a zip, and never more of it than its size says."""
    target.parent.mkdir(parents=True, exist_ok=True)
    left = member.file_size
    with archive.open(member) as source, target.open("wb") as file:
        while left >= 0 and (content := source.read(min(left + 1, CHUNK))):
            left -= len(content)
            file.write(content)
    if left:
        raise UserError("This zip lies about its sizes. It was refused.")


class _Careful(io.RawIOBase):
    """A file that refuses to be read in one go by more than a list of names takes, so that the list is no bomb either."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def read(self, size: int = -1) -> bytes:
        if not -1 <= size <= MAX_LIST:
            raise zipfile.BadZipFile("too long a list of names")
        return self._file.read(size)


@contextlib.contextmanager
def _opened(file: IO[bytes], library: Library) -> Iterator[zipfile.ZipFile]:
    """A zip that there is room for.

    Raises:
        UserError: it is none, or what it unpacks to has no room.
    """
    with files.told(library.root):
        library.root.mkdir(parents=True, exist_ok=True)
    with _damage_in_words():
        archive = zipfile.ZipFile(_Careful(file))
    with archive:
        needed = sum(member.file_size for member in archive.infolist())
        if needed > (left := shutil.disk_usage(library.root).free) and needed <= MAX_BYTES_IN_ALL:
            raise UserError(
                f"This file unpacks to {needed // 1_000_000} MB, and the disk has {left // 1_000_000} MB left. Free some space."
            )
        yield archive


@contextlib.contextmanager
def _damage_in_words() -> Iterator[None]:
    try:
        yield
    except (
        zipfile.BadZipFile, zlib.error, lzma.LZMAError, UnicodeDecodeError,
        NotImplementedError, RuntimeError, EOFError, OSError,
    ) as error:  # fmt: skip
        if isinstance(error, OSError) and error.errno in files.FULL | files.LOCKED:
            raise  # the zip is not to blame
        raise UserError(
            "This file is not a zip, or it is damaged. Download it from the library again, and upload that."
        ) from error
