"""Which pixels change when a number of the code moves: the decoder's Jacobian, column by column and exact.

Forward-mode differentiation (Wengert, 1964): a direction goes through the decoder beside the point, so that a column costs about what
the picture itself does.
"""

from collections.abc import Callable

import torch
from torch import Tensor

CHUNK = 64  # columns at once


def columns(decode: Callable[[Tensor], Tensor], code: Tensor, directions: Tensor) -> Tensor:
    """How the picture of a code (D,) changes along directions (K, D): (K, C, H, W), in pixels on [0, 1] for each length of a direction.

    decode: codes (N, D) to images (N, C, H, W) in [-1, 1], each image from its own code alone, as of a network in evaluation mode.
    Directions that are one standard deviation long give the change for each standard deviation.
    """
    found = []
    for chunk in directions.split(CHUNK):
        points = code.expand_as(chunk).contiguous()
        found.append(torch.func.jvp(decode, (points,), (chunk.contiguous(),))[1].detach() / 2)
    return torch.cat(found)


def strength(columns: Tensor) -> Tensor:
    """How much each column (K, C, H, W) moves the picture: the mean absolute change of its pixels, (K,)."""
    return columns.abs().flatten(1).mean(1)
