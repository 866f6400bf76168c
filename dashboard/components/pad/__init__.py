"""A square of pictures on which a person presses or drags."""

from collections.abc import Sequence
from typing import NamedTuple

from pydantic import TypeAdapter

from dashboard import state
from dashboard.components.held import remember
from dashboard.components.said import Share, Turn, said
from dashboard.components.scripted import blob, scripted

_PLACE = TypeAdapter(tuple[Share, Share, bool, Turn])

_mount = scripted("pad")


class Place(NamedTuple):
    """x, y: shares of the side from the upper left; rest: the hand let go there."""

    x: float
    y: float
    rest: bool


def pad(
    background: bytes,
    *,
    key: str,
    label: str,
    marks: Sequence[tuple[str, float, float]],
    pin: tuple[float, float] | None,
    stamp: str,
) -> Place | None:
    """Shows a square picture (PNG) with named marks, and gives the place that was just chosen; None if none was.

    pin: where the ring stands at first, and again whenever `stamp` changes.
    """
    chosen = said(key, "place", _PLACE)
    turn = chosen[3] if chosen else None
    new = turn is not None and turn != state.remembered(f"{key}:turn")
    _mount(
        key=key,
        data=blob({"label": label, "marks": list(marks), "pin": pin, "stamp": stamp, "turn": turn or 0}, background),
        on_place_change=lambda: None,
    )
    remember({f"{key}:turn": turn})
    return Place(*chosen[:3]) if new and chosen else None
