"""What flows through a network, as pictures: blue below zero, red above, black at zero."""

from __future__ import annotations

from math import ceil, sqrt
from typing import TYPE_CHECKING

import numpy as np

from dashboard import markup
from dashboard.components.network import Station
from selfsup_engine.images import Pixels, from_unit
from selfsup_engine.pictures import about_grey, signed

if TYPE_CHECKING:
    from torch import Tensor

    from selfsup_engine.exploring.inside import Inside


def top_of(values: Tensor) -> float:
    """The end of the scale on which values are shown: their largest, either way."""
    return float(values.abs().max()) or 1.0


def figure(value: float, top: float) -> str:
    """A value in three digits; one that is nothing beside the largest is 0."""
    return f"{value:.3g}" if abs(value) > 1e-3 * top else "0"


def tiles(outputs: Tensor) -> Pixels:
    """What each unit of a layer gives, all on one scale: (U, 3, H, W) of maps (U, H, W); of numbers (U,) one pixel each."""
    maps = outputs if outputs.ndim == 3 else outputs[:, None, None]
    return signed(maps.numpy(), top_of(outputs))


def weights(pictures: Tensor) -> Pixels:
    """Weights (K, C, H, W) as pictures on one scale: in colours about mid-grey for three channels, else their first channel, signed."""
    top = top_of(pictures)
    values = pictures.numpy()
    return about_grey(values, top) if pictures.shape[1] == 3 else signed(values[:, 0], top)


def small(inside: Inside, outputs: Tensor) -> Pixels:
    """What a layer gives as one small picture: the picture itself that the last one draws, else `folded`."""
    return from_unit(outputs) if outputs.shape == inside.shape and not inside.any_size else folded(outputs)


def folded(outputs: Tensor) -> Pixels:
    """One small picture (3, H, W) of what a layer gives: its strongest map, or its numbers row by row as a square."""
    if outputs.ndim == 3:
        strongest = int(outputs.flatten(1).norm(dim=1).argmax())
        return signed(outputs[strongest].numpy(), top_of(outputs[strongest]))
    side = ceil(sqrt(len(outputs)))
    rows = ceil(len(outputs) / side)
    square = np.zeros(side * rows, np.float32)
    square[: len(outputs)] = outputs.numpy()
    return signed(square.reshape(rows, side), top_of(outputs))


def station(inside: Inside, takes: str, at: Tensor, first: bool) -> Station:
    """What stands before a part of the network, or at its end: a picture, or numbers."""
    if at.ndim == 4:
        name = "picture" if first or not inside.any_size else "made of it"
        drawn = not first and takes == "out" and not inside.any_size
        return Station("drawn again" if drawn and not inside.numbers else name, tuple(at.shape[1:]), from_unit(at[0]))
    if takes == "out":
        return Station(f"real: {float(at[0]):.0%}", (at.numel(),), signed(at.numpy()[:, None], 1.0))
    return Station("noise" if first else "the code", tuple(at.shape[1:]), folded(at[0]))


def titled(text: str, top: float, colours: bool = False, percent: bool = False) -> str:
    """A heading with the key to the colours beneath it, which ends at `top` either way."""
    end = f"{100 * top:.0f} %" if percent else f"{top:.3g}"
    key = f"<span>-{end}</span><i></i><span>{end}</span>"
    if colours:
        key = f"<span>mid-grey is 0, a full colour {end} more or less</span>"
    return f"<div class='titled'>{markup.eyebrow(text)}<div class='signed-scale'>{key}</div></div>"
