"""Steps back and again."""

from __future__ import annotations

from typing import Any

import pytest

from dashboard import history
from dashboard.history import History


@pytest.fixture(autouse=True)
def _memory(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: dict[str, Any] = {}
    monkeypatch.setattr(history, "remembered", lambda key, default=None: kept.get(key, default))
    monkeypatch.setattr(history, "remember", kept.__setitem__)


def test_what_was_is_found_again_and_a_new_step_ends_the_way_forward() -> None:
    past = History("a")
    assert not past.can_undo and not past.can_redo
    for entry in ("one", "two", "two", "three"):
        History("a").note(entry)
    past = History("a")
    assert (past.undo(), past.undo()) == ("two", "one")
    past = History("a")
    assert not past.can_undo and past.can_redo
    assert past.redo() == "two"
    past.note("two")  # where it stands is no step
    assert past.can_redo
    past.note("four")
    assert not past.can_redo and past.undo() == "two"
    assert not History("b").can_undo


def test_only_so_many_steps_are_kept() -> None:
    past = History("a")
    for entry in range(history.LIMIT + 50):
        past.note(entry)
    steps = 0
    while past.can_undo:
        last = past.undo()
        steps += 1
    assert steps == history.LIMIT - 1 and last == 50
