"""The map under a hand: what is pointed at, what is circled, what is seen from near; and maps that are linked."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from dashboard.components import latent_map as map_module
from selfsup_engine import exhibit
from selfsup_engine.exploring.selection import inside, vertices
from selfsup_engine.pictures import PALETTE
from selfsup_engine.runs import GALLERY
from tests.browser.app import Tab, settle

pytestmark = pytest.mark.slow

MODEL = "fashion-2d"
KEPT = exhibit.read(GALLERY / MODEL)
CODES = KEPT.codes.numpy()
PIXELS = """canvas => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return [canvas.width, [...data].filter((_, k) => k % 4 === 0)];
}"""


def opened(tab: Tab, link: str = "", **settings: object) -> Page:
    page = tab(f"/latent?model={MODEL}{link}", **settings)
    page.locator(".map .stage[data-ready]").wait_for()
    page.locator(".screen[data-turn]").wait_for()
    return page


def place(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where a place of the map, in shares of its width and height, is on the page."""
    box = page.locator(".map canvas.over").bounding_box()
    assert box is not None
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def alone(rank: int) -> int:
    """The number of a picture whose dot lies apart from all others, but within the map."""
    middle = np.abs(CODES - np.median(CODES, axis=0)).max(axis=1) < 4
    distances = np.sort(np.linalg.norm(CODES[:, None] - CODES[None], axis=2), axis=1)[:, 1]
    return int(np.argsort(np.where(middle, -distances, 0))[rank])


def near(number: int, zoom: float = 12) -> str:
    """A link to a map with a picture's dot in its middle."""
    x, y = CODES[number]
    return f"&zoom={zoom}&cx={x:.5g}&cy={y:.5g}"


def sight(page: Page, layer: str) -> str:
    return str(page.locator(f".map canvas.{layer}").evaluate("canvas => canvas.toDataURL()"))


def test_what_is_pointed_at_shows_its_own_picture(tab: Tab) -> None:
    for number in (alone(0), alone(5)):
        page = opened(tab, near(number))
        page.mouse.move(*place(page, 0.4, 0.4))
        expect(page.locator(".tip")).to_be_visible()
        page.mouse.move(*place(page, 0.508, 0.508))  # beside it
        expect(page.locator(f'.tip[data-number="{number}"] canvas')).to_be_visible()
        side, pixels = page.locator(".tip canvas").evaluate(PIXELS)
        assert np.array_equal(np.array(pixels).reshape(side, side), KEPT.images[number, 0].numpy())
        page.mouse.move(*place(page, 0.4, 0.4))
        expect(page.locator(".tip canvas")).to_be_hidden()


def test_a_tap_shows_the_picture_as_well(tab: Tab) -> None:
    number = alone(0)
    page = opened(tab, near(number), width=400, has_touch=True, is_mobile=True)
    page.touchscreen.tap(*place(page, 0.51, 0.51))
    expect(page.locator(f'.tip[data-number="{number}"] canvas')).to_be_visible()


def test_from_near_a_dot_is_its_picture(tab: Tab) -> None:
    number = alone(0)
    page = opened(tab, near(number))
    picture = KEPT.images[number, 0].numpy()

    def seen() -> Any:
        """The middle of the map, a pixel of the canvas for each of the picture."""
        middle = """canvas => {
          const [x, y] = [canvas.width / 2, canvas.height / 2];
          return [-9, -6, -3, 0, 3, 6, 9].map((d) => [...canvas.getContext("2d").getImageData(x + d, y + d, 1, 1).data]);
        }"""
        return np.array(page.locator(".map canvas.front").evaluate(middle))

    patience = 200
    while (seen()[:, 3] < 255).any():
        assert (patience := patience - 1) > 0
        page.wait_for_timeout(50)
    # The picture is 34 to 51 px wide: each of the seven pixels is one of those around its place in it.
    for d, (value, *_) in zip((-9, -6, -3, 0, 3, 6, 9), seen(), strict=True):
        low, high = sorted(int(14 + d * 28 / size) for size in (34, 52))
        around = picture[low - 1 : high + 2, low - 1 : high + 2]
        assert around.min() <= value <= around.max()
    page.mouse.move(*place(page, 0.5, 0.5))
    page.mouse.wheel(0, 3000)  # and away again
    page.wait_for_timeout(700)
    far = page.locator(".map canvas.front").evaluate(
        "c => c.getContext('2d').getImageData(c.width / 2 + 9, c.height / 2 + 9, 1, 1).data[3]"
    )
    assert far == 0


def test_pictures_never_overlap_and_stay_while_the_window_moves(tab: Tab) -> None:
    page = opened(tab)
    found = page.evaluate(
        """async (points) => {
          const part = (name) => import(new URL(`app/static/latent_map/${name}.js`, document.baseURI));
          const [{ Grid }, { Thumbs }, { Plane, extentOf }] = await Promise.all(["grid", "thumbs", "plane"].map(part));
          const [xy, n] = [Float32Array.from(points.flat()), points.length];
          const plane = Object.assign(new Plane(), { extent: extentOf({ xy, n }), width: 700, height: 600 });
          const thumbs = new Thumbs(new Grid(xy, n, plane.extent), n, () => true);
          plane.showAll();
          const whole = thumbs.at(plane);
          const shown = [];
          let before = [];
          for (let zoom = 2; zoom < 80; zoom *= 1.15) {
            plane.view = { x: 0.2, y: 0.3, zoom };
            const seen = thumbs.at(plane);
            if (!seen) continue;
            const there = (i) => plane.toScreen([xy[2 * i], xy[2 * i + 1]]);
            const inWindow = (i) => there(i).every((v, axis) => v > 0 && v < [plane.width, plane.height][axis]);
            const lost = before.filter((i) => inWindow(i) && !seen.numbers.includes(i));
            const inner = seen.numbers.filter((i) => there(i).every((v, axis) => v > 60 && v < [plane.width, plane.height][axis]));
            shown.push({ zoom, size: seen.size, places: seen.numbers.map(there), lost });
            plane.pan(-50, -40);
            const moved = thumbs.at(plane);
            shown.at(-1).lost.push(...inner.filter((i) => !moved.numbers.includes(i)));
            before = seen.numbers;
          }
          return { whole, shown };
        }""",
        CODES.tolist(),
    )
    assert found["whole"] is None  # too crowded
    assert len(found["shown"]) > 10
    for shown in found["shown"]:
        places = np.array(shown["places"])
        apart = np.abs(places[:, None] - places[None]).max(axis=2) + np.eye(len(places)) * 1e6
        assert len(places) > 8 and apart.min() >= shown["size"]
        assert shown["lost"] == []  # neither by coming nearer nor by looking elsewhere


def circle(page: Page, corners: list[tuple[float, float]]) -> None:
    page.mouse.move(*place(page, *corners[0]))
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*place(page, *corner), steps=4)
    page.mouse.up()


LOOP = [(0.3, 0.45), (0.5, 0.45), (0.55, 0.6), (0.5, 0.75), (0.3, 0.75), (0.25, 0.6)]


def test_a_lasso_chooses_a_group_which_a_link_brings_back(tab: Tab, contexts: Callable[..., BrowserContext]) -> None:
    page = opened(tab)
    page.locator(".map .lasso").click()
    circle(page, LOOP)
    page.wait_for_url("**lasso=*")
    settle(page)
    outline = re.search(r"lasso=([^&]+)", page.url)
    assert outline is not None
    count = int(inside(CODES, vertices(outline[1])).sum())
    assert 50 < count < len(CODES) / 2
    expect(page.locator(".map .stage")).to_have_attribute(
        "data-inside", str(count)
    )  # the browser counts as Python does
    expect(page.locator(".st-key-group")).to_contain_text(f"{count:,} inside")
    strip = page.locator(".st-key-group img").evaluate_all("all => all.map(one => one.src)")
    assert len(strip) == 24

    other = contexts().new_page()
    other.goto(page.url, wait_until="commit")
    settle(other)
    expect(other.locator(".map .stage")).to_have_attribute("data-inside", str(count))
    assert other.locator(".st-key-group img").evaluate_all("all => all.map(one => one.src)") == strip

    page.locator(".map .chip", has_text="Sandal").click()  # what is filtered out is in no group
    page.wait_for_url("**hide=*")
    settle(page)
    fewer = int((inside(CODES, vertices(outline[1])) & (KEPT.labels.numpy() != 5)).sum())  # type: ignore[union-attr]
    expect(page.locator(".st-key-group")).to_contain_text(f"{fewer:,} inside")
    page.locator(".map canvas.over").focus()
    page.keyboard.press("Escape")
    page.wait_for_url(re.compile("^(?!.*lasso=)"))
    expect(page.locator(".st-key-group")).to_have_count(0)


def test_keys_begin_a_lasso_and_show_the_density(tab: Tab) -> None:
    page = opened(tab)
    dots = sight(page, "base")
    page.locator(".map canvas.over").focus()
    page.keyboard.press("l")
    expect(page.locator(".map .lasso")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")
    expect(page.locator(".map .lasso")).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("d")
    page.wait_for_url("**density=True*")
    dense = sight(page, "base")
    assert dense != dots
    page.locator(".map .chip", has_text="Bag").click()
    page.mouse.move(0, 0)
    page.wait_for_timeout(200)
    assert sight(page, "base") not in (dots, dense)


def test_clusters_colour_the_map_and_filter_it(tab: Tab) -> None:
    page = opened(tab)
    page.get_by_role("radio", name="By cluster").click()
    page.wait_for_url("**colour=cluster*")
    chip = page.locator(".map .chip").first
    expect(chip).to_contain_text("cluster 1")
    expect(chip.locator("canvas")).to_be_visible()  # its most typical picture
    chip.dblclick()
    page.wait_for_url("**hide=1.2.3*")
    expect(page.locator('.map .chip[aria-pressed="true"]')).to_have_count(1)


def packed(points: np.ndarray, key: str, **about: Any) -> str:
    """What Python sends for a bare map, for a page that is made here."""
    header = {
        "key": key,
        "typical": [],
        "value_name": "",
        "falling": False,
        "marks": [],
        "background_extent": None,
        "height": 300,
        "link": "",
        "glide": False,
    }
    header |= {
        "pictured": False,
        "pin": None,
        "pin_stamp": 0,
        "look": [0, 0, 0, [], False],
        "look_stamp": 0,
        "lasso": "",
        "lasso_stamp": 0,
    }
    return base64.b64encode(map_module.pack(points, **header | {"palette": PALETTE} | about)).decode()  # type: ignore[arg-type]


MOUNT = """async ([html, css, messages]) => {
  const { default: mount } = await import(new URL("app/static/latent_map.js", document.baseURI));
  document.body.replaceChildren();
  document.body.style.cssText = "--st-background-color: #fff; --st-text-color: #000; --st-primary-color: #080";
  window.told = [];
  window.show = (i, message) => mount({ parentElement: window.roots[i], data: Uint8Array.from(atob(message), (c) => c.charCodeAt(0)), setStateValue: (...told) => window.told.push(told) });
  window.roots = messages.map(() => {
    const root = Object.assign(document.createElement("div"), { innerHTML: `<style>${css}</style>${html}`, style: "width: 400px; float: left" });
    document.body.append(root);
    return root;
  });
  messages.forEach((message, i) => window.show(i, message));
}"""


def mounted(page: Page, *messages: str) -> None:
    """Maps on a bare page, beside each other."""
    folder = Path(map_module.__path__[0])
    parts = [(folder / f"latent_map.{kind}").read_text("utf-8") for kind in ("html", "css")]
    page.evaluate(MOUNT, [*parts, list(messages)])
    page.wait_for_timeout(200)


def picture_of(page: Page, which: int, layer: str) -> str:
    return str(page.locator(f"canvas.{layer}").nth(which).evaluate("canvas => canvas.toDataURL()"))


def test_linked_maps_point_at_the_same_pictures_and_glide_to_new_places(tab: Tab) -> None:
    page = tab("/")
    grid = np.stack(np.meshgrid(np.linspace(-1, 1, 9), np.linspace(-1, 1, 9)), axis=-1).reshape(-1, 2)
    other = grid[::-1]
    mounted(page, *(packed(points, str(i), link="pair") for i, points in enumerate((grid, other))), packed(grid, "2"))
    still = [(picture_of(page, i, "base"), picture_of(page, i, "over")) for i in range(3)]
    box = page.locator("canvas.over").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2 + 2, box["y"] + box["height"] / 2 + 2)
    page.wait_for_timeout(100)
    assert picture_of(page, 1, "over") != still[1][1]  # the ring is there, too
    assert picture_of(page, 2, "over") == still[2][1]  # but not on a map of its own
    page.mouse.move(box["x"] + 2, box["y"] + box["height"] + 40)
    page.wait_for_timeout(100)
    assert picture_of(page, 1, "over") == still[1][1]

    page.locator(".lasso").first.click()
    page.mouse.move(box["x"] + 10, box["y"] + 10)
    page.mouse.down()
    for x, y in ((0.5, 0.02), (0.5, 0.98), (0.02, 0.98)):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=3)
    page.mouse.up()
    page.wait_for_timeout(100)
    assert picture_of(page, 1, "base") != still[1][0]
    assert picture_of(page, 2, "base") == still[2][0]
    assert page.evaluate("window.told.at(-1)[0]") == "lasso"

    moved = grid * (1, 0.5) + (0, 0.1)
    page.evaluate("message => window.show(2, message)", packed(moved, "2", glide=True))
    page.wait_for_timeout(150)
    on_its_way = picture_of(page, 2, "base")
    page.wait_for_timeout(900)
    there = picture_of(page, 2, "base")
    assert len({still[2][0], on_its_way, there}) == 3
    page.wait_for_timeout(100)
    assert picture_of(page, 2, "base") == there
