"""Groups that codes fall into by themselves: k-means (Lloyd, 1982), begun with k-means++ (Arthur and Vassilvitskii, 2007)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

STARTS = 4
STEPS = 60


class Clusters(NamedTuple):
    """labels: (N,) int64, the cluster of each code, the largest cluster being 0; centres: (K, D); typical: (K,) int64, the code nearest to
    each centre."""

    labels: Tensor
    centres: Tensor
    typical: Tensor


def k_means(codes: Tensor, count: int, seed: int = 0) -> Clusters:
    """At most `count` clusters of codes (N, D), the same at every call: of a few starts the one with the least squared distance.

    There are fewer where there are fewer codes that differ.
    """
    generator = torch.Generator().manual_seed(seed)
    count = max(1, min(count, len(codes)))
    runs = [_lloyd(codes, _spread(codes, count, generator)) for _ in range(STARTS)]
    centres = min(runs, key=lambda run: run[1])[0]
    labels = torch.cdist(codes, centres).argmin(1)
    sizes = labels.bincount(minlength=len(centres))
    order = sizes.argsort(descending=True, stable=True)[: int((sizes > 0).sum())]
    centres = centres[order]
    distances = torch.cdist(codes, centres)
    return Clusters(distances.argmin(1), centres, distances.argmin(0))


def _spread(codes: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Centres (count, D) far from each other: each is a code, drawn by its squared distance to those before."""
    centres = codes[torch.randint(len(codes), (1,), generator=generator)]
    while len(centres) < count:
        far = torch.cdist(codes, centres).min(1).values.square()
        if not float(far.sum()) > 0:  # no codes are left that differ
            break
        centres = torch.cat([centres, codes[torch.multinomial(far, 1, generator=generator)]])
    return centres


def _lloyd(codes: Tensor, centres: Tensor) -> tuple[Tensor, float]:
    """Centres moved to the middle of what is nearest to them until nothing changes, and the mean squared distance that is left."""
    labels = None
    for _ in range(STEPS):
        distances, nearest = torch.cdist(codes, centres).min(1)
        if labels is not None and torch.equal(nearest, labels):
            break
        labels = nearest
        sizes = labels.bincount(minlength=len(centres))
        sums = torch.zeros_like(centres).index_add_(0, labels, codes)
        centres = torch.where(sizes[:, None] > 0, sums / sizes.clamp_min(1)[:, None], centres)
    return centres, float(distances.square().mean())
