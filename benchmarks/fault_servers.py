"""The servers that `benchmarks.faults` kills: one that is nothing but the queue over a library, and the app itself.

`python -m benchmarks.fault_servers LIBRARY` is the first, until standard input ends.
"""

import contextlib
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from selfsup_engine.runs import ROOT, Library
from selfsup_engine.training.jobs import Jobs
from tests.browser.app import CHROMIUM, QUIET, settle, visitor

PATIENCE = 120.0  # seconds


class QueueServer:
    """A process with nothing but the queue over a library."""

    def __init__(self, root: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.fault_servers", str(root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            cwd=ROOT,
        )
        self.pid = self.process.pid

    def kill(self) -> None:
        """At once, as by a power cut."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """As a person ends it."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(PATIENCE)


def serve(root: Path) -> None:
    """What `QueueServer` runs: until standard input ends."""
    jobs = Jobs(Library(root, root / "no-gallery"))
    jobs.run_forever()
    sys.stdin.read()
    jobs.close()


class AppServer(QueueServer):
    """The app over a library, with one visitor on its Train page until it is up: its queue begins once a page is opened."""

    def __init__(self, root: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        options = ("--server.headless=true", f"--server.port={port}", "--server.address=127.0.0.1")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "dashboard/app.py", *options],
            cwd=ROOT,
            env=os.environ | {"SELFSUP_RUNS": str(root)},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        self.pid = self.process.pid
        give_up = time.monotonic() + 60
        while time.monotonic() < give_up and self.process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.05)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
            page = visitor(browser).new_page()
            page.goto(f"http://127.0.0.1:{port}/train", wait_until="commit")
            settle(page)
            assert page.locator("[data-testid=stException]").count() == 0
            browser.close()

    def close(self) -> None:
        """As Ctrl-C ends it."""
        self.process.terminate()
        self.process.wait(60)


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
