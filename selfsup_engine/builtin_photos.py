"""Six photos that everyone has: they come with scikit-image and scikit-learn, and are read without importing either or any network."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from selfsup_engine import images
from selfsup_engine.errors import UserError

_NAMED = {"skimage": "scikit-image", "sklearn": "scikit-learn"}


@dataclass(frozen=True)
class BuiltinPhoto:
    """What is known of a photo before its file is read."""

    name: str
    title: str
    summary: str
    licence: str
    """As the library that brings the photo states it."""
    credit: str
    width: int
    """Pixels, and so is the height."""
    height: int
    package: str
    """What is imported to get the library, though not here."""
    file: str
    """Where the photo lies inside the package."""


_ALL = (
    BuiltinPhoto(
        name="astronaut",
        title="Astronaut",
        summary="Eileen Collins, the first woman to pilot a space shuttle: skin, an orange suit and a black helmet.",
        licence="public domain, no known copyright restrictions",
        credit="NASA Great Images, flic.kr/p/r9qvLn",
        width=512,
        height=512,
        package="skimage",
        file="data/astronaut.png",
    ),
    BuiltinPhoto(
        name="chelsea",
        title="Cat",
        summary="Chelsea the cat, close by: fine fur and sharp whiskers.",
        licence="CC0",
        credit="Stefan van der Walt",
        width=451,
        height=300,
        package="skimage",
        file="data/chelsea.png",
    ),
    BuiltinPhoto(
        name="coffee",
        title="Coffee",
        summary="A red cup of coffee: smooth porcelain on coarse wood.",
        licence="CC0",
        credit="Rachel Michetti, courtesy of Pikolo Espresso Bar",
        width=600,
        height=400,
        package="skimage",
        file="data/coffee.png",
    ),
    BuiltinPhoto(
        name="rocket",
        title="Rocket",
        summary="A Falcon 9 on its launch pad at dusk: a smooth sky, thin masts and bright lamps.",
        licence="public domain",
        credit="SpaceX, flickr.com/photos/spacexphotos/16511594820",
        width=640,
        height=427,
        package="skimage",
        file="data/rocket.jpg",
    ),
    BuiltinPhoto(
        name="china",
        title="Temple",
        summary="A Chinese temple above a lake: many fine edges and a pale sky.",
        licence="CC BY 2.0, creativecommons.org/licenses/by/2.0",
        credit="danielbuechele, flickr.com/photos/danielbuechele/6061409035",
        width=640,
        height=427,
        package="sklearn",
        file="datasets/images/china.jpg",
    ),
    BuiltinPhoto(
        name="flower",
        title="Flower",
        summary="An orange dahlia before a dark, blurred ground.",
        licence="CC BY 2.0, creativecommons.org/licenses/by/2.0",
        # The README repeats the name of the other photo's author; the page that it links to is this one's.
        credit="vultilion, flickr.com/photos/vultilion/6056698931",
        width=640,
        height=427,
        package="sklearn",
        file="datasets/images/flower.jpg",
    ),
)

PHOTOS: dict[str, BuiltinPhoto] = {photo.name: photo for photo in _ALL}
NAMES: tuple[str, ...] = tuple(PHOTOS)


def read(name: str) -> Path:
    """The file of a built-in photo, to be opened like any other.

    Raises:
        UserError: there is no such photo, or the library that brings it is not installed.
    """
    if name not in PHOTOS:
        raise UserError(f"There is no built-in photo {name!r}. Choose one of {', '.join(NAMES)}.")
    photo = PHOTOS[name]
    spec = find_spec(photo.package)  # of a package without dots: finds it and imports nothing
    for folder in (spec.submodule_search_locations if spec else None) or ():
        if (path := Path(folder) / photo.file).is_file():
            return path
    library = _NAMED[photo.package]
    raise UserError(
        f"The photo {name} comes with {library}, which is not there. Install it with: pip install {library}"
    )


def thumbnail(name: str, side: int = 160) -> bytes:
    """A small JPEG of a built-in photo, its longer side `side` pixels.

    Raises:
        UserError: see `read`.
    """
    image = images.open_image(read(name), name)
    image.thumbnail((side, side))
    return images.encode(np.asarray(image), "jpeg")
