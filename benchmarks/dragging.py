"""How soon a picture follows the hand on a slider of the GAN sampler: a real browser drags, on the same machine as the server.

    python -m benchmarks.dragging [--model NAME] [--seconds 5]

Prints pictures a second, and the time from the pointer's last move that a picture shows to the moment when it is drawn. Needs Chromium
and a model in the gallery that draws samples.
"""

import argparse
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from selfsup_engine.device import host_facts
from tests.browser.app import CHROMIUM, QUIET, Server, settle, visitor

WATCH = """screen => {
  const [moves, shown] = [[], []];
  const now = () => performance.timeOrigin + performance.now();
  screen.getRootNode().addEventListener("input", () => moves.push(now()), true);
  new MutationObserver(() => shown.push([now(), Number(screen.dataset.turn)])).observe(screen, { attributeFilter: ["data-turn"] });
  window.seen = () => shown.map(([at, turn]) => at - moves.findLast((move) => move <= turn + 1));
}"""


MOVE = """(range, seconds) => new Promise((done) => {
  const began = performance.now();
  const [low, high] = [Number(range.min), Number(range.max)];
  const timer = setInterval(() => {
    const gone = (performance.now() - began) / 1000;
    range.value = (low + high) / 2 + 0.45 * (high - low) * Math.sin(2.5 * gone);
    range.dispatchEvent(new Event("input", { bubbles: true, composed: true }));
    if (gone > seconds) done(clearInterval(timer));
  }, 1000 / 60);
})"""


def drag(page: Page, row: int, seconds: float) -> list[float]:
    """Milliseconds from a move to its picture, for each picture of a drag to and fro.

    The slider is moved from within the page, sixty times a second as a browser hands on a hand's moves: a pointer that is
    controlled from outside costs the browser 3 ms a move, which no hand does.
    """
    page.locator(".screen").evaluate(WATCH)
    slider = page.locator(".rows.main input[type=range]").nth(row)
    slider.evaluate(MOVE, seconds)
    page.wait_for_timeout(300)
    found: list[float] = page.evaluate("() => window.seen().filter(Number.isFinite)")
    slider.evaluate('range => range.dispatchEvent(new Event("change", { bubbles: true }))')
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="")
    parser.add_argument("--seconds", type=float, default=5)
    wanted = parser.parse_args()
    print(", ".join(f"{name} {value}" for name, value in host_facts().items()))
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        server = Server(Path(place))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = visitor(browser, viewport={"width": 1280, "height": 900}).new_page()
        page.set_default_timeout(60_000)
        try:
            page.goto(f"{server.url}/gan?model={wanted.model}", wait_until="commit")
            settle(page)
            page.locator(".screen[data-turn]").wait_for()
            page.wait_for_timeout(2000)
            print("\n| | pictures a second | ms: median | 95 % | max |\n|---|---|---|---|---|")
            for row in (1, 2, 3):
                found = drag(page, row, wanted.seconds)
                times = (
                    f"{statistics.median(found):.0f} | {statistics.quantiles(found, n=20)[-1]:.0f} | {max(found):.0f}"
                )
                print(f"| slider {row} | {len(found) / wanted.seconds:.0f} | {times} |", flush=True)
                page.wait_for_timeout(1500)
        finally:
            browser.close()
            server.close()


if __name__ == "__main__":
    main()
