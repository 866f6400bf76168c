"""Codes of the same images at different times, laid over each other: so that points of a map move from one to the next and do not jump.

What a code means is free up to a turn, a mirror, a shift and a size, and a network in training drifts through all of these. Orthogonal
Procrustes (Schoenemann, 1966) takes the turn and the mirror back; the centre and the size are the last one's everywhere, because the
codes of a model that knows nothing yet lie in a tiny spot, in which no movement could be seen.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import orthogonal_procrustes

Codes = NDArray[np.float64]

REACH = 0.9  # the share of the points whose distance from the middle is the size of a map
LEAST = 1e-6  # size over the middle's own length, below which all points are one


def middle_and_size(codes: Codes) -> tuple[Codes, float]:
    """The mean (D,) of the codes (N, D) without the farthest tenth, and the distance from it within which the others lie.

    Both turn with the codes, and no stray point moves them. Rows that are not finite do not count.
    """
    known = codes[np.isfinite(codes).all(axis=1)]
    if not len(known):
        return np.zeros(codes.shape[1]), 0.0
    away = np.linalg.norm(known - known.mean(axis=0), axis=1)
    middle = known[away <= np.quantile(away, REACH)].mean(axis=0)
    size = float(np.quantile(np.linalg.norm(known - middle, axis=1), REACH))
    return middle, size if size > LEAST * (1 + float(np.linalg.norm(middle))) else 0.0


def laid_over(codes: Codes, target: Codes) -> Codes:
    """Codes (N, D) moved, turned, mirrored and scaled as a whole, so that they lie over a target's (N, D). All at one point stay so."""
    (middle, size), (there, wanted) = middle_and_size(codes), middle_and_size(target)
    if not size:
        return np.where(np.isfinite(codes), there, codes)
    centred = (codes - middle) * (wanted / size or 1.0)
    both = np.isfinite(codes).all(axis=1) & np.isfinite(target).all(axis=1)
    if wanted and both.sum() > 1:
        centred = centred @ orthogonal_procrustes(centred[both], target[both] - there)[0]
    return centred + there


def aligned(codes: Sequence[Codes]) -> list[Codes]:
    """Codes (N, D) in the order of time, each laid over the next one. The last stays as it is."""
    placed: list[Codes] = []
    for one in reversed(codes):
        placed.append(laid_over(one, placed[-1]) if placed else one)
    return placed[::-1]


def movement(maps: Sequence[Codes]) -> float:
    """How far a point travels from the first to the last of some maps (N, D), on average over the points."""
    steps = [np.linalg.norm(b - a, axis=1) for a, b in pairwise(maps)]
    return float(np.mean(np.sum(steps, axis=0))) if steps else 0.0
