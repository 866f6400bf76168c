"""Directions by example on gallery models: two labels give a slider that acts while it is dragged, and a link brings all of it back."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from selfsup_engine.exploring.sampling import Sampler
from selfsup_engine.exploring.spot import Spot
from selfsup_engine.kept_directions import KeptDirections
from selfsup_engine.runs import Library
from tests.browser.app import Server, Tab, press, settle

pytestmark = pytest.mark.slow


def drawn(page: Page) -> np.ndarray:
    """The picture above the sliders, as (S, S) grey values, once there is one."""
    page.locator("button.screen[data-turn]").wait_for()
    address = page.locator("button.screen canvas").evaluate("canvas => canvas.toDataURL()")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.split(",")[1]))).convert("L"))


def pixels(page: Page, alt: str) -> np.ndarray:
    """A picture of the page, as (S, S) grey values."""
    return grey(page.get_by_alt_text(alt, exact=True).get_attribute("src") or "")


def grey(address: str) -> np.ndarray:
    """A picture that is its own address, as (S, S) grey values."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.split(",")[1]))).convert("L"), np.float64)


def drag(page: Page, name: str, shares: tuple[float, ...]) -> list[bytes]:
    """Drags a slider; gives the pictures that were seen with the button still down."""
    slider = page.get_by_label(name, exact=True).and_(page.locator("input[type=range]"))
    slider.scroll_into_view_if_needed()
    settle(page)
    box = slider.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    seen = [drawn(page).tobytes()]
    for share in shares:
        before = page.locator("button.screen").get_attribute("data-turn") or ""
        page.mouse.move(x + share * box["width"], y)
        expect(page.locator("button.screen")).not_to_have_attribute("data-turn", before)
        page.wait_for_timeout(150)
        seen.append(drawn(page).tobytes())
    page.mouse.up()
    return seen


def test_two_labels_give_an_autoencoder_a_slider_and_a_link_brings_it_back(
    tab: Tab, contexts: Callable[..., BrowserContext], server: Server
) -> None:
    page = tab("/latent?model=mnist-vae&tool=Directions&ga=l1&gb=l7")
    expect(page.get_by_text("A clear direction.")).to_be_visible()
    name = page.locator(".st-key-direction-name input")
    name.fill("into a seven")
    name.press("Enter")
    settle(page)
    press(page, "keep-direction")
    expect(page.get_by_text("Kept directions (1)")).to_be_visible()
    settle(page)
    opened = page.url
    seen = drag(page, "into a seven", (0.1, 0.2, 0.35))
    assert len(set(seen)) == 4
    page.wait_for_url(re.compile(r"moves=d\d{8}_\d"))
    assert "moves=" not in opened
    settle(page)
    here = drawn(page)

    other = contexts().new_page()
    other.goto(page.url, wait_until="commit")
    settle(other)
    assert np.array_equal(drawn(other), here)
    expect(other.locator(".rows.main .name")).to_have_text("into a seven")

    other.get_by_text("Kept directions (1)").click()
    with other.expect_download() as waiting:
        press(other, "directions-json")
    (told,) = json.loads(Path(waiting.value.path()).read_text(encoding="utf-8"))
    assert told["name"] == "into a seven" and told["groups"] == ["l1", "l7"]
    press(other, f"delete-{told['id']}")
    expect(other.get_by_text("Deleted the direction")).to_be_visible()
    press(other, "undo-direction")
    expect(other.get_by_text("Kept directions (1)")).to_be_visible()


def test_two_labels_give_a_generator_a_slider_that_never_saw_a_label(
    tab: Tab, contexts: Callable[..., BrowserContext], server: Server
) -> None:
    page = tab("/gan?model=mnist-gan&tool=Directions&ga=l0&gb=l1&at=0.11")
    expect(page.get_by_text("A clear direction.")).to_be_visible()
    settle(page)
    press(page, "keep-direction")
    expect(page.locator(".rows.main .name").nth(1)).to_have_text("0 \N{RIGHTWARDS ARROW} 1")
    settle(page)
    seen = drag(page, "0 \N{RIGHTWARDS ARROW} 1", (0.15, 0.3, 0.45))
    assert len(set(seen)) == 4
    page.wait_for_url(re.compile(r"at=0\.11~d\d{8}_\d"))
    settle(page)
    folder = Library(server.runs).find("mnist-gan")
    assert folder.run.result is not None
    kept = KeptDirections(server.runs, folder.run.result.weights).all()
    at = Spot.parse(page.url.split("at=")[1].split("&")[0])
    assert np.array_equal(drawn(page), Sampler(folder, kept).images([at])[0, 0])

    other = contexts().new_page()
    other.goto(page.url, wait_until="commit")
    settle(other)
    assert np.array_equal(drawn(other), drawn(page))


def test_samples_that_were_picked_at_random_are_called_what_they_are(tab: Tab) -> None:
    a, b = ("~~".join(f"0.{i}" for i in part) for part in (range(6), range(6, 12)))
    page = tab(f"/gan?model=mnist-gan&tool=Directions&ga=s{a}&gb=s{b}")
    expect(page.get_by_text("No more than chance.")).to_be_visible()


def test_a_sum_of_pictures_is_gone_to(tab: Tab) -> None:
    page = tab("/latent?model=fashion-2d&tool=Arithmetic")
    lens = page.locator(".lens .screen")
    expect(lens).to_have_attribute("data-turn", re.compile(r"\d"))
    total = pixels(page, "A - B + C")
    link = page.url
    press(page, "go-sum")
    page.wait_for_url(lambda url: url != link)
    settle(page)
    for _ in range(40):
        here = grey(lens.locator("canvas").evaluate("canvas => canvas.toDataURL()"))
        if np.abs(here - total).mean() < 2:
            break
        page.wait_for_timeout(250)
    assert np.abs(here - total).mean() < 2  # a place in a link has five digits


@pytest.mark.parametrize(("path", "width"), [("/latent?model=fashion-2d", 400), ("/gan?model=mnist-gan", 1400)])
@pytest.mark.parametrize("tool", ["Directions", "Arithmetic"])
def test_it_fits_its_screen(tab: Tab, path: str, width: int, tool: str) -> None:
    page = tab(f"{path}&tool={tool}", width=width, theme="dark")
    expect(page.locator(".st-key-tool .px").first).to_be_visible()
    main = page.get_by_test_id("stMain")
    assert main.evaluate("element => element.scrollWidth - element.clientWidth") <= 0
