"""Photos at other sizes: uint8 (3, H, W) made smaller, and what was found there carried up again."""

import torch
import torch.nn.functional as F
from torch import Tensor

MEASURED = 250_000
"""Pixels of the copy on which statistics are taken: the same for a preview and for the full photo, so that both get the same treatment."""


def reduced(photo: Tensor, pixels: int = MEASURED) -> Tensor:
    """A photo (3, H, W) uint8 at no more than so many pixels, averaged; itself if it is small enough."""
    height, width = photo.shape[-2:]
    share = (pixels / (height * width)) ** 0.5
    if share >= 1:
        return photo
    size = max(1, round(height * share)), max(1, round(width * share))
    # One channel at a time: a photo of 24 MP as floats is 288 MB.
    channels = [F.interpolate(channel[None, None].float(), size=size, mode="area")[0, 0] for channel in photo]
    return torch.stack(channels).round_().to(torch.uint8)


def enlarged(small: Tensor, height: int, width: int) -> Tensor:
    """Floats (C, h, w) at another size, bilinear."""
    return F.interpolate(small[None], size=(height, width), mode="bilinear", align_corners=False)[0]


def guided(change: Tensor, guide: Tensor, large: Tensor, radius: int = 3, smooth: float = 1e-3) -> Tensor:
    """A change (C, h, w) that was found beside a guide (1, h, w) in [0, 1], at the size of the same guide seen larger (1, H, W): its edges are the
    guide's, and what blocks it had are gone.

    K. He and J. Sun, "Fast guided filter", 2015: near each pixel the change is a linear function of the guide.
    """

    def mean(values: Tensor) -> Tensor:
        return F.avg_pool2d(values[None], 2 * radius + 1, 1, radius, count_include_pad=False)[0]

    centre, level = mean(guide), mean(change)
    slope = (mean(guide * change) - centre * level) / (mean(guide * guide) - centre * centre + smooth)
    offset = mean(level - slope * centre)
    height, width = large.shape[-2:]
    return enlarged(mean(slope), height, width) * large + enlarged(offset, height, width)
