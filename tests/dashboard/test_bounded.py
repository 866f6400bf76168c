"""What is kept is bounded: by bytes, by number, or by there being only one of it."""

from __future__ import annotations

import ast
import gc
import threading
import time
import weakref

import numpy as np
import pytest

from dashboard import bounded
from dashboard.bounded import Bounded
from selfsup_engine.runs import ROOT


class Thing:
    """Something that can be held elsewhere, of so many bytes."""

    def __init__(self, size: int) -> None:
        self.pixels = np.zeros(size, np.uint8)


def test_what_was_used_last_stays_and_all_together_fit() -> None:
    kept = Bounded(100)
    kept.get("a", lambda: bytes(40))
    kept.get("b", lambda: bytes(40))
    kept.get("a", lambda: pytest.fail("it was there"))
    kept.get("c", lambda: bytes(40))
    assert kept.bytes == 80
    kept.get("a", lambda: pytest.fail("it was used after b"))
    made: list[str] = []
    kept.get("b", lambda: made.append("b") or bytes(40))
    assert made == ["b"]


def test_what_is_too_large_stays_alone_while_it_is_looked_at() -> None:
    kept = Bounded(100)
    kept.get("a", lambda: bytes(40))
    kept.get("b", lambda: bytes(400))
    assert (len(kept), kept.bytes) == (1, 400)
    kept.get("c", lambda: bytes(40))
    assert (len(kept), kept.bytes) == (1, 40)


def test_what_grows_is_weighed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "FRESH", -1.0)
    kept, grows = Bounded(100), Thing(10)
    kept.get("a", lambda: grows)
    grows.pixels = np.zeros(90, np.uint8)
    kept.get("b", lambda: bytes(20))
    assert (len(kept), kept.bytes) == (1, 20)


def test_what_had_to_go_is_found_in_the_hands_that_hold_it_and_nowhere_else() -> None:
    kept = Bounded(100)
    held = kept.get("a", lambda: Thing(80))
    kept.get("b", lambda: Thing(80))
    assert kept.get("a", lambda: pytest.fail("somebody has it")) is held
    gone = weakref.ref(held)
    del held
    kept.get("b", lambda: Thing(80))
    gc.collect()
    assert gone() is None


def test_a_thing_is_made_once_however_many_ask_and_a_failure_is_nobody_elses() -> None:
    kept, made = Bounded(100), []

    def make() -> Thing:
        made.append(1)
        time.sleep(0.02)
        return Thing(1)

    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(kept.get("a", make))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert len(made) == 1 and len(found) == 8 and len(set(map(id, found))) == 1

    def fail() -> Thing:
        raise ValueError

    with pytest.raises(ValueError):
        kept.get("b", fail)
    assert kept.get("b", lambda: 7) == 7
    kept.forget("b")
    assert kept.get("b", lambda: 8) == 8
    kept.clear()
    assert len(kept) == 0 and not kept._making


def test_every_cache_has_a_bound() -> None:
    """Streamlit's own keep what they are given for as long as the server lives; so do Python's."""
    found: dict[str, list[str]] = {"one": [], "bounded": [], "unbounded": []}
    for path in [*(ROOT / "dashboard").rglob("*.py"), *(ROOT / "selfsup_engine").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.FunctionDef):
                continue
            for decorator in map(ast.unparse, node.decorator_list):
                if (
                    decorator.startswith(("st.cache_", "lru_cache", "cache", "functools"))
                    and "cached_property" not in decorator
                ):
                    bound = "max_entries=" in decorator or decorator.startswith("lru_cache(")
                    kind = "one" if not node.args.args else "bounded" if bound else "unbounded"
                    found[kind].append(node.name)
    assert found["unbounded"] == []
    assert {"shared", "mine", "library", "jobs"} <= set(found["one"])
    assert {"_samples", "_film", "prepared"} <= set(found["bounded"])
