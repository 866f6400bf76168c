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

from selfsup_engine.runs import ROOT, Library
from selfsup_engine.training.jobs import Jobs


def _found(*names: str) -> str | None:
    return next(filter(None, map(shutil.which, names)), None)


CHROMIUM = _found("chromium", "chromium-browser", "google-chrome")
SHELL = _found("chromium-headless-shell") or CHROMIUM
"""Chromium without all that is around a page, which opens one in half the time."""
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

    def pause(self, patience: float = 30.0) -> None:
        """Has nothing be trained any more."""
        jobs = Jobs(Library(self.runs))  # another server on the library, which never trains
        give_up = time.monotonic() + patience
        while (active := jobs.active()) and time.monotonic() < give_up:
            for folder in active:
                jobs.pause(folder)
            time.sleep(0.2)
        jobs.close()

    def empty(self, *but: str) -> None:
        """Makes its library and its data what they were at first, but for some names."""
        self.pause()
        for path in (*self.runs.iterdir(), *self.data.iterdir()):
            if path.name in but or path.name.endswith(".lock"):  # it holds those
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()

    def close(self) -> None:
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()


ASKING = """(() => {
  const RERUN = 11, BY_ITSELF = 6, FINISHED = 6, EARLY = 2; // of BackMsg.proto, ClientState.proto and ForwardMsg.proto
  const field = (bytes, wanted) => {
    let i = 0;
    const number = () => {
      for (let value = 0, unit = 1; ; unit *= 128) {
        const byte = bytes[i++];
        value += (byte & 127) * unit;
        if (byte < 128) return value;
      }
    };
    while (i < bytes.length) {
      const tag = number(), kind = tag & 7, value = kind === 0 || kind === 2 ? number() : 0;
      const length = { 0: 0, 1: 8, 2: value, 5: 4 }[kind];
      if (tag >> 3 === wanted) return kind === 2 ? bytes.subarray(i, i + length) : value;
      i += length;
    }
    return undefined;
  };
  const { send } = WebSocket.prototype, known = new WeakSet();
  let asked = 0, answered = 0;
  WebSocket.prototype.send = function (message) {
    if (!known.has(this)) this.addEventListener("message", ({ data }) => {
      if (![undefined, EARLY].includes(field(new Uint8Array(data), FINISHED))) answered = performance.now();
    });
    known.add(this);
    const run = field(message, RERUN);
    if (run && !field(run, BY_ITSELF)) asked = performance.now();
    return send.call(this, message);
  };
  window.atRest = (quiet) =>
    document.querySelector("[data-testid=stApp][data-test-connection-state=CONNECTED][data-test-script-state=notRunning]") !== null &&
    answered > asked && performance.now() - asked > quiet;
})()"""
"""Tells when a page rests. Streamlit says that it runs only once the server has begun to, which after a click may take its time, and not at all where it
is over at once: so a page rests when the last run that it asked for is over."""


def visitor(browser: Browser, **settings: Any) -> BrowserContext:
    """A browser of its own, with nothing remembered, whose pages `settle` can tell about."""
    context = browser.new_context(**settings)
    context.add_init_script(ASKING)
    return context


QUIET_FOR = 50  # ms after a request in which the end of the run before it may still come


def settle(page: Page) -> Page:
    """Waits until the page is connected, and all that it asked for has been drawn."""
    page.wait_for_function("quiet => window.atRest(quiet)", arg=QUIET_FOR, polling=20, timeout=90_000)
    return page


def press(page: Page, key: str) -> None:
    """Clicks the button of a key. Streamlit draws one with a tooltip twice, for mice and for fingers, and hides one of them."""
    page.locator(f".st-key-{key} button:visible").click()
