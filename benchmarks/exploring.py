"""A slider in a latent space: the studio's page beside the tutorials' way with Streamlit's own slider and with Gradio's, on the same model.

    python -m benchmarks.exploring [--rounds 3] [--seconds 4] [--write]

The three draw the same pictures of the same direction (see slider_model.py); each is a server of its own, started anew in each round, in turns.
A real browser, new and empty, opens it as soon as it answers, presses the slider here and there, drags it to and fro with the button down, and reloads.
What it shows is read from the page itself at each frame (see watching.py), so no app is asked how it did. Needs Chromium and the rivals' Python.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isinf, sin
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from playwright.sync_api import Browser, BrowserContext, CDPSession, Error, Page, sync_playwright

from benchmarks import slider_model, watching
from benchmarks.processes import cpu_of, memory_of, needed, versions
from benchmarks.reporting import machine, ratio, spread, table, write
from selfsup_engine.runs import ROOT
from tests.browser.app import CHROMIUM, QUIET, Server, Start, by_streamlit

LOADED = """async (seen) => {
  const [root, began] = [seen.getRootNode(), performance.now()];
  while (seen.tagName !== "CANVAS" && !(seen.complete && seen.naturalWidth)) {
    await new Promise(requestAnimationFrame);
    if (performance.now() - began > 60000) throw new Error("the picture cannot be read");
    seen = root.querySelector(".image-frame img, [data-testid=stImage] img") ?? seen; // an app may put another in its place
  }
}"""
HERE = Path(__file__).parent
PRESSES = 10
ALONE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"  # no app is helped or held up by other hosts


@dataclass(frozen=True)
class App:
    """One way to have a slider: how it is served, and where on its page the slider, its line and the picture are."""

    start: Callable[[str], Start | None]  # given the rivals' Python
    path: str
    slider: str
    line: str
    picture: str
    whole: str  # the picture, as the page's user finds it: there once the page can be used


APPS = {
    "studio": App(
        lambda _: None,
        slider_model.LINK,
        ".rows.main input[type=range]",
        ".rows.main input[type=range]",
        ".screen canvas",
        "button.screen[data-turn] canvas",
    ),
    "st.slider": App(
        lambda _: lambda port: by_streamlit(HERE / "st_slider.py", port),
        "/",
        "[data-testid=stSlider] input[type=range]",
        "[data-testid=stSlider] [role=group] > [data-orientation]",
        "[data-testid=stImage] img",
        "[data-testid=stImage] img",
    ),
    "Gradio": App(
        lambda python: lambda port: [python, "-m", "benchmarks.gradio_slider", str(port)],
        "/",
        "input[type=range]",
        "input[type=range]",
        ".image-frame img",
        ".image-frame img",
    ),
}

MEASURES = {
    "press on the slider to picture, ms": 0,
    "the slowest of ten presses, ms": 0,
    "pictures a second in a drag": 1,
    "age of the picture in a drag, ms": 0,
    "CPU of the server a picture in a drag, ms": 1,
    "start of the server to the first picture, s": 2,
    "another visitor's first picture, s": 2,
    "reload to picture, s": 2,
    "first visit over the wire, KB": 0,
    "first visit, requests": 0,
    "reload over the wire, KB": 0,
    "memory of the server, MB": 0,
    "with what it started, MB": 0,
    "JavaScript's heap, MB": 1,
}
"""What is measured, with the digits that are told."""

Figures = dict[str, float]


class Wire:
    """What a page fetches: bytes as they travel, those of web sockets before compression, and requests."""

    def __init__(self, talk: CDPSession) -> None:
        self.bytes = self.requests = 0.0
        talk.on("Network.loadingFinished", lambda told: self._take(told["encodedDataLength"]))
        talk.on("Network.webSocketFrameReceived", lambda told: self._take(size_of(told["response"])))
        talk.on("Network.eventSourceMessageReceived", lambda told: self._take(len(told["data"])))
        talk.on("Network.requestWillBeSent", lambda told: self._ask(told["request"]["url"]))
        talk.send("Network.enable")

    def _take(self, count: float) -> None:
        self.bytes += count

    def _ask(self, url: str) -> None:
        self.requests += url.startswith("http")


def size_of(frame: dict[str, Any]) -> float:
    """Bytes of a web socket's message, which the browser tells of as base64 where it is no text."""
    count = len(frame["payloadData"])
    return count if frame["opcode"] == 1 else 3 * count // 4


def appear(page: Page, app: App) -> None:
    """Waits until the page's picture is there, decoded."""
    found = page.locator(app.whole).first
    found.wait_for()
    found.evaluate(LOADED)


def visited(browser: Browser, url: str, app: App) -> tuple[BrowserContext, Page, Wire, float]:
    """A new visitor: the page with its picture, what it fetched and the seconds that this took."""
    for last in (False, False, True):
        context = browser.new_context(viewport={"width": 1280, "height": 1000})
        page = context.new_page()
        page.set_default_timeout(90_000)
        wire = Wire(context.new_cdp_session(page))
        began = time.perf_counter()
        page.goto(url, wait_until="commit")
        try:
            appear(page, app)
            break
        except Error:  # Gradio's picture stays broken now and then; whoever comes next sees one
            context.close()
            if last:
                raise
    return context, page, wire, time.perf_counter() - began


def press(page: Page, app: App) -> watching.Seen:
    """Presses the slider's line at ten places, each once the one before has been answered."""
    box = page.locator(app.line).first.bounding_box()
    assert box is not None
    watching.told(page)
    for number in range(PRESSES):
        share = 0.2 + 0.6 * (0.5 * (number % 2) + number / (2 * PRESSES))  # far from the place before
        page.evaluate("() => { window.said.fresh = 0; }")
        page.mouse.click(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
        page.wait_for_function("() => window.said.fresh", polling=20)
        page.wait_for_timeout(700)  # what follows the picture has its time, too
    return watching.told(page)


def drag(page: Page, app: App, seconds: float) -> watching.Seen:
    """Drags the slider to and fro with the button down, up to sixty moves a second."""
    line = page.locator(app.line).first.bounding_box()
    assert line is not None
    middle, y = line["x"] + line["width"] / 2, line["y"] + line["height"] / 2
    page.mouse.click(middle, y)
    page.wait_for_timeout(1000)
    page.mouse.move(middle, y)
    page.mouse.down()
    watching.told(page)
    began = time.perf_counter()
    while (gone := time.perf_counter() - began) < seconds:
        page.mouse.move(middle + 0.4 * line["width"] * sin(2.5 * gone), y)
        page.wait_for_timeout(max(1, 1000 * (1 / 60 - (time.perf_counter() - began - gone))))
    seen = watching.told(page)
    page.mouse.up()
    page.wait_for_timeout(1000)
    return seen


def tour(browser: Browser, app: App, place: Path, python: str, seconds: float, known: np.ndarray) -> Figures:
    """All that is measured of an app, from the start of its server on."""
    found: Figures = {}
    os.environ["GRADIO_TEMP_DIR"] = str(
        place
    )  # else servers share their pictures, and one may find another's half written
    began = time.perf_counter()
    server = Server(place, app.start(python))
    try:
        url = server.url + app.path
        context, page, wire, _ = visited(browser, url, app)
        found["start of the server to the first picture, s"] = time.perf_counter() - began
        page.wait_for_timeout(2000)
        found["first visit over the wire, KB"] = wire.bytes / 1e3
        found["first visit, requests"] = wire.requests
        page.locator(app.line).first.scroll_into_view_if_needed()
        watching.record(page, page.locator(app.slider).first, app.picture, app.slider)
        waited = watching.delays(press(page, app))
        found["press on the slider to picture, ms"] = median(waited)
        found["the slowest of ten presses, ms"] = max(waited)
        spent = cpu_of(server.process)
        seen = drag(page, app, seconds)
        spent = cpu_of(server.process) - spent
        found["CPU of the server a picture in a drag, ms"] = 1000 * spent / len(seen.shown) if seen.shown else inf
        found["pictures a second in a drag"] = watching.rate(seen)
        found["age of the picture in a drag, ms"] = median(watching.ages(seen, known))
        talk = context.new_cdp_session(page)
        talk.send("HeapProfiler.collectGarbage")
        found["JavaScript's heap, MB"] = talk.send("Runtime.getHeapUsage")["usedSize"] / 1e6
        found["memory of the server, MB"], found["with what it started, MB"] = memory_of(server.process)
        for last in (False, False, True):
            before, began = wire.bytes, time.perf_counter()
            page.goto(url, wait_until="commit")
            try:
                appear(page, app)
                break
            except Error:  # as in `visited`
                if last:
                    raise
        found["reload to picture, s"] = time.perf_counter() - began
        page.wait_for_timeout(2000)
        found["reload over the wire, KB"] = (wire.bytes - before) / 1e3
        context.close()
        context, _, _, found["another visitor's first picture, s"] = visited(browser, url, app)
        context.close()
    finally:
        server.close()
    return found


def report(found: dict[str, list[Figures]]) -> str:
    """The table: medians of the rounds, and the others' figures as multiples of the studio's, round by round."""
    first, *others = found
    rows = []
    for measure, digits in MEASURES.items():
        values = {name: [each[measure] for each in figures] for name, figures in found.items()}
        none = {name for name, each in values.items() if any(map(isinf, each))}
        cells = ["none" if name in none else spread(values[name], digits) for name in found]
        times = ["" if none & {name, first} else ratio(values[name], values[first]) for name in others]
        rows.append([measure, *cells, *times])
    return table(["", *found, *(f"{name}, times the {first}'s" for name in others)], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4, help="of the drag")
    parser.add_argument("--only", action="append", choices=APPS)
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md")
    wanted = parser.parse_args()
    python = needed("gradio")
    names = wanted.only or list(APPS)
    found: dict[str, list[Figures]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        slider_model.prepare(Path(folder))
        os.environ |= {"LATENT": folder, "PYTHONPATH": str(ROOT), "GRADIO_ANALYTICS_ENABLED": "False"}
        model = slider_model.opened()
        known = np.stack([slider_model.picture(model, value) for value in watching.STEPS])
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, ALONE])
        for number in range(wanted.rounds):
            for name in names[:: -1 if number % 2 else 1]:
                place = Path(folder) / f"{number}-{names.index(name)}"
                place.mkdir()
                found[name].append(tour(browser, APPS[name], place, python, wanted.seconds, known))
                print(f"  round {number + 1}, {name}: {found[name][-1]}", file=sys.stderr, flush=True)
        browser.close()
    with_versions = ", ".join(f"{name} {version}" for name, version in versions("streamlit", "gradio").items())
    text = f"{machine()}, {with_versions}; {wanted.rounds} rounds\n\n{report(found)}"
    print(text)
    if wanted.write:
        write("exploring", text)


if __name__ == "__main__":
    main()
