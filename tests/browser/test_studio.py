"""A photo from the upload to the download: every operation, the divider, masks, cancel, recipes, a style of one's own."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from selfsup_engine import builtin_photos, photofile
from selfsup_engine.exploring.retouching import recipe as recipes
from selfsup_engine.runs import GALLERY, Library, RunFolder
from tests.browser.app import Server, Tab, press, settle

pytestmark = pytest.mark.slow
PLAIN = {
    "enhance": "Enhance",
    "recolour": "Recolour",
    "style": "Style",
    "flatten": "Flatten",
    "segment": "Segment",
    "compose": "Compose",
}


@pytest.fixture(scope="module")
def model(server: Server, restyler_once: Callable[[str], RunFolder]) -> Iterator[RunFolder]:
    """A model that restores, in the library of the server."""
    import shutil

    yield RunFolder(Path(shutil.copytree(restyler_once("restore").path, server.runs / "small-restore")))


def photo(width: int = 320, height: int = 240, orientation: int = 1) -> bytes:
    """A JPEG as a phone takes it: held upright, stored lying, with a note on how to turn it."""
    y, x = np.mgrid[0:height, 0:width]
    random = np.random.default_rng(0).normal(0, 12, (height, width))
    pixels = np.stack([x * 255 / width + random, y * 255 / height + random, 128 + 80 * np.sin(x / 23) + random], 2)
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=90, exif=exif)
    return file.getvalue()


def ready(page: Page) -> Page:
    expect(page.locator(".stage[data-ready]")).to_be_visible()
    return settle(page)


def seen(page: Page) -> bytes:
    """What the canvas shows."""
    return page.locator(".stage canvas").evaluate("canvas => canvas.toDataURL()").encode()


def until(page: Page, true: Callable[[], bool], patience: int = 20_000) -> None:
    """Waits for what no locator can tell: the component's canvas lies in a shadow."""
    for _ in range(patience // 100):
        if true():
            return
        page.wait_for_timeout(100)
    pytest.fail("it has not come to that")


def upload(page: Page, data: bytes, name: str = "phone.jpg") -> None:
    files = page.locator(".st-key-photo-file input[type=file]")
    files.set_input_files({"name": name, "mimeType": "image/jpeg", "buffer": data})


def tool(page: Page, name: str) -> None:
    page.get_by_role("radio", name=name, exact=True).click()
    settle(page)


def downloaded(page: Page, key: str) -> bytes:
    with page.expect_download() as waiting:
        press(page, key)
    return Path(waiting.value.path()).read_bytes()


def test_a_photo_is_uploaded_upright_and_every_operation_works_on_it(tab: Tab, model: RunFolder) -> None:
    page = ready(tab("/gradients"))
    upload(page, photo(orientation=6))
    page.wait_for_url("**photo=own*")
    ready(page)
    tool(page, "Full size")
    expect(page.get_by_text("240 x 320 pixels")).to_be_visible()  # turned
    shown = set()
    for operation, title in PLAIN.items():
        tool(page, title)
        page.wait_for_url(lambda address, operation=operation: operation in address or operation == "enhance")
        ready(page)
        if operation == "enhance":
            tool(page, "Figures")
            expect(page.get_by_text("A blurred copy put back")).to_be_visible()
        page.wait_for_timeout(300)
        shown.add(seen(page))
    assert len(shown) == len(PLAIN)
    expect(page.get_by_test_id("stAlert")).to_have_count(0)


def test_the_divider_and_the_gradients(tab: Tab) -> None:
    page = ready(tab("/gradients?operation=flatten&photo=chelsea"))
    divider = page.get_by_role("slider", name="Divider")
    divider.focus()
    page.keyboard.press("Home")
    left = seen(page)
    page.keyboard.press("End")
    page.wait_for_timeout(100)
    assert seen(page) != left
    tool(page, "Gradients")
    page.wait_for_url("**seen=gradients*")
    ready(page)
    until(page, lambda: seen(page) != left)
    tool(page, "Mean shift")
    page.wait_for_url("**beside=classical*")


def test_a_slider_changes_the_preview_and_undo_takes_it_back(tab: Tab) -> None:
    page = ready(tab("/gradients?operation=flatten&photo=chelsea"))
    page.get_by_role("slider", name="Divider").focus()
    page.keyboard.press("Home")
    page.wait_for_timeout(200)
    first = seen(page)
    handle = page.locator(".st-key-photo-flatten-strength").get_by_role("slider")
    handle.focus()
    for _ in range(20):
        page.keyboard.press("ArrowLeft")
    page.wait_for_url("**settings=*")
    until(page, lambda: seen(page) != first)
    settle(page)
    page.wait_for_timeout(500)
    weak = seen(page)
    press(page, "photo-undo")
    until(page, lambda: seen(page) != weak)
    press(page, "photo-reset")
    page.wait_for_url(lambda address: "settings" not in address)
    until(page, lambda: seen(page) == first)


def test_a_painted_mask_keeps_the_rest_as_it_is_to_the_byte(tab: Tab) -> None:
    page = ready(tab("/gradients?operation=segment&photo=coffee"))
    tool(page, "Paint a mask")
    expect(page.locator(".stage[data-hand=mask]")).to_be_visible()
    box = page.locator(".stage canvas").bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.6 * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.8 * box["width"], y, steps=8)
    page.mouse.up()
    settle(page)
    page.wait_for_timeout(1500)
    settle(page)
    press(page, "render")
    expect(page.get_by_text("Ready: 600 x 400 pixels.")).to_be_visible()
    tool(page, "PNG")
    expect(page.locator(".st-key-download-photo")).to_contain_text("PNG")
    made = np.asarray(Image.open(io.BytesIO(downloaded(page, "download-photo"))).convert("RGB"))
    recipe = recipes.read(downloaded(page, "download-recipe"))
    mask = recipes.mask_of(recipe)
    assert mask is not None
    inside = mask.numpy()
    assert 0.005 < inside.mean() < 0.5
    coffee = np.asarray(Image.open(builtin_photos.read("coffee")).convert("RGB"))
    assert inside.shape == coffee.shape[:2]
    assert np.array_equal(made[~inside], coffee[~inside])
    assert not np.array_equal(made[inside], coffee[inside])


def test_a_download_and_its_recipe_give_the_same_bytes_again(tab: Tab, model: RunFolder, server: Server) -> None:
    data = photo(640, 480)
    page = ready(tab("/gradients"))
    upload(page, data)
    page.wait_for_url("**photo=own*")
    ready(page)
    press(page, "render")
    expect(page.get_by_text("Ready: 640 x 480 pixels.")).to_be_visible()
    file, text = downloaded(page, "download-photo"), downloaded(page, "download-recipe")
    assert json.loads(text)["operation"]["operation"] == "enhance"
    recipe = recipes.read(text)
    library = Library(server.runs, GALLERY)
    means = recipes.means_of(recipes.model_of(recipe, library), recipe.reference)
    assert photofile.write(recipes.follow(photofile.read(data), recipe, means), "jpeg") == file

    again = ready(tab("/gradients?operation=flatten"))  # somebody else, later
    upload(again, data)
    again.wait_for_url("**photo=own*")
    ready(again)
    again.get_by_text("Follow a recipe").click()
    files = again.locator(".st-key-recipe-file input[type=file]")
    files.set_input_files({"name": "recipe.json", "mimeType": "application/json", "buffer": text})
    again.wait_for_url(lambda address: "flatten" not in address)
    ready(again)
    press(again, "render")
    expect(again.get_by_text("Ready: 640 x 480 pixels.")).to_be_visible()
    assert downloaded(again, "download-photo") == file


def test_a_long_rendering_is_cancelled(tab: Tab, model: RunFolder) -> None:
    page = ready(tab("/gradients"))
    upload(page, photo(4000, 3000))
    page.wait_for_url("**photo=own*")
    ready(page)
    press(page, "render")
    press(page, "cancel-render")
    expect(page.get_by_role("button", name="Render at full size").first).to_be_visible()
    expect(page.get_by_text("Ready:")).to_have_count(0)


def test_what_is_no_photo_is_said_and_the_page_lives_on(tab: Tab) -> None:
    page = ready(tab("/gradients?operation=flatten"))
    upload(page, b"this is a text", "text.jpg")
    expect(page.get_by_text("not a picture that can be read")).to_be_visible()
    upload(page, photo()[:2000], "short.jpg")
    expect(page.get_by_text("damaged or cut short")).to_be_visible()
    tool(page, "Segment")
    page.wait_for_url("**operation=segment*")
    ready(page)
    upload(page, photo(1, 1), "dot.jpg")
    page.wait_for_url("**photo=own*")
    ready(page)


def test_a_style_is_taught_and_applied(tab: Tab) -> None:
    page = ready(tab("/gradients?operation=flatten&photo=coffee&tool=Teach a style"))
    press(page, "teach")
    expect(page.get_by_text("Held-out patches")).to_be_visible(timeout=120_000)
    page.wait_for_timeout(3000)
    press(page, "style-stop")
    press(page, "style-apply")
    page.wait_for_url("**operation=style*")
    page.wait_for_url("**model=*")
    ready(page)
    expect(page.locator(".st-key-photo-model-style input")).to_have_value("Style of Astronaut")


def test_a_link_shows_the_same_picture_in_a_fresh_browser(tab: Tab, contexts: Callable[..., BrowserContext]) -> None:
    page = ready(tab("/gradients?operation=recolour&photo=rocket&reference=china&region=0.5,0.2,0.5"))
    page.wait_for_timeout(500)
    other = contexts().new_page()
    other.goto(page.url, wait_until="commit")
    ready(other)
    other.wait_for_timeout(500)
    assert seen(other) == seen(page)


@pytest.mark.parametrize("width", [400, 1400])
@pytest.mark.parametrize("operation", ["recolour", "compose"])
def test_it_fits_its_screen_in_both_themes(tab: Tab, width: int, operation: str) -> None:
    page = ready(tab(f"/gradients?operation={operation}", width=width, theme="dark"))
    main = page.get_by_test_id("stMain")
    assert main.evaluate("element => element.scrollWidth - element.clientWidth") <= 0
