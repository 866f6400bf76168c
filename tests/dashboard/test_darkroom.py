"""What the darkroom tells its page, and that nothing which a browser says can break it.

The browser's side is tested in a browser.
"""

from __future__ import annotations

import base64
import io
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from dashboard import state
from dashboard.components import darkroom as module
from dashboard.components.darkroom import ColourPoint, Touched, darkroom, mask_size
from tests.dashboard.test_components import unpack

SIZE = (60, 40)


def png(width: int, height: int, mode: str = "L", colour: Any = 255, format: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new(mode, (width, height), colour).save(file, format)
    return file.getvalue()


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """All that was sent to the browser."""
    messages: list[bytes] = []
    monkeypatch.setattr(module, "_mount", lambda **about: messages.append(about["data"]))
    return messages


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch, kept: dict[str, Any], sent: list[bytes]) -> dict[str, Any]:
    """What the browser said last, by name."""
    said: dict[str, Any] = {}
    monkeypatch.setattr(state, "held", lambda key: said)
    return said


def shown(size: tuple[int, int] = SIZE, **about: Any) -> Touched:
    return darkroom(b"before", b"after", key="d", size=size, hand="look", **about)


def header(sent: list[bytes]) -> dict[str, Any]:
    return unpack(sent[-1])[0]


def test_the_pictures_travel_with_digests(said: dict[str, Any], sent: list[bytes]) -> None:
    assert shown(overlay=b"lines", label="Ä", busy="…") == Touched(None, (), None, None)
    first, parts = unpack(sent[-1])
    assert parts == [b"before", b"after", b"lines", b""]
    assert (first["size"], first["hand"], first["label"], first["busy"]) == ([60, 40], "look", "Ä", "…")
    assert len(set(first["digests"])) == 3
    darkroom(b"before", b"before", key="d", size=SIZE, hand="mask")
    second, parts = unpack(sent[-1])
    assert parts == [b"before", b"", b"", b""]  # the same picture is sent once
    assert second["digests"] == [first["digests"][0]] * 2 + [""]
    sent.clear()
    shown()
    shown()
    assert sent[0] == sent[1]  # what has not changed is the same message, which Streamlit sends once


@pytest.mark.parametrize(
    ("size", "expected"),
    [((60, 40), (60, 40)), ((1024, 1024), (1024, 1024)), ((4000, 3000), (1024, 768)), ((10_000, 3), (1024, 1))],
)
def test_a_mask_has_the_pictures_size_or_less(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert mask_size(size) == expected


def test_a_painted_mask_comes_as_grey(said: dict[str, Any], sent: list[bytes]) -> None:
    shown()
    said["mask"] = [text(png(*SIZE, mode="RGBA", colour=(9, 9, 9, 255))), 100]
    painted = shown().mask
    assert painted is not None
    assert painted.dtype == np.uint8 and painted.shape == SIZE[::-1] and (painted == 9).all()
    assert not painted.flags.writeable  # a later run gives the same object
    assert unpack(sent[-1])[1][3] == b"" and header(sent)["turns"]["mask"] == 100  # it need not go back
    said["mask"] = [None, 101]
    assert shown().mask is None


def test_the_newest_mask_stands(said: dict[str, Any], sent: list[bytes]) -> None:
    python, hand = np.full(SIZE[::-1], 1, np.uint8), text(png(*SIZE, colour=2))

    def level(mask: NDArray[np.uint8] | None = None) -> int:
        """The one value of the mask that stands, 0 for none."""
        stands = shown(mask=mask).mask
        return 0 if stands is None else int(stands.min())

    assert level(python) == 1
    first = header(sent)["mask"]
    assert Image.open(io.BytesIO(unpack(sent[-1])[1][3])).getextrema() == (1, 1)

    said["mask"] = [hand, 100]
    assert level(python) == 2  # Python asks for what it asked for before
    painted = shown(mask=python).mask
    assert level(painted) == 2  # or for what it was told
    assert header(sent)["mask"] == first

    assert level(python) == 1  # undo
    assert header(sent)["mask"] > first
    assert level() == 0  # to nothing
    said["mask"] = [hand, 101]
    assert level() == level() == 2


def test_a_mask_of_another_size_is_scaled(said: dict[str, Any], sent: list[bytes]) -> None:
    left = np.arange(20) < np.full((10, 1), 10)
    mask = shown(mask=left, size=(4000, 3000)).mask
    assert mask is not None and mask.shape == (768, 1024)
    assert (mask[:, :480] == 255).all() and not mask[:, 544:].any()
    assert shown(mask=np.zeros((3, 3), np.uint8)).mask is None
    with pytest.raises(AssertionError):
        shown(mask=left * 1.0)


def test_a_mask_does_not_outlive_its_picture(said: dict[str, Any], sent: list[bytes]) -> None:
    shown()
    said["mask"] = [text(png(*SIZE)), 100]
    assert shown().mask is not None
    stamp = header(sent)["mask"]
    assert shown(size=(50, 40)).mask is None
    assert header(sent)["mask"] > stamp
    said["mask"] = [text(png(*SIZE)), 101]  # it was on its way
    assert shown(size=(50, 40)).mask is None


@pytest.mark.parametrize(
    "content",
    [
        "not base64!",
        "ä",
        "",
        text(b"not a picture"),
        text(png(61, 40)),
        text(png(*SIZE, mode="RGB", colour=0, format="JPEG")),
        text(png(*SIZE)[:40]),
        text(png(*SIZE)[:-30]),
        text(b"\x89PNG\r\n\x1a\n" + b"\0" * 8 + struct.pack(">II", *SIZE)),
        "A" * 10_000_000,
        7,
        ["x"],
    ],
)
def test_a_mask_that_is_none_changes_nothing(content: Any, said: dict[str, Any], sent: list[bytes]) -> None:
    shown()
    said["mask"] = [text(png(*SIZE)), 100]
    stood = shown().mask
    said["mask"] = [content, 101]
    assert stood is not None and shown().mask is stood
    assert header(sent)["turns"]["mask"] == 101  # it was heard: the browser need not wait


def test_points_are_whose_turn_it_was(said: dict[str, Any], sent: list[bytes]) -> None:
    red, blue = ColourPoint(0.5, 0.25, "#ff0000"), ColourPoint(1.0, 0.0, "#0000ff")
    assert shown(points=[red]).points == (red,)
    assert header(sent)["points"][1] == [[0.5, 0.25, "#ff0000"]]
    said["points"] = [[[0.5, 0.25, "#ff0000"], [1, 0, "#0000ff"]], 100]
    assert shown(points=[red]).points == (red, blue)
    assert shown(points=[red, blue]).points == (red, blue)
    assert shown(points=[blue]).points == (blue,)
    said["points"] = [[], 101]
    assert shown(points=[blue]).points == ()
    with pytest.raises(AssertionError):
        shown(points=[red] * 65)


@pytest.mark.parametrize(
    "points",
    [
        [[0.5, 0.5, "#ff0000"]] * 65,
        [[0.5, 0.5]],
        [[0.5, 0.5, "red"]],
        [[0.5, 0.5, "#ff0000\n"]],
        [[float("nan"), 0.5, "#ff0000"]],
        [[0.5, float("inf"), "#ff0000"]],
        [[10**400, 0.5, "#ff0000"]],
        [[-0.1, 0.5, "#ff0000"]],
        [["0.5", 0.5, "#ff0000"]],
        [[0.1, 0.1, "#000000"], None],
        {"0": 1},
        None,
    ],
)
def test_points_that_are_none_change_nothing(points: Any, said: dict[str, Any]) -> None:
    stood = (ColourPoint(0.5, 0.25, "#ff0000"),)
    assert shown(points=stood).points == stood
    said["points"] = [points, 100]
    assert shown(points=stood).points == stood


def test_a_press_is_told_once(said: dict[str, Any], sent: list[bytes]) -> None:
    assert shown().picked is None
    said["picked"] = [0.25, 1, 100]
    assert shown().picked == (15, 39)
    assert header(sent)["turns"]["picked"] == 100
    assert shown().picked is None
    said["picked"] = [0.25, 1, 101]  # the same place again
    assert shown().picked == (15, 39)
    said["picked"] = [0.25, float("nan"), 102]
    assert shown().picked is None


def test_what_was_pressed_in_another_session_is_old(said: dict[str, Any]) -> None:
    said["picked"] = [0.25, 0.75, 100]  # a browser comes back to a server that has been started anew
    assert shown().picked is None
    said["picked"] = [0.25, 0.75, 101]
    assert shown().picked == (15, 30)


def test_a_file_is_told_once(said: dict[str, Any], sent: list[bytes]) -> None:
    shown()
    said["dropped"] = ["my photo.jpg", text(b"bytes"), 100]
    assert shown().dropped == ("my photo.jpg", b"bytes")
    assert shown().dropped is None
    del said["dropped"]  # a trigger is gone in the next run
    assert shown().dropped is None
    assert header(sent)["turns"]["dropped"] == 100


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\photos\\a.jpg", "a.jpg"),
        ("", "picture"),
        ("a\0\n\ud800b", "ab"),
        ("x" * 999, "x" * 200),
    ],
)
def test_a_files_name_is_plain(name: str, expected: str, said: dict[str, Any]) -> None:
    shown()
    said["dropped"] = [name, text(b"bytes"), 100]
    assert shown().dropped == (expected, b"bytes")


def test_a_file_that_is_too_large_or_none_is_not_told(monkeypatch: pytest.MonkeyPatch, said: dict[str, Any]) -> None:
    monkeypatch.setattr(module, "MAX_FILE", 1000)
    shown()
    for turn, content in enumerate((text(bytes(1000)), text(bytes(1001)), text(bytes(9999)), "", "?", None), 1):
        said["dropped"] = ["a", content, turn]
        assert (shown().dropped is not None) == (turn == 1)


@pytest.mark.parametrize(("accepted", "limit"), [(25, 15_750_000), (90, 60 * 2**20), (500, 60 * 2**20)])
def test_a_file_fits_what_the_server_accepts(
    accepted: int, limit: int, said: dict[str, Any], sent: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamlit.get_option", {"server.maxWidgetStateSize": accepted}.__getitem__)
    shown()
    assert header(sent)["limit"] == limit
    assert limit * 4 / 3 < accepted * 1e6


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([text(png(*SIZE)), "#00ff00"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=12,
)
turn = st.integers(0, 2**53) | anything
messages = st.fixed_dictionaries(
    {},
    optional={
        "mask": st.tuples(anything, turn).map(list) | anything,
        "points": st.tuples(st.lists(st.tuples(anything, anything, anything).map(list)), turn).map(list) | anything,
        "picked": st.tuples(anything, anything, turn).map(list) | anything,
        "dropped": st.tuples(anything, anything, turn).map(list) | anything,
    },
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hostile=st.lists(messages, min_size=1, max_size=3))
def test_nothing_that_is_said_breaks_it(hostile: list[Any], said: dict[str, Any], sent: list[bytes]) -> None:
    for message in hostile:
        said.clear()
        said.update(message)
        touched = shown()
        if touched.mask is not None:
            assert touched.mask.shape == SIZE[::-1]
        assert all(0 <= point.x <= 1 and 0 <= point.y <= 1 and len(point.colour) == 7 for point in touched.points)
        assert touched.picked is None or (touched.picked[0] in range(60) and touched.picked[1] in range(40))
        assert touched.dropped is None or (touched.dropped[0] and touched.dropped[1])
        assert all(0 <= turn <= 2**53 for turn in header(sent)["turns"].values())


@pytest.mark.parametrize("said_at_all", [None, [], "text", 7])
def test_a_state_that_is_no_state_is_none(said_at_all: Any, sent: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "held", lambda key: said_at_all)
    monkeypatch.setattr(state, "remembered", lambda key, default=None: default)
    monkeypatch.setattr(state, "remember", lambda key, value: None)
    assert shown() == Touched(None, (), None, None)
