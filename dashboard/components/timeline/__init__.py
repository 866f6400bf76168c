"""A run over its steps under one cursor: its curve, the map of codes and the pictures. The script is `static/timeline.js`.

All moments go to the browser at once, some 20 kB each, so that scrubbing and playing need no answer: the points move at the screen's own
pace, however far the server is. The blob is the same as long as nothing new was looked at, and so, thanks to Streamlit's message cache,
is sent once. Mount it in a `st.fragment`: it tells where the cursor came to rest.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter

from dashboard import state
from dashboard.components.held import remember, settle
from dashboard.components.said import Number, Turn, said
from dashboard.components.scripted import blob, scripted
from selfsup_engine.pictures import PALETTE

__all__ = ["NEWEST", "Curve", "Still", "pack", "timeline"]

NEWEST = -1  # a cursor at the right end, which stays with the newest step
LEVELS = 65_535
MIDDLE = (0.02, 0.98)  # quantiles between which the points of every map are inside its window
SPAN = (
    3  # sides of the map's window over which points have places: those that lie beside it come in from where they are
)

_STEP = TypeAdapter(tuple[Number, Turn])

_mount = scripted("timeline")


class Curve(NamedTuple):
    """A figure over the steps, (step, value) of the training batches and of the held-out images."""

    name: str
    train: Sequence[tuple[int, float]]
    held_out: Sequence[tuple[int, float]]


@dataclass(frozen=True)
class Still:
    """What is seen at one step. picture: a file's bytes; points: (N, 2), the same at each step; figures: texts by name."""

    step: int
    picture: bytes
    points: npt.NDArray[np.floating] | None
    figures: Mapping[str, str]


def timeline(wanted: int, stills: Sequence[Still], *, key: str, **about: Any) -> int:
    """Shows `stills` (rising) with the cursor at a step, or at `NEWEST`; returns where it stands.

    Controlled: pass what the last run returned. A new place in the browser wins over `wanted`; without one, another `wanted` moves it
    there. For `about` see `pack`.
    """
    chosen = said(key, "step", _STEP)
    choice = None if chosen is None else (str(chosen[0]), chosen[1])
    here = settle(state.remembered(f"{key}:at"), choice, str(wanted), stamp=time.time_ns() // 1000)
    data = pack(stills, stamp=here.stamp, at=int(here.placed), **about)
    _mount(key=key, data=data, on_step_change=lambda: None)
    remember({f"{key}:at": here})
    return int(here.at)


def pack(
    stills: Sequence[Still],
    *,
    curve: Curve,
    captions: Mapping[str, str],
    before: bytes | None = None,
    labels: npt.NDArray[np.integer] | None = None,
    classes: Sequence[str] = (),
    ends: Mapping[str, str] | None = None,
    helps: Mapping[str, str] | None = None,
    waiting: str = "",
    smooth: bool = False,
    size: tuple[int, int] = (1, 1),
    **header: Any,
) -> bytes:
    """A timeline as one blob.

    before: what the model is shown, as a file; captions: of `map`, `before` and `after`; labels: (N,) indices into `classes`, which colour
    the points; ends: what each figure is to be compared with; helps: what it says; waiting: said while there is more to come; smooth: photos, not hard pixels;
    size: of a picture, in pixels. Points are sent as two uint16 each, over a square window that holds the middle of all maps.
    """
    parts: list[bytes] = []

    def add(part: bytes | None) -> int:
        if part is None:
            return -1
        parts.append(part)
        return len(parts) - 1

    maps = [still.points for still in stills if still.points is not None]
    low, side = _window(maps) if maps else (np.zeros(2), 1.0)
    header |= {
        "curve": curve._asdict(),
        "captions": dict(captions),
        "classes": list(classes),
        "palette": PALETTE,
        "ends": dict(ends or {}),
        "helps": dict(helps or {}),
        "waiting": waiting,
        "smooth": smooth,
        "size": list(size),
        "before": add(before),
        "labels": add(None if labels is None else labels.astype(np.uint8).tobytes()),
        "steps": [
            {
                "step": still.step,
                "figures": dict(still.figures),
                "picture": add(still.picture),
                "map": add(None if still.points is None else _levels(still.points, low, side)),
            }
            for still in stills
        ],
    }
    return blob(header, *parts)


def _window(maps: Sequence[npt.NDArray[np.floating]]) -> tuple[npt.NDArray[np.floating], float]:
    """The lower left corner and the side of the square that holds the middle of all maps, with a rim."""
    finite = [points[np.isfinite(points).all(axis=1)] for points in maps]
    known = np.array([np.quantile(points, MIDDLE, axis=0) for points in finite if len(points)])
    if not len(known):
        return np.full(2, -1.0), 2.0
    low, high = known[:, 0].min(axis=0), known[:, 1].max(axis=0)
    side = 1.2 * float((high - low).max()) or 1.0
    return (low + high - side) / 2, side


def _levels(points: npt.NDArray[np.floating], low: npt.NDArray[np.floating], side: float) -> bytes:
    """Points (N, 2) as uint16 over three windows' sides, the map's in the middle, y upwards; what lies nowhere is put into a corner."""
    share = np.nan_to_num((points - low) / side + (SPAN - 1) / 2, nan=0.0, posinf=0.0, neginf=0.0).clip(0, SPAN) / SPAN
    levels: bytes = np.rint(LEVELS * share).astype("<u2").tobytes()
    return levels
