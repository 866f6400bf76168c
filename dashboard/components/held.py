"""What a component and its page may both change: who put it where it is, and whose word counts."""

import math
from collections.abc import Mapping
from typing import Any, Generic, NamedTuple, TypeVar

from dashboard import state

T = TypeVar("T")


class Held(NamedTuple, Generic[T]):
    """Something that the browser and Python both may move: where it is, and who put it there last."""

    at: T
    placed: T  # where Python put it last
    stamp: int  # when Python put it there; the browser moves its own exactly when this changes
    turn: int | None  # the last choice in the browser that was taken in


def settle(last: Held[T] | None, choice: tuple[T, int] | None, wanted: T, *, stamp: int) -> Held[T]:
    """Decide where something stands: `choice` is (place, turn) from the browser, `wanted` what Python asks for (None: nothing)."""
    if last is None or (choice is None and last.turn is not None):  # new, or away from the page for a while
        return Held(wanted, wanted, stamp, int(choice[1]) if choice is not None else None)
    if choice is not None and choice[1] != last.turn:
        return last._replace(at=choice[0], turn=int(choice[1]))
    if wanted is not None and not _same(wanted, last.at):
        return last._replace(at=wanted, placed=wanted, stamp=stamp)
    return last


def remember(taken: Mapping[str, Any]) -> None:
    """Keeps what a run has taken in of the browser's word. To be called once the component was sent, right before the page is told: Streamlit may
    break a run off wherever something is sent, and the next one must not hold for known what no page has heard."""
    for key, value in taken.items():
        state.remember(key, value)


def _same(a: Any, b: Any) -> bool:
    """Whether they are one place, though one may have gone through float32, or through a link of five digits."""
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(_same(u, v) for u, v in zip(a, b, strict=True))
    if isinstance(a, int | float) and isinstance(b, int | float):
        return math.isclose(a, b, rel_tol=1e-4, abs_tol=1e-7)
    return bool(a == b)
