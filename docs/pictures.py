"""Takes the pictures of the docs anew: the real app on a library of its own, in a real browser.

    python -m docs.pictures [NAME ...]

Without names it takes all, into docs/pictures as WebP. A picture is a function here of the same name, which brings a page to where it is to be seen.
Needs Chromium; what a model draws is the same each time, what was measured on the machine is not.
"""

import argparse
import io
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from selfsup_engine.exploring.latent import LatentSpace
from selfsup_engine.images import encode
from selfsup_engine.runs import ROOT, Library
from tests.browser.app import CHROMIUM, QUIET, Server, press, settle

FOLDER = ROOT / "docs" / "pictures"
WIDTH, PHONE = 1080, 390  # CSS pixels
SHARPNESS = (
    1.25  # pixels of a picture to one of the page's: crisp at the width of a column of text, on a fine screen too
)
QUALITY = 70
PATIENCE = 60_000  # ms

Show = Callable[["Visit"], Page | Locator]
PICTURES: dict[str, Show] = {}


class Visit:
    """A visitor with a browser of their own for each page that they open."""

    def __init__(self, browser: Browser, server: Server) -> None:
        self._browser, self._server = browser, server

    def open(self, path: str, height: int, width: int = WIDTH) -> Page:
        """A path of the app, drawn and at rest. `height`: how much of it the picture shows, in CSS pixels."""
        page = self._browser.new_context(
            viewport={"width": width, "height": height},
            device_scale_factor=SHARPNESS if width == WIDTH else 1.5,
            color_scheme="light",
        ).new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"{self._server.url}{path}", wait_until="commit")
        return rest(page)


def rest(page: Page, ms: int = 1500) -> Page:
    """Waits until nothing is on its way any more, and everything that draws itself has done so."""
    settle(page)
    page.wait_for_timeout(ms)
    for unfinished in (".stage:not([data-ready])", ".screen:not([data-turn])"):
        expect(page.locator(unfinished)).to_have_count(0, timeout=PATIENCE)
    page.wait_for_timeout(300)
    return settle(page)


def picture(show: Show) -> Show:
    """Registers a function as the picture of its name."""
    PICTURES[show.__name__.replace("_", "-")] = show
    return show


def below(page: Page, selector: str, room: int = 70) -> Page:
    """Scrolls until something stands just below the bar of the pages."""
    page.locator(selector).first.evaluate(
        "(element, room) =>"
        " document.querySelector('[data-testid=stMain]').scrollBy(0, element.getBoundingClientRect().top - room)",
        room,
    )
    page.mouse.move(2, 2)  # nothing is pointed at
    return rest(page, 700)


def drag(page: Page, target: Locator, places: list[tuple[float, float]]) -> None:
    """A press on the first of some places, a drag through the others and a release; each as shares of the target's sides."""
    box = target.bounding_box()
    assert box is not None
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=12)
    page.mouse.up()


# ------------------------------------------------------------------------------------------------------ home, train


@picture
def home(visit: Visit) -> Page:
    return visit.open("/", 820)


@picture
def phone(visit: Visit) -> Page:
    return visit.open("/latent?model=fashion-2d", 780, width=PHONE)


@picture
def train_form(visit: Visit) -> Page:
    page = visit.open("/train?data=digits", 940)
    page.get_by_text("images/s, measured here now").wait_for()
    return rest(page)


@picture
def train_own(visit: Visit) -> Page:
    """Emoji as a zip, with a note among them that is no picture."""
    page = visit.open("/train?data=own", 860)
    emoji = LatentSpace(Library().find("emoji-conv")).exhibit.images.numpy()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for i, image in enumerate(emoji[:120]):
            archive.writestr(f"emoji/{i:03}.png", encode(image.transpose(1, 2, 0)))
        archive.writestr("emoji/readme.txt", "120 emoji")
    page.locator(".st-key-own-files input[type=file]").set_input_files(
        {"name": "emoji.zip", "mimeType": "application/zip", "buffer": packed.getvalue()}
    )
    page.get_by_text("pictures, as the model will see them").wait_for()
    page.get_by_text("1 left out").click()
    rest(page)
    return below(page, ".st-key-own-files")


@picture
def train_live(visit: Visit) -> Page:
    page = visit.open("/train?data=digits", 900)
    page.get_by_role("radio", name="2 min").click()
    page.get_by_text("images/s, measured here now").wait_for()
    press(rest(page), "train")
    page.wait_for_url("**run=*")
    page.locator(".st-key-curve .js-plotly-plot").wait_for()
    page.wait_for_timeout(45_000)
    return page


# ------------------------------------------------------------------------------------------------------- latent space


@picture
def latent(visit: Visit) -> Page:
    return visit.open("/latent?model=fashion-16d&x=2.2&y=2", 900)


@picture
def latent_beneath(visit: Visit) -> Page:
    return visit.open("/latent?model=fashion-2d&back=True&x=-1&y=-1.5", 860)


@picture
def latent_group(visit: Visit) -> Page:
    page = visit.open("/latent?model=fashion-2d", 1010)
    page.locator(".map .lasso").click()
    drag(page, page.locator(".map canvas").first, [(0.62, 0.4), (0.9, 0.3), (0.95, 0.55), (0.7, 0.6), (0.62, 0.4)])
    page.wait_for_url("**lasso=*")
    return below(rest(page), ".map")


@picture
def latent_directions(visit: Visit) -> Page:
    page = visit.open("/latent?model=fashion-16d&x=2.2&y=2&tool=Directions&ga=l7&gb=l9", 960)
    slider = page.locator(".st-key-tool .rows.main input[type=range]").first
    slider.scroll_into_view_if_needed()
    drag(page, slider, [(0.5, 0.5), (0.85, 0.5)])
    page.wait_for_url("**moves=*")
    return below(rest(page), ".st-key-tool", 130)


# ------------------------------------------------------------------------------------------------------ GAN sampler


@picture
def gan(visit: Visit) -> Page:
    return visit.open("/gan?model=fashion-gan&at=0.13~g1_1~g2_1", 900)


@picture
def gan_shelf(visit: Visit) -> Page:
    page = visit.open("/gan?model=emoji-gan", 620)
    press(page, "fill-shelf")
    rest(page, 4000)
    return below(page, ".st-key-tool", 130)


# -------------------------------------------------------------------------------------------------- colour gradients


@picture
def gradients(visit: Visit) -> Page:
    return visit.open("/gradients", 900)


@picture
def gradients_recolour(visit: Visit) -> Page:
    return visit.open("/gradients?photo=china&operation=recolour", 900)


@picture
def gradients_region(visit: Visit) -> Page:
    return visit.open("/gradients?photo=flower&operation=recolour&reference=coffee&region=0.9,0.3,0.5", 900)


# ------------------------------------------------------------------------------------- compare, inside, library, run


@picture
def compare(visit: Visit) -> Page:
    return visit.open("/compare", 900)


@picture
def compare_maps(visit: Visit) -> Page:
    page = visit.open("/compare?colour=label", 740)
    lasso = page.locator(".map .lasso").first
    lasso.scroll_into_view_if_needed()
    lasso.click()
    drag(page, page.locator(".map canvas").first, [(0.62, 0.45), (0.8, 0.35), (0.98, 0.5), (0.75, 0.7), (0.62, 0.45)])
    return below(rest(page), "h2:has-text('Their maps')", 80)


@picture
def inside(visit: Visit) -> Page:
    return visit.open("/inside?model=emoji-conv", 960)


@picture
def inside_learned(visit: Visit) -> Page:
    page = visit.open("/inside?model=fashion-16d&part=learned", 860)
    page.locator(".st-key-probes .js-plotly-plot").wait_for(timeout=180_000)
    return below(rest(page), ".st-key-tool", 130)


@picture
def library(visit: Visit) -> Page:
    page = visit.open("/library", 900)
    press(page, "select")
    for number in (0, 1):
        rest(page, 500).get_by_text("Select", exact=True).nth(number).click()
    return below(rest(page), "h1")


@picture
def run(visit: Visit) -> Page:
    return visit.open("/run?run=mnist-2d", 980)


@picture
def time_machine(visit: Visit) -> Page:
    page = visit.open("/run?run=mnist-2d&part=Time+machine&snap=1000", 900)
    page.get_by_text("Make a GIF of it").wait_for(timeout=180_000)
    return below(rest(page), ".st-key-time-machine")


@picture
def share(visit: Visit) -> Page:
    page = visit.open("/gan?model=flags-gan&at=7.12", 620)
    page.locator(".st-key-share button").first.click()
    return rest(page)


@picture
def self_test(visit: Visit) -> Page:
    page = visit.open("/self-test", 900)
    press(page, "self-test")
    page.locator(".st-key-self-test-report").wait_for(timeout=180_000)
    return rest(page)


def kept(shot: bytes, path: Path) -> None:
    """Writes a screenshot as WebP."""
    Image.open(io.BytesIO(shot)).convert("RGB").save(path, quality=QUALITY, method=6)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="which; all, if none is named")
    names = parser.parse_args().names or list(PICTURES)
    if unknown := set(names) - set(PICTURES):
        parser.error(f"there is no picture {', '.join(unknown)}; there are {', '.join(PICTURES)}")
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        server = Server(Path(place))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        try:
            for name in names:
                path = FOLDER / f"{name}.webp"
                kept(PICTURES[name](Visit(browser, server)).screenshot(), path)
                print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB", flush=True)
        finally:
            server.close()


if __name__ == "__main__":
    main()
