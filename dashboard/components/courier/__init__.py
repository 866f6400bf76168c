"""Brings the pictures of a map's points that the browser lacks; nothing of it is seen. The script is `static/latent_map/courier.js`."""

from collections.abc import Callable
from typing import Annotated, Any

import streamlit as st
from pydantic import Field, TypeAdapter

from dashboard import state
from dashboard.components.held import remember
from dashboard.components.said import Number, Turn, said
from dashboard.components.scripted import blob, scripted
from selfsup_engine.images import Pixels, encode, montage

MOST = 256  # pictures of one answer
COLUMNS = 16

_ASKED = TypeAdapter(tuple[Annotated[list[Number], Field(max_length=10_000)], Turn])

_mount = scripted("courier", script="latent_map")


def courier(pictures: Callable[[list[int]], Pixels], *, count: int, follows: str) -> None:
    """Answers what the map of the key `follows` asks for: the pictures (N, C, S, S) of some of its `count` points, by their numbers.

    A fragment of its own: a hand that rests on a point reruns this and nothing else.
    """
    key = f"courier-{follows}"

    @st.fragment
    def answer() -> None:
        asked, turn = said(key, "asked", _ASKED) or ([], 0)
        new = turn != state.remembered(f"{key}:turn")
        numbers = [number for number in asked[:MOST] if 0 <= number < count] if new else []
        header: dict[str, Any] = {"follows": follows, "turn": turn, "numbers": numbers, "columns": COLUMNS}
        parts: list[bytes] = []
        if numbers:
            found = pictures(numbers)
            header["side"] = found.shape[-1]
            parts.append(encode(montage(found, COLUMNS), "png"))
        _mount(key=key, data=blob(header, *parts), on_asked_change=lambda: None)
        remember({f"{key}:turn": turn})

    answer()
