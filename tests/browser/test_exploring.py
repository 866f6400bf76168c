"""Walking through a gallery model: the map under a hand, every tool, every download, and links that bring the same pictures back."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.app import Server, Tab, press, settle

pytestmark = pytest.mark.slow

MODEL = "fashion-2d"


@pytest.fixture
def page(tab: Tab) -> Page:
    page = tab(f"/latent?model={MODEL}")
    expect(page.locator(".map canvas.over")).to_be_visible()
    expect(page.locator(".screen[data-turn]")).to_be_visible()
    return page


def drawn_here(page: Page) -> str:
    """The picture at the pin, as the lens shows it."""
    return str(page.locator(".screen canvas").evaluate("canvas => canvas.toDataURL()"))


def until(page: Page, true: Callable[[], bool]) -> None:
    """Waits for something that no locator can wait for."""
    patience = 45_000
    while not true():
        assert (patience := patience - 50) > 0
        page.wait_for_timeout(50)


def changed(page: Page, before: str) -> str:
    """Waits until another picture is drawn at the pin."""
    until(page, lambda: drawn_here(page) != before)
    return drawn_here(page)


def place(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where a place of the map, in shares of its width and height, is on the page."""
    box = page.locator(".map canvas.over").bounding_box()
    assert box is not None
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def trust(page: Page) -> float:
    return float(page.locator(".lens .figure").inner_text().rstrip("%")) / 100


def downloaded(page: Page, key: str) -> Image.Image:
    with page.expect_download() as waiting:
        press(page, key)
    return Image.open(io.BytesIO(Path(waiting.value.path()).read_bytes()))


def test_empty_space_can_be_chosen_and_is_told_from_data(page: Page) -> None:
    assert trust(page) > 0.6  # it opens among real pictures
    opened = drawn_here(page)
    page.locator(".map canvas.over").focus()
    for _ in range(3):
        page.keyboard.press("-")  # out, to where nothing is
    page.mouse.click(*place(page, 0.02, 0.02))
    changed(page, opened)
    expect(page.locator(".lens .figure")).to_have_text(re.compile(r"^[12]?\d%"))
    assert "x=" in page.url and "y=" in page.url


def test_a_link_brings_the_same_pictures_back(page: Page, contexts: Callable[..., BrowserContext]) -> None:
    opened = drawn_here(page)
    page.mouse.click(*place(page, 0.3, 0.6))
    here = changed(page, opened)
    press(page, "as-b")
    page.get_by_role("radio", name="along the arc").click()
    page.get_by_role("radio", name="By error").click()
    page.wait_for_url(re.compile("(?=.*colour=error)(?=.*how=spherical)(?=.*[?&]b=)"))
    strip = page.locator(".st-key-tool .shots img").evaluate_all("all => all.map(one => one.src)")

    other = contexts().new_page()
    other.goto(page.url, wait_until="commit")
    settle(other)
    until(other, lambda: drawn_here(other) == here)
    assert other.locator(".st-key-tool .shots img").evaluate_all("all => all.map(one => one.src)") == strip
    expect(other.get_by_role("radio", name="By error")).to_be_checked()


def test_a_link_brings_zoom_and_filter_back_and_the_back_button_takes_them_back(
    page: Page, contexts: Callable[..., BrowserContext]
) -> None:
    def sight(of: Page) -> str:
        of.mouse.move(0, 0)
        of.wait_for_timeout(300)
        return str(of.locator(".map canvas.base").evaluate("canvas => canvas.toDataURL()"))

    whole = sight(page)
    page.locator(".map canvas.over").hover(position={"x": 300, "y": 250})
    page.mouse.wheel(0, -200)
    page.wait_for_url(re.compile("(?=.*zoom=)(?=.*cx=)"))
    zoomed = sight(page)
    page.locator(".map .chip", has_text="Sneaker").click()
    page.wait_for_url(re.compile(r"hide=7\b"))
    settle(page)
    filtered = sight(page)
    assert len({whole, zoomed, filtered}) == 3

    other = contexts().new_page()
    other.goto(page.url, wait_until="commit")
    settle(other)
    expect(other.locator(".map .chip", has_text="Sneaker")).to_have_attribute("aria-pressed", "false")
    assert sight(other) == filtered

    back(page)
    expect(page.locator(".map .chip", has_text="Sneaker")).to_have_attribute("aria-pressed", "true")
    settle(page)
    assert sight(page) == zoomed
    page.get_by_role("radio", name="By error").click()  # another colour is no reason to look elsewhere
    page.wait_for_url("**colour=error*")
    assert "zoom=" in page.url
    page.locator(".map .all").click()
    page.wait_for_url(re.compile("^(?!.*zoom=)"))


def test_the_back_button_leaves_a_zoomed_map_where_it_was_and_forward_leads_on(page: Page) -> None:
    page.locator(".map canvas.over").hover(position={"x": 200, "y": 200})
    for _ in range(5):
        page.mouse.wheel(0, -120)
    page.wait_for_url("**zoom=*")
    settle(page)
    zoomed = page.url
    before = drawn_here(page)
    page.mouse.click(*place(page, 0.4, 0.5))
    changed(page, before)
    until(page, lambda: page.url != zoomed)
    settle(page)
    chosen_there = page.url
    back(page)
    until(page, lambda: drawn_here(page) == before)
    page.wait_for_timeout(1000)
    assert page.url == zoomed
    page.go_forward(wait_until="commit")
    until(page, lambda: drawn_here(page) != before)
    page.wait_for_timeout(1000)
    assert page.url == chosen_there


def test_the_back_button_undoes_what_was_seen(page: Page) -> None:
    page.get_by_role("radio", name="Grid").click()
    page.wait_for_url("**tool=Grid*")
    page.get_by_role("radio", name="Compress").click()
    page.wait_for_url("**tool=Compress*")
    back(page)
    expect(page.get_by_role("radio", name="Grid")).to_be_checked()
    expect(page.get_by_alt_text("grid of decodes")).to_be_visible()


def back(page: Page) -> None:
    """As a person does: after a moment. What comes at once may still be a click that knew only the address before."""
    page.wait_for_timeout(1000)
    page.go_back(wait_until="commit")


def chosen(page: Page) -> tuple[str, ...]:
    """The place in the address bar."""
    return tuple(re.findall(r"[?&]([xy]=[^&]+)", page.url))


def choose(page: Page, x: float, y: float) -> tuple[str, ...]:
    before = drawn_here(page), chosen(page)
    page.mouse.click(*place(page, x, y))
    changed(page, before[0])
    until(page, lambda: chosen(page) != before[1])  # the address follows when the hand has let go
    settle(page)
    return chosen(page)


def at_the_rim(page: Page) -> int:
    """How many pixels of the map's upper layer are drawn on within 24 px of its rim."""
    return int(
        page.locator(".map canvas.over").evaluate(
            """canvas => {
                const { width, height } = canvas, rim = 24 * devicePixelRatio;
                const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
                const near = (k, size) => k < rim || k >= size - rim;
                let count = 0;
                for (let y = 0; y < height; y++)
                  for (let x = 0; x < width; x++)
                    if ((near(x, width) || near(y, height)) && data[4 * (y * width + x) + 3]) count++;
                return count;
            }"""
        )
    )


def test_the_buttons_zoom_about_the_pin_and_marks_out_of_view_point_to_where_they_are(page: Page) -> None:
    there = choose(page, 0.3, 0.4)
    assert at_the_rim(page) == 0
    for _ in range(4):
        page.locator(".map .in").click()
    page.wait_for_timeout(200)
    assert at_the_rim(page) > 100  # A and B
    page.mouse.click(*place(page, 0.3, 0.45))
    page.wait_for_function("there => !location.search.includes(there)", arg=there[1])
    page.mouse.click(*place(page, 0.3, 0.4))  # the pin had not moved on the screen
    page.wait_for_function("there => location.search.includes(there)", arg=there[1])
    assert float(chosen(page)[0][2:]) == pytest.approx(float(there[0][2:]), abs=0.02)


def test_a_double_click_shows_everything_and_chooses_nothing(page: Page) -> None:
    there = choose(page, 0.3, 0.4)
    page.locator(".map .in").click()
    page.mouse.dblclick(*place(page, 0.7, 0.7))
    page.wait_for_timeout(1500)
    settle(page)
    assert chosen(page) == there
    page.mouse.click(*place(page, 0.7, 0.7))
    page.wait_for_function("there => !location.search.includes(there)", arg=there[0])
    assert choose(page, 0.3, 0.4)[0][:4] == there[0][:4]  # the whole map again: the same place is the same pixel


@pytest.mark.parametrize("past_the_page", [True, False])
def test_a_drag_draws_while_it_lasts_and_the_page_follows_when_it_ends(page: Page, past_the_page: bool) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/direct/" in request.url else None)
    if not past_the_page:
        page.route("**/direct/*", lambda route: route.fulfill(status=204))  # another status is an error to the console
    latest = drawn_here(page)
    there, near = chosen(page), page.locator(".st-key-nearest").inner_html()
    page.mouse.move(*place(page, 0.5, 0.5))
    page.mouse.down()
    seen = {latest := changed(page, latest)}
    for share in (0.6, 0.7, 0.8):
        page.mouse.move(*place(page, share, 0.4))
        seen.add(latest := changed(page, latest))
    assert len(seen) == 4  # and the button is still down
    assert (
        len(asked) == 1 if not past_the_page else len(asked) >= 4
    )  # where it is not answered the page is told instead
    assert chosen(page) == there and page.locator(".st-key-nearest").inner_html() == near
    page.mouse.up()
    until(page, lambda: chosen(page) != there)
    settle(page)
    assert page.locator(".st-key-nearest").inner_html() != near
    assert drawn_here(page) == latest


def test_the_arrow_keys_walk(page: Page) -> None:
    page.locator(".map canvas.over").focus()
    before = drawn_here(page)
    page.keyboard.press("Shift+ArrowRight")
    changed(page, before)


def test_the_legend_filters(page: Page) -> None:
    chip = page.locator(".map .chip", has_text="Sneaker")
    before = page.locator(".map canvas.base").screenshot()
    chip.click()
    expect(chip).to_have_attribute("aria-pressed", "false")
    page.mouse.move(0, 0)
    assert page.locator(".map canvas.base").screenshot() != before


@pytest.mark.parametrize(
    ("tool", "key"),
    [
        ("Interpolate", "way"),
        ("Dimensions", "dimensions"),
        ("Grid", "grid"),
        ("Denoise", "denoise"),
        ("Compress", "compress"),
    ],
)
def test_every_tool_gives_its_picture(page: Page, tool: str, key: str) -> None:
    page.get_by_role("radio", name=tool).click()
    expect(page.locator(f".st-key-{key}-png")).to_be_visible()
    picture = downloaded(page, f"{key}-png")
    assert picture.format == "PNG" and min(picture.size) >= 28


def test_the_picture_here_is_downloaded(page: Page) -> None:
    picture = downloaded(page, "point-png")
    assert picture.size[0] >= 256


def photo() -> bytes:
    """A phone's photo of something light on dark: lying on its side, with the note that says so."""
    pixels = np.zeros((300, 400, 3), np.uint8)
    pixels[100:200, 50:350] = 230
    image = Image.fromarray(pixels)
    exif = image.getexif()
    exif[0x0112] = 6  # turn by 90 degrees to see it upright
    file = io.BytesIO()
    image.save(file, "JPEG", exif=exif)
    return file.getvalue()


def test_a_photo_of_ones_own_is_turned_upright_and_placed(page: Page) -> None:
    page.get_by_role("radio", name="Your image").click()
    files = page.locator(".st-key-own-picture input[type=file]")
    files.set_input_files({"name": "broken.png", "mimeType": "image/png", "buffer": b"not a picture at all"})
    expect(page.get_by_test_id("stAlert")).to_contain_text("broken.png is not a picture that can be read")

    before = drawn_here(page)
    files.set_input_files({"name": "shoe.jpg", "mimeType": "image/jpeg", "buffer": photo()})
    changed(page, before)
    expect(page.get_by_alt_text("as the model sees it")).to_be_visible()
    pair = np.asarray(downloaded(page, "own-png").convert("L"))
    seen = pair[:, : pair.shape[1] // 2] > 128
    assert np.ptp(np.nonzero(seen)[0]) > np.ptp(np.nonzero(seen)[1])  # the bar stands
    page.get_by_role("radio", name="Denoise").click()
    expect(page.get_by_text("your image", exact=True)).to_be_visible()


def test_a_link_to_a_model_that_is_not_here_says_so(tab: Tab, server: Server) -> None:
    page = tab("/latent?model=somebody-elses")
    expect(page.get_by_test_id("stAlert")).to_contain_text("somebody-elses")
    expect(page.locator(".map canvas.over")).to_be_visible()  # and shows another one meanwhile


@pytest.mark.parametrize("width", [400, 1400])
def test_it_fits_its_screen_in_both_themes(tab: Tab, width: int) -> None:
    page = tab(f"/latent?model={MODEL}&tool=Dimensions", width=width, theme="dark")
    expect(page.locator(".map canvas.over")).to_be_visible()
    main = page.get_by_test_id("stMain")
    assert main.evaluate("element => element.scrollWidth - element.clientWidth") <= 0
