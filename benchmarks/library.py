"""How quick the library page stays with many runs, in a real browser on the same machine.

    python -m benchmarks.library [--runs 300] [--times 5]

The runs are made up: copies of the gallery's models, with weights of no use and sixty previews each. Prints, as minimum, median and
maximum: the page from the request to its first card; a filter, a search, the next sheet and a box, from the click to what follows.
Needs Chromium.
"""

import argparse
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Locator, Page, sync_playwright

from benchmarks.responsiveness import report, timed
from selfsup_engine.device import host_facts
from selfsup_engine.runs import Library, RunFolder
from tests.browser.app import CHROMIUM, QUIET, Server, press, settle, visitor


def make_up(root: Path, count: int) -> None:
    """Fills a library with runs."""
    models = Library(root).shown()
    for number in range(count):
        model = models[number % len(models)]
        folder = RunFolder(root / f"{model.name}-{number:04}")
        created = model.run.created - timedelta(hours=number)
        folder.save(model.run.model_copy(update={"title": f"{model.run.title} {number}", "created": created}))
        for name in ("cover.png", "events.jsonl"):
            shutil.copy(model.file(name), folder.path)
        for name in ("weights.safetensors", "exhibit.safetensors"):
            folder.file(name).write_bytes(bytes(1000))
        (folder.path / "previews").mkdir()
        for step in range(60):
            folder.picture(step, "map").write_bytes(bytes(10))


def in_reach(page: Page, what: Locator) -> Locator:
    """Scrolled to before the clock starts."""
    what.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    return what


def headed(page: Page, text: str) -> None:
    page.get_by_role("heading", name=text, exact=True).wait_for()


def measure(page: Page, server: Server, count: int, times: int) -> None:
    """Prints the table."""
    seconds: dict[str, list[float]] = {}

    def note(what: str, spent: float) -> None:
        seconds.setdefault(what, []).append(spent)
        settle(page)

    for _ in range(times):
        spent = timed(
            lambda: page.goto(f"{server.url}/library", wait_until="commit"),
            lambda: page.wait_for_selector("[class*=st-key-card-runs-]"),
        )
        note(f"the page with {count} runs", spent)
        chip = page.get_by_role("button", name="Draws samples")
        note("a filter", timed(chip.click, lambda: page.wait_for_url("**can=gan*")))
        note("a filter off", timed(chip.click, lambda: headed(page, f"Yours ({count})")))
        onward = in_reach(page, page.locator(".st-key-sheet-next button"))
        note("the next sheet", timed(onward.click, lambda: page.get_by_text("25 to 48").wait_for()))
        press(page, "select")
        settle(page)
        box = in_reach(page, page.locator("[class*=st-key-pick-runs-] label").first)
        note("a box", timed(box.click, lambda: page.get_by_text("1 selected").wait_for()))
        press(page, "select")
        settle(page)
        search = page.get_by_label("Search")
        search.fill("dusk 12")
        note("a search", timed(lambda box=search: box.press("Enter"), lambda: page.wait_for_url("**q=dusk*")))
    print("| | min | median | max |\n|---|---|---|---|")
    for what, found in seconds.items():
        report(what, found)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--times", type=int, default=5)
    asked = parser.parse_args()
    print(host_facts())
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        server = Server(Path(place))
        try:
            make_up(server.runs, asked.runs)
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
            page = visitor(browser, viewport={"width": 1280, "height": 900}).new_page()
            page.goto(f"{server.url}/library", wait_until="commit")  # a server's first visit is another figure
            settle(page)
            measure(page, server, asked.runs, asked.times)
            browser.close()
        finally:
            server.close()


if __name__ == "__main__":
    main()
