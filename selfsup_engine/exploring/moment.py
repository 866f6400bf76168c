"""What a run's model made of the same things at one of its steps, and how that is laid out as a picture. Torch is not needed here."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from selfsup_engine.images import Pixels, encode, montage

if TYPE_CHECKING:
    from selfsup_engine.exploring.alignment import Codes

HARD = 40_000  # bytes of pixels up to which a picture goes to the browser without loss


@dataclass(frozen=True)
class Moment:
    """A model at one step.

    pictures: (K, C, S, S) uint8, the same images redrawn or the same samples; photo: (3, H, W) uint8, what it makes of the photo; codes:
    (N, D), not aligned; figures: by name, on [0, 1] pixels. What a model has no use for is None.
    """

    step: int
    codes: Codes | None = None
    pictures: Pixels | None = None
    photo: Pixels | None = None
    figures: dict[str, float] = field(default_factory=dict)

    @property
    def sheet(self) -> Pixels:
        """The photo, or all pictures as two rows: (H, W, C) uint8."""
        if self.photo is not None:
            return self.photo.transpose(1, 2, 0)
        assert self.pictures is not None
        return rows_of_two(self.pictures)

    @cached_property
    def file(self) -> bytes:
        """The same as a file for the browser."""
        return for_browser(self.sheet, photo=self.photo is not None)


def rows_of_two(images: Pixels) -> Pixels:
    """Images (N, C, S, S) uint8 as two rows: (2 S, W, C)."""
    return montage(images, -(-len(images) // 2))


def for_browser(sheet: Pixels, photo: bool) -> bytes:
    """A picture (H, W, C) as a small file: hard pixels keep as they are unless that is too much for what is sent some thirty times."""
    if photo:
        return encode(sheet, "jpeg", quality=88)
    return encode(sheet, "png") if sheet.size <= HARD else encode(sheet, "webp", quality=92)
