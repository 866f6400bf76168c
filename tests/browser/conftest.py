"""The real app on a port of its own, and a real browser to use it.

Chromium is the system's. Without it these tests skip, unless SELFSUP_BROWSER_TESTS is `required`, as in CI: then they fail.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Generator, Iterator
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, WebError, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from selfsup_engine.sources import data_root
from tests.browser.app import QUIET, SHELL, Server, Tab, settle, visitor

PROBE = re.compile(r"/[\w-]+/_stcore/(health|host-config)$")
"""At a deep link Streamlit's page first asks below that path whether the server lives there; the answer no is no error."""

PATIENCE = 45_000  # ms: a slow machine is no failure; what must be fast is measured in benchmarks/
expect.set_options(timeout=PATIENCE)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Has a test that failed tell what was on its pages, and what the server said."""
    report = yield
    used: dict[str, Any] = getattr(item, "funcargs", {})
    if report.failed and report.when == "call" and "browser" in used:
        for page in (page for context in used["browser"].contexts for page in context.pages):
            try:
                app = page.get_by_test_id("stApp").evaluate("app => JSON.stringify(app.dataset)", timeout=5000)
                seen = page.locator("body").inner_text(timeout=5000)
            except PlaywrightError as error:
                app, seen = "", str(error)
            report.sections.append((f"Page {page.url}", f"{app}\n{seen[:3000]}"))
        if "server" in used:
            report.sections.append(("Server", used["server"].log()[-3000:]))
    return report


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if SHELL is None:
        missing = "there is no Chromium on this machine: install Debian's package chromium-headless-shell or chromium"
        if os.environ.get("SELFSUP_BROWSER_TESTS") == "required":
            pytest.fail(missing)
        pytest.skip(missing)
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=SHELL, args=[*QUIET, "--process-per-site"])


@pytest.fixture(scope="session")
def _server(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("server"))
    (running.data / "features").symlink_to(data_root() / "features", target_is_directory=True)  # trained once for all
    try:
        yield running
    finally:
        running.close()


@pytest.fixture(scope="module")
def server(_server: Server) -> Iterator[Server]:
    """The server of all files, as empty as a new one: to start one, and to load its models, takes longer than most tests."""
    before = len(_server.log())
    yield _server
    _server.empty("features")
    said = _server.log()[before:]
    assert "Traceback" not in said, said


@pytest.fixture(scope="session")
def usual(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that has read the app's scripts before."""
    context = visitor(browser)
    yield context
    context.close()


@pytest.fixture
def contexts(browser: Browser, usual: BrowserContext) -> Iterator[Callable[..., BrowserContext]]:
    """Visitors: each context is a browser of its own, with nothing remembered. What its console says is judged at the end."""
    opened: list[BrowserContext] = [usual]
    said: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error" and not PROBE.search(message.location["url"]):
            said.append(f"{message.text} ({message.location['url']})")

    def stumble(error: WebError) -> None:
        said.append(str(error.error))

    def listen(context: BrowserContext) -> None:
        context.on("console", hear)
        context.on("weberror", stumble)

    def open_context(width: int = 1280, height: int = 900, theme: str = "light", **settings: object) -> BrowserContext:
        context = visitor(browser, viewport={"width": width, "height": height}, color_scheme=theme, **settings)
        listen(context)
        opened.append(context)
        return context

    listen(usual)
    yield open_context
    broken = [
        page.url for context in opened for page in context.pages if page.locator("[data-testid=stException]").count()
    ]
    for context in opened[1:]:
        context.close()
    for page in usual.pages:
        page.close()
    usual.remove_listener("console", hear)
    usual.remove_listener("weberror", stumble)
    assert not said
    assert not broken


@pytest.fixture
def tab(server: Server, usual: BrowserContext, contexts: Callable[..., BrowserContext]) -> Tab:
    """Opens a path of the app in a browser of its own, with nothing remembered."""

    def at_first(width: int = 1280, height: int = 900, theme: Literal["light", "dark"] = "light") -> Page:
        page = usual.new_page()
        storage = usual.new_cdp_session(page)
        storage.send("Storage.clearDataForOrigin", {"origin": server.url, "storageTypes": "cookies,local_storage"})
        storage.detach()
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=theme)
        return page

    def open_tab(path: str = "/", **settings: Any) -> Page:
        first = not usual.pages and settings.keys() <= {"width", "height", "theme"}
        page = at_first(**settings) if first else contexts(**settings).new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"{server.url}{path}", wait_until="commit")
        return settle(page)

    return open_tab
