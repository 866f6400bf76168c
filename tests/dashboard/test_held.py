"""A run that Streamlit breaks off as a component is sent loses nothing of what a hand did: the next one tells the page."""

from __future__ import annotations

import base64
import importlib
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.runtime.scriptrunner import StopException

from dashboard import state
from dashboard.components.darkroom import ColourPoint, darkroom
from dashboard.components.instrument import Scene, Setting, instrument
from dashboard.components.latent_map import Look, latent_map
from dashboard.components.network import Block, network
from dashboard.components.pad import pad
from dashboard.components.picture_grid import picture_grid
from dashboard.components.timeline import Curve, Still, timeline

PICTURE = np.zeros((1, 4, 4), np.uint8)
STILLS = [Still(step, b"", None, {}) for step in (0, 1, 2)]
BLOCK = Block("e", "Linear", "Linear", (4,), (2,), PICTURE)
Case = tuple[dict[str, Any], Callable[[], Any], Any]
"""What a hand did, how the component is shown, and what that tells then."""


def mask() -> str:
    file = io.BytesIO()
    Image.new("L", (60, 40), 255).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def canvas() -> Any:
    touched = darkroom(b"before", b"after", key="one", size=(60, 40), hand="mask")
    return touched._replace(mask=None if touched.mask is None else touched.mask.tolist())


CASES: dict[str, Case] = {
    "instrument": (
        {"set": [{"g0": 1.5}, 0.7, ["t"], True, 7], "renamed": ["g0", "Height", 8], "refresh": 9},
        lambda: instrument(Setting(), [], lambda _: Scene(PICTURE, PICTURE, PICTURE, 0, None, []), key="one"),
        (Setting((("g0", 1.5),), 0.7, ("t",)), True, ("g0", "Height"), True, False),
    ),
    "pad": (
        {"place": [0.25, 0.75, True, 7]},
        lambda: pad(b"", key="one", label="", marks=[], pin=None, stamp=""),
        (0.25, 0.75, True),
    ),
    "picture_grid": (
        {"picked": [1, 7]},
        lambda: picture_grid(PICTURE[None].repeat(3, 0), key="one", columns=3, label="", names=["a", "b", "c"]),
        1,
    ),
    "network": ({"picked": [0, 7]}, lambda: network([BLOCK], key="one", label="", selected=-1), 0),
    "timeline": ({"step": [1, 7]}, lambda: timeline(2, STILLS, key="one", curve=Curve("", (), ()), captions={}), 1),
    "latent_map": (
        {"point": [0.5, 1.0, 7], "look": [1, 2, 3, [], True, 8], "lasso": ["0_0~1_0~1_1", 9]},
        lambda: latent_map(np.zeros((3, 2)), key="one", pin=(0.0, 0.0), look=Look(), lasso=""),
        ((0.5, 1.0), Look(1, 2, 3, (), True), "0_0~1_0~1_1"),
    ),
    "darkroom": (
        {"mask": [mask(), 7], "points": [[[0.5, 0.5, "#ff0000"]], 8], "picked": [0.5, 0.5, 9]},
        canvas,
        ([[255] * 60] * 40, (ColourPoint(0.5, 0.5, "#ff0000"),), (30, 20), None),
    ),
}


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, kept: dict[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = {}
    monkeypatch.setattr(state, "held", lambda key: said)
    return said


@pytest.mark.parametrize("name", CASES)
def test_what_a_run_took_in_that_was_broken_off_is_told_by_the_next(
    name: str, said: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module(f"dashboard.components.{name}")
    hand, shown, told = CASES[name]

    def break_off(**message: Any) -> None:
        raise StopException

    monkeypatch.setattr(module, "_mount", lambda **message: None)
    assert shown() != told
    said.update(hand)
    monkeypatch.setattr(module, "_mount", break_off)
    with pytest.raises(StopException):
        shown()
    monkeypatch.setattr(module, "_mount", lambda **message: None)
    assert shown() == told
