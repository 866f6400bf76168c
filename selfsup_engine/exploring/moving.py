"""Moving an autoencoder's code along a direction: how wide the data are along it, and how much of a picture that changes."""

import numpy as np
from torch import Tensor

from selfsup_engine.exploring.latent import LatentSpace

WATCHED = 64  # pictures by which a change is measured


def spread_along(space: LatentSpace, axis: Tensor) -> float:
    """The standard deviation of all codes along a unit vector (D,): one step of a slider."""
    return float((space.exhibit.codes @ axis).std())


def change_along(space: LatentSpace, axis: Tensor) -> float:
    """Mean absolute difference of the pixels between two standard deviations to either side along a unit vector (D,), on [0, 1]."""
    step = 2 * spread_along(space, axis) * axis
    codes = space.exhibit.codes[:WATCHED]
    high, low = (space.decode(moved).astype(np.float32) for moved in (codes + step, codes - step))
    return float(np.abs(high - low).mean()) / 255


def moved(space: LatentSpace, code: Tensor, moves: dict[str, float], axes: dict[str, Tensor]) -> Tensor:
    """A code (D,) after some moves, by the names of directions, each in standard deviations of the codes along it."""
    there = code.clone()
    for name, by in moves.items():
        there = there + by * spread_along(space, axes[name]) * axes[name]
    return there
