"""The blob that carries a map to the browser, and who decides where the pin stands."""

import io
import json
import struct
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from dashboard import direct, state
from dashboard.components import courier as courier_module
from dashboard.components import latent_map as map_module
from dashboard.components import lens as lens_module
from dashboard.components.held import Held, settle
from dashboard.components.latent_map import PALETTE, Look, Told, latent_map, pack
from dashboard.components.lens import Glimpse, lens

RNG = np.random.default_rng(0)
POINTS = RNG.normal(size=(50, 2)).astype(np.float32)
LABELS = RNG.integers(0, 3, size=50)
CLASSES = ["cat", "dog", "köttbullar"]


def unpack(blob: bytes) -> tuple[dict[str, Any], bytes]:
    (length,) = struct.unpack_from("<I", blob)
    return json.loads(blob[4 : 4 + length]), blob[4 + length :]


def test_arrays_come_back_exactly() -> None:
    values = np.linspace(0, 1, 50, dtype=np.float32)
    picture = b"not really a picture"
    header, body = unpack(
        pack(
            POINTS,
            labels=LABELS,
            classes=CLASSES,
            values=values,
            background=picture,
            background_extent=(-1, -1, 1, 1),
            height=np.int64(400),
        )
    )
    assert header["n"] == 50 and header["labelled"] and header["classes"] == CLASSES and header["height"] == 400
    assert np.array_equal(np.frombuffer(body[:400], "<f4").reshape(-1, 2), POINTS)
    assert np.array_equal(np.frombuffer(body[400:450], np.uint8), LABELS)
    levels = np.frombuffer(body[450:500], np.uint8)
    low, high = header["value_range"]
    assert np.allclose(low + levels / 255 * (high - low), values.clip(low, high), atol=0.51 * (high - low) / 255)
    assert levels[0] == 0 and levels[-1] == 255
    assert body[500:] == picture


def test_points_alone_are_enough() -> None:
    header, body = unpack(pack(POINTS.astype(np.float64)))
    assert header["parts"] == [8 * 50, 0, 0, 0, 0] and header["gaps"] == []
    assert not header["labelled"] and header["value_range"] is None and header["background"] is None
    assert len(body) == 8 * header["n"]
    assert unpack(pack(np.empty((0, 2), np.float32), values=np.empty(0)))[0]["n"] == 0


def test_points_without_a_place_are_left_out_with_their_labels() -> None:
    points = POINTS.copy()
    points[7] = np.nan, 0
    header, body = unpack(pack(points, labels=LABELS, classes=CLASSES))
    assert header["n"] == 49 and header["gaps"] == [7]
    assert np.array_equal(np.frombuffer(body[8 * 49 :], np.uint8), np.delete(LABELS, 7))


def test_what_is_lit_is_marked_by_number() -> None:
    points = POINTS.copy()
    points[7] = np.inf, 0
    header, body = unpack(pack(points, lit=[3, 7, 9]))
    assert header["lit"] and np.flatnonzero(np.frombuffer(body[8 * 49 :], np.uint8)).tolist() == [3, 8]
    assert unpack(pack(points, lit=[]))[0]["lit"]  # nobody, which is not the same as no word about it


@pytest.mark.parametrize("values", [np.full(50, 2.0), np.full(50, np.nan), np.r_[np.zeros(49), np.inf]])
def test_odd_values_still_make_valid_json(values: np.ndarray) -> None:
    header, body = unpack(pack(POINTS, values=values))
    assert all(np.isfinite(header["value_range"])) and len(body) == 9 * 50


@pytest.mark.parametrize(
    ("points", "more"),
    [
        (POINTS.ravel(), {}),
        (RNG.normal(size=(50, 3)), {}),
        (POINTS, {"labels": LABELS[:9], "classes": CLASSES}),
        (POINTS, {"labels": LABELS, "classes": CLASSES[:2]}),
        (POINTS, {"labels": LABELS - 1, "classes": CLASSES}),
        (POINTS, {"values": POINTS}),
        (POINTS, {"background": b"a picture without an extent"}),
    ],
)
def test_wrong_shapes_do_not_pass(points: np.ndarray, more: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        pack(points, **more)


def test_the_pin_goes_where_the_newest_choice_is() -> None:
    first = settle(None, None, (0.0, 0.0), stamp=1)
    assert first == Held(at=(0.0, 0.0), placed=(0.0, 0.0), stamp=1, turn=None)

    here = ((3.0, 4.0), 10)
    chosen = settle(first, here, (0.0, 0.0), stamp=2)  # the page still passes what it had: the choice wins
    assert (chosen.at, chosen.stamp) == ((3.0, 4.0), 1)

    assert settle(chosen, here, (3.0, 4.0), stamp=3) == chosen  # an echo changes nothing ...
    assert settle(chosen, here, (3.0001, 4.0), stamp=3) == chosen  # ... nor one of five digits ...
    assert settle(chosen, here, None, stamp=3) == chosen  # ... nor does asking for nothing

    undone = settle(chosen, here, (0.0, 0.0), stamp=4)
    assert (undone.at, undone.placed, undone.stamp) == ((0.0, 0.0), (0.0, 0.0), 4)

    again = settle(undone, ((3.0, 4.0), 11), (0.0, 0.0), stamp=5)  # the same place, chosen anew
    assert again.at == (3.0, 4.0)


def test_a_map_that_was_away_starts_from_what_the_page_kept() -> None:
    left = Held(at=(3.0, 4.0), placed=(0.0, 0.0), stamp=1, turn=10)
    assert settle(left, None, (3.0, 4.0), stamp=2) == Held(at=(3.0, 4.0), placed=(3.0, 4.0), stamp=2, turn=None)


def test_a_look_gives_way_to_the_back_button_even_to_the_whole_map() -> None:
    zoomed = settle(settle(None, None, Look(), stamp=1), (Look(1.0, 2.0, 4.0, (3,)), 9), Look(), stamp=2)
    assert zoomed.at == Look(1.0, 2.0, 4.0, (3,)) and zoomed.stamp == 1
    assert settle(zoomed, (zoomed.at, 9), Look(1.00001, 2.0, 4.0, (3,)), stamp=3) == zoomed
    for wanted in (Look(), Look(1.0, 2.0, 4.0), Look(1.0, 2.0, 4.0, (4,)), Look(1.0, 2.0, 4.1, (3,))):
        back = settle(zoomed, (zoomed.at, 9), wanted, stamp=3)
        assert (back.placed, back.stamp) == (wanted, 3)


def test_colours_differ() -> None:
    assert len(set(PALETTE)) == len(PALETTE) >= 12


Browser = Callable[..., None]
IMAGES = RNG.integers(0, 256, (50, 1, 8, 8), dtype=np.uint8)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[dict[str, Any]]]:
    """All that was sent to the browser, by component."""
    messages: dict[str, list[dict[str, Any]]] = {"map": [], "courier": [], "lens": []}
    for name, module in (("map", map_module), ("courier", courier_module), ("lens", lens_module)):
        monkeypatch.setattr(module, "_mount", lambda name=name, **about: messages[name].append(about))
    for module in (courier_module, lens_module):
        monkeypatch.setattr(module.st, "fragment", lambda function: function)
    return messages


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch, kept: dict[str, Any]) -> Browser:
    """What the browser said last to the component of a key: `browser("map", point=[0.5, 1, 7])`."""
    said: dict[str, dict[str, Any]] = {}
    monkeypatch.setattr(state, "held", lambda key: said.get(key))
    return lambda key, **words: said.setdefault(key, {}).update(words)


def test_the_map_tells_place_look_and_group_and_is_sent_as_it_was(
    browser: Browser, sent: dict[str, list[dict[str, Any]]]
) -> None:
    def shown(told: Told) -> Told:
        return latent_map(POINTS, key="m", pin=told.pin, look=told.look, lasso=told.lasso)

    told = shown(Told((0.0, 0.0), Look(), ""))
    assert told == Told((0.0, 0.0), Look(), "")
    browser("m", point=[0.5, 1.0, 7], look=[1, 2, 3, [4], True, 8], lasso=["0_0~1_0~1_1", 9])
    there = shown(told)
    assert there == Told((0.5, 1.0), Look(1, 2, 3, (4,), True), "0_0~1_0~1_1")
    assert shown(there) == there
    first, *rest = (message["data"] for message in sent["map"])
    assert rest == [first, first]  # the very same bytes, which are not sent again
    assert shown(there._replace(lasso="")).lasso == ""  # the page lets the group go
    assert unpack(sent["map"][-1]["data"])[0]["lasso"] == "" and sent["map"][-1]["data"] != first
    assert sent["courier"] == []


def test_pictures_are_brought_by_their_numbers_once(browser: Browser, sent: dict[str, list[dict[str, Any]]]) -> None:
    def shown() -> tuple[dict[str, Any], bytes]:
        latent_map(POINTS, key="m", pictures=lambda numbers: IMAGES[numbers])
        return unpack(sent["courier"][-1]["data"])

    header, _ = shown()
    assert header["numbers"] == [] and header["follows"] == "m"
    browser("courier-m", asked=[[3, 49, 50, -1, 8], 7])  # two of which are none of this map's
    header, sheet = shown()
    assert (header["numbers"], header["turn"], header["side"]) == ([3, 49, 8], 7, 8)
    pixels = np.asarray(Image.open(io.BytesIO(sheet)).convert("L"))
    for k, number in enumerate(header["numbers"]):
        assert np.array_equal(pixels[:8, 8 * k : 8 * k + 8], IMAGES[number, 0])
    header, _ = shown()
    assert header["numbers"] == [] and header["turn"] == 7  # the page was drawn anew: the browser has them


def test_the_lens_draws_where_the_hand_is_and_where_the_page_is(
    browser: Browser, sent: dict[str, list[dict[str, Any]]]
) -> None:
    hands: list[Any] = []
    ends: list[Any] = []

    def draw(hand: Any) -> Glimpse:
        hands.append(hand)
        return Glimpse(IMAGES[len(hands)], "here", 0.25, "at the edge", IMAGES[0], "Shoe")

    lens(draw, ends.append, follows="m")
    browser("lens-m", at=[0.5, -1.0, 7])
    lens(draw, ends.append, follows="m")
    lens(draw, ends.append, follows="m")
    assert hands == [None, (0.5, -1.0), None] and ends == [(0.5, -1.0)]
    header, body = unpack(sent["lens"][-1]["data"])
    assert (header["turn"], header["trust"], header["near"], header["parts"]) == (7, 0.25, "Shoe", [64, 64])
    assert np.array_equal(np.frombuffer(body, np.uint8).reshape(2, 8, 8), np.stack([IMAGES[3, 0], IMAGES[0, 0]]))


def test_a_hand_that_passes_by_is_drawn_past_the_page(
    browser: Browser, sent: dict[str, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asks: list[direct.Answer] = []
    monkeypatch.setattr(direct, "address", lambda kind, answer: asks.append(answer) or f"direct/{kind}")
    ends: list[Any] = []

    def draw(hand: Any) -> Glimpse:
        return Glimpse(IMAGES[3 if hand == (0.5, -1.0) else 4], str(hand), 0.25, "at the edge", IMAGES[0], "Shoe")

    lens(draw, ends.append, follows="m")
    past = unpack(asks[-1](b"[0.5, -1.0, 7]", time.perf_counter()))
    assert ends == []
    browser("lens-m", at=[0.5, -1.0, 7])
    lens(draw, ends.append, follows="m")
    page = unpack(sent["lens"][-1]["data"])
    assert page[0]["address"] == "direct/lens"
    assert past[1] == page[1] and {**page[0], **past[0], "pause": 0} == {**page[0], "pause": 0}
    for wrong in (b"", b"[1, 2]", b"[NaN, 0, 7]", b"[0, 1e9, 7]", b"[0, 0, -7]", b'["0", null, 7]'):
        with pytest.raises(ValidationError):
            asks[-1](wrong, 0.0)


def test_a_lens_may_have_no_trust_and_nothing_near(browser: Browser, sent: dict[str, list[dict[str, Any]]]) -> None:
    lens(lambda hand: Glimpse(IMAGES[0]), lambda place: None, follows="m")
    header, body = unpack(sent["lens"][-1]["data"])
    assert header["trust"] is None and header["near"] is None and len(body) == 64
