"""Two gallery models beside each other: linked maps under a hand, the same pictures, and a link that brings the group back."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.app import Tab, settle

pytestmark = pytest.mark.slow

LOOP = [(0.3, 0.3), (0.6, 0.3), (0.6, 0.6), (0.3, 0.6), (0.3, 0.35)]


@pytest.fixture
def page(tab: Tab) -> Page:
    page = tab("/compare?models=mnist-2d.mnist-vae", height=2600)
    expect(page.locator(".map .stage[data-ready]")).to_have_count(3)
    return page


def map_of(page: Page, k: int) -> Locator:
    return page.locator(f".st-key-compare-map-{k} .map")


def moved_to(page: Page, k: int, x: float, y: float) -> tuple[float, float]:
    box = map_of(page, k).locator("canvas.over").bounding_box()
    assert box is not None
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def sight(page: Page, k: int) -> str:
    return str(map_of(page, k).locator("canvas.base").evaluate("canvas => canvas.toDataURL()"))


def what_is_said(page: Page) -> str:
    """The words and figures about a group; not those of its buttons, whose icons are words until their font is there."""
    return "\n".join(page.locator(".st-key-compare-group :is(b, .muted, .sheet)").all_inner_texts())


def test_what_differs_stands_first_and_pca_is_always_there(page: Page) -> None:
    expect(page.get_by_role("heading", name="What differs")).to_be_visible()
    expect(page.locator(".sheet").first).to_contain_text("Code size")
    text = page.locator("main").inner_text()
    assert text.index("What differs") < text.index("The same pictures")
    assert "PCA, 2 NUMBERS: ERROR" in text.upper()


def test_a_group_circled_on_one_map_lights_up_on_the_others_and_in_a_link(
    page: Page, contexts: Callable[..., BrowserContext]
) -> None:
    before = [sight(page, k) for k in range(3)]
    map_of(page, 0).locator(".lasso").click()
    page.mouse.move(*moved_to(page, 0, *LOOP[0]))
    page.mouse.down()
    for corner in LOOP[1:]:
        page.mouse.move(*moved_to(page, 0, *corner), steps=4)
    page.mouse.up()
    page.wait_for_url("**lasso=*")
    settle(page)
    group = page.locator(".st-key-compare-group")
    expect(group).to_contain_text("pictures circled on Digits, a map")
    said = what_is_said(page)
    assert int(re.search(r"([\d,]+) pictures circled", said).group(1).replace(",", "")) > 20  # type: ignore[union-attr]
    page.wait_for_timeout(500)
    assert all(sight(page, k) != before[k] for k in range(3))
    pictures = group.locator("img").evaluate_all("all => all.map(one => one.src)")

    other = contexts(height=2600).new_page()
    other.goto(page.url, wait_until="commit")
    settle(other)
    expect(other.locator(".st-key-compare-group")).to_contain_text("pictures circled on Digits, a map")
    assert what_is_said(other) == said
    assert other.locator(".st-key-compare-group img").evaluate_all("all => all.map(one => one.src)") == pictures

    page.locator(".st-key-compare-clear button:visible").click()
    page.wait_for_url(re.compile("^(?!.*lasso=)"))
    expect(group).to_have_count(0)


def test_a_press_on_a_map_shows_that_picture_through_each_model(page: Page) -> None:
    large = page.locator(".st-key-compare-large img").first
    before = large.get_attribute("src")
    page.mouse.click(*moved_to(page, 1, 0.35, 0.6))
    expect(large).not_to_have_attribute("src", before or "")
    assert "image=" in page.url
    expect(page.locator(".st-key-compare-large img")).to_have_count(9)  # itself, and two of each model and PCA


@pytest.mark.parametrize(("width", "theme"), [(400, "dark"), (1400, "light")])
def test_it_fits_its_screen(tab: Tab, width: int, theme: str) -> None:
    page = tab("/compare?models=mnist-2d.mnist-vae.mnist-gan.restore", width=width, theme=theme)
    expect(page.get_by_role("heading", name="The same photo")).to_be_visible()
    assert page.evaluate("() => document.scrollingElement.scrollWidth") <= width
