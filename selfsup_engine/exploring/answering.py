"""What a unit answers to: the images of the data set that make it answer most, beside those in the middle and those least of all.

After Zeiler and Fergus (2014) and Zhou et al. (2015), who look at a unit by the images that it prefers. The answer of a map is its
strongest place's.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from selfsup_engine.exploring.anatomy import Layer
from selfsup_engine.exploring.inside import CHUNK, Inside
from selfsup_engine.images import to_unit

STILL = 1e-6
"""Of the layer's own range: a unit whose answers differ by less says nothing."""


def strongest_place(outputs: Tensor) -> Tensor:
    """Each unit's answer (N, U) from what a layer gives: (N, U) of a dense one, (N, U, H, W) of one with maps."""
    return outputs if outputs.ndim == 2 else outputs.flatten(2).amax(2)


def answers(inside: Inside, layer: Layer, progress: Callable[[float], None] = lambda share: None) -> Tensor:
    """What each unit of a layer answers to each watched input: (N, U)."""
    way = inside.pass_of(layer)
    place = inside.anatomy.of_part(layer.part).index(layer)
    found, chunks = [], inside.watched(way).split(CHUNK)
    for done, chunk in enumerate(chunks, 1):
        given = to_unit(chunk) if chunk.dtype == torch.uint8 else chunk
        found.append(strongest_place(inside.anatomy.outputs(way, given)[0][place]))
        progress(done / len(chunks))
    return torch.cat(found).clone()


@dataclass(frozen=True, eq=False)
class Preference:
    """Of one unit: rows (K,) of the watched inputs that it answers to most (the strongest first), those about its median, and those
    least of all (the weakest first), with all its answers (N,). dead: it never rises above zero, though its layer's bend lets
    only that through, or never says anything else."""

    most: Tensor
    middle: Tensor
    least: Tensor
    values: Tensor
    dead: bool

    def rank(self, value: float) -> float:
        """The share of the watched inputs to which it answers less than that, in [0, 1]."""
        return float((self.values < value).float().mean())


def dead(values: Tensor, bends: bool) -> Tensor:
    """Which units (U,) are dead, by their answers (N, U); see `Preference`."""
    span = values.amax(0) - values.amin(0)
    still = span <= STILL * span.max().clamp_min(STILL)
    return still | (values.amax(0) <= 0) if bends else still


def preference(values: Tensor, unit: int, bends: bool, count: int = 12) -> Preference:
    """What a unit prefers, by the answers (N, U) of its layer. Of equal answers the earlier input comes first."""
    own = values[:, unit]
    rising = own.argsort(stable=True)
    falling = (-own).argsort(stable=True)
    start = max(0, (len(own) - count) // 2)
    is_dead = bool(dead(values, bends)[unit])
    return Preference(falling[:count], rising[start : start + count].flip(0), rising[:count], own, is_dead)
