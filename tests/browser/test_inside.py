"""Looking inside real gallery models: a layer, a unit and a picture are pressed, and a link brings the same sight back."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Locator, Page, expect

from selfsup_engine.exploring import answering
from selfsup_engine.exploring.inside import Inside
from selfsup_engine.runs import ROOT, RunFolder
from tests.browser.app import Tab, press, settle

pytestmark = pytest.mark.slow


def opened(name: str) -> Inside:
    return Inside(RunFolder(ROOT / "checkpoints" / "gallery" / name))


def layers(page: Page) -> Locator:
    return page.locator(".network button")


def preferred(page: Page) -> list[np.ndarray]:
    """The pictures that the page says a unit answers to most, as (H, W) or (H, W, 3) uint8."""
    sources = page.locator(".shots.six").first.locator("img").evaluate_all("all => all.map(one => one.src)")
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(source.split(",")[1])))) for source in sources]


def said(page: Page) -> str:
    return "\n".join(page.locator(".st-key-tool :is(h3, .eyebrow, .muted, .facts, figcaption)").all_inner_texts())


def test_a_layer_and_a_unit_are_pressed_and_the_pictures_are_the_right_ones(
    tab: Tab, contexts: Callable[..., BrowserContext]
) -> None:
    page = tab("/inside?model=fashion-2d")
    expect(layers(page)).to_have_count(8)
    expect(layers(page).first).to_have_attribute("aria-pressed", "true")
    page.locator("[class*=st-key-inside-images] button").nth(4).click()
    page.wait_for_url("**image=*")
    layers(page).nth(1).click()
    page.wait_for_url("**layer=1*")
    expect(page.locator(".st-key-tool h3")).to_have_text("Linear, 512 to 256")
    page.locator("[class*=st-key-units-] button").nth(40).click()
    page.wait_for_url("**unit=40*")
    expect(page.get_by_text("Unit 41 of 256")).to_be_visible()
    settle(page)

    inside = opened("fashion-2d")
    layer = inside.layers[1]
    rows = answering.preference(answering.answers(inside, layer), 40, layer.bends).most
    wanted = inside.pictures(inside.passes[0], rows)
    seen = preferred(page)
    assert len(seen) == 12
    assert all(np.array_equal(one, image[0]) for one, image in zip(seen, wanted, strict=True))

    other = contexts().new_page()
    other.goto(page.url, wait_until="commit")
    settle(other)
    expect(other.get_by_text("Unit 41 of 256")).to_be_visible()
    for _ in range(40):  # what is below comes last
        if said(other) == said(page):
            break
        other.wait_for_timeout(250)
    assert said(other) == said(page)
    assert all(np.array_equal(a, b) for a, b in zip(preferred(other), seen, strict=True))
    expect(layers(other).nth(1)).to_have_attribute("aria-pressed", "true")

    page.go_back()
    page.wait_for_url(re.compile(r"^(?!.*unit=40)"))
    settle(page)
    expect(page.get_by_text("Unit 41 of 256")).to_have_count(0)


def test_the_weights_of_a_unit_lead_to_it_and_keys_walk_the_layers(tab: Tab) -> None:
    page = tab("/inside?model=fashion-2d&layer=7")
    page.locator("[class*=st-key-weights-] button").nth(5).click()  # what a unit of the layer before draws
    page.wait_for_url("**layer=6*")
    unit = int(re.search(r"unit=(\d+)", page.url).group(1))  # type: ignore[union-attr]
    expect(page.get_by_text(f"Unit {unit + 1} of 512")).to_be_visible()
    layers(page).nth(6).focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    page.wait_for_url("**layer=4*")
    expect(page.locator(".st-key-tool h3")).to_have_text("Linear, 2 to 128")


def test_filters_of_a_real_convolution_in_colour(tab: Tab) -> None:
    page = tab("/inside?model=emoji-conv&unit=3")
    expect(page.locator("[class*=st-key-units-] button")).to_have_count(32)
    page.locator("[class*=st-key-filters-] button").nth(9).click()
    page.wait_for_url("**unit=9*")
    expect(page.get_by_text("Map 10 of 32")).to_be_visible()
    with page.expect_download() as waiting:
        press(page, "png-of-filters")
    sheet = np.asarray(Image.open(io.BytesIO(Path(waiting.value.path()).read_bytes())))
    assert sheet.shape[2] == 3 and min(sheet.shape[:2]) > 200
    assert np.ptp(sheet.astype(int), axis=2).max() > 60  # colours, not greys


def test_what_was_learned_is_probed_before_ones_eyes(tab: Tab) -> None:
    page = tab("/inside?model=mnist-2d")
    page.get_by_role("radio", name="What it learned").click()
    expect(page.get_by_text("The code, 2 numbers, tells")).to_be_visible()
    expect(page.locator(".st-key-probes .js-plotly-plot")).to_be_visible()
    assert page.locator(".probes tr").count() == 7
    assert "part=learned" in page.url


def test_from_the_sampler_to_the_inside_of_the_very_sample(tab: Tab) -> None:
    page = tab("/gan?model=fashion-gan&at=0.5")
    page.locator(".screen[data-turn]").wait_for()
    press(page, "look-inside")
    page.wait_for_url("**/inside?*at=0.5*")
    expect(layers(page)).to_have_count(8)
    page.get_by_role("radio", name="What a number moves").click()
    expect(page.get_by_text("The directions of the sampler's sliders")).to_be_visible()
    expect(page.locator(".st-key-tool .shots").first.locator("img")).to_have_count(11)


def test_a_phone_shows_a_unit_below_the_units_and_the_diagram_scrolls(tab: Tab) -> None:
    page = tab("/inside?model=emoji-conv&layer=8", width=400, height=800, theme="dark")
    expect(layers(page).nth(8)).to_be_in_viewport()
    main = page.get_by_test_id("stMain")
    assert main.evaluate("element => element.scrollWidth - element.clientWidth") <= 0
    expect(page.locator(".shots.six").first).to_be_visible()
    settle(page)
    tops = [
        box["y"]
        for place in ("[class*=st-key-units-]", ".shots.six >> nth=0", "[class*=st-key-filters-]")
        if (box := page.locator(place).first.bounding_box())
    ]
    assert len(tops) == 3 and tops == sorted(tops)
