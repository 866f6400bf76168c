"""The self-test as a visitor starts it, and what a supervisor is told meanwhile."""

from __future__ import annotations

import json
import urllib.request

import pytest
from playwright.sync_api import expect

from tests.browser.app import Server, Tab, press

pytestmark = pytest.mark.slow


def test_everything_works_here_and_nothing_of_it_is_left(tab: Tab, server: Server) -> None:
    page, other = tab("/"), tab("/self-test", width=400, height=800)
    page.get_by_role("link", name="Does it all work?").click()
    expect(page.get_by_role("heading", name="Self-test")).to_be_visible()
    press(page, "self-test")
    expect(page.locator(".checklist .now")).to_have_count(1)
    other.reload()  # another visitor finds the same one at work
    expect(other.locator(".checklist .now, .checklist .good").first).to_be_visible()
    expect(page.locator(".checklist .good")).to_have_count(8, timeout=120_000)
    expect(page.get_by_text("Everything works")).to_be_visible()
    expect(other.get_by_text("Everything works")).to_be_visible()
    assert page.locator(".checklist img").count() == 5
    with page.expect_download() as taken:
        page.locator(".st-key-self-test-report button").click()
    report = taken.value.path().read_text()
    assert report.count("passed  ") == 8
    assert str(server.runs.parent) not in report
    assert {path.name for path in server.runs.iterdir()} <= {".line.json", ".line.lock", ".trainer.lock", ".worker.log"}
    with urllib.request.urlopen(f"{server.url}/health", timeout=30) as answer:
        assert answer.status == 200
        assert json.load(answer)["ready"] is True
