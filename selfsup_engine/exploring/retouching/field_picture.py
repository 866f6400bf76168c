"""A colour-gradient field as a picture: strength as brightness, direction as hue."""

import math

import torch
from torch import Tensor

from selfsup_engine.gradients import gradient, structure


def field_picture(photo: Tensor, top: float | None = None) -> Tensor:
    """The Di Zenzo field of a photo (3, H, W) uint8 as a picture (3, H, W) uint8.

    An edge's hue says across which axis colours change: red along x, cyan along y. Brightness is the root of the strength, so that faint
    edges are seen, up to `top`; the strongest hundredth of the photo where that is not given. The more the axes differ, the more saturated.
    """
    found = structure(gradient(photo.float() / 255))
    top = (
        float(found.strength.flatten()[:: max(1, found.strength.numel() // 1_000_000)].quantile(0.99))
        if top is None
        else top
    )
    value = (found.strength / max(top, 1e-6)).clamp(0, 1).sqrt()
    # A circle of hues for half a turn: opposite directions are one axis.
    sector = torch.tensor([5.0, 3.0, 1.0]).view(3, 1, 1) + found.direction * (6 / math.pi)
    sector = sector % 6
    mix = torch.minimum(sector, 4 - sector).clamp(0, 1)
    drawn = value * (1 - found.coherence * mix)
    return (255 * drawn).round_().to(torch.uint8)
