"""The picture of a photo page under a real hand: divider, zoom, brush, places, colour points, and what is dropped."""

from __future__ import annotations

import base64
import io
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from selfsup_engine.runs import ROOT
from tests.browser.app import Server, Tab

pytestmark = pytest.mark.slow

SIZE = (240, 160)
QUARTERS = ((230, 60, 50), (60, 190, 80), (70, 90, 220), (235, 205, 60))
"""The colours of the picture before: upper left, upper right, lower left, lower right."""
AFTERS = ((20, 20, 20), (128, 128, 128), (240, 240, 240))
"""The plain pictures after, one for each press on Another."""

SCRIPT = f"""
import base64, contextlib, io, json, time
import numpy as np
import streamlit as st
from PIL import Image
from dashboard.components.darkroom import ColourPoint, darkroom

def png(image):
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()

quarters, afters, size = {QUARTERS!r}, {AFTERS!r}, {SIZE!r}
kept, asked = st.session_state, st.query_params
time.sleep(float(asked.get("takes", 0)))
before = Image.new("RGB", (2, 2))
before.putdata(quarters)
before = before.resize(size, Image.Resampling.NEAREST)
kept.setdefault("after", 0)
heard = kept.setdefault("heard", {{}})
if st.button("Another"):
    kept.after = (kept.after + 1) % len(afters)
if st.button("Left half"):
    kept.mask = np.arange(size[0]) < np.full((size[1], 1), size[0] // 2)
if st.button("One red point"):
    kept.points = [ColourPoint(0.5, 0.25, "#ff0000")]
st.text_area("Notes")
if st.button("Turn"):
    kept.turned = True
if "turned" in kept:
    size = size[::-1]
    before = before.transpose(Image.Transpose.ROTATE_270)
framed = st.toggle("Frame")
after = png(before) if "same" in asked else png(Image.new("RGB", size, afters[kept.after]))
for key in ("one", "two")[: 2 if "two" in asked else 1]:
    with st.columns(1)[0] if framed else contextlib.nullcontext():
        touched = darkroom(
            png(before), after, key=key, hand=asked.get("hand", "look"), mask=kept.get("mask"),
            size=(size[0] * int(asked.get("times", 1)), size[1] * int(asked.get("times", 1))),
            points=kept.get("points", ()), label="Four quarters", busy=asked.get("busy", ""),
        )
    # Nothing of Streamlit's before this: at each call of it the next press may break the run off.
    heard.setdefault(f"presses-{{key}}", []).extend([touched.picked] if touched.picked else [])
    heard.setdefault(f"files-{{key}}", []).extend(
        [(touched.dropped[0], len(touched.dropped[1]))] if touched.dropped else [])
    told = {{
        "mask": None if touched.mask is None else base64.b64encode(png(Image.fromarray(touched.mask))).decode(),
        "points": [[point.x, point.y, point.colour] for point in touched.points],
        "presses": heard[f"presses-{{key}}"],
        "files": heard[f"files-{{key}}"],
    }}
    st.container(key=f"told-{{key}}").text(json.dumps(told))
"""


class Stage(Server):
    """A page with nothing but the component, served as the app is."""

    def __init__(self, place: Path) -> None:
        (place / "static").symlink_to(ROOT / "dashboard" / "static")
        (place / "page.py").write_text(SCRIPT)
        self._log = place / "server.log"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        options = (
            "--server.headless=true",
            f"--server.port={self.port}",
            "--server.address=127.0.0.1",
            "--server.maxWidgetStateSize=90",  # MB
        )
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "streamlit", "run", str(place / "page.py"), *options],
                cwd=ROOT,
                env=os.environ,
                stdout=log,
                stderr=log,
            )
        self._wait_until_it_answers()


@pytest.fixture(scope="module")
def server(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Stage(tmp_path_factory.mktemp("stage"))
    try:
        yield running
    finally:
        running.close()
    assert "Traceback" not in running.log(), running.log()


Open = Callable[..., Page]


@pytest.fixture
def stage(tab: Tab) -> Open:
    """Opens the page with a hand: `stage("mask", width=400, two="")`; what no browser is told goes into the link."""

    def open_stage(hand: str = "look", *, width: int = 1000, has_touch: bool = False, **asked: str) -> Page:
        link = "&".join(f"{name}={value}" for name, value in asked.items())
        page = tab(f"/?hand={hand}&{link}", width=width, height=1400 if "two" in asked else 900, has_touch=has_touch)
        expect(page.locator(".stage[data-ready]").first).to_be_visible()
        wait(page, lambda: pixel(page, 0.25, 0.25) in (QUARTERS[0], AFTERS[0]))
        return page

    return open_stage


def wait(page: Page, true: Callable[[], Any], patience: float = 20_000) -> None:
    """Until something is true that takes the server, or a frame."""
    for _ in range(int(patience // 50)):
        if true():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it never came true")


def place(page: Page, x: float, y: float, which: int = 0) -> tuple[float, float]:
    """Where a place of the picture, in shares of its sides, is on the page while all of it is seen."""
    box = page.locator(".stage").nth(which).bounding_box()
    assert box is not None
    scale = min(box["width"] / SIZE[0], box["height"] / SIZE[1])
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    return middle[0] + (x - 0.5) * SIZE[0] * scale, middle[1] + (y - 0.5) * SIZE[1] * scale


def pixel(page: Page, x: float, y: float) -> tuple[int, ...]:
    """The colour that is drawn at a place of the picture."""
    at = place(page, x, y)
    return tuple(
        page.locator(".stage canvas").first.evaluate(
            """(canvas, [x, y]) => {
                const box = canvas.getBoundingClientRect(), density = canvas.width / box.width;
                const at = [(x - box.left) * density, (y - box.top) * density];
                return [...canvas.getContext("2d").getImageData(...at, 1, 1).data.slice(0, 3)];
            }""",
            at,
        )
    )


def drag(page: Page, *places: tuple[float, float], button: Any = "left") -> None:
    """From place to place of the picture."""
    page.mouse.move(*place(page, *places[0]))
    page.mouse.down(button=button)
    for at in places[1:]:
        page.mouse.move(*place(page, *at), steps=4)
    page.mouse.up(button=button)


Fingers = Sequence[tuple[float, float]]


def touch(page: Page, start: Fingers, *moves: Fingers) -> None:
    """Puts down fingers at places of the picture, one after the other, moves them there and on, and lifts them."""
    hand = page.context.new_cdp_session(page)

    def say(kind: str, fingers: Fingers) -> None:
        down = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(place(page, *finger) for finger in fingers)]
        hand.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": down})

    for i in range(len(start)):
        say("touchStart", start[: i + 1])
    for fingers in moves:
        say("touchMove", fingers)
    say("touchEnd", ())


def told(page: Page, key: str = "one") -> dict[str, Any]:
    """What Python was told."""
    said: dict[str, Any] = json.loads(page.locator(f".st-key-told-{key}").inner_text())
    return said


def mask(page: Page) -> NDArray[np.uint8]:
    """The mask (H, W) as Python has it; zeros if there is none."""
    png = told(page)["mask"]
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(png)))) if png else np.zeros(SIZE[::-1], np.uint8)


def selected(page: Page, x: float, y: float) -> int:
    return int(mask(page)[int(y * SIZE[1]), int(x * SIZE[0])])


def another(page: Page) -> None:
    page.get_by_role("button", name="Another").click()


def divider(page: Page) -> Locator:
    return page.get_by_role("slider", name="Divider")


def expect_zoom(page: Page, times: float) -> None:
    """The picture is so many times as large as when all of it is seen."""
    whole = (place(page, 1, 0)[0] - place(page, 0, 0)[0]) / SIZE[0]
    wait(page, lambda: page.locator(".zoom").first.inner_text() == f"{100 * times * whole:.0f}%")


# ----------------------------------------------------------------------------------------------- before and after


def test_the_divider_follows_the_mouse(stage: Open) -> None:
    page = stage()
    assert pixel(page, 0.4, 0.25) == QUARTERS[0] and pixel(page, 0.6, 0.25) == AFTERS[0]
    drag(page, (0.5, 0.5), (0.25, 0.6))
    expect(divider(page)).to_have_attribute("aria-valuenow", "25")
    wait(page, lambda: pixel(page, 0.4, 0.25) == AFTERS[0])
    assert pixel(page, 0.2, 0.25) == QUARTERS[0]
    page.mouse.dblclick(*place(page, 0.25, 0.5))
    expect(divider(page)).to_have_attribute("aria-valuenow", "50")


def test_the_divider_follows_a_finger(stage: Open) -> None:
    page = stage(width=400, has_touch=True)
    touch(page, [(0.5, 0.5)], [(0.6, 0.5)], [(0.75, 0.6)])
    expect(divider(page)).to_have_attribute("aria-valuenow", "75")


def test_the_divider_follows_keys(stage: Open) -> None:
    page = stage()
    page.locator(".stage canvas").focus()
    page.keyboard.press("Tab")
    expect(divider(page)).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(divider(page)).to_have_attribute("aria-valuenow", "52")
    expect(divider(page)).to_have_attribute("aria-valuetext", "52 % before")
    page.keyboard.press("Home")
    wait(page, lambda: pixel(page, 0.1, 0.25) == AFTERS[0])
    page.keyboard.press("End")
    wait(page, lambda: pixel(page, 0.9, 0.25) == QUARTERS[1])


WATCH = """canvas => {
    window.seen = new Set();
    const look = () => {
        seen.add(canvas.getContext("2d").getImageData(0.7 * canvas.width, 0.5 * canvas.height, 1, 1).data.join());
        requestAnimationFrame(look);
    };
    look();
}"""
"""Keeps each colour that a frame has at one place."""


def test_a_new_picture_moves_neither_the_divider_nor_the_view(stage: Open) -> None:
    page = stage()
    page.evaluate(
        """() => {
            window.decoded = 0;
            const make = createImageBitmap;
            window.createImageBitmap = (...all) => (decoded++, make(...all));
        }"""
    )
    drag(page, (0.5, 0.5), (0.25, 0.5))
    page.get_by_role("button", name="Zoom in").click()
    expect_zoom(page, 1.5)
    canvas = page.locator(".stage canvas")
    canvas.evaluate(WATCH)
    another(page)
    wait(page, lambda: pixel(page, 0.6, 0.25) == AFTERS[1])
    assert page.evaluate("decoded") == 1  # the picture before was there already
    both = [f"{v},{v},{v},255" for v, *_ in AFTERS[:2]]
    wait(page, lambda: len(page.evaluate("[...seen]")) >= len(both))  # what watches looks once a frame
    assert page.evaluate("[...seen]") == both  # nothing flickered between the two
    expect(divider(page)).to_have_attribute("aria-valuenow", "25")
    expect_zoom(page, 1.5)


def test_a_picture_does_not_fade_while_python_works(stage: Open) -> None:
    page = stage("mask", takes="1")
    page.locator("[data-testid=stElementContainer]", has=page.locator(".stage")).evaluate(
        """element => {
            window.faintest = 1;
            const look = () => {
                faintest = Math.min(faintest, getComputedStyle(element).opacity);
                requestAnimationFrame(look);
            };
            look();
        }"""
    )
    page.mouse.click(*place(page, 0.3, 0.3))
    expect(page.locator(".busy")).to_be_visible()
    wait(page, lambda: told(page)["mask"])
    expect(page.locator(".busy")).to_be_hidden()
    assert page.evaluate("faintest") == 1


def test_the_same_picture_twice_has_no_divider(stage: Open) -> None:
    page = stage(same="")
    expect(page.locator(".divider")).to_be_hidden()
    expect(page.locator(".corner.right")).to_be_hidden()
    assert pixel(page, 0.75, 0.75) == QUARTERS[3]


def test_the_original_is_seen_while_the_button_is_held(stage: Open) -> None:
    page = stage()
    button = page.get_by_role("button", name="Original")
    button.hover()
    page.mouse.down()
    wait(page, lambda: pixel(page, 0.75, 0.75) == QUARTERS[3])
    expect(page.locator(".corner.left")).to_be_visible()
    expect(page.locator(".divider")).to_be_hidden()
    page.mouse.up()
    wait(page, lambda: pixel(page, 0.75, 0.75) == AFTERS[0])
    button.focus()
    page.keyboard.down("Enter")
    wait(page, lambda: pixel(page, 0.75, 0.75) == QUARTERS[3])
    page.keyboard.up("Enter")
    wait(page, lambda: pixel(page, 0.75, 0.75) == AFTERS[0])


def test_zoom_and_pan(stage: Open) -> None:
    page = stage()
    zoom = page.locator(".zoom")
    page.mouse.dblclick(*place(page, 0.25, 0.25))
    expect_zoom(page, 2)
    wait(
        page, lambda: pixel(page, 0.49, 0.49) == QUARTERS[0]
    )  # about the pointer: the middle of the picture has moved away
    drag(page, (0.3, 0.7), (0.3, 0.1))
    wait(page, lambda: pixel(page, 0.49, 0.49) == QUARTERS[2])
    page.mouse.dblclick(*place(page, 0.3, 0.1))
    expect(zoom).to_have_text("Fit")
    page.locator(".stage canvas").focus()
    for _ in range(20):
        page.keyboard.press("+")
    expect_zoom(page, 4)
    page.keyboard.press("0")
    expect(zoom).to_have_text("Fit")


def test_a_photo_of_which_a_preview_is_shown_has_its_own_pixels(stage: Open) -> None:
    page = stage("pick", times="10")
    zoom = page.locator(".zoom")
    zoom.click()
    expect(zoom).to_have_text("100%")
    zoom.click()
    expect(zoom).to_have_text("Fit")
    page.mouse.move(*place(page, 0.75, 0.25))
    for _ in range(15):
        page.mouse.wheel(0, -300)
    expect(zoom).to_have_text("800%")
    page.mouse.click(*place(page, 0.75, 0.25))
    wait(page, lambda: told(page)["presses"])
    assert told(page)["presses"] == [pytest.approx([1800, 400], abs=3)]


# ----------------------------------------------------------------------------------------------------- the brush


def test_a_stroke_selects_what_it_went_over(stage: Open) -> None:
    page = stage("mask")
    drag(page, (0.2, 0.25), (0.7, 0.25))
    wait(page, lambda: told(page)["mask"])
    painted = mask(page)
    assert painted.shape == SIZE[::-1]
    along = painted[SIZE[1] // 4]
    assert (along[int(0.2 * SIZE[0]) : int(0.7 * SIZE[0])] > 250).all()
    assert not along[: int(0.1 * SIZE[0])].any() and not along[int(0.8 * SIZE[0]) :].any()
    assert not painted[SIZE[1] // 2 :].any()
    column = painted[:, SIZE[0] // 2].astype(int)
    assert ((column > 20) & (column < 235)).any()  # its edge is soft
    assert abs(np.average(np.arange(SIZE[1]), weights=column) - 0.25 * SIZE[1]) < 1
    assert pixel(page, 0.6, 0.25) != AFTERS[0] == pixel(page, 0.6, 0.75)  # the tint


def test_erasing_by_the_tool_and_by_the_right_button(stage: Open) -> None:
    page = stage("mask")
    drag(page, (0.2, 0.25), (0.7, 0.25))
    wait(page, lambda: selected(page, 0.3, 0.25) == selected(page, 0.65, 0.25) == 255)
    drag(page, (0.3, 0.25), (0.32, 0.25), button="right")
    wait(page, lambda: selected(page, 0.31, 0.25) == 0)
    page.get_by_role("button", name="Erase").click()
    drag(page, (0.65, 0.25), (0.66, 0.25))
    wait(page, lambda: selected(page, 0.65, 0.25) == 0)
    assert selected(page, 0.45, 0.25) == 255


def test_undo_invert_and_clear(stage: Open) -> None:
    page = stage("mask")
    undo = page.get_by_role("button", name="Undo the last stroke")
    expect(undo).to_be_disabled()
    drag(page, (0.2, 0.25), (0.3, 0.25))
    wait(page, lambda: selected(page, 0.25, 0.25) == 255)
    drag(page, (0.2, 0.75), (0.3, 0.75))
    wait(page, lambda: selected(page, 0.25, 0.75) == 255)
    page.keyboard.press("Control+z")
    wait(page, lambda: selected(page, 0.25, 0.75) == 0)
    assert selected(page, 0.25, 0.25) == 255
    page.get_by_role("button", name="Invert the selection").click()
    wait(page, lambda: selected(page, 0.25, 0.25) == 0)
    assert selected(page, 0.9, 0.9) == 255
    undo.click()
    wait(page, lambda: selected(page, 0.25, 0.25) == 255)
    page.get_by_role("button", name="Clear the selection").click()
    wait(page, lambda: told(page)["mask"] is None)


def test_the_brush_has_a_size(stage: Open) -> None:
    page = stage("mask")

    def dab(y: float) -> int:
        before = int((mask(page) > 127).sum())
        page.mouse.click(*place(page, 0.3, y))
        wait(page, lambda: selected(page, 0.3, y) > 250)
        return int((mask(page) > 127).sum()) - before

    usual = dab(0.2)
    ring = page.locator(".ring").bounding_box()
    assert ring is not None and ring["width"] == 60
    for _ in range(3):
        page.keyboard.press("]")
    assert dab(0.7) > 2 * usual
    page.get_by_role("slider", name="Size of the brush").fill("20")
    assert dab(0.45) < usual / 4


def test_a_stroke_on_an_enlarged_picture_lands_where_it_was_made(stage: Open) -> None:
    page = stage("mask")
    page.mouse.move(*place(page, 0.75, 0.25))
    for _ in range(6):
        page.mouse.wheel(0, -150)
    expect_zoom(page, 4)
    page.locator(".stage canvas").focus()
    page.keyboard.down("Space")  # it pans, and paints nothing
    drag(page, (0.75, 0.25), (0.4, 0.6))
    page.keyboard.up("Space")
    page.mouse.click(*place(page, 0.4, 0.6))
    wait(page, lambda: told(page)["mask"])
    ys, xs = np.nonzero(mask(page) > 100)
    assert abs(xs.mean() + 0.5 - 0.75 * SIZE[0]) < 1.5 and abs(ys.mean() + 0.5 - 0.25 * SIZE[1]) < 1.5
    assert np.ptp(xs) < 8  # the brush is as large on the screen, and so smaller on the picture


def test_python_puts_a_mask_and_the_hand_goes_on_from_there(stage: Open) -> None:
    page = stage("mask")
    drag(page, (0.7, 0.25), (0.8, 0.25))
    wait(page, lambda: selected(page, 0.75, 0.25) == 255)
    page.get_by_role("button", name="Left half").click()
    wait(page, lambda: selected(page, 0.25, 0.9) == 255 and selected(page, 0.75, 0.25) == 0)
    expect(page.get_by_role("button", name="Undo the last stroke")).to_be_disabled()
    drag(page, (0.7, 0.75), (0.8, 0.75))
    wait(page, lambda: selected(page, 0.75, 0.75) == 255)
    assert selected(page, 0.25, 0.9) == 255 and selected(page, 0.75, 0.25) == 0
    another(page)  # Python asks for the same as before: the stroke stands
    wait(page, lambda: pixel(page, 0.9, 0.1) == AFTERS[1])
    assert selected(page, 0.75, 0.75) == 255


def test_a_stroke_outlives_what_comes_while_it_is_made(stage: Open) -> None:
    page = stage("mask")
    page.mouse.move(*place(page, 0.6, 0.75))
    page.mouse.down()
    page.mouse.move(*place(page, 0.7, 0.75), steps=4)
    page.get_by_role("button", name="Another").evaluate("button => button.click()")
    wait(page, lambda: pixel(page, 0.9, 0.1) == AFTERS[1])
    page.get_by_role("button", name="Left half").evaluate("button => button.click()")
    wait(page, lambda: selected(page, 0.1, 0.1) == 255)
    page.mouse.move(*place(page, 0.8, 0.75), steps=4)
    page.mouse.up()
    wait(page, lambda: selected(page, 0.65, 0.75) == selected(page, 0.78, 0.75) == 255)
    assert selected(page, 0.1, 0.1) == 0  # the hand was last


def test_what_was_done_outlives_the_element(stage: Open) -> None:
    page = stage("mask")
    drag(page, (0.5, 0.9), (0.25, 0.9))  # the divider, whose handle stands below
    page.get_by_role("button", name="Zoom in").click()
    page.mouse.click(*place(page, 0.4, 0.3))
    wait(page, lambda: told(page)["mask"])
    before = mask(page)
    page.locator(".stage").evaluate("stage => { stage.dataset.first = ''; }")
    page.get_by_text("Frame").click()
    expect(page.locator(".stage[data-first]")).to_have_count(0)
    expect(page.locator(".stage[data-ready]")).to_be_visible()
    expect_zoom(page, 1.5)
    expect(divider(page)).to_have_attribute("aria-valuenow", "25")
    page.mouse.click(*place(page, 0.8, 0.3))
    wait(page, lambda: (mask(page) > 127).sum() > 1.8 * (before > 127).sum())
    assert (mask(page) >= before).all()


def test_a_picture_of_another_shape_is_shown_as_a_whole_with_no_mask(stage: Open) -> None:
    page = stage("mask")
    page.mouse.click(*place(page, 0.75, 0.25))
    wait(page, lambda: told(page)["mask"])
    page.get_by_role("button", name="Zoom in").click()
    page.get_by_role("button", name="Turn").click()
    wait(page, lambda: told(page)["mask"] is None)
    expect(page.locator(".zoom")).to_have_text("Fit")
    page.mouse.click(*place(page, 0.5, 0.5))
    wait(page, lambda: told(page)["mask"])
    assert mask(page).shape == SIZE
    assert abs(np.nonzero(mask(page) > 127)[0].mean() + 0.5 - SIZE[0] / 2) < 1.5


def test_quick_strokes_all_arrive(stage: Open) -> None:
    page = stage("mask")
    places = [(x / 10, y / 10) for x in (1, 3, 6, 9) for y in (1, 5)]
    for at in places:
        page.mouse.click(*place(page, *at))
    wait(page, lambda: all(selected(page, *at) == 255 for at in places))


def test_two_fingers_zoom_and_paint_nothing(stage: Open) -> None:
    page = stage("mask", width=400, has_touch=True)
    touch(page, [(0.4, 0.5), (0.6, 0.5)], [(0.4, 0.5), (0.8, 0.5)])
    expect_zoom(page, 2)
    page.locator(".zoom").click()
    page.touchscreen.tap(*place(page, 0.8, 0.25))
    wait(page, lambda: selected(page, 0.8, 0.25) == 255)
    assert selected(page, 0.4, 0.5) == 0


# ---------------------------------------------------------------------------------------- places and colour points


def test_each_press_is_told_once(stage: Open) -> None:
    page = stage("pick", busy="Looking for parts", takes="0.2")
    expect(page.get_by_text("Looking for parts")).to_be_visible()
    page.mouse.click(*place(page, 0.75, 0.25))
    page.mouse.click(*place(page, 0.25, 0.75))  # before the first was answered
    page.mouse.click(*place(page, 0.5, 0.3))
    drag(page, (0.3, 0.3), (0.6, 0.6))  # no press
    wait(page, lambda: len(told(page)["presses"]) == 3)
    another(page)
    wait(page, lambda: pixel(page, 0.9, 0.1) == AFTERS[1])
    assert told(page)["presses"] == [pytest.approx(at, abs=1) for at in ([180, 40], [60, 120], [120, 48])]


def points(page: Page) -> list[list[Any]]:
    found: list[list[Any]] = told(page)["points"]
    return found


def test_colour_points_come_move_change_and_go(stage: Open) -> None:
    page = stage("points")
    page.mouse.click(*place(page, 0.75, 0.75))  # where only the picture after is seen
    wait(page, lambda: len(points(page)) == 1)
    assert points(page) == [[pytest.approx(0.75, abs=0.005), pytest.approx(0.75, abs=0.005), "#ebcd3c"]]

    drag(page, (0.75, 0.75), (0.25, 0.5))
    wait(page, lambda: points(page)[0][0] < 0.3)
    assert points(page) == [[pytest.approx(0.25, abs=0.005), pytest.approx(0.5, abs=0.005), "#ebcd3c"]]

    picker = page.get_by_label("Colour of the point")
    expect(picker).to_have_value("#ebcd3c")
    picker.fill("#00ff80")
    picker.dispatch_event("change")
    wait(page, lambda: points(page)[0][2] == "#00ff80")

    page.keyboard.press("Escape")
    expect(page.locator(".popover")).to_be_hidden()
    page.mouse.click(*place(page, 0.6, 0.2))
    wait(page, lambda: len(points(page)) == 2)
    second = page.get_by_role("button", name="Colour point 2 of 2")
    second.focus()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("ArrowDown")
    wait(page, lambda: points(page)[1][0] > 0.606)
    assert points(page)[1][1] > 0.2
    page.keyboard.press("Delete")
    wait(page, lambda: [one[2] for one in points(page)] == ["#00ff80"])

    page.get_by_role("button", name="Colour point 1 of 1").click()
    page.get_by_role("button", name="Remove the point").click()
    wait(page, lambda: not points(page))


def test_python_puts_points(stage: Open) -> None:
    page = stage("points")
    page.mouse.click(*place(page, 0.75, 0.75))
    wait(page, lambda: len(points(page)) == 1)
    page.get_by_role("button", name="One red point").click()
    expect(page.get_by_role("button", name="Colour point 1 of 1, #ff0000")).to_be_visible()
    wait(page, lambda: points(page) == [[0.5, 0.25, "#ff0000"]])


# ------------------------------------------------------------------------------------------- pictures from outside

PNG = b"\x89PNG, and what a page makes of it"

GIVE = """(target, {kind, name, type, size, content}) => {
    const bytes = content ? Uint8Array.from(atob(content), (c) => c.charCodeAt(0)) : new Uint8Array(size);
    const data = new DataTransfer();
    data.items.add(new File([bytes], name, { type }));
    const about = { bubbles: true, composed: true, cancelable: true };
    const pasted = () => new ClipboardEvent(kind, { ...about, clipboardData: data });
    const dragged = () => new DragEvent(kind, { ...about, dataTransfer: data });
    target.dispatchEvent(kind === "paste" ? pasted() : dragged());
}"""


def give(target: Locator, kind: str, name: str = "photo.png", type: str = "image/png", **about: Any) -> None:
    target.evaluate(
        GIVE, {"kind": kind, "name": name, "type": type, "content": base64.b64encode(PNG).decode(), **about}
    )


def test_a_picture_is_dropped(stage: Open) -> None:
    page = stage()
    canvas, veil, note = page.locator(".stage canvas"), page.locator(".veil"), page.locator(".note")
    give(canvas, "dragover")
    expect(veil).to_be_visible()
    give(canvas, "drop")
    expect(veil).to_be_hidden()
    wait(page, lambda: told(page)["files"])
    assert told(page)["files"] == [["photo.png", len(PNG)]]
    expect(note).to_be_hidden()  # it is no longer being read
    give(canvas, "drop", "notes.txt", "text/plain")
    expect(note).to_have_text("notes.txt is not a picture. Try a JPEG, PNG or WebP.")
    give(canvas, "drop", "vast.png", content=None, size=60 * 1024 * 1024 + 1)
    expect(note).to_have_text("vast.png is larger than 60 MB. Make it smaller first.")
    another(page)
    wait(page, lambda: pixel(page, 0.9, 0.1) == AFTERS[1])
    assert len(told(page)["files"]) == 1


def test_a_large_picture_arrives_whole(stage: Open) -> None:
    page = stage()
    give(page.locator(".stage canvas"), "drop", content=None, size=20_000_000)  # more than Streamlit accepts unasked
    expect(page.locator(".note")).to_have_text("Reading photo.png…")
    wait(page, lambda: told(page)["files"])
    assert told(page)["files"] == [["photo.png", 20_000_000]]


def test_a_picture_is_pasted_into_the_one_that_was_touched_last(stage: Open) -> None:
    page = stage(two="")
    give(page.get_by_label("Notes"), "paste")  # this is for the text
    page.mouse.click(*place(page, 0.2, 0.2, which=1))
    give(page.locator("body"), "paste")
    wait(page, lambda: told(page, "two")["files"])
    assert told(page, "two")["files"] == [["photo.png", len(PNG)]]
    assert not told(page)["files"]
    page.mouse.click(*place(page, 0.2, 0.2))
    give(page.locator("body"), "paste", name="next.png")
    wait(page, lambda: told(page)["files"])
    assert told(page)["files"] == [["next.png", len(PNG)]]
    assert len(told(page, "two")["files"]) == 1


# ------------------------------------------------------------------------------------------------------ two, and small


def test_two_on_a_page_do_not_know_each_other(stage: Open) -> None:
    page = stage("mask", two="")
    page.mouse.click(*place(page, 0.3, 0.3))
    wait(page, lambda: told(page)["mask"])
    page.get_by_role("button", name="Zoom in").first.click()
    expect_zoom(page, 1.5)
    expect(page.locator(".zoom").nth(1)).to_have_text("Fit")
    assert told(page, "two")["mask"] is None


def test_a_phone_has_room_for_it_and_for_fingers(stage: Open) -> None:
    page = stage("mask", width=400, has_touch=True)
    main = page.get_by_test_id("stMain")
    assert main.evaluate("element => element.scrollWidth - element.clientWidth") <= 0
    buttons = page.locator(".toolbar button:visible")
    assert buttons.count() >= 4
    for button in buttons.all():
        box = button.bounding_box()
        assert box is not None and box["width"] >= 32 and box["height"] >= 32
