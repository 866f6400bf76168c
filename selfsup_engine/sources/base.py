"""What a source gives, and what can be said of it before it is loaded."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_dir

from selfsup_engine import images
from selfsup_engine.errors import UserError
from selfsup_engine.images import Pixels

if TYPE_CHECKING:
    import torch

OWN_LICENCE = "whatever the pictures' owner says"
"""Of sources that a person brings along."""

Labels = NDArray[np.int64]
Progress = Callable[[float, str], None]
"""Called with the share done, in [0, 1], and what is being done."""


@dataclass(frozen=True)
class SourceInfo:
    """A source on a card: everything a page shows before anyone loads it."""

    name: str
    title: str
    summary: str
    licence: str
    train: int
    test: int
    size: int
    """Pixels a side."""
    channels: int
    download_mb: float = 0.0
    """What the first load fetches, in units of a million bytes; 0 if nothing."""
    files: tuple[str, ...] = ()
    """The files that it fetches, as paths below `data_root()`."""


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images and their labels, on the CPU unless `to` moved them. Labels are for colouring a plot or scoring a result, never for training."""

    name: str
    """The source string that `load` was given."""
    train: torch.Tensor
    """uint8 (N, 1 or 3, S, S)."""
    test: torch.Tensor
    """uint8 (M, 1 or 3, S, S)."""
    train_labels: torch.Tensor | None
    """int64 (N,), positions in `classes`."""
    test_labels: torch.Tensor | None
    classes: tuple[str, ...]
    """Empty if there are no labels."""
    licence: str

    def fitted(self, channels: int, size: int) -> ImageSet:
        """The same set with so many channels (1 or 3) and pixels a side; see `images.fit`."""
        return replace(self, train=images.fit(self.train, channels, size), test=images.fit(self.test, channels, size))

    def to(self, device: torch.device) -> ImageSet:
        """The same set with its images on a device, so that a batch is an index; the labels stay."""
        return replace(self, train=self.train.to(device), test=self.test.to(device))


@dataclass(frozen=True, eq=False)
class Arrays:
    """An `ImageSet` on its way there, while it is still numpy's and torch need not be imported."""

    train: Pixels
    test: Pixels
    train_labels: Labels | None = None
    test_labels: Labels | None = None
    classes: tuple[str, ...] = ()

    @classmethod
    def split(
        cls, pixels: Pixels, labels: Labels | None = None, classes: tuple[str, ...] = (), share: float = 0.1
    ) -> Arrays:
        """Holds out a `share` of the images as the test split, always the same ones; see `held_out`."""
        train, test = held_out(len(pixels), labels, share)
        if labels is None:
            return cls(pixels[train], pixels[test])
        return cls(pixels[train], pixels[test], labels[train], labels[test], classes)

    def to_image_set(self, name: str, licence: str) -> ImageSet:
        """The same images and labels as tensors."""
        import torch

        train_labels = None if self.train_labels is None else torch.from_numpy(self.train_labels)
        test_labels = None if self.test_labels is None else torch.from_numpy(self.test_labels)
        train, test = torch.from_numpy(self.train), torch.from_numpy(self.test)
        return ImageSet(name, train, test, train_labels, test_labels, self.classes, licence)


def held_out(
    count: int, labels: Labels | None = None, share: float = 0.1, seed: int = 0
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Which of `count` images train and which test, as two rising arrays of indices.

    A `share` of them, at least one, is held out by a seeded draw. With labels, every class gives its share, to within one image: the
    images are ordered by class, at random within one, and taken from that order at equal distances.

    Raises:
        UserError: fewer than two images, so that nothing would be left to train on.
    """
    if count < 2:
        raise UserError(f"There are too few images to train on: {count}. Add more.")
    tested = max(1, round(count * share))
    shuffle = np.random.default_rng(seed).random(count)
    order = np.lexsort((shuffle, np.zeros(count) if labels is None else labels))
    is_test = np.zeros(count, dtype=bool)
    is_test[order[((np.arange(tested) + 0.5) * count / tested).astype(np.intp)]] = True
    return np.flatnonzero(~is_test), np.flatnonzero(is_test)


def data_root() -> Path:
    """The folder of what is downloaded, cached and uploaded: `$SELFSUP_DATA`, or one in the user's cache folder."""
    return Path(os.environ.get("SELFSUP_DATA") or user_cache_dir("selfsup-studio")).expanduser()
