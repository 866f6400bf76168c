"""Moving an autoencoder's code along a direction: how wide the data are along it, and how much of a picture that changes."""

from typing import NamedTuple

import numpy as np
import torch
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


class Axis(NamedTuple):
    """A unit vector (D,), and the standard deviation of all codes along it: one step of a slider."""

    direction: Tensor
    spread: float

    @classmethod
    def of(cls, space: LatentSpace, direction: Tensor) -> "Axis":
        """Measured once, not at each move."""
        return cls(direction, spread_along(space, direction))


def moved(code: Tensor, moves: dict[str, float], axes: dict[str, Axis]) -> Tensor:
    """A code (D,) after some moves, by the names of directions, each in standard deviations of the codes along it."""
    there = code.numpy()
    for name, by in moves.items():
        direction, spread = axes[name]
        there = (
            there + by * spread * direction.numpy()
        )  # a few numbers: NumPy keeps Python's lock for them, PyTorch does not
    return torch.from_numpy(there)
