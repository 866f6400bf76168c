"""From the first click to a model: started, watched, left and found again, paused, stopped, explored."""

from __future__ import annotations

import io
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from selfsup_engine.runs import Library, RunFolder
from selfsup_engine.sources import shapes
from tests.browser.app import Server, Tab, press, settle

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def nothing_left(server: Server) -> Iterator[None]:
    """A test that breaks off leaves no run behind, which the next would be shown instead of the form."""
    yield
    server.pause()


LOSS = re.compile(r"0\.\d{4}")


def choose(page: Page, source: str, budget: str = "10 min") -> None:
    press(page, f"source-{source}")
    expect(page.locator(f".st-key-chosen-source-{source}")).to_be_visible()
    page.get_by_role("radio", name=budget).click()


def begin(page: Page) -> str:
    """Clicks Train once the estimate stands, and gives the name of the run."""
    expect(page.get_by_text("images/s, measured here now")).to_be_visible()
    press(page, "train")
    page.wait_for_url("**run=*")
    return page.url.split("run=")[1].split("&")[0]


def state(page: Page, word: str) -> None:
    expect(page.locator("h2 .pill")).to_have_text(word)


def step(page: Page) -> int:
    """The step that the page shows."""
    line = page.get_by_text(re.compile(r"^step [\d,]+ "))
    return int(re.search(r"step ([\d,]+)", line.inner_text()).group(1).replace(",", ""))  # type: ignore[union-attr]


def test_train_watch_leave_return_pause_resume_stop_and_explore(tab: Tab, server: Server) -> None:
    page = tab("/train")
    choose(page, "digits")
    curve = page.locator(".st-key-unseen .js-plotly-plot")
    expect(curve).to_be_attached()  # the script that draws it was read before there is anything to stop
    expect(curve).not_to_be_visible()
    name = begin(page)
    expect(page.locator(".facts dd").first).to_have_text(LOSS)
    expect(page.locator(".st-key-curve .js-plotly-plot").last).to_be_visible()  # an older one may be on its way out
    state(page, "training")
    page.wait_for_function(
        "() => /step [1-9]/.test(document.body.innerText) && /images.s/.test(document.body.innerText)"
    )
    reached = step(page)

    page.reload(wait_until="commit")  # in the middle
    settle(page)
    state(page, "training")
    assert step(page) >= reached
    assert name in page.url

    other = tab("/train")  # a second visitor, without the link
    state(other, "training")
    assert name in other.url

    other.get_by_role("link", name="Home").click()  # another page, and back
    press(other, f"watch-{name}")
    state(other, "training")

    press(other, "pause")
    state(page, "paused")
    state(other, "paused")
    stood_at = step(page)
    press(page, "resume")
    state(page, "training")
    state(other, "training")  # it follows, also what was done elsewhere
    assert step(page) >= stood_at

    press(page, "stop")
    state(page, "stopped early")
    assert RunFolder(server.runs / name).usable
    press(page, "explore")
    page.wait_for_url(f"**/latent?*{name}*")
    expect(page.locator(".map canvas.over")).to_be_visible()
    expect(page.locator(".screen[data-turn]")).to_be_visible()


def test_a_run_waits_its_turn(tab: Tab, server: Server) -> None:
    page = tab("/train")
    choose(page, "digits")
    first = begin(page)
    state(page, "training")
    press(page, "train-another")
    choose(page, "digits")
    second = begin(page)
    state(page, "waiting")
    press(page, "stop")  # it never began
    state(page, "paused")
    expect(page.locator(".st-key-finish")).to_have_count(0)  # and so there is nothing to finish
    page.goto(f"{server.url}/train?run={first}")
    press(page, "pause")
    state(page, "paused")
    press(page, "finish")
    state(page, "stopped early")
    assert RunFolder(server.runs / first).usable
    assert not RunFolder(server.runs / second).usable


def pictures(count: int) -> bytes:
    """A zip of photos of shapes, one of them twice, one turned by its EXIF data, and of a text."""
    pixels = shapes.draw(shapes.factors(count), 60).transpose(0, 2, 3, 1)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for i, image in enumerate([*pixels, pixels[0]]):
            content = io.BytesIO()
            Image.fromarray(image).save(content, "PNG")
            archive.writestr(f"photo-{i:02}.png", content.getvalue())
        archive.writestr("notes.txt", "not a picture")
    return file.getvalue()


def test_pictures_of_ones_own_are_shown_before_they_are_trained_on(tab: Tab, server: Server) -> None:
    page = tab("/train?data=own")
    files = page.locator(".st-key-own-files input[type=file]")
    files.set_input_files({"name": "few.zip", "mimeType": "application/zip", "buffer": pictures(5)})
    expect(page.get_by_text("At least 16 different pictures are needed; 5 were found.")).to_be_visible()
    settle(page.reload(wait_until="commit") and page)
    files.set_input_files({"name": "mine.zip", "mimeType": "application/zip", "buffer": pictures(40)})
    expect(page.get_by_text("40 pictures, as the model will see them")).to_be_visible()
    page.get_by_text("2 left out").click()
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    page.get_by_role("radio", name="Steps").click()
    page.locator(".st-key-steps input").fill("30")
    page.locator(".st-key-steps input").press("Enter")
    expect(page.locator(".facts").get_by_text("30 steps")).to_be_visible()

    page.get_by_role(
        "link", name="Library"
    ).first.click()  # away and back: the pictures and the settings are still there
    expect(page.get_by_role("heading", name="Library", exact=True)).to_be_visible()
    page.get_by_role("link", name="Train").first.click()
    expect(page.get_by_text("40 pictures, 32 px, ready.")).to_be_visible()
    expect(page.locator(".facts").get_by_text("30 steps")).to_be_visible()
    name = begin(page)
    state(page, "ready")
    run = RunFolder(server.runs / name).run
    assert run.source.startswith("upload:")
    assert run.result is not None and run.result.steps == 30
    press(page, "explore")
    expect(page.locator(".map canvas.over")).to_be_visible()


def test_settings_that_do_not_fit_are_refused_with_the_reason(tab: Tab, server: Server) -> None:
    before = len(Library(server.runs).runs())
    page = tab("/train?data=digits")
    page.get_by_text("All settings").click()
    page.get_by_role("textbox", name="Layer widths").fill("512, many")
    page.get_by_role("textbox", name="Layer widths").press("Enter")
    expect(page.get_by_test_id("stAlert")).to_contain_text("widths")
    expect(page.locator(".st-key-train button")).to_have_count(0)
    page.get_by_role("link", name="Library").first.click()
    expect(page.locator("h1")).to_have_text("Library")
    page.get_by_role("link", name="Train").first.click()
    expect(page.get_by_role("textbox", name="Layer widths")).to_have_value("512, many")  # open, as it was left
    assert len(Library(server.runs).runs()) == before


def test_one_click_trains_fashion_mnist(tab: Tab, server: Server, shared: Path) -> None:
    shutil.copytree(shared / "FashionMNIST", server.data / "FashionMNIST")
    page = tab("/train")
    press(page, "train")
    page.wait_for_url("**run=*")
    expect(page.locator(".facts dd").first).to_have_text(LOSS)
    press(page, "stop")
    state(page, "stopped early")
    expect(page.get_by_alt_text("map of codes")).to_be_visible()
