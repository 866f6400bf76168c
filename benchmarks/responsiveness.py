"""How soon the app answers, in a real browser on the same machine, on a server that is warm.

    python -m benchmarks.responsiveness [--times 5]

Prints, as minimum, median and maximum: home from the request to its heading; from the click on Train to the first loss on the screen;
from the click on Stop to the last step taken; a press on the map to its picture. Needs Chromium.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from selfsup_engine import events
from selfsup_engine.device import host_facts
from selfsup_engine.runs import RunFolder
from tests.browser.app import CHROMIUM, QUIET, Server, press, settle, visitor


def timed(act: Callable[[], object], until: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    until()
    return time.perf_counter() - began


def report(what: str, seconds: list[float]) -> None:
    print(f"| {what} | {min(seconds):.2f} | {statistics.median(seconds):.2f} | {max(seconds):.2f} |", flush=True)


def home(page: Page, server: Server) -> float:
    return timed(lambda: page.goto(server.url, wait_until="commit"), lambda: page.wait_for_selector("h1"))


def train_and_stop(browser: Browser, server: Server) -> tuple[float, float]:
    """(click to first loss, click to last step), in a browser that has never been here: what it has to read counts.

    The worker for the run is warm, as after any look at the form. The pointer is above Stop before the clock starts.
    """
    context = visitor(browser, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{server.url}/train?data=digits", wait_until="commit")
    settle(page)
    page.get_by_text("images/s, measured here now").wait_for()
    page.get_by_role("radio", name="10 min").click()
    page.wait_for_timeout(4000)
    first = timed(
        lambda: press(page, "train"),
        lambda: page.get_by_text("held-out mean squared error").first.wait_for(state="visible"),
    )
    page.wait_for_timeout(1500)
    folder = RunFolder(server.runs / page.url.split("run=")[1].split("&")[0])
    box = page.locator(".st-key-stop button:visible").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    clicked = time.time()
    page.mouse.down()
    page.mouse.up()
    while not any(isinstance(event, events.Finished) for event in folder.history()):
        time.sleep(0.05)
    halted = next(event.at for event in folder.history() if isinstance(event, events.Finishing))
    page.wait_for_selector("text=stopped early")
    context.close()
    return first, halted - clicked


def press_on_map(page: Page, server: Server, share: float) -> float:
    box = page.locator(".map canvas.over").bounding_box()
    screen = page.locator(".screen").element_handle()
    before = page.locator(".screen").get_attribute("data-turn")
    assert box is not None
    return timed(
        lambda: page.mouse.click(box["x"] + share * box["width"], box["y"] + 0.5 * box["height"]),
        lambda: page.wait_for_function(
            "([screen, before]) => screen.dataset.turn !== before", arg=[screen, before], polling=5
        ),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=5)
    times = parser.parse_args().times
    print(", ".join(f"{name} {value}" for name, value in host_facts().items()))
    print("\n| seconds | min | median | max |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        server = Server(Path(place))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = visitor(browser, viewport={"width": 1280, "height": 900}).new_page()
        page.set_default_timeout(60_000)
        try:
            report("home, the first visit ever", [home(page, server)])
            report("home", [home(page, server) for _ in range(times)])
            runs = [train_and_stop(browser, server) for _ in range(times)]
            report("click on Train to the first loss", [first for first, _ in runs])
            report("click on Stop to the last step", [stop for _, stop in runs])
            page.goto(f"{server.url}/latent?model=fashion-2d", wait_until="commit")
            settle(page)
            page.wait_for_timeout(2000)
            report("press on the map to its picture", [press_on_map(page, server, 0.1 + i * 0.08) for i in range(10)])
        finally:
            browser.close()
            server.close()


if __name__ == "__main__":
    main()
