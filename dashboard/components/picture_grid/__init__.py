"""A sheet of pictures of which a person presses one."""

from collections.abc import Sequence
from typing import Any

from pydantic import TypeAdapter

from dashboard import state
from dashboard.components.held import remember
from dashboard.components.said import Number, Turn, said
from dashboard.components.scripted import blob, scripted
from selfsup_engine.images import Pixels, encode, montage

_PICKED = TypeAdapter(tuple[Number, Turn])

_mount = scripted("picture_grid")
_ACROSS = 16  # pictures in a row of the one that travels


def picture_grid(
    images_nchw: Pixels,
    *,
    key: str,
    columns: int = 0,
    narrowest: int = 0,
    label: str,
    names: Sequence[str],
    captions: Sequence[str] = (),
    selected: int = -1,
) -> int | None:
    """Shows images (N, C, H, W) uint8, and gives the number of the one that was just pressed; None if none was.

    columns: pictures in a row; without it as many as fit that are `narrowest` pixels wide or more; names: what each is called, for the
    pointer and for who cannot see; captions: what stands below each.
    """
    pressed, taken = just_pressed(key)
    header = {
        "columns": columns,
        "narrowest": narrowest,
        "count": len(images_nchw),
        "across": min(_ACROSS, len(images_nchw)),
        "label": label,
        "names": list(names),
        "captions": list(captions),
        "selected": selected if pressed is None else pressed,
    }
    sheet = encode(montage(images_nchw, min(_ACROSS, len(images_nchw)), background=0), "png")
    _mount(key=key, data=blob(header, sheet), on_picked_change=lambda: None)
    remember(taken)
    return pressed if pressed is not None and 0 <= pressed < len(images_nchw) else None


def just_pressed(key: str) -> tuple[int | None, dict[str, Any]]:
    """What a component of that key tells as `picked`, [number, turn], where that is new; and what is to be remembered of it."""
    chosen = said(key, "picked", _PICKED)
    turn = chosen[1] if chosen else None
    new = turn is not None and turn != state.remembered(f"{key}:turn")
    return chosen[0] if new and chosen else None, {f"{key}:turn": turn}
