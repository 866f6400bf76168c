"""The mathematics of colour gradients: differences and their adjoint, the structure tensor, and the image that fits a field best.

An image is a tensor (..., H, W); a field is (2, ..., H, W), the differences along x first. Borders are Neumann's: nothing changes
across them. Works on any device and for float32 and float64.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from selfsup_engine.host import cores


def gradient(image: Tensor) -> Tensor:
    """Forward differences (2, ..., H, W) of an image (..., H, W); 0 in the last column (along x) and in the last row (along y)."""
    field = image.new_zeros((2, *image.shape))
    field[0, ..., :, :-1] = image[..., :, 1:] - image[..., :, :-1]
    field[1, ..., :-1, :] = image[..., 1:, :] - image[..., :-1, :]
    return field


def adjoint(field: Tensor) -> Tensor:
    """The exact adjoint of `gradient`, minus the divergence: <gradient(u), g> = <u, adjoint(g)> for every u and g."""
    image = torch.zeros_like(field[0])
    along_x, along_y = field[0, ..., :, :-1], field[1, ..., :-1, :]
    image[..., :, 1:] += along_x
    image[..., :, :-1] -= along_x
    image[..., 1:, :] += along_y
    image[..., :-1, :] -= along_y
    return image


@dataclass(frozen=True)
class Structure:
    """strength (H, W): root of the larger eigenvalue; direction (H, W): angle in [0, pi) across which the colours change most;
    coherence (H, W) in [0, 1]: how much more they change so than along the other axis."""

    strength: Tensor
    direction: Tensor
    coherence: Tensor


def structure(field: Tensor) -> Structure:
    """The structure tensor of a colour image's field (2, C, H, W): the sum over channels of (dx, dy)(dx, dy)^T.

    S. Di Zenzo, "A note on the gradient of a multi-image", 1986.
    """
    xx, yy = field[0].square().sum(-3), field[1].square().sum(-3)
    xy = (field[0] * field[1]).sum(-3)
    apart = torch.hypot(xx - yy, 2 * xy)
    larger = (xx + yy + apart) / 2
    direction = (0.5 * torch.atan2(2 * xy, xx - yy)) % math.pi
    return Structure(larger.sqrt(), direction, apart / (xx + yy).clamp_min(1e-12))


def dct(image: Tensor, inverse: bool = False) -> Tensor:
    """The orthonormal cosine transform (DCT-II) over the last two dimensions, or its inverse."""
    if image.device.type == "cpu":
        import scipy.fft  # 20 MB, which training does without

        transform = scipy.fft.idctn if inverse else scipy.fft.dctn
        spectrum: Tensor = torch.from_numpy(transform(image.numpy(), axes=(-2, -1), norm="ortho", workers=cores()))
        return spectrum
    along_x = _dct_by_fft(image, inverse)
    return _dct_by_fft(along_x.transpose(-1, -2), inverse).transpose(-1, -2)


def _dct_by_fft(rows: Tensor, inverse: bool) -> Tensor:
    """The same along the last dimension, where only Fourier transforms are at hand. J. Makhoul, "A fast cosine transform", 1980."""
    n = rows.shape[-1]
    k = torch.arange(n, device=rows.device, dtype=rows.dtype)
    turn = torch.polar(torch.ones_like(k), -math.pi * k / (2 * n))
    scale = torch.full_like(k, math.sqrt(2 / n))
    scale[0] = math.sqrt(1 / n)
    if not inverse:
        shuffled = torch.cat([rows[..., ::2], rows[..., 1::2].flip(-1)], dim=-1)
        spectrum: Tensor = (torch.fft.fft(shuffled) * turn).real * scale
        return spectrum
    values = rows / scale
    mirrored = torch.cat([torch.zeros_like(values[..., :1]), values[..., 1:].flip(-1)], dim=-1)
    shuffled = torch.fft.ifft(torch.complex(values, -mirrored) * turn.conj()).real
    image = torch.empty_like(rows)
    image[..., ::2] = shuffled[..., : (n + 1) // 2]
    image[..., 1::2] = shuffled[..., (n + 1) // 2 :].flip(-1)
    return image


def frequencies(height: int, width: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """The eigenvalues (H, W) of adjoint(gradient(.)), to which the cosine transform is the key: from 0 (the mean) to 8."""
    # 4 sin(t / 2)^2 is 2 - 2 cos(t), but does not cancel: in float32 the latter is off by 3 % at the lowest frequency of 4000 pixels.
    y = (torch.arange(height, device=device, dtype=dtype) * (math.pi / (2 * height))).sin().square() * 4
    x = (torch.arange(width, device=device, dtype=dtype) * (math.pi / (2 * width))).sin().square() * 4
    return y[:, None] + x[None, :]


def screened_poisson(image: Tensor, field: Tensor, screen: float) -> Tensor:
    """The image u that minimises |gradient(u) - field|^2 + screen |u - image|^2, exactly, in O(N log N).

    P. Bhat et al., "GradientShop", 2010; the Neumann problem is diagonal under the cosine transform.

    Args:
        image: (..., H, W), what u stays near to.
        field: (2, ..., H, W), what u's gradient shall be.
        screen: weight of the image, at least 0. At 0 the field alone counts, and u gets the image's mean.
    """
    assert screen >= 0
    height, width = image.shape[-2:]
    spectrum = dct(adjoint(field).add_(image, alpha=screen))
    spectrum /= frequencies(height, width, image.device, image.dtype).add_(screen).clamp_min_(1e-12)
    if screen == 0:
        spectrum[..., 0, 0] = image.mean((-2, -1)) * math.sqrt(height * width)
    return dct(spectrum, inverse=True)
