"""Reinhard's colour transfer, the classical operator beside `recolour`.

E. Reinhard et al., "Color transfer between images", 2001, in OKLab instead of l-alpha-beta and with L kept: a and b get the
reference's mean and standard deviation, each for itself. What sRGB has not is clipped, so lightness is kept only within it.
"""

import torch
from torch import Tensor

from selfsup_engine.exploring.retouching.base import reduced
from selfsup_engine.oklab import from_srgb, to_srgb

_BAND = 500_000


def reinhard(photo: Tensor, reference: Tensor, *, strength: float = 1.0) -> Tensor:
    """A photo (3, H, W) uint8 with the mean chroma and its spread from a reference (3, h, w) uint8; strength in [0, 1], 0 is the photo."""
    own, wanted = (from_srgb(reduced(each))[1:].flatten(1) for each in (photo, reference))
    mean, aim = own.mean(1)[:, None, None], wanted.mean(1)[:, None, None]
    gain = (wanted.std(1, correction=0) / own.std(1, correction=0).clamp_min(1e-4))[:, None, None]
    result = torch.empty_like(photo)
    rows = max(1, _BAND // photo.shape[2])
    for top in range(0, photo.shape[1], rows):
        lab = from_srgb(photo[:, top : top + rows])
        lab[1:].lerp_((lab[1:] - mean) * gain + aim, strength)
        result[:, top : top + rows] = (to_srgb(lab) * 255).round_().clamp_(0, 255).to(torch.uint8)
    return result
