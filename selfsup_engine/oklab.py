"""OKLab, a space where equal steps look equally large, and the way there and back.

Björn Ottosson, "A perceptual color space for image processing", 2020 (bottosson.github.io/posts/oklab). L is in [0, 1]; a (green to
red) and b (blue to yellow) lie within some 0.32 of 0 for colours of sRGB. Channels are the third dimension from the end.
"""

import math
from functools import lru_cache

import torch
import torch.nn.functional as F
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


def into_gamut(lab: Tensor) -> Tensor:
    """OKLab (3, H, W) with as much less chroma as it takes to be a colour of sRGB; L and hue stay."""
    light, a, b = lab
    turn = torch.atan2(b, a) / math.pi
    # Chroma over L is looked up: towards black the gamut is a cone, which stays exact between the table's rows.
    most = F.grid_sample(_gamut().to(lab), torch.stack([turn, 2 * light - 1], -1)[None], "bilinear", "border", True)
    share = (most[0, 0] * light / torch.hypot(a, b).clamp_min(1e-6)).clamp(0, 1)
    # At the gamut's sharp corners the table cuts off some 0.03, so what is in sRGB is left as it is.
    srgb = to_srgb(lab)
    share = torch.where(((srgb > -2e-4) & (srgb < 1 + 2e-4)).all(0), 1.0, share)
    return torch.stack([light, a * share, b * share])


@lru_cache(1)
def _gamut() -> Tensor:
    """The largest chroma within sRGB over L (1, 1, 257, 721): rows L from 0 to 1, columns hues from -pi to pi; found by bisection."""
    light = torch.linspace(0, 1, 257).clamp_min(1e-3)[:, None].expand(257, 721)
    hue = torch.linspace(-math.pi, math.pi, 721)
    low, high = torch.zeros(257, 721), torch.full((257, 721), 1.0)
    for _ in range(14):
        middle = (low + high) / 2
        srgb = to_srgb(torch.stack([light, light * middle * hue.cos(), light * middle * hue.sin()]))
        fits = ((srgb > -2e-4) & (srgb < 1 + 2e-4)).all(0)
        low, high = torch.where(fits, middle, low), torch.where(fits, high, middle)
    return low[None, None]
