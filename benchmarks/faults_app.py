"""The real Streamlit server, as `benchmarks.faults` kills it: its queue begins once a page is opened."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from benchmarks.faults import QueueServer
from selfsup_engine.runs import ROOT
from tests.browser.app import CHROMIUM, QUIET, settle


class AppServer(QueueServer):
    """The app over a library, with one visitor on its Train page until it is up."""

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
            page = browser.new_page()
            page.goto(f"http://127.0.0.1:{port}/train", wait_until="commit")
            settle(page)
            assert page.locator("[data-testid=stException]").count() == 0
            browser.close()

    def close(self) -> None:
        """As Ctrl-C ends it."""
        self.process.terminate()
        self.process.wait(60)
