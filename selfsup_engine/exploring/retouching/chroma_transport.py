"""A smooth map of colours that gives a photo the chromas of a reference, found by sliced optimal transport.

The map adds to each colour's (a, b) what a small grid over OKLab holds. The grid is found by descending the sliced Wasserstein distance
(J. Rabin et al., "Wasserstein barycenter and its application to texture mixing", 2011) between the chromas of the result, within sRGB,
and those wanted; each step is smoothed over the grid, so that like colours stay alike. It begins at the linear map that is optimal
for Gaussians (F. Pitie and A. Kokaram, "The linear Monge-Kantorovitch linear colour mapping", 2007).

Slices lean a little towards lightness. So what has no chroma to go by, above all a grey photo, is told apart by its lightness: its
dark parts get the colours of the reference's dark parts.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from selfsup_engine.device import one_thread
from selfsup_engine.exploring.retouching.base import Progress, silent
from selfsup_engine.oklab import into_gamut

GRID = (17, 33, 33)
"""Nodes of the grid over L, a and b."""
SAMPLE = 8192
STEPS = 40
LEAN = 0.15
"""What a step of lightness counts beside one of chroma."""
SMOOTH = (0.2, 0.03, 0.03)
"""Standard deviation of the smoothing of each step, in OKLab units along L, a and b."""


def sampled(lab: Tensor, count: int = SAMPLE) -> Tensor:
    """So many colours (3, count) of (3, ...), spread evenly over a fixed shuffle; they repeat if there are fewer."""
    colours = lab.flatten(1)
    shuffle = torch.randperm(colours.shape[1], generator=torch.Generator().manual_seed(0))
    return colours[:, shuffle[torch.arange(count) * colours.shape[1] // count]]


class ChromaMap:
    """What is added to (a, b): `grid` (2, L, a, b) over the box of colours from `low` (3,) to `high` (3,); beyond, as at its border."""

    def __init__(self, low: Tensor, high: Tensor) -> None:
        self.low, self.high = low, high.maximum(low + 1e-3)
        self.grid = torch.zeros(2, *GRID)

    def __call__(self, lab: Tensor) -> Tensor:
        """Colours (3, N) -> what is added to their (a, b), (2, N); trilinear."""
        at = (lab.T - self.low) / (self.high - self.low) * 2 - 1
        return F.grid_sample(self.grid[None], at.flip(-1)[None, None, None], "bilinear", "border", True)[0, :, 0, 0]


@one_thread()  # its steps are small, and bound to wait for each other
def fitted(source: Tensor, target: Tensor, progress: Progress = silent) -> ChromaMap:
    """The map that brings the chromas of colours (3, N) to those of others (3, N), in OKLab."""
    count = source.shape[1]
    mapped = ChromaMap(source.amin(1), source.amax(1))
    spread = _Spread(mapped, source)
    light = _matched(source[0], target[0])
    angles = torch.arange(24) * (math.pi / 24)
    along = torch.stack([angles.cos(), angles.sin()], 1)
    lean = LEAN * torch.tensor([0.0, 1.0, -1.0]).repeat(8)[:, None]
    apart = 1e-5 * torch.rand(count, generator=torch.Generator().manual_seed(0))  # many equal values sort slowly
    wanted = (along @ target[1:] + lean * target[0]).sort(1).values
    mapped.grid = spread(_linear(source[1:], target[1:]) - source[1:])
    for step in range(STEPS):
        progress(step / STEPS)
        aimed = source[1:] + mapped(source)
        chroma = into_gamut(torch.cat([source[:1], aimed])[:, None])[1:, 0]
        seen = along @ chroma + lean * light + apart
        order = torch.from_numpy(seen.numpy().argsort(1))  # several times as fast as torch's
        missing = torch.empty(24, count).scatter_(1, order, wanted) - seen
        # From where it is within sRGB: else what cannot be reached would be aimed at ever farther.
        mapped.grid += spread(along.T @ missing * (2 / 24) + chroma - aimed)
    progress(1.0)
    return mapped


class _Spread:
    """From changes at colours (2, N) to smooth ones on the grid: weighted means of those near each node."""

    def __init__(self, mapped: ChromaMap, colours: Tensor) -> None:
        size = torch.tensor(GRID)
        at = ((colours.T - mapped.low) / (mapped.high - mapped.low) * (size - 1)).clamp_min(0)
        below = at.floor().minimum(size - 2.0)
        share = at - below
        corners, weights = [], []
        for corner in torch.cartesian_prod(*[torch.arange(2)] * 3):
            node = (below + corner).long()
            corners.append((node[:, 0] * GRID[1] + node[:, 1]) * GRID[2] + node[:, 2])
            weights.append(torch.where(corner == 1, share, 1 - share).prod(1))
        self.corners, self.weights = torch.cat(corners), torch.cat(weights)
        cell = (mapped.high - mapped.low) / (size - 1)
        self.kernels = [_gaussian(n, s / float(c)) for n, s, c in zip(GRID, SMOOTH, cell, strict=True)]
        self.mass = self._smooth(torch.ones(1, colours.shape[1]))

    def __call__(self, changes: Tensor) -> Tensor:
        return self._smooth(changes) / self.mass

    def _smooth(self, values: Tensor) -> Tensor:
        flat = torch.zeros(len(values), math.prod(GRID))
        flat.index_add_(1, self.corners, values.repeat(1, 8) * self.weights)
        grid = flat.view(-1, *GRID)
        return torch.einsum("clab,il,ja,kb->cijk", grid, *self.kernels)


def _gaussian(nodes: int, sigma: float) -> Tensor:
    """(nodes, nodes). Its tail is heavier than Gauss's, so that nodes without colours near them follow the nearest."""
    apart = (torch.arange(nodes)[:, None] - torch.arange(nodes)).float() / max(sigma, 1e-3)
    return (-apart.square() / 2).exp() + 1e-4 / (1 + apart.square())


def _matched(light: Tensor, wanted: Tensor) -> Tensor:
    """Each lightness (N,) replaced by that of the same rank among others (N,); equal ones get the same."""
    ordered = light.sort().values
    rank = (torch.searchsorted(ordered, light) + torch.searchsorted(ordered, light, right=True) - 1) // 2
    return wanted.sort().values[rank]


def _linear(chroma: Tensor, wanted: Tensor) -> Tensor:
    """(2, N) under the affine map that is the optimal transport between the two Gaussians of the same moments."""
    root = _power(_covariance(chroma), 0.5)
    back = _power(_covariance(chroma), -0.5)
    matrix: Tensor = back @ _power(root @ _covariance(wanted) @ root, 0.5) @ back
    return matrix @ (chroma - chroma.mean(1, keepdim=True)) + wanted.mean(1, keepdim=True)


def _covariance(chroma: Tensor) -> Tensor:
    # A floor of a hundredth's variance: what is nearly grey is not blown up.
    return torch.cov(chroma, correction=0) + 1e-4 * torch.eye(2)


def _power(matrix: Tensor, exponent: float) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    powered: Tensor = (vectors * values.clamp_min(1e-9) ** exponent) @ vectors.T
    return powered
