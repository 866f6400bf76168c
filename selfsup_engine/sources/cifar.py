"""CIFAR-10 from its home's binary archive: torchvision takes the other one, whose images are pickles, and a pickle is code."""

from __future__ import annotations

import tarfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from selfsup_engine.images import Pixels
from selfsup_engine.sources.base import Arrays, Labels

NAME = "cifar10"
FILE = "cifar-10-binary.tar.gz"
URL = f"https://www.cs.toronto.edu/~kriz/{FILE}"
MD5 = "c32a1d4ab5d03f1284b67883e8d87530"
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_TRAIN, _TEST = tuple(f"data_batch_{i}.bin" for i in range(1, 6)), ("test_batch.bin",)
_SHAPE = (3, 32, 32)


def read(archive: Path) -> Arrays:
    """All images of the archive, which is right: its MD5 was looked at. Nothing of it is unpacked onto the disk."""
    with tarfile.open(archive) as tar:
        train, test = (np.concatenate([_records(tar, file) for file in files]) for files in (_TRAIN, _TEST))
    return Arrays(_pixels(train), _pixels(test), _labels(train), _labels(test), CLASSES)


def _pixels(records: NDArray[np.uint8]) -> Pixels:
    return records[:, 1:].reshape(-1, *_SHAPE)


def _labels(records: NDArray[np.uint8]) -> Labels:
    return records[:, 0].astype(np.int64)


def _records(tar: tarfile.TarFile, file: str) -> NDArray[np.uint8]:
    """One byte for the class, and the pixels, channel by channel."""
    content = tar.extractfile(f"cifar-10-batches-bin/{file}")
    assert content is not None
    return np.frombuffer(content.read(), np.uint8).reshape(-1, 1 + int(np.prod(_SHAPE)))
