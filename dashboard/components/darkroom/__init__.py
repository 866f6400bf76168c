"""A photo before and after, on which a person looks around, paints a mask, presses places or puts colour points.

The script is `static/darkroom.js`, with what lies in `static/darkroom/`. The divider, zoom and pan live in the browser
alone. Mask and points may be changed by both sides: the newest change stands (see `dashboard.components.held`). What a
browser says is not trusted: a message that is not as it should be changes nothing.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, NamedTuple, TypeVar

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from dashboard import state
from dashboard.components.held import Held, remember, settle
from dashboard.components.scripted import blob, scripted
from selfsup_engine.errors import UserError
from selfsup_engine.images import encode, open_image

__all__ = ["ColourPoint", "Hand", "Touched", "darkroom", "mask_size"]

Hand = Literal["look", "mask", "pick", "points"]
T = TypeVar("T")

MASK_SIDE = 1024  # pixels of a mask's longest side
MAX_MASK = 4 * MASK_SIDE**2  # bytes of its file: nothing that a browser makes of so many pixels is larger
MAX_POINTS = 64
MAX_FILE = 60 * 1024 * 1024  # bytes of a picture that is dropped, where the server accepts as much
BESIDE_FILE = 4_000_000  # bytes that a page's other widgets may need in the message that brings it
MAX_TURN = 2**53  # a browser's largest integer
_COLOUR = re.compile(r"#[0-9a-f]{6}")

_mount = scripted("darkroom")


@dataclass(frozen=True)
class ColourPoint:
    """A colour for a place; x, y: shares of the picture's sides from the upper left, in [0, 1]; colour: "#rrggbb"."""

    x: float
    y: float
    colour: str


class Touched(NamedTuple):
    """What there is now, and what was just done.

    mask: uint8 (h, w), 255 where selected, less at soft edges, with h and w from `mask_size`; read-only; None if
    nothing is selected.
    points: all colour points. picked: the pixel (x, y) that was just pressed, from the upper left of a picture of
    `size`.
    dropped: name and content of a file that was just dropped or pasted; it says that it is a picture, which nobody has
    checked.
    """

    mask: NDArray[np.uint8] | None
    points: tuple[ColourPoint, ...]
    picked: tuple[int, int] | None
    dropped: tuple[str, bytes] | None


def darkroom(
    before: bytes,
    after: bytes,
    *,
    key: str,
    size: tuple[int, int],
    hand: Hand,
    mask: NDArray[np.uint8 | np.bool_] | None = None,
    points: Sequence[ColourPoint] = (),
    overlay: bytes | None = None,
    label: str = "",
    names: tuple[str, str] = ("before", "after"),
    busy: str = "",
) -> Touched:
    """Shows two pictures (PNG, JPEG or WebP) with a divider between them; without one if they are the same.

    size: the photo's own width and height, though `before` and `after` may be smaller previews of it: 100% is one of
    its pixels on one of the screen's.
    mask, points: what Python asks for; a mask (h, w), bool or uint8, is scaled to `mask_size`. It is put there exactly
    when it is other than at the last run; until then what the person does stands. So a page may pass a constant, or
    what the last run returned. It is put there, too, when the component comes back to the page, and the mask when the
    photo's size changes.
    overlay: a transparent picture of the same shape that is drawn over both. label: what the picture is, for who cannot
    see it. busy: what is being done, shown over the picture; while an answer to the person's own change is awaited, a
    thin line is shown anyway.
    """
    assert len(points) <= MAX_POINTS, f"at most {MAX_POINTS} points"
    said = state.held(key)
    said = said if isinstance(said, dict) else {}
    frame = mask_size(size)
    drawn, spots = _png(mask, frame), tuple((p.x, p.y, p.colour) for p in points)
    painted = _settled(f"{key}:mask", said.get("mask"), lambda content: _mask(content, frame), drawn, about=frame)
    placed = _settled(f"{key}:points", said.get("points"), _points, spots)
    picked, picked_turn = _once(f"{key}:picked", said.get("picked"), _place)
    dropped, dropped_turn = _once(f"{key}:dropped", said.get("dropped"), _file)

    same = before == after
    pictures = [before, after, overlay or b""]
    header = {
        "key": key,
        "label": label,
        "names": names,
        "size": size,
        "frame": frame,
        "hand": hand,
        "busy": busy,
        "limit": _limit(),
        "digests": [_digest(picture) for picture in pictures],
        "mask": painted.stamp,
        "points": [placed.stamp, placed.placed],
        "turns": {
            "mask": painted.turn or 0,
            "points": placed.turn or 0,
            "picked": picked_turn,
            "dropped": dropped_turn,
        },
    }
    _mount(
        key=key,
        data=blob(header, before, b"" if same else after, overlay or b"", painted.placed),
        on_mask_change=lambda: None,
        on_points_change=lambda: None,
        on_picked_change=lambda: None,
        on_dropped_change=lambda: None,
    )
    remember({f"{key}:mask": (painted, (drawn, frame)), f"{key}:points": (placed, (spots, None))})
    remember({f"{key}:picked": picked_turn, f"{key}:dropped": dropped_turn})
    pixel = (_pixel(picked[0], size[0]), _pixel(picked[1], size[1])) if picked else None
    return Touched(_array(painted.at), tuple(ColourPoint(*point) for point in placed.at), pixel, dropped)


def mask_size(size: tuple[int, int]) -> tuple[int, int]:
    """Width and height of a mask: the picture's own, or less where its longest side is more than 1024 pixels."""
    share = min(1.0, MASK_SIDE / max(size))
    return max(1, round(share * size[0])), max(1, round(share * size[1]))


def _png(mask: NDArray[np.uint8 | np.bool_] | None, frame: tuple[int, int]) -> bytes:
    """A mask as the grey PNG that travels; empty if nothing is selected."""
    if mask is None or not mask.any():
        return b""
    assert mask.ndim == 2 and mask.dtype in (np.uint8, np.bool_), "a mask is (h, w), bool or uint8"
    values = mask.view(np.uint8) * np.uint8(255) if mask.dtype == np.bool_ else mask
    return _encoded(values.tobytes(), values.shape, frame)


@lru_cache(maxsize=8)  # each run of a page passes the same again
def _encoded(values: bytes, shape: tuple[int, int], frame: tuple[int, int]) -> bytes:
    image = Image.fromarray(np.frombuffer(values, np.uint8).reshape(shape))
    return encode(np.asarray(image if image.size == frame else image.resize(frame, Image.Resampling.BILINEAR)))


@lru_cache(maxsize=8)
def _array(png: bytes) -> NDArray[np.uint8] | None:
    return np.asarray(Image.open(io.BytesIO(png))) if png else None


def _pixel(share: float, side: int) -> int:
    return min(int(share * side), side - 1)


# ------------------------------------------------------------------------------------------ who put it there last


def _settled(
    key: str, said: Any, read: Callable[[Sequence[Any]], T | None], wanted: T, *, about: Any = None
) -> Held[T]:
    """What stands. `wanted` is put there if it is another than at the last run, or is `about` something else.

    `read` gives None for what is not as it should be: it is taken as told, and changes nothing.
    """
    last: Held[T] | None
    last, asked = state.remembered(key, (None, None))
    if asked is not None and asked[1] != about:
        last = None
    turn = _turn(said)
    choice: tuple[T, int] | None = None
    if last is None:
        choice = (wanted, turn) if turn is not None else None
    elif turn is not None and turn != last.turn:
        content = read(said[:-1])
        choice = (last.at if content is None else content, turn)
    elif said is not None and last.turn is not None:
        choice = (last.at, last.turn)
    away = choice is None and last is not None and last.turn is not None
    asks = wanted if last is None or away or asked[0] != wanted else last.at
    return settle(last, choice, asks, stamp=time.time_ns() // 1000)


def _once(key: str, said: Any, read: Callable[[Sequence[Any]], T | None]) -> tuple[T | None, int]:
    """What was said if it is new, and the turn of the last that was taken in.

    What is there at the first run is of an earlier session.
    """
    turn, last = _turn(said), state.remembered(key)
    new = turn is not None and last is not None and turn != last
    now = turn if turn is not None else last or 0
    return (read(said[:-1]) if new else None), now


# ------------------------------------------------------------------------------------------ what a browser says


def _turn(said: Any) -> int | None:
    """The number of a choice, which stands last in each message."""
    turn = said[-1] if isinstance(said, list) and said else None
    return turn if isinstance(turn, int) and not isinstance(turn, bool) and 0 <= turn <= MAX_TURN else None


def _mask(content: Sequence[Any], frame: tuple[int, int]) -> bytes | None:
    """A painted mask as a grey PNG of just that many pixels; empty if nothing is selected."""
    match content:
        case [None]:
            return b""
        case [str(text)] if (data := _decoded(text, MAX_MASK)) and _png_size(data) == frame:
            try:
                image = open_image(data)
            except UserError:
                return None
            return encode(np.asarray(image.convert("L"))) if image.size == frame else None
    return None


def _png_size(data: bytes) -> tuple[int, int] | None:
    """Width and height as a PNG's head says them: what is too large need not be opened."""
    if len(data) < 24 or not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return None
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _points(content: Sequence[Any]) -> tuple[tuple[float, float, str], ...] | None:
    match content:
        case [list(raw)] if len(raw) <= MAX_POINTS:
            points = [_point(one) for one in raw]
            return tuple(point for point in points if point) if all(points) else None
    return None


def _point(raw: Any) -> tuple[float, float, str] | None:
    match raw:
        case [x, y, str(colour)] if (place := _place([x, y])) and _COLOUR.fullmatch(colour):
            return *place, colour
    return None


def _place(content: Sequence[Any]) -> tuple[float, float] | None:
    match content:
        case [int() | float() as x, int() | float() as y] if 0 <= x <= 1 and 0 <= y <= 1:
            return float(x), float(y)
    return None


def _file(content: Sequence[Any]) -> tuple[str, bytes] | None:
    match content:
        case [str(name), str(text)] if data := _decoded(text, MAX_FILE):
            return "".join(filter(str.isprintable, re.split(r"[/\\]", name)[-1]))[:200] or "picture", data
    return None


def _limit() -> int:
    """Bytes of the largest file that may be sent: in base64 it must fit what Streamlit accepts without hanging up."""
    accepted: int = st.get_option("server.maxWidgetStateSize") * 1_000_000
    return min(MAX_FILE, (accepted - BESIDE_FILE) * 3 // 4)


def _decoded(text: str, most: int) -> bytes | None:
    """Base64 of at most so many bytes."""
    if len(text) > 4 * (most // 3 + 1):
        return None
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:  # what is not ASCII, too
        return None
    return data if len(data) <= most else None


def _digest(picture: bytes) -> str:
    """By which the browser knows what it has decoded already; empty for none."""
    return hashlib.blake2b(picture, digest_size=8).hexdigest() if picture else ""
