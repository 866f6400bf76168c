"""What is typical of a photo's colour gradients and of its colours, and how far two photos are apart in it.

All of it is measured on the reduced copy (scaling.reduced) in OKLab: lengths are OKLab's units, gradients are per pixel of that copy, so
that photos of any size compare, as long as they have more pixels than the copy.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from selfsup_engine.gradients import gradient, structure
from selfsup_engine.oklab import from_srgb
from selfsup_engine.scaling import reduced

QUANTILES = 256
SLICES = 16
ANGLES = 72
STRENGTHS = torch.logspace(-3.5, 0, 71)
"""Edges of the bins of `strength_histogram`, twenty to a power of ten; weaker gradients than the first are counted in the first bin."""
_FAINT = 1e-4
"""Chroma that every photo is given in all directions alike, so that a grey one has a histogram too: the uniform one."""


@dataclass(frozen=True)
class Distance:
    """Wasserstein-1 distances of two photos' statistics: how far the one's values must be moved, on average, to become the other's."""

    strength: float
    """Of the gradients' strengths, in OKLab units per pixel."""
    direction: float
    """Of the axes along which chroma changes, in degrees, at most 45: half of what two axes can be apart, for the axis has no sign."""
    hue: float
    """Of the hues, in degrees, at most 180."""
    chroma: float
    """Of the chromas (a, b), in OKLab units: sliced (N. Bonneel et al., "Sliced and Radon Wasserstein barycenters", 2015)."""


@dataclass(frozen=True)
class FieldStatistics:
    """The distributions of a photo's gradients and chromas; float32 tensors on the CPU."""

    strength: Tensor
    """(256,) ascending quantiles of the gradient's strength (S. Di Zenzo, 1986) over L, a and b."""
    strength_histogram: Tensor
    """(70,) shares of the pixels, between the edges STRENGTHS."""
    direction: Tensor
    """(72,) shares of the chroma's change along each axis of the (a, b) plane, [0, 180) degrees in steps of 2.5: 0 is an edge between
    green and red, 90 one between blue and yellow. Each pixel counts as much as its chroma changes."""
    hue: Tensor
    """(72,) shares of the chroma at each angle of the (a, b) plane, [0, 360) degrees in steps of 5: 0 is pink, 90 yellow, 180 green,
    270 blue. Each pixel counts as much as it has chroma."""
    chroma: Tensor
    """(16, 256): ascending quantiles of (a, b) projected on the directions `slices(16)`."""

    @classmethod
    def of(cls, photo: Tensor) -> "FieldStatistics":
        """The statistics of a photo (3, H, W) uint8."""
        lab = from_srgb(reduced(photo))
        field = gradient(lab)
        strength = structure(field).strength.flatten()
        # With its axes exchanged the field is the chroma plane's: its structure tensor sums over x and y instead of over a and b.
        change = structure(field[:, 1:].transpose(0, 1))
        a, b = lab[1].flatten(), lab[2].flatten()
        return cls(
            quantiles(strength),
            torch.histogram(strength.clamp(STRENGTHS[0], STRENGTHS[-1]), STRENGTHS).hist / strength.numel(),
            _rose(change.direction.flatten(), change.strength.flatten(), math.pi),
            _rose(torch.atan2(b, a), torch.hypot(a, b), 2 * math.pi),
            torch.stack([quantiles(a * x + b * y) for x, y in slices(SLICES).tolist()]),
        )

    @classmethod
    def pooled(cls, several: Sequence["FieldStatistics"]) -> "FieldStatistics":
        """The statistics of at least one photo as of one: each counts alike."""
        return cls(
            quantiles(torch.cat([each.strength for each in several])),
            torch.stack([each.strength_histogram for each in several]).mean(0),
            torch.stack([each.direction for each in several]).mean(0),
            torch.stack([each.hue for each in several]).mean(0),
            quantiles(torch.cat([each.chroma for each in several], dim=1)),
        )

    def state(self) -> dict[str, Tensor]:
        """By name, to be kept beside a model's weights."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor]) -> "FieldStatistics":
        """What `state` gave; other names are passed over."""
        return cls(**{field.name: state[field.name].detach().float().cpu() for field in fields(cls)})


def distance(one: FieldStatistics, other: FieldStatistics) -> Distance:
    """How far two statistics are apart: 0 for the same ones, symmetric, and with the triangle's inequality."""
    return Distance(
        strength=float((one.strength - other.strength).abs().mean()),
        direction=_around(one.direction, other.direction) * 180,
        hue=_around(one.hue, other.hue) * 360,
        chroma=float((one.chroma - other.chroma).abs().mean()),
    )


def slices(count: int) -> Tensor:
    """Unit vectors (count, 2), spread evenly over half a circle."""
    angles = torch.arange(count) * (math.pi / count)
    return torch.stack([angles.cos(), angles.sin()], dim=1)


def quantiles(values: Tensor, count: int = QUANTILES) -> Tensor:
    """(..., N) -> (..., count): ascending, at the middles of as many equal shares, linear between the values."""
    ordered = torch.from_numpy(np.sort(values.numpy(), -1))  # several times as fast as torch's
    at = ((torch.arange(count) + 0.5) / count * ordered.shape[-1] - 0.5).clamp(0, ordered.shape[-1] - 1)
    below = at.floor().long()
    above = (below + 1).clamp_max(ordered.shape[-1] - 1)
    return torch.lerp(ordered[..., below], ordered[..., above], at - below)


def _rose(angles: Tensor, weights: Tensor, period: float) -> Tensor:
    """A histogram (ANGLES,) of angles (N,) modulo a period: shares of the weights (N,)."""
    bins = (angles * (ANGLES / period)).floor().long() % ANGLES
    hist = torch.bincount(bins, weights.double(), ANGLES) + _FAINT * len(angles) / ANGLES
    return (hist / hist.sum()).float()


def _around(one: Tensor, other: Tensor) -> float:
    """Wasserstein-1 of two histograms on a circle of length 1.

    J. Rabin, J. Delon and Y. Gousseau, "Transportation distances on the circle", 2011.
    """
    ahead = (one - other).double().cumsum(0)
    return float((ahead - ahead.median()).abs().mean())
