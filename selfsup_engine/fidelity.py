"""How close a set of generated images is to a set of real ones. Pure functions of features (N, D) float, on the CPU.

In which features is for the caller to say beside the figure: two distances can be compared only in the same ones.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

ROWS = 1024  # of a distance matrix at once: 40 MB against 10,000 points


def frechet(a: Tensor, b: Tensor) -> float:
    """Squared Frechet distance of the Gaussians fitted to a (N, D) and b (M, D): 0 for equal means and covariances.

    |m - n|^2 + tr(A + B - 2 (A B)^1/2), Dowson and Landau (1982); with Inception's features it is called FID (Heusel et al., 2017).
    """
    a, b = a.double(), b.double()
    cov_a, cov_b = torch.atleast_2d(torch.cov(a.T)), torch.atleast_2d(torch.cov(b.T))
    power, axes = torch.linalg.eigh(cov_a)
    root = axes * power.clamp_min(0).sqrt() @ axes.T
    middle = torch.linalg.eigvalsh(root @ cov_b @ root).clamp_min(0).sqrt().sum()
    between = (a.mean(0) - b.mean(0)).square().sum()
    return max(0.0, float(between + cov_a.trace() + cov_b.trace() - 2 * middle))


def _radii(points: Tensor, neighbours: int) -> Tensor:
    """The distance (N,) of each point to its k-th neighbour among the others."""
    k = min(neighbours + 1, len(points))  # the first is the point itself
    return torch.cat([torch.cdist(rows, points).kthvalue(k, dim=1).values for rows in points.split(ROWS)])


@dataclass(frozen=True)
class Manifold:
    """Shares in [0, 1]; density may exceed 1. precision: samples among real images; recall: real images among samples;
    coverage: real images with a sample near; density: how many real neighbourhoods a sample lies in, over what is usual."""

    precision: float
    recall: float
    density: float
    coverage: float


def manifold(real: Tensor, drawn: Tensor, neighbours: int = 3, wider: int = 5) -> Manifold:
    """Precision and recall (Kynkaanniemi et al., 2019, k = 3), density and coverage (Naeem et al., 2020, k = 5)."""
    real, drawn = real.float(), drawn.float()
    near_real, near_drawn, wide_real = _radii(real, neighbours), _radii(drawn, neighbours), _radii(real, wider)
    precise = torch.zeros(len(drawn), dtype=torch.bool)
    inside = torch.zeros(len(drawn))
    recalled, covered = [], []
    for start in range(0, len(real), ROWS):
        rows = slice(start, start + ROWS)
        distances = torch.cdist(real[rows], drawn)
        precise |= (distances <= near_real[rows, None]).any(0)
        recalled.append((distances <= near_drawn).any(1))
        within = distances <= wide_real[rows, None]
        inside += within.sum(0)
        covered.append(within.any(1))
    return Manifold(
        precision=float(precise.float().mean()),
        recall=float(torch.cat(recalled).float().mean()),
        density=float(inside.mean()) / wider,
        coverage=float(torch.cat(covered).float().mean()),
    )


def diversity(images: Tensor, others: Tensor) -> float:
    """Mean distance between two of the images (N, C, H, W), over that between two of the others: 1 is as varied as they are."""

    def spread(points: Tensor) -> float:
        flat = points.flatten(1).float()
        return float(torch.pdist(flat[:LIMIT]).mean()) if len(flat) > 1 else 0.0

    return spread(images) / max(spread(others), 1e-9)


LIMIT = 512  # images whose pairs are compared
