"""A page as a link and as a file: opened in a fresh browser, each explorer shows the same bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.app import Server, Tab, press, settle

pytestmark = pytest.mark.slow

EXPLORERS = {
    "latent": "/latent?model=fashion-2d&x=1.5&y=-0.75&zoom=2&cx=1.5&cy=-0.75&tool=Dimensions&hide=0.3",
    "gan": "/gan?model=fashion-gan&at=7.12~g0_1.5&seed=7&tool=Plane&near=True",
    "gradients": "/gradients?photo=chelsea&operation=flatten&settings={%22strength%22:0.5}&tool=Figures",
    "compare": "/compare?models=mnist-2d.mnist-vae&order=worst&colour=error&image=7",
}
"""Of each explorer a state that is not its usual one."""


def pictures(page: Page) -> list[str]:
    """Digests of all pictures on a page, those of its components included, once they no longer change."""
    before: list[str] = []
    for _ in range(40):
        page.wait_for_timeout(500)
        settle(page)
        images = page.locator("main img").evaluate_all("all => all.map(one => one.currentSrc || one.src)")
        canvases = page.locator("main canvas").evaluate_all("all => all.map(one => one.width ? one.toDataURL() : '')")
        now = [hashlib.sha256(text.encode()).hexdigest()[:12] for text in [*images, *canvases]]
        if now and now == before:
            return now
        before = now
    raise AssertionError("the page does not come to rest")


def opened(tab: Tab, path: str) -> Page:
    page = tab(path)
    expect(page.locator(".st-key-page-header h1")).to_be_visible()
    expect(page.locator("main canvas, main img").first).to_be_visible()
    return page


@pytest.mark.parametrize("explorer", EXPLORERS)
def test_the_same_link_shows_the_same_bytes_in_a_fresh_browser(
    tab: Tab, contexts: Callable[..., BrowserContext], explorer: str
) -> None:
    first = opened(tab, EXPLORERS[explorer])
    shown = pictures(first)
    link = first.url.partition("/" + explorer)[2]
    assert "model" in link or explorer == "gradients"
    again = opened(tab, f"/{explorer}{link}")
    assert pictures(again) == shown
    usual = opened(tab, f"/{explorer}")
    assert pictures(usual) != shown


def test_a_state_is_taken_along_as_a_file_and_opened_from_another_page(
    tab: Tab, server: Server, tmp_path: Path
) -> None:
    page = opened(tab, EXPLORERS["gan"])
    shown = pictures(page)
    press(page, "share")
    with page.expect_download() as waiting:
        press(page, "state-file")
    file = tmp_path / "state.json"
    waiting.value.save_as(file)
    said = json.loads(file.read_text())
    assert said["page"] == "gan" and said["models"][0]["name"] == "fashion-gan"

    other = opened(tab, "/latent")
    press(other, "share")
    other.locator(".st-key-open-state-0 input[type=file]").set_input_files(file)
    other.wait_for_url(lambda url: "/gan?" in url)
    settle(other)
    expect(other.locator("h1")).to_have_text("GAN sampler")
    assert pictures(other) == shown


def test_a_link_to_a_model_that_is_not_here_says_which_and_how_to_get_it(tab: Tab) -> None:
    page = opened(tab, "/latent?model=grandmas-shoes&weights=0123456789abcdef&x=1&y=1")
    warning = page.locator(".st-key-missing-model-0")
    expect(warning).to_contain_text("grandmas-shoes")
    expect(warning).to_contain_text("upload it in the library")
    press(page, "missing-read-0")
    expect(warning).to_have_count(0)
    expect(page.locator(".map canvas.over").last).to_be_visible()
