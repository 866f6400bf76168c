"""The time machine in a browser: a gallery model is scrubbed by pointer and keys, a run while it is trained, and both are filmed."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from dashboard.components.scripted import blob
from selfsup_engine.runs import RunFolder
from tests.browser.app import Server, Tab, press
from tests.browser.test_training import begin, choose, state, step

pytestmark = pytest.mark.slow

PIXELS = "canvas => canvas.toDataURL()"


MOUNT = """async (messages) => {
  const { mounted } = await import(new URL("app/static/blob.js", document.baseURI));
  const told = [], parentElement = document.body.appendChild(document.createElement("div"));
  const mount = mounted(class {
    update({ name }) { told.push(name); }
    destroy() { told.push("gone"); }
  });
  const ends = messages.map((message) => mount({ parentElement, data: Uint8Array.from(atob(message), (c) => c.charCodeAt(0)) }));
  await Promise.resolve().then(ends[1]).then(ends[2]);
  await new Promise((rest) => setTimeout(rest, 50));
  parentElement.remove();
  ends[0]();
  return told;
}"""


def machine(page: Page) -> Locator:
    """The slider, once all snapshots were looked at and the pictures of its step are drawn."""
    slider = page.locator(".timeline .scrub")
    expect(slider).to_be_visible()
    expect(page.locator(".timeline .waiting")).to_be_empty()
    expect(page.locator(".timeline .after")).to_have_attribute("data-shows", re.compile(r"\d+"))
    return slider


def stands_at(page: Page, number: int) -> None:
    """The cursor is there, and the pictures are of that step."""
    expect(page.locator(".timeline .step")).to_have_text(f"step {number:,}")
    expect(page.locator(".timeline .after")).to_have_attribute("data-shows", str(number))


def seen(page: Page, what: str) -> str:
    page.wait_for_timeout(400)  # points have come to where they go
    return str(page.locator(f".timeline .{what} canvas").evaluate(PIXELS))


def drag(page: Page, slider: Locator, start: float, end: float) -> None:
    """Along the slider, from one share of its width to another."""
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + start * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + end * box["width"], y, steps=12)
    page.mouse.up()


def test_a_gallery_model_is_scrubbed_and_played_and_linked(tab: Tab) -> None:
    page = tab("/train?run=mnist-2d")
    slider = machine(page)
    stands_at(page, 30_000)
    end = {what: seen(page, what) for what in ("map", "after", "before")}
    curve = slider.locator("canvas").evaluate(PIXELS)

    drag(page, slider, 0.98, 0.02)
    stands_at(page, 0)
    begun = {what: seen(page, what) for what in ("map", "after", "before")}
    assert begun["after"] != end["after"]  # other pictures,
    assert begun["map"] != end["map"]  # another map,
    assert slider.locator("canvas").evaluate(PIXELS) != curve  # the cursor on the curve,
    assert begun["before"] == end["before"]  # of the same images
    page.wait_for_url("**snap=0*")
    expect(page.locator(".timeline .figures dd").first).to_have_text("0.2323")

    slider.press("ArrowRight")
    stands_at(page, 32)
    assert seen(page, "map") != begun["map"]
    slider.press("End")
    stands_at(page, 30_000)
    page.wait_for_function("() => !location.search.includes('snap')")

    slider.press("Home")
    stands_at(page, 0)
    page.locator(".timeline .step").evaluate(
        "said => { window.said = []; new MutationObserver(() => window.said.push(said.textContent)).observe(said, { childList: true }) }"
    )
    page.locator(".timeline .speed").click()
    page.locator(".timeline .speed").click()  # four times as fast
    page.locator(".timeline .play").click()
    stands_at(page, 30_000)
    on_its_way = [int(said.removeprefix("step ").replace(",", "")) for said in page.evaluate("window.said")]
    assert on_its_way == [32, 64, 192, 384, 1024, 2048, 6144, 12288, 30000]
    expect(page.locator(".timeline .play")).to_have_text("Play")

    other = tab("/train?run=mnist-2d&snap=192")
    machine(other)
    stands_at(other, 192)


@pytest.mark.parametrize(
    ("name", "number", "width", "theme"), [("mnist-gan", 1024, 400, "dark"), ("restore", 256, 1280, "light")]
)
def test_samples_and_a_photo_are_scrubbed(tab: Tab, name: str, number: int, width: int, theme: str) -> None:
    page = tab(f"/train?run={name}", width=width, theme=theme)
    slider = machine(page)
    expect(page.locator(".timeline .map")).to_be_hidden()
    end = seen(page, "after")
    slider.press("Home")
    stands_at(page, 0)
    begun = seen(page, "after")
    page.goto(page.url.split("&")[0].split("?")[0] + f"?run={name}&snap={number}", wait_until="commit")
    machine(page)
    stands_at(page, number)
    assert len({begun, end, seen(page, "after")}) == 3
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_a_newer_call_overtook_while_the_script_was_loaded_is_never_shown(tab: Tab) -> None:
    messages = [blob({"name": name}) for name in ("the newest", "the first, come late", "the second, come last")]
    told = tab("/").evaluate(MOUNT, [base64.b64encode(message).decode() for message in messages])
    assert told == ["the newest", "gone"]


def finger(page: Page) -> Callable[[Locator, float], None]:
    client = page.context.new_cdp_session(page)

    def touch(slider: Locator, share: float) -> None:
        slider.scroll_into_view_if_needed()
        box = slider.bounding_box()
        assert box is not None
        at = [{"x": box["x"] + share * box["width"], "y": box["y"] + box["height"] / 2}]
        client.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": at})
        client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    return touch


def test_a_run_is_scrubbed_while_it_is_trained_and_filmed_after(tab: Tab, server: Server) -> None:
    page = tab("/train", has_touch=True)
    choose(page, "digits")
    name = begin(page)
    slider = page.locator(".timeline .scrub")
    expect(slider).to_have_attribute("aria-valuemax", re.compile(r"[1-9]\d+"))
    state(page, "training")

    finger(page)(slider, 0.03)
    stands_at(page, 0)
    begun = seen(page, "after")
    had, reached = int(slider.get_attribute("aria-valuemax") or 0), step(page)
    page.wait_for_function(
        f"() => Number(/step ([\\d,]+) /.exec(document.body.innerText)[1].replace(',', '')) > {reached}"
    )
    expect(slider).not_to_have_attribute("aria-valuemax", str(had))  # a newer snapshot is there,
    state(page, "training")  # it goes on,
    stands_at(page, 0)  # and the cursor is where the hand put it
    assert seen(page, "after") == begun

    slider.press("End")
    at_the_end = page.locator(".timeline .step").inner_text()
    expect(page.locator(".timeline .step")).not_to_have_text(at_the_end)  # there it follows the newest
    assert seen(page, "after") != begun
    press(page, "stop")
    state(page, "stopped early")
    assert RunFolder(server.runs / name).usable

    press(page, "make-film")
    button = page.locator(".st-key-download-film button:visible")
    expect(button).to_be_visible()
    with page.expect_download() as download:
        button.click()
    assert download.value.suggested_filename == f"{name}-timelapse.gif"
    with Image.open(download.value.path()) as film:
        assert film.format == "GIF"
        assert film.n_frames > 20
