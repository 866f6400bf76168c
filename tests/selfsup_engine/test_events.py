from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from selfsup_engine import events
from selfsup_engine.health import Finding

HISTORY: list[events.Event] = [
    events.Queued(),
    events.Loading(fraction=0.5, message="Downloading MNIST"),
    events.Started(step=0, device="CPU", threads=2, parameters=10),
    events.Snapshot(step=0),
    events.Metrics(step=5, progress=0.25, elapsed=1.0, eta=3.0, rate=640.0, losses={"mse": 0.1}),
    events.Check(
        step=5,
        losses={"mse": 0.2},
        findings=(Finding(level="problem", name="n", message="m", number=1.0),),
        baselines={"PCA": 0.3},
    ),
    events.Metrics(step=9, progress=0.45, elapsed=2.0, eta=2.0, rate=600.0, losses={"mse": 0.05}),
    events.Paused(step=9),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    for event in HISTORY:
        events.append(tmp_path / "events.jsonl", event)
    return tmp_path / "events.jsonl"


def test_what_was_appended_is_read(path: Path) -> None:
    assert events.read(path) == HISTORY
    assert len(path.read_text().splitlines()) == len(HISTORY)
    assert events.read(path.with_name("none")) == []


def test_pictures_stay_in_memory(tmp_path: Path) -> None:
    shown = events.Check(step=1, losses={}, findings=(), pictures={"map": np.zeros((2, 2, 4), np.uint8)})
    events.append(tmp_path / "e", shown)
    (found,) = events.read(tmp_path / "e")
    assert isinstance(found, events.Check)
    assert found.pictures == {}


def test_a_line_that_is_being_written_is_not_there_yet(path: Path) -> None:
    whole = path.read_text()
    for cut in (1, 10, len(whole.splitlines()[-1])):
        path.write_text(whole[:-cut])
        assert events.read(path) == HISTORY[:-1]


def test_a_line_cut_off_by_a_crash_spoils_nothing_but_itself(path: Path) -> None:
    path.write_text(path.read_text()[:-20])
    failed = events.Failed(reason="killed")
    events.append(path, failed)
    assert events.read(path) == [*HISTORY[:-1], failed]


def test_foreign_lines_and_bytes_are_passed_over(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\n{}\n[1]\n" + path.read_bytes())
    assert events.read(path) == HISTORY


@pytest.mark.parametrize(
    ("count", "state", "step", "progress"),
    [
        (0, "queued", 0, 0),
        (1, "queued", 0, 0),
        (2, "loading", 0, 0),
        (3, "running", 0, 0),
        (5, "running", 5, 0.25),
        (6, "running", 5, 0.25),
        (8, "paused", 9, 0.45),
    ],
)
def test_the_state_follows_from_what_happened(count: int, state: str, step: int, progress: float) -> None:
    status = events.status(HISTORY[:count])
    assert (status.state, status.step, status.progress) == (state, step, progress)
    assert status.active == (state in ("queued", "loading", "running"))


def test_ends_and_new_beginnings() -> None:
    assert events.status([*HISTORY, events.Finished(step=20, reason="done")]).state == "done"
    assert events.status([*HISTORY, events.Finished(step=20, reason="stopped")]).state == "stopped"
    failed = events.status([*HISTORY, events.Failed(reason="no room")])
    assert (failed.state, failed.message) == ("failed", "no room")
    again = events.status([*HISTORY, events.Failed(reason="no room"), events.Queued()])
    assert (again.state, again.message, again.step) == ("queued", "", 9)


def test_cut_after_forgets_what_will_happen_again(path: Path) -> None:
    events.cut_after(path, 5)
    assert events.read(path) == [event for event in HISTORY if getattr(event, "step", 0) <= 5]
    assert len(events.read(path)) == 6
    events.append(path, HISTORY[-1])
    assert events.read(path)[-1] == HISTORY[-1]


def test_the_state_in_a_file_is_read_again_once_the_file_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, read = tmp_path / "events.jsonl", events.read
    looks: list[Path] = []
    monkeypatch.setattr(events, "read", lambda path: looks.append(path) or read(path))
    assert events.status_in(path) is None
    events.append(path, events.Queued())
    assert [events.status_in(path) == events.status(read(path)) for _ in range(3)] == [True] * 3
    assert len(looks) == 1
    events.append(path, events.Paused(step=7))
    paused = events.status_in(path)
    assert paused and (paused.state, paused.step) == ("paused", 7)
    events.cut_after(path, 0)
    queued = events.status_in(path)
    assert queued and queued.state == "queued"
    path.write_text("")
    assert events.status_in(path) is None
