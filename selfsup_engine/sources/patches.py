"""Patches of photos as an image set: what a model of colour gradients learns from.

The right end of each photo is held out, so that no pixel is both learned from and tested on.

A source string may end in `?side=256`: then photos are cut at that size of their long side and at three quarters of it alone, at which a
patch shows a good part of the scene.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from selfsup_engine import builtin_photos, images
from selfsup_engine.errors import UserError
from selfsup_engine.images import Pixels
from selfsup_engine.sources import folder, store
from selfsup_engine.sources.base import OWN_LICENCE, Arrays, ImageSet, Labels, SourceInfo, data_root

SIZE = 64
LONG_SIDES = (256, 512, 1024, 2048)
"""Pixels of the long side that a photo is reduced to before it is cut: a patch shows a quarter of the scene, or a detail."""
PER_PHOTO = 400
TEST_SHARE = 0.15


def load(info: SourceInfo) -> ImageSet:
    """The patches of the built-in photos, kept as a file after the first time."""
    cached = data_root() / f"{info.name}.safetensors"
    try:
        return store.read(cached, info.name, info.licence)
    except UserError:  # not there yet
        photos = builtin_photos.PHOTOS
        arrays = cut(
            [images.open_image(builtin_photos.read(name), name) for name in photos],
            tuple(photo.title for photo in photos.values()),
        )
    with contextlib.suppress(UserError):  # a computer without a folder to write to can still use what is built in
        store.write(cached, arrays, {"licence": info.licence})
    return arrays.to_image_set(info.name, info.licence)


def _parse(rest: str) -> tuple[Path, tuple[int, ...]]:
    """A source string's path, and the long sides at which its photos are cut."""
    path, mark, side = rest.rpartition("?side=")
    if not mark:
        return Path(rest).expanduser(), LONG_SIDES
    if not (side.isdigit() and 2 * SIZE <= int(side) <= 8192):
        raise UserError(f"side takes whole numbers of pixels from {2 * SIZE} to 8192, not {side!r}.")
    return Path(path).expanduser(), (int(side) * 3 // 4, int(side))


def exists(rest: str) -> bool:
    """Whether there is what the source string names."""
    return _parse(rest)[0].exists()


def info(rest: str) -> SourceInfo:
    """What patches of a photo, or of the photos in a folder, will be.

    Raises:
        UserError: there are none.
    """
    path, _ = _parse(rest)
    count = len(_files(path))
    test = round(PER_PHOTO * TEST_SHARE)
    summary = f"{PER_PHOTO} patches of {'each of ' if count > 1 else ''}{count} photo{'s' if count > 1 else ''}."
    return SourceInfo(
        f"patches:{rest}",
        path.resolve().stem,
        summary,
        OWN_LICENCE,
        count * (PER_PHOTO - test),
        count * test,
        SIZE,
        3,
    )


def read(rest: str) -> Arrays:
    """Patches of a photo, or of every photo in a folder.

    Raises:
        UserError: there are none, or one cannot be opened.
    """
    path, sides = _parse(rest)
    files = _files(path)
    return cut([images.open_image(file) for file in files], tuple(file.stem for file in files), sides)


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return folder.listing(path)


def cut(photos: Sequence[Image.Image], classes: tuple[str, ...] = (), sides: tuple[int, ...] = LONG_SIDES) -> Arrays:
    """Square patches of `SIZE` pixels, (N, 3, S, S), always the same: `PER_PHOTO` of each photo, from everywhere, at each scale it has.

    A photo's patches are labelled by it where there are at least two.

    Raises:
        UserError: a photo is smaller than a patch.
    """
    test = round(PER_PHOTO * TEST_SHARE)
    random = np.random.default_rng(0)
    trained: list[Pixels] = []
    tested: list[Pixels] = []
    for photo in photos:
        if min(photo.size) < SIZE or max(photo.size) < 2 * SIZE:
            raise UserError(
                f"A photo of {photo.width} x {photo.height} pixels is too small to cut patches of {SIZE} from. Take a larger one."
            )
        sizes = list(_scales(photo, sides))
        parts = ((trained, PER_PHOTO - test, (0.0, 1 - TEST_SHARE)), (tested, test, (1 - TEST_SHARE, 1.0)))
        for rows, count, part in parts:
            for some, pixels in zip(np.array_split(np.arange(count), len(sizes)), sizes, strict=True):
                rows.extend(_patches(pixels, len(some), part, random))
    if len(photos) < 2:
        return Arrays(np.stack(trained), np.stack(tested))
    which: Labels = np.arange(len(photos))
    return Arrays(
        np.stack(trained),
        np.stack(tested),
        which.repeat(PER_PHOTO - test),
        which.repeat(test),
        classes or tuple(map(str, which)),
    )


def _scales(photo: Image.Image, sides: tuple[int, ...]) -> Iterator[Pixels]:
    """A photo as (H, W, 3) at each long side that it reaches and at which a patch fits in; at least one."""
    colour = photo.convert("RGB")
    long, short = max(photo.size), min(photo.size)
    fitting = [side for side in sides if side <= long and side * short >= 1.25 * SIZE * long] or [long]
    for side in fitting:
        size = round(photo.width * side / long), round(photo.height * side / long)
        yield np.asarray(colour.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0))


def _patches(pixels: Pixels, count: int, part: tuple[float, float], random: np.random.Generator) -> Iterator[Pixels]:
    """Patches (3, S, S) from anywhere in a part of a picture's width, given by its two ends in [0, 1]; the part is widened to hold one."""
    height, width, _ = pixels.shape
    left, right = round(part[0] * width), round(part[1] * width)
    left, right = (min(left, width - SIZE), right) if part[0] else (0, max(right, SIZE))
    for _ in range(count):
        x, y = random.integers(left, right - SIZE + 1), random.integers(0, height - SIZE + 1)
        yield np.ascontiguousarray(pixels[y : y + SIZE, x : x + SIZE].transpose(2, 0, 1))
