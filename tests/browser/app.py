"""The app as a process of its own, and how to tell that a page of it has been drawn."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

from selfsup_engine.runs import ROOT

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

Tab = Callable[..., Page]
"""Opens a path of the app in a browser of its own: `tab("/train", width=400, theme="dark")`."""

Start = Callable[[int], list[str]]
"""The command that serves an app at a port."""


def by_streamlit(script: Path, port: int) -> list[str]:
    """A Streamlit app."""
    options = ("--server.headless=true", f"--server.port={port}", "--server.address=127.0.0.1")
    return [sys.executable, "-m", "streamlit", "run", str(script), *options]


class Server:
    """The app as `make run` serves it, with data and runs of its own; or, from `start`, another that takes a port of 127.0.0.1."""

    def __init__(self, place: Path, start: Start | None = None) -> None:
        self.runs, self.data, self._log = place / "runs", place / "data", place / "server.log"
        self.runs.mkdir()
        self.data.mkdir()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                start(self.port) if start else by_streamlit(ROOT / "dashboard" / "server.py", self.port),
                cwd=place if start else ROOT,  # where an app is started decides which settings of Streamlit it takes
                env=os.environ | {"SELFSUP_RUNS": str(self.runs), "SELFSUP_DATA": str(self.data)},
                stdout=log,
                stderr=log,
            )
        self._wait_until_it_answers()

    def _wait_until_it_answers(self, patience: float = 60.0) -> None:
        give_up = time.monotonic() + patience
        while time.monotonic() < give_up and self._process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.05)
        raise RuntimeError(f"the server does not start:\n{self.log()}")

    @property
    def process(self) -> int:
        return self._process.pid

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        return self._process.pid

    def log(self) -> str:
        return self._log.read_text()

    def close(self) -> None:
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()


ASKING = """(() => {
  const send = WebSocket.prototype.send;
  let asked = 0, rested = 0, resting = false;
  WebSocket.prototype.send = function (message) {
    asked = performance.now();
    return send.call(this, message);
  };
  window.atRest = (quiet) => {
    const { testConnectionState, testScriptState } = document.querySelector("[data-testid=stApp]")?.dataset ?? {};
    const rests = testConnectionState === "CONNECTED" && testScriptState === "notRunning";
    if (rests && !resting) rested = performance.now();
    resting = rests;
    return rests && rested > asked && performance.now() - rested > quiet;
  };
  new MutationObserver(() => window.atRest(0)).observe(document, { subtree: true, attributeFilter: ["data-test-connection-state", "data-test-script-state"] });
})()"""
"""Tells when a page rests. Streamlit says that it runs only once the server has begun to, which after a click may take its time: so a page
rests when it came to rest after whatever it asked for last."""


def visitor(browser: Browser, **settings: Any) -> BrowserContext:
    """A browser of its own, with nothing remembered, whose pages `settle` can tell about."""
    context = browser.new_context(**settings)
    context.add_init_script(ASKING)
    return context


QUIET_FOR = 50  # ms after which no run follows at once, as one does whose request came during the last


def settle(page: Page) -> Page:
    """Waits until the page is connected, and all that it asked for has been drawn."""
    page.wait_for_function("quiet => window.atRest(quiet)", arg=QUIET_FOR, polling=20, timeout=90_000)
    return page


def press(page: Page, key: str) -> None:
    """Clicks the button of a key. Streamlit draws one with a tooltip twice, for mice and for fingers, and hides one of them."""
    page.locator(f".st-key-{key} button:visible").click()
