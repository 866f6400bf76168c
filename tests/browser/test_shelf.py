"""The library: rename, delete and undo, download and upload, by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from selfsup_engine.runs import Library, Run
from selfsup_engine.training.loop import train
from tests.browser.app import Server, Tab, press

pytestmark = pytest.mark.slow


def test_rename_delete_undo_download_upload(tab: Tab, server: Server, make: Callable[..., Run], tmp_path: Path) -> None:
    library = Library(server.runs)
    folder = library.create(make(steps=20))
    for _ in train(folder):
        pass
    page = tab(f"/library?run={folder.name}")

    page.get_by_role("button", name="Rename").click()
    page.get_by_role("textbox", name="Name").fill("Scribbles <b>of</b> mine")
    page.get_by_role("button", name="Save").click()
    heading = page.locator(".st-key-detail h2")
    expect(heading).to_have_text("Scribbles <b>of</b> mine")
    expect(page.get_by_role("textbox", name="Name")).to_be_hidden()  # it is done

    with page.expect_download() as waiting:
        press(page, "download")
    kept = tmp_path / "model.zip"
    waiting.value.save_as(kept)

    press(page, "delete")
    expect(page.get_by_text("Nothing yet.")).to_be_visible()
    assert not library.runs()
    press(page, "undo")
    expect(page.locator(f".st-key-card-runs-{folder.name}")).to_be_visible()

    page.get_by_role("button", name="Upload a model").click()
    files = page.locator("input[type=file]")
    files.set_input_files({"name": "other.zip", "mimeType": "application/zip", "buffer": b"no zip"})
    expect(page.get_by_test_id("stAlert")).to_contain_text("not a zip, or it is damaged")
    files.set_input_files(kept)
    expect(heading).to_have_text("Scribbles <b>of</b> mine")
    assert len(library.runs()) == 2

    page.get_by_label("Search").fill("fashion")
    page.get_by_label("Search").press("Enter")
    expect(page.get_by_text("Nothing here matches “fashion”.")).to_be_visible()
