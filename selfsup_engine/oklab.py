"""OKLab, a space where equal steps look equally large, and the way there and back.

Björn Ottosson, "A perceptual color space for image processing", 2020 (bottosson.github.io/posts/oklab). L is in [0, 1]; a (green to
red) and b (blue to yellow) lie within some 0.32 of 0 for colours of sRGB. Channels are the third dimension from the end.
"""

import torch
from torch import Tensor

# Ottosson's two matrices, the first combined with sRGB's primaries.
_TO_CONES = ((0.4122214708, 0.5363325363, 0.0514459929), (0.2119034982, 0.6806995451, 0.1073969566), (0.0883024619, 0.2817188376, 0.6299787005))  # fmt: skip
_TO_LAB = ((0.2104542553, 0.7936177850, -0.0040720468), (1.9779984951, -2.4285922050, 0.4505937099), (0.0259040371, 0.7827717662, -0.8086757660))  # fmt: skip


def _mixed(matrix: Tensor, images: Tensor) -> Tensor:
    """Channels (..., 3, H, W) mixed by a matrix (3, 3)."""
    return torch.einsum("ij,...jhw->...ihw", matrix.to(images), images)


def _matrix(rows: tuple[tuple[float, ...], ...], inverse: bool = False) -> Tensor:
    matrix = torch.tensor(rows, dtype=torch.float64)
    return matrix.inverse() if inverse else matrix


def linear(values: Tensor) -> Tensor:
    """sRGB values in [0, 1] -> linear light in [0, 1] (IEC 61966-2-1)."""
    return torch.where(values <= 0.04045, values / 12.92, ((values.clamp_min(0) + 0.055) / 1.055) ** 2.4)


def companded(values: Tensor) -> Tensor:
    """Linear light -> sRGB values; what lies outside [0, 1] stays outside."""
    return torch.where(values <= 0.0031308, values * 12.92, 1.055 * values.clamp_min(1e-9) ** (1 / 2.4) - 0.055)


def from_srgb(images: Tensor) -> Tensor:
    """Images (..., 3, H, W), uint8 or floats in [0, 1] -> OKLab, float32 (float64 if given so)."""
    if images.dtype == torch.uint8:
        table = linear(torch.arange(256, device=images.device) / 255)
        light = table[images.int()]
    else:
        light = linear(images)
    cones = _mixed(_matrix(_TO_CONES), light)
    return _mixed(_matrix(_TO_LAB), cones.sign() * cones.abs() ** (1 / 3))


def to_srgb(lab: Tensor) -> Tensor:
    """OKLab (..., 3, H, W) -> sRGB floats, outside [0, 1] where sRGB has no such colour."""
    cones = _mixed(_matrix(_TO_LAB, inverse=True), lab) ** 3
    return companded(_mixed(_matrix(_TO_CONES, inverse=True), cones))


def lightness(images: Tensor) -> Tensor:
    """L alone (..., 1, H, W) of images as `from_srgb` takes them."""
    return from_srgb(images)[..., :1, :, :]
