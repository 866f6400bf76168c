"""Every page as somebody's first one: on a fresh server, by its link, in both themes, on a phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.app import Server, Tab, settle

pytestmark = pytest.mark.slow

PAGES = {
    "/": "Watch a small model",
    "/train": "Train a model",
    "/latent": "Latent space",
    "/inside": "Inside",
    "/library": "Library",
    "/self-test": "Self-test",
}
FIRST = ["/", "/train?run=restore", "/latent"]
"""Of those that need torch one that looks at a run, and one that opens a model, while the server is still loading it."""


@pytest.mark.parametrize("path", FIRST)
def test_a_fresh_server_answers_any_link(
    path: str, tmp_path_factory: pytest.TempPathFactory, contexts: Callable[..., BrowserContext]
) -> None:
    server = Server(tmp_path_factory.mktemp("fresh"))
    try:
        page = contexts().new_page()
        page.goto(f"{server.url}{path}", wait_until="commit")
        settle(page)
        heading = PAGES.get(path, "Time machine")
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
        expect(page.get_by_test_id("stException")).to_have_count(0)
        page.close()
        assert "Traceback" not in server.log()
    finally:
        server.close()


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_wider_than_a_phone_in_light_and_in_dark(tab: Tab, path: str) -> None:
    page = tab(path, width=400, height=800)
    main, seen = page.get_by_test_id("stMain"), set()
    for theme in ("light", "dark"):
        if theme == "dark":
            page.emulate_media(color_scheme=theme)
            page.reload(wait_until="commit")
            settle(page)
        expect(page.get_by_role("heading", name=PAGES[path])).to_be_visible()
        assert main.evaluate("element => element.scrollWidth - element.clientWidth") <= 0
        seen.add(main.evaluate("element => getComputedStyle(element.closest('.stApp')).backgroundColor"))
    assert len(seen) == 2


def test_a_phone_has_a_row_of_links_and_no_drawer(tab: Tab) -> None:
    page = tab("/", width=400, height=800, has_touch=True)
    menu = page.locator(".st-key-phone-menu")
    for name, heading in (("Train", "Train a model"), ("Latent", "Latent space"), ("Library", "Library")):
        menu.get_by_role("link", name=name).tap()
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    expect(page.get_by_test_id("stExpandSidebarButton")).to_be_hidden()


def test_home_leads_to_the_gallery_and_to_training(tab: Tab) -> None:
    page = tab()
    ways = {
        "Explore": ("latent", ".map canvas.over"),
        "Steer": ("gan", ".screen[data-turn]"),
        "Apply": ("gradients", ".stage[data-ready]"),
    }
    for verb, (where, shown) in ways.items():
        page.locator("[class*=st-key-explore-]").get_by_role("button", name=verb, exact=True).first.click()
        page.wait_for_url(f"**/{where}?model=*")
        expect(page.locator(shown)).to_be_visible()
        page.goto(page.url.split(f"/{where}")[0])
    page.get_by_role("button", name="Train a model").click()
    expect(page.get_by_role("heading", name="Train a model")).to_be_visible()
