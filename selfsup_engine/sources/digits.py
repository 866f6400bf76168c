"""scikit-learn's handwritten digits (8 x 8, 16 greys), drawn at 28 x 28 in the manner of MNIST."""

from __future__ import annotations

import contextlib
import importlib

import numpy as np
from PIL import Image

from selfsup_engine.errors import UserError
from selfsup_engine.sources import store
from selfsup_engine.sources.base import Arrays, ImageSet, Labels, SourceInfo, data_root

SIZE = 28
MARGIN = 2
TEST_SHARE = 0.2


def load(info: SourceInfo) -> ImageSet:
    """The set, kept as a file after the first time: importing scikit-learn takes seconds, reading the file takes none."""
    cached = data_root() / f"{info.name}.safetensors"
    try:
        return store.read(cached, info.name, info.licence)
    except UserError:  # not there yet
        arrays = read()
    with contextlib.suppress(UserError):  # a computer without a folder to write to can still use what is built in
        store.write(cached, arrays, {"licence": info.licence})
    return arrays.to_image_set(info.name, info.licence)


def read() -> Arrays:
    """The set from scikit-learn: uint8 (1438 and 359, 1, 28, 28), light digits on black."""
    bunch = importlib.import_module("sklearn.datasets").load_digits()
    greys = np.rint(bunch.images * (255 / 16)).astype(np.uint8)
    inner = SIZE - 2 * MARGIN
    pixels = np.zeros((len(greys), 1, SIZE, SIZE), dtype=np.uint8)
    for target, grey in zip(pixels[:, 0, MARGIN:-MARGIN, MARGIN:-MARGIN], greys, strict=True):
        target[:] = Image.fromarray(grey).resize((inner, inner), Image.Resampling.BICUBIC)
    labels: Labels = bunch.target.astype(np.int64)
    return Arrays.split(pixels, labels, tuple("0123456789"), TEST_SHARE)
