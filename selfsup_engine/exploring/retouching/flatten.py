"""Flatten: texture goes, edges stay. Gradients that are texture's are taken out of the field, and the Poisson equation gives the picture.

The field keeps the gradients whose energy pays (L. Xu et al., "Image smoothing via L0 gradient minimization", 2011, with its half-quadratic
splitting: each step one screened Poisson solve), and energy counts as far as the gradients around point the same way (the windowed
ratio of L. Xu et al., "Structure extraction from texture via relative total variation", 2012).
"""

import torch
from scipy.ndimage import uniform_filter
from torch import Tensor

from selfsup_engine.exploring.retouching.base import Progress, part, reduced, silent
from selfsup_engine.exploring.retouching.detail import carried_up
from selfsup_engine.gradients import gradient, screened_poisson

STEPS = 6
TIGHTER = 5.0
"""By how much the field is held more tightly in each step, and smaller gradients pay."""
LOOSE = 50.0
"""Weight of the image, beside the field, in the first step."""
PAYS = 0.5
"""Energy of a gradient, summed over channels on [0, 1] pixels, that pays in the first step."""
FAINT = 1e-4
"""Energy below which the photo's finest detail is taken for grain."""


def flatten(photo: Tensor, *, strength: float = 1.0, scale: float = 0.004, progress: Progress = silent) -> Tensor:
    """A photo (3, H, W) uint8 without its texture: uint8 of the same size.

    Args:
        strength: in [0, 1]; 0 is the photo.
        scale: radius of the texture's largest details, a share of the photo's long side.
    """
    small = reduced(photo)
    image = small.float() / 255
    flat = _flat(image, max(1, round(scale * max(image.shape[-2:]))), part(progress, 0, 0.5))
    own, kept = gradient(image), gradient(flat)
    agreement = _windowed((own * kept).sum((0, 1)), 1)
    gain = agreement / (_windowed(own.square().sum((0, 1)), 1) + FAINT)
    return carried_up(photo, small, flat - image, gain.clamp(0, 1), strength=strength, progress=part(progress, 0.5, 1))


def _flat(image: Tensor, radius: int, progress: Progress) -> Tensor:
    """An image (C, h, w) without textures of a radius in pixels."""
    flat = image
    for step in range(STEPS):
        progress(step / STEPS)
        field = gradient(flat)
        energy = field.square().sum((0, 1)) * _alike(field, radius) ** 2
        worth = energy * (TIGHTER**step / PAYS)
        weight = worth.square() / (worth.square() + 1)
        flat = screened_poisson(image, field * weight, LOOSE / TIGHTER**step)
    return flat


def _alike(field: Tensor, radius: int) -> Tensor:
    """How far the gradients (2, C, h, w) around each pixel point the same way: (h, w) in [0, 1], 0 for texture, 1 at an edge."""
    grey = field.mean(1)
    net = torch.hypot(_windowed(grey[0], radius), _windowed(grey[1], radius))
    return net / (_windowed(torch.hypot(grey[0], grey[1]), radius) + 1e-3)


def _windowed(values: Tensor, radius: int) -> Tensor:
    """Means (h, w) over squares of a radius in pixels."""
    return torch.from_numpy(uniform_filter(values.numpy(), 2 * radius + 1, mode="nearest"))
