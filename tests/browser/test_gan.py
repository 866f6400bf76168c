"""A GAN from the form to the instrument: trained, sampled, steered while a slider is dragged, filmed, shown a picture, and shared."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from dashboard.components.instrument import OF_A_GENERATOR
from dashboard.components.scripted import blob
from selfsup_engine.exploring.sampling import Sampler
from selfsup_engine.exploring.spot import Spot
from selfsup_engine.images import encode
from selfsup_engine.runs import ROOT, RunFolder
from tests.browser.app import Server, Tab, press, settle

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model(server: Server, gan_once: RunFolder) -> Iterator[RunFolder]:
    """A GAN in the library of the server."""
    import shutil

    yield RunFolder(Path(shutil.copytree(gan_once.path, server.runs / "digits-gan")))


@pytest.fixture
def page(tab: Tab, model: RunFolder) -> Page:
    page = tab(f"/gan?model={model.name}")
    drawn(page)
    return page


def drawn(page: Page) -> np.ndarray:
    """The picture on the screen, as (S, S) grey values, once there is one."""
    page.locator(".screen[data-turn]").wait_for()
    address = page.locator(".screen canvas").evaluate("canvas => canvas.toDataURL()")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.split(",")[1]))).convert("L"))


def at(page: Page) -> Spot:
    """The sample in the address bar."""
    return Spot.parse(page.url.split("at=")[1].split("&")[0])


def bytes_of(page: Page, key: str) -> bytes:
    settle(page)
    with page.expect_download() as waiting:
        press(page, key)
    return Path(waiting.value.path()).read_bytes()


def slider(page: Page, row: int) -> tuple[float, float, float]:
    """Where the middle of a slider is on the page, and how wide it is."""
    box = page.locator(".rows.main input[type=range]").nth(row).bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, box["width"]


def test_train_watch_and_steer(tab: Tab, server: Server) -> None:
    page = tab("/train?data=digits&family=dcgan")
    expect(page.get_by_role("radio", name="2 min")).to_be_checked()  # a GAN's first run has more time
    page.get_by_role("radio", name="Steps").click()
    steps = page.get_by_label("Steps", exact=True).last
    steps.fill("12")
    steps.press("Enter")
    page.get_by_text("All settings").click()
    for setting, value in (("width", "16"), ("size", "32")):
        field = page.locator(f".st-key-config-dcgan-digits-default-{setting} input")
        field.fill(value)
        field.press("Enter")
        settle(page)
    expect(page.get_by_text("images/s, measured here now")).to_be_visible()
    press(page, "train")
    page.wait_for_url("**run=*")
    expect(page.locator("h2 .pill")).to_have_text("ready", timeout=180_000)
    expect(page.get_by_alt_text("Samples, from the same random numbers at each look")).to_be_visible()
    press(page, "explore")
    page.wait_for_url("**/gan?model=*")
    name = page.url.split("model=")[1].split("&")[0]
    sampler = Sampler(RunFolder(server.runs / name))
    page.wait_for_url("**at=*")
    assert sampler.size == 32
    assert np.array_equal(drawn(page), sampler.images([at(page)])[0, 0])


@pytest.mark.parametrize("past_the_page", [True, False])
def test_pictures_follow_a_slider_while_it_is_dragged(page: Page, model: RunFolder, past_the_page: bool) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/direct/" in request.url else None)
    if not past_the_page:
        page.route("**/direct/*", lambda route: route.fulfill(status=204))  # another status is an error to the console
    opened = page.url
    x, y, width = slider(page, 1)
    page.mouse.move(x, y)
    page.mouse.down()
    seen = [drawn(page).tobytes()]
    for share in (0.15, 0.25, 0.35):
        before = page.locator(".screen").get_attribute("data-turn") or ""
        page.mouse.move(x + share * width, y)
        expect(page.locator(".screen")).not_to_have_attribute("data-turn", before)
        page.wait_for_timeout(150)
        seen.append(drawn(page).tobytes())
    assert len(set(seen)) == 4
    assert len(asked) == (3 if past_the_page else 1)  # where it is not answered the page is told instead
    assert page.url == opened  # the button is still down: nothing of this is a step yet
    page.mouse.up()
    page.wait_for_url("**g0_*")
    settle(page)
    assert drawn(page).tobytes() == seen[-1]
    assert np.array_equal(drawn(page), Sampler(model).images([at(page)])[0, 0])
    press(page, "undo")
    page.wait_for_url(lambda address: "g0_" not in address)
    expect(page.locator(".rows.main output").nth(1)).to_have_text("0.00")
    settle(page)
    assert drawn(page).tobytes() == seen[0]


def test_what_is_pressed_right_after_a_drag_knows_where_it_ended(page: Page) -> None:
    box = page.locator(".st-key-keep button:visible").bounding_box()
    assert box is not None
    for row in (1, 2):
        x, y, width = slider(page, row)
        page.mouse.move(x, y)
        page.mouse.down()
        for share in (0.1, 0.2, 0.3, 0.4):
            page.mouse.move(x + share * width, y)
        page.mouse.up()
        page.wait_for_timeout(
            150
        )  # no hand is sooner; within some 30 ms Streamlit takes both for one message, and a press is lost
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_url("**shelf=*")
    settle(page)
    stand = [float(text) for text in page.locator(".rows.main output").all_inner_texts()[1:3]]
    assert dict(at(page).moves) == {"g0": stand[0], "g1": stand[1]} and min(stand) > 1
    assert page.url.endswith(f"shelf={at(page)}")
    press(page, "undo")  # the shelf first, then the sliders one by one
    page.wait_for_url(lambda address: "shelf" not in address)
    press(page, "undo")
    page.wait_for_url(lambda address: "g1_" not in address)


def test_a_link_draws_the_same_bytes_in_a_fresh_browser(page: Page, contexts: Callable[..., BrowserContext]) -> None:
    page.get_by_role("button", name="Lock Truncation").click()
    page.get_by_role("button", name="Randomise").click()
    page.wait_for_url("**g9_*")
    page.locator(".st-key-sheet button").nth(8).click()
    page.wait_for_url("**at=0.8*")
    settle(page)
    page.get_by_role("button", name="Randomise").click()
    page.wait_for_url("**at=0.8~g*")
    settle(page)
    here, file = drawn(page), bytes_of(page, "sample-png")
    other = contexts().new_page()
    other.goto(page.url, wait_until="commit")
    settle(other)
    assert np.array_equal(drawn(other), here)
    assert bytes_of(other, "sample-png") == file
    expect(other.locator(".row.locked")).to_have_count(1)
    expect(other.locator(".st-key-sheet button[aria-pressed=true]")).to_have_attribute("title", "no. 8 of seed 0")


PLAYED = """async ([html, bytes]) => {
  const { default: mount } = await import(new URL("app/static/instrument.js", document.baseURI));
  const parentElement = document.createElement("div");
  parentElement.innerHTML = html;
  const said = (window.said = []);
  const hear = (name, value) => name === "set" && said.push(structuredClone(value));
  window.answer = (bytes) => mount({ data: new Uint8Array(bytes), parentElement, setStateValue: hear });
  window.answer(bytes);
  window.move = (to, type) => {
    const range = parentElement.querySelectorAll("input[type=range]")[1];
    range.value = to;
    range.dispatchEvent(new Event(type));
  };
}"""


def test_a_drag_on_a_busy_server_pauses_and_its_end_does_not(
    server: Server, contexts: Callable[..., BrowserContext]
) -> None:
    page = contexts().new_page()  # of a browser of its own, whose clock can be stopped
    page.goto(server.url)
    settle(page)

    def answer(turn: int, pause: int) -> list[int]:
        header = {
            "stamp": 1, "turn": turn, "pause": pause, "setting": {"moves": {}, "truncation": 0, "locked": []},
            "sliders": [{"id": "g0", "name": "Height", "change": 1}], "numbers": [], "gauge": None, "truncates": True,
            "wording": OF_A_GENERATOR._asdict(), "near": 0, "side": 1, "channels": 1,
        }  # fmt: skip
        return list(blob(header, b"0", b"0", b"0"))

    def said() -> list[Any]:
        return list(page.evaluate("said.map(([moves, , , rest, turn]) => [moves.g0, rest, turn])"))

    def tell(turn: int, pause: int) -> None:
        page.evaluate("bytes => answer(bytes)", answer(turn, pause))
        page.clock.run_for(1)  # a component takes in nothing at once: it may have been overtaken

    html = ROOT / "dashboard" / "components" / "instrument" / "instrument.html"
    page.clock.install()
    page.clock.pause_at(page.evaluate("Date.now()") + 1000)
    page.evaluate(PLAYED, [html.read_text(), answer(0, 0)])
    page.clock.run_for(1)
    page.evaluate("move(0.5, 'input')")
    page.evaluate("move(0.6, 'input')")
    ((moved, rest, turn),) = said()  # at once, and the next one not before that is answered
    assert (moved, rest) == (0.5, False)
    tell(turn, 200)
    page.clock.run_for(190)
    assert len(said()) == 1
    page.evaluate("move(0.7, 'input')")
    page.clock.run_for(20)
    *_, (moved, rest, turn) = said()
    assert (len(said()), moved, rest) == (2, 0.7, False)  # where the hand is by now
    tell(turn, 400)
    page.evaluate("move(0.8, 'input')")
    assert len(said()) == 2
    page.evaluate("move(0.8, 'change')")
    assert said()[2][:2] == [0.8, True]
    page.clock.run_for(1000)
    assert len(said()) == 3
    tell(said()[2][2], 0)
    page.evaluate("move(0.9, 'input')")
    page.clock.run_for(1400)
    tell(said()[3][2], 500)
    page.evaluate("move(1, 'input')")
    page.clock.run_for(490)  # an answer that is no longer waited for cuts no pause short
    assert len(said()) == 4
    page.clock.run_for(20)
    assert said()[4][:2] == [1, False]


def test_a_slider_is_renamed_for_good_and_compared_with_before(page: Page, tab: Tab, model: RunFolder) -> None:
    page.locator(".rows.main .name").nth(1).click()
    page.get_by_label("New name").fill("the curl")
    page.keyboard.press("Enter")
    expect(page.locator(".rows.main .name").nth(1)).to_have_text("the curl")
    settle(page)
    expect(tab(f"/gan?model={model.name}").locator(".rows.main .name").nth(1)).to_have_text("the curl")
    page.locator(".rows.main input[type=range]").nth(1).focus()
    for _ in range(40):
        page.keyboard.press("ArrowRight")
    page.wait_for_url("**g0_1*")
    settle(page)
    moved = drawn(page)
    box = page.locator(".screen").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + 60)
    page.mouse.down()
    expect(page.locator(".badge")).to_be_visible()
    page.wait_for_timeout(150)
    assert np.array_equal(drawn(page), Sampler(model).images([Spot(at(page).seed, at(page).index)])[0, 0])
    page.mouse.up()
    page.wait_for_timeout(150)
    assert np.array_equal(drawn(page), moved)


def test_a_loop_is_exported(page: Page, model: RunFolder) -> None:
    press(page, "fill-shelf")
    expect(page.get_by_alt_text("a loop through the kept samples")).to_be_visible()
    for kind in ("gif", "webp"):
        with Image.open(io.BytesIO(bytes_of(page, f"loop-{kind}"))) as film:
            assert (film.format, film.size, film.n_frames) == (kind.upper(), (256, 256), 96)  # type: ignore[attr-defined]
    page.locator(".st-key-shelf-grid button").nth(2).click()
    page.wait_for_url("**at=0.2*")


def test_the_plane_is_walked(page: Page) -> None:
    page.get_by_role("radio", name="Plane").click()
    page.locator(".pad").scroll_into_view_if_needed()
    settle(page)
    box = page.locator(".pad").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.6 * box["height"])
    page.mouse.down()
    expect(page.get_by_alt_text("the picture at that place")).to_be_visible()
    before = page.url
    page.mouse.up()
    page.wait_for_function("before => location.href !== before", arg=before)
    assert at(page).code


def test_a_picture_of_ones_own_is_found_or_refused(page: Page, model: RunFolder) -> None:
    page.get_by_role("radio", name="Your picture").click()
    files = page.locator(".st-key-own-picture input[type=file]")
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    files.set_input_files({"name": "noise.png", "mimeType": "image/png", "buffer": encode(noise)})
    expect(page.get_by_text("This generator cannot draw that.")).to_be_visible()
    own = encode(Sampler(model).images([Spot(9, 9)])[0].transpose(1, 2, 0))
    files.set_input_files({"name": "own.png", "mimeType": "image/png", "buffer": own})
    expect(page.get_by_text("It can draw that.")).to_be_visible()
    settle(page)
    assert np.array_equal(drawn(page), Sampler(model).images([at(page)])[0, 0])
    x, y, width = slider(page, 1)
    page.mouse.click(x + 0.3 * width, y)  # its sliders are live
    page.wait_for_url("**g0_*")


@pytest.mark.parametrize("width", [400, 1400])
@pytest.mark.parametrize("tool", ["Shelf", "Plane", "More like this"])
def test_it_fits_its_screen_in_both_themes(tab: Tab, model: RunFolder, width: int, tool: str) -> None:
    page = tab(f"/gan?model={model.name}&tool={tool}&shelf=1.1~~1.2~~1.3", width=width, theme="dark")
    drawn(page)
    main = page.get_by_test_id("stMain")
    assert main.evaluate("element => element.scrollWidth - element.clientWidth") <= 0
