"""Enhance: the gradients that a model puts back are mixed with the photo's own, scale by scale, and the Poisson equation gives the picture.

The field to reach is that of the photo plus `strength` times that of the model's change, with a gain for each scale; the screened
Poisson solution (Bhat et al., 2010) keeps the photo's large areas. All of it is linear, so it is solved for the change alone.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from selfsup_engine.exploring.retouching.base import Progress, enlarged, silent
from selfsup_engine.gradients import dct, frequencies
from selfsup_engine.models.color_gradient_networks import LUMA

BASE = 500_000
"""Pixels of the coarsest scale at which a model is applied: that of the preview."""
KEPT = 30.0
"""Areas larger than this share of the long side, 1 to so many, keep their brightness."""


def enhance(
    photo: Tensor,
    changes: Sequence[Tensor],
    *,
    strength: float = 0.8,
    coarse: float = 1.0,
    fine: float = 1.0,
    contrast: float = 0.0,
    progress: Progress = silent,
) -> Tensor:
    """A photo (3, H, W) uint8 with what a model puts back: uint8 of the same size.

    Args:
        changes: what the model changes at each scale, the coarsest first (photo.levels), each (3, h, w).
        strength: in [0, 1]; 0 is the photo.
        coarse, fine: gain in [0, 2] at the coarsest and at the finest scale; those between are in between.
        contrast: gain in [-1, 1] of the photo's own gradients, at all scales but the largest areas'.
    """
    height, width = photo.shape[-2:]
    gains = torch.linspace(coarse, fine, len(changes)).tolist() if len(changes) > 1 else [coarse]
    eigenvalues = frequencies(height, width, photo.device, torch.float32)
    screen = (KEPT / max(height, width)) ** 2
    own: Tensor | float = 0.0
    if contrast:
        own = contrast * dct(luma(photo))
    result = torch.empty_like(photo)
    for channel in range(3):
        progress(channel / 3)
        change = torch.zeros(height, width)
        for gain, found in zip(gains, changes, strict=True):
            if gain:
                change += gain * enlarged(found[channel][None].float(), height, width)[0]
        spectrum = (dct(change) + own) * (eigenvalues / (eigenvalues + screen))
        solved = dct(spectrum, inverse=True)
        result[channel] = solved.mul_(255 * strength).add_(photo[channel]).round_().clamp_(0, 255).to(torch.uint8)
    progress(1.0)
    return result


def luma(photo: Tensor) -> Tensor:
    """ITU-R BT.709 luma (H, W) in [0, 1] of a photo (3, H, W) uint8."""
    grey = torch.zeros(photo.shape[-2:])
    for channel, weight in zip(photo, LUMA, strict=True):
        grey.add_(channel, alpha=weight / 255)
    return grey


def unsharp(photo: Tensor, *, strength: float = 1.0, radius: float = 1.4) -> Tensor:
    """The classical operator beside it: the photo plus what a Gaussian blur of `radius` pixels takes away (unsharp masking)."""
    from scipy.ndimage import gaussian_filter

    result = torch.empty_like(photo)
    for channel in range(3):
        values = photo[channel].numpy().astype("float32")
        soft = torch.from_numpy(gaussian_filter(values, radius))
        own = torch.from_numpy(values)
        result[channel] = (own + 2 * strength * (own - soft)).round_().clamp_(0, 255).to(torch.uint8)
    return result
