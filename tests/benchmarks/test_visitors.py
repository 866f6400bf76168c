"""Visitors come and go, and nothing of theirs stays."""

from __future__ import annotations

import asyncio
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from benchmarks.crowd import cells
from benchmarks.visitor import Visitor
from benchmarks.visitors import memory, photo_of, visit
from tests.browser.app import Server

MOST_MB = 1000.0  # 700 were measured; it is there to notice what doubles
LOOK = """
import gc, json, os, sys, threading, time
def count():
    place = os.environ.get("COUNT_INTO", "")
    while place:
        time.sleep(0.05)
        if "streamlit" in sys.modules and os.path.exists(place + ".ask"):  # the server, and not its worker
            os.remove(place + ".ask")
            gc.unfreeze()
            gc.collect()
            names = [type(thing).__name__ for thing in gc.get_objects()]
            with open(place + ".part", "w") as file:
                json.dump({name: names.count(name) for name in ("AppSession", "OpenedPhoto", "Bounded", "SessionState")}, file)
            os.replace(place + ".part", place)
threading.Thread(target=count, daemon=True).start()
"""


def counted(place: Path) -> dict[str, int]:
    """How many of some things live in the server."""
    place.unlink(missing_ok=True)
    place.with_name(f"{place.name}.ask").touch()
    give_up = time.monotonic() + 30
    while not place.exists() and time.monotonic() < give_up:
        time.sleep(0.05)
    found: dict[str, int] = json.loads(place.read_text())
    return found


@pytest.mark.slow
def test_visitors_who_left_leave_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site, place = tmp_path / "site", tmp_path / "counted"
    site.mkdir()
    (site / "sitecustomize.py").write_text(LOOK)
    monkeypatch.setenv("PYTHONPATH", f"{site}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.setenv("COUNT_INTO", str(place))
    monkeypatch.setenv("STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL", "0")
    server = Server(tmp_path)
    address = server.url.removeprefix("http://")

    async def with_photo(seed: int) -> dict[str, int]:
        visitor = Visitor(address)
        await visitor.open("gradients", "operation=flatten")
        await visitor.drop("photo-canvas", "mine.jpg", photo_of(seed))
        found = counted(place)
        await visitor.leave()
        return found

    async def come_and_go() -> tuple[dict[str, int], dict[str, int]]:
        await visit(address, 0)
        there = await with_photo(1)
        for seed in range(2, 4):
            await visit(address, seed)
        last = Visitor(address)  # the storage of those who left is looked through when somebody leaves
        await last.open("library")
        await last.leave()
        return there, counted(place)

    try:
        with ThreadPoolExecutor() as aside:  # Playwright may have a loop in this thread
            there, after = aside.submit(lambda: asyncio.run(come_and_go())).result()
        assert there["AppSession"] >= 1 and there["SessionState"] >= 1
        built_in = there["OpenedPhoto"] - 1  # the one that was dropped is the visitor's
        assert built_in >= 1
        assert after["OpenedPhoto"] <= built_in + 1  # of seven; the very last may not have been let go of yet
        assert after["AppSession"] <= 2
        assert after["SessionState"] <= 2
        assert memory(server)[0] < MOST_MB
    finally:
        server.close()


def test_cells_are_the_median_the_rank_and_the_longest() -> None:
    assert cells([]) == ["-"] * 3
    assert cells([0.1]) == ["100"] * 3
    assert cells([i / 1000 for i in range(101)]) == ["50", "95", "100"]
    assert cells([0.001, 2.0])[1:] == ["1,900", "2,000"]  # never above the longest
