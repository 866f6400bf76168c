"""What a model draws under the hand on a map, as fast as it moves: the script is `static/latent_map/lens.js`.

The map itself stays as it is during a drag. The hand's place comes here, one at a time, and what comes back is small: the picture as bare
pixels, how far to trust it, the nearest real one. The rest of the page follows once the hand lets go.
"""

from collections.abc import Callable
from typing import NamedTuple

import streamlit as st
from pydantic import TypeAdapter

from dashboard import state
from dashboard.components.said import Coordinate, Turn, said
from dashboard.components.scripted import bare, blob, scripted
from selfsup_engine.images import Pixels

Point = tuple[float, float]
_AT = TypeAdapter(tuple[Coordinate, Coordinate, Turn])

_mount = scripted("lens", script="latent_map")


class Glimpse(NamedTuple):
    """What is seen at a place: the picture (C, S, S) uint8 and a line about where that is; the trust in [0, 1] and a word on it, where
    there is any; the nearest real picture (C, S, S) and what it is called, where there is one."""

    picture: Pixels
    place: str = ""
    trust: float | None = None
    word: str = ""
    near: Pixels | None = None
    near_name: str = ""


def lens(draw: Callable[[Point | None], Glimpse], *, follows: str, title: str = "Decoded here") -> None:
    """Shows what `draw` gives for the place under the hand on the map of the key `follows`.

    `draw` gets the place as soon as the hand has moved there, in map coordinates, or None where the page was drawn anew and knows the
    place itself. A fragment of its own: a drag reruns this and nothing else.
    """
    key = f"lens-{follows}"

    @st.fragment
    def live() -> None:
        x, y, turn = said(key, "at", _AT) or (0.0, 0.0, 0)
        moved = bool(turn) and turn != state.remembered(f"{key}:turn")
        state.remember(f"{key}:turn", turn)
        seen = draw((x, y) if moved else None)
        header = {
            "follows": follows,
            "turn": turn,
            "title": title,
            "place": seen.place,
            "trust": None if seen.trust is None else round(seen.trust, 3),
            "word": seen.word,
            "near": None if seen.near is None else seen.near_name,
            "side": seen.picture.shape[-1],
            "channels": len(seen.picture),
        }
        parts = [bare(seen.picture)] + ([] if seen.near is None else [bare(seen.near)])
        _mount(key=key, data=blob(header, *parts), on_at_change=lambda: None)

    live()
