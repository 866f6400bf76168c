"""A public host, with two browsers on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.app import Server, press, settle

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SELFSUP_PUBLIC", "seconds=45,at_once=1")
        running = Server(tmp_path_factory.mktemp("public"))
    try:
        yield running
    finally:
        running.close()
    assert "Traceback" not in running.log(), running.log()


def go(page: Page, server: Server, path: str) -> Page:
    page.set_default_timeout(45_000)
    page.goto(f"{server.url}{path}", wait_until="commit")
    return settle(page)


def test_two_visitors_train_at_once_and_see_only_their_own(
    server: Server, contexts: Callable[..., BrowserContext]
) -> None:
    anna, ben = contexts(), contexts()
    hers, his = go(anna.new_page(), server, "/train?data=digits"), go(ben.new_page(), server, "/train?data=shapes")
    press(hers, "train")
    hers.wait_for_url("**run=digits-*")
    press(his, "train")
    his.wait_for_url("**run=shapes-*")
    expect(his.get_by_text("1 run before it in the queue. Each trains for at most 45 s")).to_be_visible()

    go(his, server, hers.url.removeprefix(server.url))
    expect(his.get_by_text("Runs are seen only in the browser that trained them")).to_be_visible()
    go(his, server, "/library")
    expect(his.get_by_text("Yours (1)")).to_be_visible()
    expect(his.locator("[class*='st-key-card-']").first).to_contain_text("Shapes")
    assert "Small digits, 2 numbers, mlp" not in his.locator("[data-testid=stMain]").inner_text()

    again = go(anna.new_page(), server, "/library")  # another tab, then a reload, of the same browser
    for reload in (True, False):
        expect(again.get_by_text("Yours (1)")).to_be_visible()
        expect(again.locator("[class*='st-key-card-']").first).to_contain_text("Small digits, 2 numbers, mlp")
        if reload:
            again.reload(wait_until="commit")
            settle(again)


def test_tabs_that_are_opened_at_once_are_one_visitor(server: Server, contexts: Callable[..., BrowserContext]) -> None:
    browser = contexts()
    first, second = browser.new_page(), browser.new_page()
    for tab in (first, second):  # neither has a cookie yet
        tab.goto(f"{server.url}/train?data=digits", wait_until="commit")
    for tab in (first, second):
        settle(tab)
        tab.wait_for_timeout(3000)  # in which the second says whom it has found there
        settle(tab)
    press(first, "train")
    first.wait_for_url("**run=digits-*")
    go(second, server, "/library")
    expect(second.get_by_text("Yours (1)")).to_be_visible()
    (cookie,) = (one for one in browser.cookies() if one["name"] == "selfsup-visitor")
    assert len(cookie["value"]) >= 32
    assert cookie["sameSite"] == "Lax"


def test_a_model_can_be_taken_along(server: Server, contexts: Callable[..., BrowserContext]) -> None:
    """Files are made at the click, when no session can be asked whose library is meant."""
    page = go(contexts(accept_downloads=True).new_page(), server, "/run?run=fashion-2d")
    with page.expect_download() as download:
        press(page, "download")
    assert download.value.suggested_filename == "fashion-2d.zip"
    press(page, "share")
    with page.expect_download() as download:
        press(page, "state-file")
    assert '"request"' in download.value.path().read_text()
