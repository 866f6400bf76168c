"""A picture with the sliders that move it, live: the script is `static/instrument.js`.

Where the hand let go is told to the page; what it passes by is drawn past it (see `dashboard.direct`), or, where that is not served, told to it as
well. So mount it in a `st.fragment` of its own: only there does Streamlit let a run finish and skip to the newest place of a drag.
"""

import time
from collections.abc import Callable, Sequence
from typing import Annotated, Any, NamedTuple

from pydantic import Field, TypeAdapter

from dashboard import direct, state
from dashboard.components.held import Held, remember, settle
from dashboard.components.said import Coordinate, Name, Turn, said
from dashboard.components.scripted import bare, blob, scripted
from selfsup_engine.images import Pixels

_Set = tuple[
    Annotated[dict[Name, Coordinate], Field(max_length=1_000)],
    Coordinate,
    Annotated[list[Name], Field(max_length=128)],
    bool,
    Turn,
]
_SET, _RENAMED, _REFRESH = TypeAdapter(_Set), TypeAdapter(tuple[Name, Name, Turn]), TypeAdapter(Turn)

_mount = scripted("instrument")


class Setting(NamedTuple):
    """Where the sliders stand: moves by name in sigmas, the truncation (0: none), and what is locked."""

    moves: tuple[tuple[str, float], ...] = ()
    truncation: float = 0.0
    locked: tuple[str, ...] = ()


class Slider(NamedTuple):
    """change: how much it moves, in any unit: the line below its name is as long."""

    id: str
    name: str
    change: float


class Scene(NamedTuple):
    """What is drawn for a setting: the picture, the one before the sliders, the nearest real picture, all (C, S, S) uint8, and that
    one's number; what the gauge shows in [0, 1], or None; the random numbers (L,) before the moves, where they can be moved one by one."""

    picture: Pixels
    before: Pixels
    near: Pixels
    near_number: int
    gauge: float | None
    numbers: Sequence[float]


class Wording(NamedTuple):
    """What is said of what the sliders move: of the nearest real picture, of the gauge, with a sentence on it, and of the picture before."""

    near: str
    gauge: str
    about: str
    before: str


OF_A_GENERATOR = Wording(
    "nearest training picture",
    "Discriminator's opinion",
    "How real the second network takes the picture to be. It is no measure of quality: the first one learned to please it.",
    "before the sliders",
)


class Played(NamedTuple):
    """setting: where the sliders stand; rest: the hand has just let go; renamed: a slider that was just given a name; refresh: the hand
    let go a moment ago, and what else the page shows may follow; dragged: a hand is on a slider."""

    setting: Setting
    rest: bool
    renamed: tuple[str, str] | None
    refresh: bool
    dragged: bool = False


def instrument(
    wanted: Setting,
    sliders: Sequence[Slider],
    draw: Callable[[Setting], Scene],
    *,
    key: str,
    wording: Wording = OF_A_GENERATOR,
    truncates: bool = True,
) -> Played:
    """Shows what `draw` gives for where the sliders stand; with a slider of the truncation where there is one.

    Controlled: pass what the last run returned. A new place in the browser wins over `wanted`; without one, another `wanted` moves the
    sliders there.
    """
    played = said(key, "set", _SET)
    last: Held[Setting] | None = state.remembered(f"{key}:set")
    choice = None if played is None else (_setting(played), played[-1])
    now = settle(last, choice, wanted, stamp=time.time_ns() // 1000)
    rest = played is not None and played[3] and last is not None and played[-1] != last.turn
    renamed, refresh = said(key, "renamed", _RENAMED), said(key, "refresh", _REFRESH)
    new_name = renamed is not None and renamed[2] != state.remembered(f"{key}:named")
    new_refresh = refresh is not None and refresh != state.remembered(f"{key}:refresh")
    moves, truncation, locked = now.placed
    header = {
        "stamp": now.stamp,
        "setting": {"moves": dict(moves), "truncation": truncation, "locked": locked},
        "sliders": [slider._asdict() for slider in sliders],
        "truncates": truncates,
        "wording": wording._asdict(),
        "address": direct.address("instrument", lambda asked, came: _answer(asked, came, draw)),
    }
    _mount(
        key=key,
        data=_drawn(draw, now.at, now.turn or 0, header),
        on_set_change=lambda: None,
        on_renamed_change=lambda: None,
        on_refresh_change=lambda: None,
    )
    remember({f"{key}:set": now, f"{key}:named": renamed and renamed[2], f"{key}:refresh": refresh})
    name = renamed[:2] if renamed and new_name else None
    dragged = played is not None and not played[3]
    return Played(now.at, rest, name, new_refresh, dragged)


def _answer(asked: bytes, came: float, draw: Callable[[Setting], Scene]) -> bytes:
    """What is seen where a hand passes by; asked as `set` is told."""
    played = _SET.validate_json(asked)
    return _drawn(draw, _setting(played), played[-1], {}, came)


def _drawn(
    draw: Callable[[Setting], Scene], setting: Setting, turn: int, header: dict[str, Any], came: float | None = None
) -> bytes:
    """What is seen at a setting, the answer to the turn. came: when it was asked for, by `time.perf_counter`."""
    scene, pause = direct.timed(lambda: draw(setting), came)
    seen = {
        "turn": turn,
        "pause": pause,
        "numbers": [round(number, 2) for number in scene.numbers],
        "gauge": scene.gauge,
        "near": scene.near_number,
        "side": scene.picture.shape[1],
        "channels": len(scene.picture),
    }
    return blob(header | seen, *map(bare, (scene.picture, scene.before, scene.near)))


def _setting(played: _Set) -> Setting:
    moves, truncation, locked, _, _ = played
    return Setting(tuple(sorted(moves.items())), truncation, tuple(sorted(locked)))
