"""How the map of codes follows a hand: a real browser drags, pans and zooms, on the same machine as the server.

    python -m benchmarks.mapping [--models NAME ...] [--points 60000] [--seconds 5]

Prints how many pictures a second are drawn under a drag, with the time from the pointer's last move that a picture shows to the moment when it is
drawn; and how long the frames of a pan and of a zoom take with many points. Needs Chromium and models in the gallery that decode.
"""

import argparse
import shutil
import statistics
import tempfile
from pathlib import Path

import torch
from playwright.sync_api import Browser, Page, sync_playwright

from selfsup_engine import exhibit
from selfsup_engine.device import host_facts
from selfsup_engine.runs import GALLERY
from tests.browser.app import CHROMIUM, QUIET, Server, settle, visitor

WATCH = """over => {
  const [moves, shown] = [[], []];
  const now = () => performance.timeOrigin + performance.now();
  over.addEventListener("pointermove", () => moves.push(now()), true);
  window.watch = (screen) =>
    new MutationObserver(() => shown.push([now(), Number(screen.dataset.turn)])).observe(screen, { attributeFilter: ["data-turn"] });
  window.seen = () => shown.splice(0).map(([at, turn]) => at - moves.findLast((move) => move <= turn + 1));
}"""

DRAG = """(over, seconds) => new Promise((done) => {
  const began = performance.now();
  const box = over.getBoundingClientRect();
  const timer = setInterval(() => {
    const gone = (performance.now() - began) / 1000;
    const [x, y] = [0.5 + 0.35 * Math.sin(1.9 * gone), 0.5 + 0.35 * Math.sin(2.6 * gone)];
    const at = { clientX: box.left + x * box.width, clientY: box.top + y * box.height, pointerId: 1, pointerType: "mouse", bubbles: true };
    over.dispatchEvent(new PointerEvent("pointermove", at));
    if (gone > seconds) done(clearInterval(timer));
  }, 1000 / 60);
})"""

FRAMES = """(over, [how, seconds]) => new Promise((done) => {
  const [began, box, frames] = [performance.now(), over.getBoundingClientRect(), []];
  let last = began;
  const frame = (now) => {
    frames.push(now - last);
    last = now;
    const gone = (performance.now() - began) / 1000;
    const at = { clientX: box.left + box.width / 2, clientY: box.top + box.height / 2, bubbles: true, cancelable: true };
    if (how === "pan") {
      at.clientX += 0.3 * box.width * Math.sin(2 * gone);
      at.clientY += 0.3 * box.height * Math.sin(1.3 * gone);
      over.dispatchEvent(new PointerEvent("pointermove", { ...at, pointerId: 1, pointerType: "mouse" }));
    } else over.dispatchEvent(new WheelEvent("wheel", { ...at, deltaY: -25 * Math.cos(1.5 * gone) }));
    if (gone < seconds) requestAnimationFrame(frame);
    else done(frames.slice(2));
  };
  requestAnimationFrame(frame);
})"""


def opened(browser: Browser, url: str, density: float = 1) -> Page:
    """The latent page at a link, at rest."""
    page = visitor(browser, viewport={"width": 1400, "height": 1000}, device_scale_factor=density).new_page()
    page.set_default_timeout(90_000)
    page.goto(url, wait_until="commit")
    settle(page)
    page.locator(".map .stage[data-ready]").wait_for()
    page.locator(".screen[data-turn]").wait_for()
    page.wait_for_timeout(2000)
    return page


def drag(page: Page, seconds: float) -> list[float]:
    """Milliseconds from a move to its picture, for each picture of a drag.

    The button is pressed by a real pointer, which is then moved from within the page, sixty times a second as a browser hands on a hand's
    moves: one that is controlled from outside costs the browser 3 ms a move, which no hand does.
    """
    over = page.locator(".map canvas.over")
    over.evaluate(WATCH)
    page.locator(".screen").evaluate("screen => window.watch(screen)")
    over.hover()
    page.mouse.down()
    page.evaluate("window.seen()")
    over.evaluate(DRAG, seconds)
    page.wait_for_timeout(300)
    found: list[float] = page.evaluate("window.seen().filter(Number.isFinite)")
    page.mouse.up()
    page.wait_for_timeout(1500)
    return found


def frames(page: Page, how: str, seconds: float) -> list[float]:
    """Milliseconds of each frame while the map is panned or zoomed."""
    over = page.locator(".map canvas.over")
    over.hover()
    if how == "pan":
        page.mouse.down(button="middle")
    found: list[float] = over.evaluate(FRAMES, [how, seconds])
    if how == "pan":
        page.mouse.up(button="middle")
    page.wait_for_timeout(1500)
    return found


def crowded(runs: Path, count: int) -> str:
    """A run with `count` points on its map: the gallery's 2-D model, its codes and pictures again and again, each a little aside. Its name."""
    folder = shutil.copytree(GALLERY / "fashion-2d", runs / "crowded")
    kept = exhibit.read(folder)
    which = torch.arange(count) % len(kept.codes)
    noise = 0.1 * torch.randn(count, 2, generator=torch.Generator().manual_seed(0))
    assert kept.labels is not None
    tensors = {"codes": kept.codes[which] + noise, "errors": kept.errors[which], "labels": kept.labels[which]}
    exhibit.write(folder, tensors | {"images": kept.images[which]})
    return folder.name


def row(name: str, times: list[float], rate: str) -> str:
    twentieth = statistics.quantiles(times, n=20)[-1]
    return f"| {name} | {rate} | {statistics.median(times):.1f} | {twentieth:.1f} | {max(times):.0f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="*", default=["fashion-2d", "fashion-16d", "emoji-conv"])
    parser.add_argument("--points", type=int, default=60_000)
    parser.add_argument("--seconds", type=float, default=5)
    wanted = parser.parse_args()
    print(", ".join(f"{name} {value}" for name, value in host_facts().items()))
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        server = Server(Path(place))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        try:
            print("\n| drag | pictures a second | ms: median | 95 % | max |\n|---|---|---|---|---|")
            for model in wanted.models:
                page = opened(browser, f"{server.url}/latent?model={model}")
                found = drag(page, wanted.seconds)
                print(row(model, found, f"{len(found) / wanted.seconds:.0f}"), flush=True)
                page.context.close()
            print(
                f"\n| {wanted.points:,} points | frames a second | ms a frame: median | 95 % | max |\n|---|---|---|---|---|"
            )
            name = crowded(server.runs, wanted.points)
            for density in (1, 2):
                page = opened(browser, f"{server.url}/latent?model={name}", density)
                for how in ("pan", "zoom"):
                    found = frames(page, how, wanted.seconds)
                    rate = f"{1000 * len(found) / sum(found):.0f}"
                    print(row(f"{how}, {density} pixels to a CSS pixel", found, rate), flush=True)
                page.context.close()
        finally:
            browser.close()
            server.close()


if __name__ == "__main__":
    main()
