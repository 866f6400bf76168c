"""A folder of pictures as an image set."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from selfsup_engine import images
from selfsup_engine.errors import UserError
from selfsup_engine.sources.base import OWN_LICENCE, Arrays, SourceInfo

SIZE = 64
CHANNELS = 3
MAX_PICTURES = 20_000
_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff"}


def listing(path: Path) -> list[Path]:
    """The picture files below a folder, sorted; hidden ones are left out.

    Raises:
        UserError: not a folder, or without pictures, or with more than `MAX_PICTURES`.
    """
    if not path.is_dir():
        raise UserError(f"There is no folder {path.name}. Check the path.")
    try:
        found = sorted(
            file
            for file in path.rglob("*")
            if file.suffix.lower() in _SUFFIXES
            and not any(part.startswith(".") for part in file.relative_to(path).parts)
            and file.is_file()
        )
    except OSError as error:
        raise UserError(
            f"The folder {path.name} cannot be read ({error.strerror}). See to it, and try again."
        ) from error
    if not found:
        raise UserError(f"There are no pictures in {path.name}. Put PNG or JPEG files there.")
    if len(found) > MAX_PICTURES:
        raise UserError(
            f"There are {len(found)} pictures in {path.name}; the most is {MAX_PICTURES}. Choose a smaller folder."
        )
    return found


def info(path: Path) -> SourceInfo:
    """What the folder promises; files that turn out to be broken lower its counts.

    Raises:
        UserError: as `listing`.
    """
    count = len(listing(path))
    test = max(1, round(count * 0.1))
    summary = f"{count} pictures in a folder."
    return SourceInfo(f"folder:{path}", path.resolve().name, summary, OWN_LICENCE, count - test, test, SIZE, CHANNELS)


def read(path: Path) -> Arrays:
    """Reads every readable picture's middle as 64 x 64 RGB; a tenth of them is held out.

    If all pictures lie in at least two subfolders, the first-level subfolders are the classes.

    Raises:
        UserError: as `listing`, or fewer than two pictures can be read.
    """
    kept, rows = [], []
    for file in listing(path):
        try:
            rows.append(images.to_pixels([images.open_image(file)], CHANNELS, SIZE)[0])
        except UserError:  # one broken file among many is no reason to stop
            continue
        kept.append(file.relative_to(path))
    if len(rows) < 2:
        raise UserError(
            f"Of the pictures in {path.name}, {len(rows)} can be read; at least 2 are needed. Add PNG or JPEG files."
        )
    pixels = np.stack(rows)
    classes = tuple(sorted({file.parts[0] for file in kept}))
    if len(classes) < 2 or any(len(file.parts) == 1 for file in kept):
        return Arrays.split(pixels)
    labels = np.array([classes.index(file.parts[0]) for file in kept], dtype=np.int64)
    return Arrays.split(pixels, labels, classes)
