"""The photo that is worked on, and the reference photo: built in, or a person's own, kept until another takes its place."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from dashboard import cache
from dashboard.state import remember, remembered
from selfsup_engine import builtin_photos, host, memory
from selfsup_engine.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

    from selfsup_engine.photofile import Photo

T = TypeVar("T")
OWN = "own"
MAX_MB = 60
ROOM = 1 / 4
"""Of the memory that there is, for the photos of all visitors together."""
_open: weakref.WeakSet[OpenedPhoto] = weakref.WeakSet()
"""The visitors' photos, for as long as somebody has them."""


@dataclass(frozen=True, eq=False)
class OpenedPhoto:
    """photo: as its file has it; small: (3, h, w) uint8, what the preview works on; fingerprint: by which it is known again; packed: as a
    recipe holds it, where it came out of one; own: a visitor's, and not built in."""

    photo: Photo
    small: Tensor
    fingerprint: str
    title: str
    packed: str = ""
    own: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        height, width = self.photo.pixels.shape[-2:]
        return width, height


def opened(data: bytes, name: str, title: str = "") -> OpenedPhoto:
    """A photo that nobody vouches for.

    Raises:
        UserError: it cannot be read.
    """
    from selfsup_engine import photofile
    from selfsup_engine.exploring.retouching.enhance import BASE
    from selfsup_engine.exploring.retouching.recipe import fingerprint
    from selfsup_engine.scaling import reduced

    photo = photofile.read(data, name)
    return OpenedPhoto(photo, reduced(photo.pixels, BASE), fingerprint(photo.pixels), title or photo.name)


def built_in(name: str) -> OpenedPhoto:
    """One of the photos that come with the libraries.

    Raises:
        UserError: there is none of that name.
    """
    file = builtin_photos.read(name)
    title = builtin_photos.PHOTOS[name].title
    return cache.once(("built-in photo", name), lambda: opened(file.read_bytes(), file.name, title))


def take(kind: str, data: bytes, name: str) -> None:
    """Makes a file the person's own photo of a kind ("photo", "reference").

    Raises:
        UserError: it cannot be read, or there is no room for it; the one before stays.
    """
    _keep(kind, opened(data, name))


def _keep(kind: str, photo: OpenedPhoto) -> None:
    mine = replace(photo, own=True)
    others = sum(memory.weight(other.photo.pixels) for other in _open if other is not own(kind))
    if others and others + memory.weight(mine.photo.pixels) > ROOM * host.memory().total:
        raise UserError(
            "Many photos are open on this server just now, and there is no room for another. Try again in a minute, or take a smaller one."
        )
    _open.add(mine)
    remember(f"own-{kind}", mine)


def unpack_reference(packed: str) -> None:
    """Makes a recipe's reference photo the person's own.

    Raises:
        UserError: it is damaged, or there is no room for it.
    """
    from selfsup_engine.exploring.retouching.recipe import reference_file

    photo = opened(reference_file(packed), "the recipe's reference")
    _keep("reference", replace(photo, packed=packed))


def packed(photo: OpenedPhoto) -> str:
    """A reference photo as a recipe holds it."""
    from selfsup_engine.exploring.retouching.recipe import packed_reference

    return photo.packed or once(("packed", photo.fingerprint), lambda: packed_reference(photo.photo.pixels), photo)


def once(key: tuple[object, ...], make: Callable[[], T], *photos: OpenedPhoto | None) -> T:
    """See `cache.once`; what is made of a visitor's own photo is kept for them alone, and goes with them."""
    return cache.once(key, make, own=any(photo is not None and photo.own for photo in photos))


def own(kind: str) -> OpenedPhoto | None:
    """The person's own photo of that kind."""
    kept: OpenedPhoto | None = remembered(f"own-{kind}")
    return kept


def chosen(kind: str, name: str) -> OpenedPhoto:
    """What a view's `photo` or `reference` stands for.

    Raises:
        UserError: it is the person's own, which travels with no link, or there is no such photo.
    """
    if name != OWN:
        return built_in(name)
    kept = own(kind)
    if kept is None:
        raise UserError(
            "A photo of one's own does not travel with a link, and does not outlive a reload: bring it again."
        )
    return kept
