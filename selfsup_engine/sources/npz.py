"""Images out of somebody's `.npz` file, of whichever of the usual layouts. Nothing is unpickled."""

from __future__ import annotations

import contextlib
import math
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from selfsup_engine.errors import UserError
from selfsup_engine.images import WHITE, Pixels
from selfsup_engine.lines import one_line
from selfsup_engine.sources.base import OWN_LICENCE, Arrays, Labels, SourceInfo

MAX_BYTES = 1_000_000_000
"""The most that the images and labels may take in memory, as the file holds them."""
MIN_SIDE = 8
MAX_CLASSES = 10_000
_IMAGE_KEYS = ("x_train", "images", "rgb")

Array = NDArray[Any]


def info(path: Path) -> SourceInfo:
    """What the file holds, found out by reading it.

    Raises:
        UserError: as `read`.
    """
    arrays = read(path)
    train, test, (_, channels, size, _) = len(arrays.train), len(arrays.test), arrays.train.shape
    summary = f"{train + test} images in a file."
    return SourceInfo(f"npz:{path}", path.stem, summary, OWN_LICENCE, train, test, size, channels)


def read(path: Path) -> Arrays:
    """Reads images (and labels, if there are any) from a file.

    The images are `x_train` and perhaps `x_test`, or `images`, or `rgb`, or the only array that can be images; the labels `y_train`
    and `y_test`, or `labels`, named by `classes`. Images are (N, H, W), (N, H, W, C) or (N, C, H, W) with 1, 3 or 4 channels, the
    fourth being opacity, which is laid on white; uint8, other whole numbers from 0 to 255, or floats in [0, 1]. Of images that are
    not square, the middle is taken. Where `skin_tone` marks near-duplicates, these are dropped. Without a test split, a tenth is
    held out.

    Raises:
        UserError: no such file, too large, or its arrays are not as described.
    """
    found = _load(path)
    keep = ~found["skin_tone"].astype(bool) if "skin_tone" in found else None
    key = _image_key(found, path)
    train = _pixels(found[key], key, path)
    train_labels = _labels(found, "y_train" if key == "x_train" else "labels", len(train), path)
    if keep is not None and keep.shape == (len(train),):
        train = train[keep]
        train_labels = train_labels if train_labels is None else train_labels[keep]
    if key != "x_train" or "x_test" not in found:
        return Arrays.split(train, train_labels, _classes(found, [train_labels]))
    test = _pixels(found["x_test"], "x_test", path)
    if test.shape[1:] != train.shape[1:]:
        raise UserError(f"{path.name}: x_train and x_test differ in size or in colours. Bring both to one shape.")
    test_labels = _labels(found, "y_test", len(test), path)
    if train_labels is None or test_labels is None:
        return Arrays(train, test)
    return Arrays(train, test, train_labels, test_labels, _classes(found, [train_labels, test_labels]))


def _load(path: Path) -> dict[str, Array]:
    """The arrays that may matter, by name. Their headers are judged before any memory is given to them."""
    try:
        with zipfile.ZipFile(path) as archive:
            shapes = {member.removesuffix(".npy"): _header(archive, member) for member in archive.namelist()}
        known = {"x_train", "x_test", "y_train", "y_test", "images", "labels", "rgb", "skin_tone", "classes"}
        lone = [name for name, (shape, _) in shapes.items() if len(shape) in (3, 4)]
        wanted = [name for name in shapes if name in known or lone == [name]]
        for name in wanted:
            if shapes[name][1].hasobject:
                raise UserError(f"{path.name}: {name} holds Python objects, which are not opened. Save it as numbers.")
        if sum(math.prod(shape) * dtype.itemsize for shape, dtype in map(shapes.__getitem__, wanted)) > MAX_BYTES:
            raise UserError(
                f"{path.name} holds more than {MAX_BYTES // 10**6} MB of images. Use fewer or smaller ones."
            )
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in wanted}
    except UserError:
        raise
    except FileNotFoundError:
        raise UserError(f"There is no file {path.name}. Check the path.") from None
    except MemoryError:
        raise UserError(f"{path.name} needs more memory than there is. Use fewer or smaller images.") from None
    except Exception as error:  # a broken zip or header raises nearly anything
        raise UserError(f"{path.name} is not an .npz file that can be read. Save it anew with numpy.savez.") from error


def _header(archive: zipfile.ZipFile, member: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, _, dtype = read_header(file)
    return shape, dtype


def _image_key(found: dict[str, Array], path: Path) -> str:
    candidates = [key for key in _IMAGE_KEYS if key in found] or [k for k, v in found.items() if v.ndim in (3, 4)]
    if not candidates:
        raise UserError(
            f"{path.name} has no images under a known name. Name them x_train and x_test, or images, or save only one array."
        )
    return candidates[0]


def _pixels(images: Array, key: str, path: Path) -> Pixels:
    """Any of the layouts and number types -> square uint8 (N, 1 or 3, S, S)."""
    nchw = _channels_first(images)
    if nchw is None:
        raise UserError(
            f"{path.name}: {key} has the shape {images.shape}. Images are (N, H, W), (N, H, W, C) or (N, C, H, W), C being 1, 3 or 4."
        )
    side = min(nchw.shape[2:])
    if len(nchw) == 0 or side < MIN_SIDE:
        raise UserError(f"{path.name}: {key} holds no images of at least {MIN_SIDE} x {MIN_SIDE} pixels.")
    top, left = ((length - side) // 2 for length in nchw.shape[2:])
    pixels = _to_bytes(nchw[:, :, top : top + side, left : left + side], key, path)
    if pixels.shape[1] == 4:
        alpha = pixels[:, 3:].astype(np.uint16)
        pixels = ((pixels[:, :3] * alpha + WHITE * (255 - alpha) + 127) // 255).astype(np.uint8)
    return np.ascontiguousarray(pixels)


def _channels_first(images: Array) -> Array | None:
    if images.ndim == 3:
        return images[:, None]
    if images.ndim == 4 and images.shape[3] in (1, 3, 4):
        return images.transpose(0, 3, 1, 2)
    return images if images.ndim == 4 and images.shape[1] in (1, 3, 4) else None


def _to_bytes(values: Array, key: str, path: Path) -> Pixels:
    if values.dtype == np.uint8:
        return values
    if values.dtype == np.bool_:
        return values.astype(np.uint8) * np.uint8(255)
    if values.dtype.kind not in "iuf":
        raise UserError(f"{path.name}: {key} does not hold numbers but {values.dtype}. Save it as uint8.")
    low, high = float(values.min()), float(values.max())  # NaN, if there is one, is both
    if not (math.isfinite(low) and math.isfinite(high)):
        raise UserError(f"{path.name}: {key} holds values that are not finite (NaN or infinity). Replace them.")
    white = 1 if values.dtype.kind == "f" else 255
    if low < 0 or high > white:
        raise UserError(
            f"{path.name}: {key} runs from {low:g} to {high:g}. Save pixels as uint8, or as floats from 0 to 1."
        )
    return values.astype(np.uint8) if white == 255 else np.rint(values * np.float32(255)).astype(np.uint8)


def _labels(found: dict[str, Array], key: str, count: int, path: Path) -> Labels | None:
    if key not in found:
        return None
    labels = found[key].reshape(-1) if found[key].shape == (count, 1) else found[key]
    whole = labels.dtype.kind in "iu" and labels.shape == (count,)
    if not whole or labels.min() < 0 or labels.max() >= MAX_CLASSES:
        raise UserError(
            f"{path.name}: {key} is not one whole number from 0 to {MAX_CLASSES - 1} for each of the {count} images. "
            "Correct it, or leave it out."
        )
    return labels.astype(np.int64)


def _classes(found: dict[str, Array], labels: Iterable[Labels | None]) -> tuple[str, ...]:
    """The names in `classes`, if there are enough; else the numbers."""
    count = 1 + max((int(given.max()) for given in labels if given is not None and len(given)), default=-1)
    names = found.get("classes")
    if names is not None and names.dtype.kind == "U" and names.ndim == 1 and len(names) >= count > 0:
        with contextlib.suppress(SystemError, ValueError):  # what numpy takes for signs may be none
            return tuple(map(one_line, map(str, names)))
    return tuple(map(str, range(count)))
