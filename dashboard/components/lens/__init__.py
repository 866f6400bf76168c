"""What a model draws under the hand on a map, as fast as it moves: the script is `static/latent_map/lens.js`.

The map itself stays as it is during a drag. The hand's place comes here, one at a time and past the page (see `dashboard.direct`), and what comes back
is small: the picture as bare pixels, how far to trust it, the nearest real one. The page hears where the hand lets go.
"""

from collections.abc import Callable
from typing import NamedTuple

import streamlit as st
from pydantic import TypeAdapter

from dashboard import direct, state
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


def lens(
    draw: Callable[[Point | None], Glimpse], came: Callable[[Point], None], *, follows: str, title: str = "Decoded here"
) -> None:
    """Shows what `draw` gives for the place under the hand on the map of the key `follows`.

    `draw` gets the place, in map coordinates, or None where the page was drawn anew and knows the place itself; while a hand moves it is called from
    threads that are no session's (see `dashboard.direct`). `came` is told where the hand let go; where the server does not draw past the page, all
    that it passes by. A fragment of its own: this reruns it and nothing else.
    """
    key = f"lens-{follows}"

    def seen_at(place: Point | None, turn: int, asked: float | None = None, **more: str) -> bytes:
        seen, pause = direct.timed(lambda: draw(place), asked)
        header = {
            "turn": turn,
            "pause": pause,
            "place": seen.place,
            "trust": None if seen.trust is None else round(seen.trust, 3),
            "word": seen.word,
            "near": None if seen.near is None else seen.near_name,
            "side": seen.picture.shape[-1],
            "channels": len(seen.picture),
        }
        return blob(header | more, bare(seen.picture), b"" if seen.near is None else bare(seen.near))

    def answer(asked: bytes, at: float) -> bytes:
        x, y, turn = _AT.validate_json(asked)
        return seen_at((x, y), turn, at)

    @st.fragment
    def live() -> None:
        x, y, turn = said(key, "at", _AT) or (0.0, 0.0, 0)
        moved = bool(turn) and turn != state.remembered(f"{key}:turn")
        state.remember(f"{key}:turn", turn)
        if moved:
            came((x, y))
        address = direct.address("lens", answer)
        data = seen_at((x, y) if moved else None, turn, follows=follows, title=title, address=address)
        _mount(key=key, data=data, on_at_change=lambda: None)

    live()
