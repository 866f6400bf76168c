"""DiffAugment (Zhao et al., 2020): changes that a discriminator sees on real and on generated images alike, and that let gradients through.

Without them it soon knows a small training set by heart, and its opinion says nothing more about the generator's images.
"""

import torch
from torch import Tensor
from torch.nn import functional as F


def diff_augment(images: Tensor, random: torch.Generator) -> Tensor:
    """Images (N, C, H, W) in [-1, 1], each recoloured, shifted by up to an eighth of its side, and with a square cut out (mid-grey).

    Every image draws its own changes from `random`.
    """
    return cutout(translated(recoloured(images, random), random), random)


def _rand(images: Tensor, random: torch.Generator) -> Tensor:
    return torch.rand((len(images), 1, 1, 1), generator=random, device=images.device)


def recoloured(images: Tensor, random: torch.Generator) -> Tensor:
    """Brightness moved by up to a quarter of the range, saturation scaled by 0 to 2, contrast by 0.5 to 1.5."""
    images = images + (_rand(images, random) - 0.5)
    grey = images.mean(1, keepdim=True)
    images = grey + (images - grey) * 2 * _rand(images, random)
    mean = images.mean((1, 2, 3), keepdim=True)
    return mean + (images - mean) * (_rand(images, random) + 0.5)


def _offsets(images: Tensor, low: int, high: int, random: torch.Generator) -> Tensor:
    """Whole numbers in [low, high], a pair for each image: (2, N, 1, 1)."""
    return torch.randint(low, high + 1, (2, len(images), 1, 1), generator=random, device=images.device)


def translated(images: Tensor, random: torch.Generator, share: float = 0.125) -> Tensor:
    """Shifted along both axes by up to `share` of the side; what comes in is black, as the images' padding is."""
    side = images.shape[-1]
    reach = max(1, round(side * share))
    padded = F.pad(images, [reach] * 4, value=-1.0)
    dy, dx = _offsets(images, 0, 2 * reach, random)
    place = torch.arange(side, device=images.device)
    rows, columns = place[None, :, None] + dy, place[None, None, :] + dx
    which = torch.arange(len(images), device=images.device)[:, None, None]
    return padded.permute(0, 2, 3, 1)[which, rows, columns].permute(0, 3, 1, 2)


def cutout(images: Tensor, random: torch.Generator, share: float = 0.5) -> Tensor:
    """With a square of `share` of the side set to mid-grey, its middle anywhere in the image."""
    side = images.shape[-1]
    half = max(1, round(side * share / 2))
    dy, dx = _offsets(images, 0, side - 1, random)
    place = torch.arange(side, device=images.device)
    inside = ((place[None, :, None] - dy).abs() < half) & ((place[None, None, :] - dx).abs() < half)
    return images.masked_fill(inside[:, None], 0.0)
