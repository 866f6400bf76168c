"""scikit-learn's handwritten digits (8 x 8, 16 greys), drawn at 28 x 28 in the manner of MNIST."""

from __future__ import annotations

import contextlib
import gzip
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

from selfsup_engine.errors import UserError
from selfsup_engine.sources import store
from selfsup_engine.sources.base import Arrays, ImageSet, Labels, SourceInfo, data_root

SIZE = 28
MARGIN = 2
TEST_SHARE = 0.2
FILE = "datasets/data/digits.csv.gz"


def load(info: SourceInfo) -> ImageSet:
    """The set, kept as a file after the first time."""
    cached = data_root() / f"{info.name}.safetensors"
    try:
        return store.read(cached, info.name, info.licence)
    except UserError:  # not there yet
        arrays = read()
    with contextlib.suppress(UserError):  # a computer without a folder to write to can still use what is built in
        store.write(cached, arrays, {"licence": info.licence})
    return arrays.to_image_set(info.name, info.licence)


def read() -> Arrays:
    """The set from scikit-learn: uint8 (1438 and 359, 1, 28, 28), light digits on black.

    Its file is read and nothing of it imported: that takes seconds, and 120 MB for as long as the process lives.

    Raises:
        UserError: scikit-learn is not installed.
    """
    spec = find_spec("sklearn")  # of a package without dots: finds it and imports nothing
    places = [Path(folder) / FILE for folder in (spec.submodule_search_locations if spec else None) or ()]
    file = next((place for place in places if place.is_file()), None)
    if file is None:
        raise UserError(
            "The digits come with scikit-learn, which is not there. Install it with: pip install scikit-learn"
        )
    with gzip.open(file, "rt") as text:
        table = np.loadtxt(text, delimiter=",")  # 64 greys and the digit in a row
    greys = np.rint(table[:, :-1].reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
    inner = SIZE - 2 * MARGIN
    pixels = np.zeros((len(greys), 1, SIZE, SIZE), dtype=np.uint8)
    for target, grey in zip(pixels[:, 0, MARGIN:-MARGIN, MARGIN:-MARGIN], greys, strict=True):
        target[:] = Image.fromarray(grey).resize((inner, inner), Image.Resampling.BICUBIC)
    labels: Labels = table[:, -1].astype(np.int64)
    return Arrays.split(pixels, labels, tuple("0123456789"), TEST_SHARE)
