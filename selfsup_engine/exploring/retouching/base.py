"""What all operations on a photo share: how they report, how a strength acts, and what is measured on a small copy.

A photo is a uint8 tensor (3, H, W) of sRGB on the CPU, and so is what an operation makes of it.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

MEASURED = 250_000
"""Pixels of the copy on which statistics are taken: the same for a preview and for the full photo, so that both get the same treatment."""

Progress = Callable[[float], None]
"""Called with the share done, in [0, 1]; may raise to give up."""


def silent(share: float) -> None:
    """A progress that nobody watches."""


def part(progress: Progress, start: float, end: float) -> Progress:
    """A progress for one part of a work, which goes from `start` to `end` of the whole."""
    return lambda share: progress(start + (end - start) * share)


def reduced(photo: Tensor, pixels: int = MEASURED) -> Tensor:
    """A photo (3, H, W) uint8 at no more than so many pixels, averaged; itself if it is small enough."""
    height, width = photo.shape[-2:]
    share = (pixels / (height * width)) ** 0.5
    if share >= 1:
        return photo
    size = max(1, round(height * share)), max(1, round(width * share))
    small = F.interpolate(photo[None].float(), size=size, mode="area")[0]
    return small.round_().to(torch.uint8)


def enlarged(small: Tensor, height: int, width: int) -> Tensor:
    """Floats (C, h, w) at another size, bilinear."""
    return F.interpolate(small[None], size=(height, width), mode="bilinear", align_corners=False)[0]
