"""Restyle: a photo's colour gradients take on the statistics of another's, and the Poisson equation gives the picture.

The chroma plane is stretched until its changes point where the reference's do, and all gradients get gains that give their strength
the reference's distribution. What a model made of the photo, if there is such a picture, is where it starts from.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from scipy.ndimage import gaussian_filter
from torch import Tensor

from selfsup_engine.exploring.retouching.base import Progress, enlarged, part, reduced, silent
from selfsup_engine.exploring.retouching.detail import carried_up
from selfsup_engine.field_statistics import ANGLES, SLICES, FieldStatistics, quantiles, slices
from selfsup_engine.gradients import gradient, screened_poisson, structure
from selfsup_engine.oklab import from_srgb, to_srgb

PASSES = 3
"""A field with gains is no picture's gradient any more; the picture that fits it best is matched again."""
KEPT = 8.0
"""Areas larger than this share of the long side, 1 to so many, keep their brightness."""
GAINS = (0.25, 3.0)
"""Least and most that a gradient is multiplied by in one pass."""
FAINT = 0.004
"""Strength in OKLab units per pixel below which a gradient may be noise, and is left alone."""
STRETCH = (0.5, 1.6)
"""Least and most that an axis of the chroma plane is multiplied by, for its direction."""
SATURATION = 1.5
"""Most that chroma is multiplied by; the least is 0."""


def restyle(
    photo: Tensor,
    reference: FieldStatistics | Tensor,
    *,
    strength: float = 1.0,
    styled: Tensor | None = None,
    progress: Progress = silent,
) -> Tensor:
    """A photo (3, H, W) uint8 with a reference's statistics of colour gradients: uint8 of the same size.

    Args:
        reference: a photo (3, h, w) uint8, or its statistics.
        strength: in [0, 1]; 0 is the photo.
        styled: (3, h, w) in [0, 1], of any size: what a model that learned the reference's look made of the photo.
    """
    wanted = FieldStatistics.of(reference) if isinstance(reference, Tensor) else reference
    small = reduced(photo)
    image = small.float() / 255
    lab = from_srgb(image)
    if styled is None:
        lab[1:] = torch.einsum("ij,jhw->ihw", _chroma_map(FieldStatistics.of(small), wanted), lab[1:])
    else:  # its colours are the reference's already, and the light is the photo's
        lab[1:] = from_srgb((image + _change(image, styled)).clamp(0, 1))[1:]
    progress(0.2)
    made, gain = _matched(lab, wanted.strength, part(progress, 0.2, 0.6))
    if styled is not None:  # gains would wash its colours out, or make them garish
        made[1:] = lab[1:]
    change = to_srgb(made).clamp(0, 1) - image
    return carried_up(photo, small, change, gain, strength=strength, progress=part(progress, 0.6, 1))


def _change(image: Tensor, styled: Tensor) -> Tensor:
    """What a styled picture changes of an image (3, h, w), at the image's size."""
    height, width = (min(sizes) for sizes in zip(image.shape[-2:], styled.shape[-2:], strict=True))
    before, after = (
        F.interpolate(picture[None].float(), (height, width), mode="area")[0] for picture in (image, styled)
    )
    return enlarged(after - before, image.shape[-2], image.shape[-1])


def _matched(lab: Tensor, wanted: Tensor, progress: Progress) -> tuple[Tensor, Tensor]:
    """A picture (3, h, w) in OKLab whose gradients' strengths have `wanted` quantiles, and the gain (h, w) of what is finer."""
    screen = (KEPT / max(lab.shape[-2:])) ** 2
    made, total = lab, torch.ones(lab.shape[-2:])
    for step in range(PASSES):
        progress(step / PASSES)
        field = gradient(made)
        strength = structure(field).strength
        target = np.interp(strength.numpy(), quantiles(strength.flatten()).numpy(), wanted.numpy())
        gain = ((torch.from_numpy(target).float() + FAINT) / (strength + FAINT)).clamp(*GAINS)
        made = screened_poisson(lab, field * gain, screen)
        total *= gain
    smooth = torch.from_numpy(gaussian_filter(total.log().numpy(), 2, mode="nearest")).exp()
    return made, smooth.clamp(*GAINS)


def _chroma_map(found: FieldStatistics, wanted: FieldStatistics) -> Tensor:
    """The matrix (2, 2) that turns the changes of one chroma plane into those of another as shortly as can be, and keeps grey grey.

    The linear Monge-Kantorovich map between the directions' second moments (F. Pitie and A. Kokaram, "The linear Monge-Kantorovitch linear
    colour mapping", 2007), times the ratio of chromas.
    """
    one, other = _directions(found), _directions(wanted)
    root = _root(one)
    back = root.inverse()
    values, vectors = torch.linalg.eigh(back @ _root(root @ other @ root) @ back)
    stretch = vectors @ torch.diag(values.clamp(*STRETCH)) @ vectors.T
    saturation = math.sqrt(_chroma_energy(wanted) / (_chroma_energy(found) + 1e-6))
    return torch.as_tensor(stretch * min(saturation, SATURATION), dtype=torch.float32)


def _directions(statistics: FieldStatistics) -> Tensor:
    """Second moments (2, 2), of trace 1, of the axes along which chroma changes."""
    angles = (torch.arange(ANGLES, dtype=torch.float64) + 0.5) * (math.pi / ANGLES)
    axes = torch.stack([angles.cos(), angles.sin()])
    return (axes * statistics.direction) @ axes.T + 0.01 * torch.eye(2)


def _chroma_energy(statistics: FieldStatistics) -> float:
    """The mean of a^2 + b^2: twice that of the square of its projections, on directions that are spread evenly."""
    assert len(statistics.chroma) == SLICES == len(slices(SLICES))
    return float(2 * statistics.chroma.double().square().mean())


def _root(matrix: Tensor) -> Tensor:
    """The root of a symmetric matrix without negative eigenvalues."""
    values, vectors = torch.linalg.eigh(matrix)
    return torch.as_tensor(vectors @ torch.diag(values.clamp_min(0).sqrt()) @ vectors.T)
