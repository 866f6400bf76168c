"""What the components tell their page, and what they are told: the browser's side is tested in a browser."""

from __future__ import annotations

import io
import json
import struct
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from dashboard import direct, state
from dashboard.components import instrument as instrument_module
from dashboard.components import network as network_module
from dashboard.components import pad as pad_module
from dashboard.components import picture_grid as grid_module
from dashboard.components.instrument import Played, Scene, Setting, Slider, instrument
from dashboard.components.network import Block, Station, network, shape_in_words
from dashboard.components.pad import Place, pad
from dashboard.components.picture_grid import picture_grid
from dashboard.components.scripted import blob

IMAGES = np.random.default_rng(0).integers(0, 256, (20, 1, 8, 8), dtype=np.uint8)
Browser = Callable[..., None]


def unpack(data: bytes) -> tuple[dict[str, Any], list[bytes]]:
    (length,) = struct.unpack_from("<I", data)
    header = json.loads(data[4 : 4 + length])
    parts, at = [], 4 + length
    for size in header["parts"]:
        parts.append(data[at : at + size])
        at += size
    assert at == len(data)
    return header, parts


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """All that was sent to the browser."""
    messages: list[dict[str, Any]] = []
    for module in (instrument_module, network_module, pad_module, grid_module):
        monkeypatch.setattr(module, "_mount", lambda **about: messages.append(about))
    return messages


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch, kept: dict[str, Any], sent: list[dict[str, Any]]) -> Browser:
    """What the browser said last: `browser(picked=[3, 7])`."""
    said: dict[str, Any] = {}
    monkeypatch.setattr(state, "held", lambda key: said)
    return said.update


def test_a_blob_is_its_header_and_its_parts() -> None:
    header, parts = unpack(blob({"a": "ä"}, b"one", b"", b"three"))
    assert header["a"] == "ä" and parts == [b"one", b"", b"three"]


def test_a_press_on_the_sheet_is_told_once(browser: Browser, sent: list[dict[str, Any]]) -> None:
    def shown(selected: int = 4) -> int | None:
        names = [str(i) for i in range(20)]
        return picture_grid(IMAGES, key="sheet", columns=5, label="Samples", names=names, selected=selected)

    assert shown() is None
    header, (sheet,) = unpack(sent[-1]["data"])
    assert (header["count"], header["columns"], header["across"], header["selected"]) == (20, 5, 16, 4)
    pixels = np.asarray(Image.open(io.BytesIO(sheet)))
    assert np.array_equal(pixels[8:16, 8:16], IMAGES[17, 0])
    browser(picked=[3, 100])
    assert shown() == 3
    assert unpack(sent[-1]["data"])[0]["selected"] == 3
    assert shown() is None  # the same press is no second one
    browser(picked=[3, 101])
    assert shown() == 3
    browser(picked=[99, 102])  # of a sheet that was longer
    assert shown() is None


def test_the_diagram_is_as_high_as_what_flows_is_much(browser: Browser, sent: list[dict[str, Any]]) -> None:
    picture = IMAGES[0]
    items = [
        Station("picture", (1, 28, 28), picture),
        Block("encoder", "Linear", "Linear, 784 to 2", (1, 28, 28), (2,), picture),
        Block("decoder", "Linear", "Linear, 2 to 784", (2,), (1, 28, 28), picture),
        Station("drawn again", (1, 28, 28), picture),
    ]

    def shown() -> int | None:
        return network(items, key="network", label="Layers", selected=0)

    assert shown() is None
    header, pictures = unpack(sent[-1]["data"])
    assert len(pictures) == len(header["items"]) == 4
    inward, outward = header["items"][1:3]
    assert (inward["from"], outward["to"]) == (1.0, 1.0)
    assert inward["to"] == outward["from"] == pytest.approx(np.log2(3) / np.log2(785), abs=1e-3)
    assert (inward["shape"], outward["shape"]) == ("2", "1 x 28 x 28") == ("2", shape_in_words((1, 28, 28)))
    browser(picked=[1, 100])
    assert shown() == 1
    assert unpack(sent[-1]["data"])[0]["selected"] == 1
    assert shown() is None
    browser(picked=[2, 101])  # of a network with more layers
    assert shown() is None


def test_a_place_on_the_pad_is_told_once(browser: Browser) -> None:
    def shown() -> Place | None:
        return pad(b"png", key="plane", label="Plane", marks=[("A", 0, 1)], pin=None, stamp="x")

    assert shown() is None
    browser(place=[0.25, 0.75, False, 100])
    assert shown() == Place(0.25, 0.75, False)
    assert shown() is None
    browser(place=[0.25, 0.75, True, 101])
    assert shown() == Place(0.25, 0.75, True)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("side", [32, 128])
def test_the_instrument_follows_the_hand_and_the_page(
    browser: Browser, sent: list[dict[str, Any]], channels: int, side: int
) -> None:
    drawn: list[Setting] = []
    image = np.full((channels, side, side), 7, np.uint8)

    def draw(setting: Setting) -> Scene:
        drawn.append(setting)
        return Scene(image, image + 1, image + 2, 5, 0.25, [0.123, -1])

    def shown(wanted: Setting) -> Played:
        return instrument(wanted, [Slider("g0", "Height", 0.3)], draw, key="i")

    rest = Setting()
    assert shown(rest) == Played(rest, False, None, False)
    header, parts = unpack(sent[-1]["data"])
    assert header["truncates"] and header["wording"]["near"] == "nearest training picture"
    assert header["sliders"] == [{"id": "g0", "name": "Height", "change": 0.3}]
    assert (header["numbers"], header["gauge"], header["near"]) == ([0.12, -1], 0.25, 5)
    if side == 32:
        assert parts[0] == image.transpose(1, 2, 0).tobytes()
    else:
        assert np.asarray(Image.open(io.BytesIO(parts[2]))).flat[0] == 9

    browser(set=[{"g0": 1.5, "z3": -1}, 0.7, ["t"], False, 100])
    there = Setting((("g0", 1.5), ("z3", -1.0)), 0.7, ("t",))
    assert shown(rest) == Played(there, False, None, False, dragged=True)
    assert drawn[-1] == there and unpack(sent[-1]["data"])[0]["turn"] == 100
    assert shown(there) == Played(there, False, None, False, dragged=True)
    stamp = unpack(sent[-1]["data"])[0]["stamp"]
    browser(set=[{"g0": 1.5, "z3": -1}, 0.7, ["t"], True, 101])
    assert shown(there) == Played(there, True, None, False)
    assert not shown(there).rest  # told once
    browser(refresh=102)
    assert shown(there).refresh
    assert not shown(there).refresh
    assert unpack(sent[-1]["data"])[0]["stamp"] == stamp  # a hand on a slider is not overruled by its own echo

    assert shown(rest).setting == rest  # undo
    header, _ = unpack(sent[-1]["data"])
    assert header["stamp"] > stamp and header["setting"] == {"moves": {}, "truncation": 0.0, "locked": []}


def test_a_drag_pauses_by_how_long_drawing_waited_for_others(
    browser: Browser, sent: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    image = np.zeros((1, 8, 8), np.uint8)
    clocks = {"perf_counter": 0.0, "thread_time": 0.0}  # seconds of the wall and of this thread
    monkeypatch.setattr(direct, "time", SimpleNamespace(**{
        name: lambda name=name: clocks[name] for name in clocks
    }))  # fmt: skip

    asks: list[direct.Answer] = []
    monkeypatch.setattr(direct, "address", lambda kind, answer: asks.append(answer) or "direct/x")

    def draw(setting: Setting) -> Scene:
        clocks["perf_counter"] += took
        clocks["thread_time"] += used
        return Scene(image, image, image, 0, None, [])

    def by_the_page() -> int:
        instrument(Setting(), [], draw, key="i")
        return int(unpack(sent[-1]["data"])[0]["pause"])

    def past_it(queued: float = 0.0) -> int:
        came = clocks["perf_counter"]
        clocks["perf_counter"] += queued
        return int(unpack(asks[-1](b"[{}, 0, [], false, 7]", came))[0]["pause"])

    took, used = 0.03, 0.03
    assert by_the_page() == past_it() == 0
    took = 0.034
    assert by_the_page() == past_it() == 0  # chance
    took, used = 0.1, 0.02
    assert by_the_page() == 2 * 150
    assert past_it() == 2 * 70
    assert past_it(queued=0.05) == 2 * 120
    took, used = 0.02, 0.03
    assert by_the_page() == past_it() == 0  # it had help from other threads
    took, used = 60, 0
    assert by_the_page() == past_it() == direct.LONGEST


def test_what_is_asked_past_the_page_is_what_the_page_shows(
    browser: Browser, sent: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same picture, numbers and turn; and nothing is thereby told to the page."""
    asks: list[direct.Answer] = []
    monkeypatch.setattr(direct, "address", lambda kind, answer: asks.append(answer) or "direct/x")

    def draw(setting: Setting) -> Scene:
        shade = round(100 * dict(setting.moves).get("g0", 0) + setting.truncation)
        return Scene(np.full((1, 8, 8), shade, np.uint8), IMAGES[0], IMAGES[1], 1, shade / 255, [shade])

    def shown() -> Played:
        return instrument(Setting(), [Slider("g0", "Height", 0.3)], draw, key="i")

    assert shown().setting == Setting()
    past = unpack(asks[-1](json.dumps([{"g0": 1.5}, 3.0, ["g0"], False, 90]).encode(), time.perf_counter()))
    assert shown().setting == Setting()
    browser(set=[{"g0": 1.5}, 3.0, ["g0"], True, 90])
    assert shown().setting.moves == (("g0", 1.5),)
    header, parts = unpack(sent[-1]["data"])
    assert header["address"] == "direct/x"
    assert past[1] == parts and set(past[1][0]) == {153}
    assert {**header, **past[0], "pause": 0} == {**header, "pause": 0} and past[0]["turn"] == 90
    for wrong in (
        b"",
        b"{}",
        b'[{"g0": NaN}, 0, [], false, 7]',
        b'[{"g0": 1e9}, 0, [], false, 7]',
        b"[{}, 0, [], false, -1]",
    ):
        with pytest.raises(ValidationError):
            asks[-1](wrong, 0.0)


def test_a_new_name_is_told_once(browser: Browser) -> None:
    image = np.zeros((1, 32, 32), np.uint8)

    def shown() -> Played:
        return instrument(Setting(), [], lambda setting: Scene(image, image, image, 0, None, []), key="i")

    browser(renamed=["g0", "sleeves", 100])
    assert shown().renamed == ("g0", "sleeves")
    assert shown().renamed is None
