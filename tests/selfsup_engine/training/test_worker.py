from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from selfsup_engine import events
from selfsup_engine.errors import UserError
from selfsup_engine.events import Event, Failed, Loading
from selfsup_engine.runs import ROOT, Library, Run, RunFolder
from selfsup_engine.training.worker import CONTROL, recorded, wish_of, worker_of


@pytest.fixture
def folder(library: Library, make: Callable[..., Run]) -> RunFolder:
    return library.create(make())


def happening(error: Exception | None) -> Iterator[Event]:
    yield Loading(fraction=0, message="Loading")
    if error:
        raise error


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (UserError("Add more pictures."), "Add more pictures."),
        (OSError(28, "No space left on device"), "The disk is full: free some space, then resume."),
        (MemoryError(), "The memory did not suffice; take a smaller batch"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "The memory did not suffice"),
        (KeyError("surprise"), "Training broke off; resume"),
    ],
)
def test_an_error_is_the_last_thing_that_happens(folder: RunFolder, error: Exception, word: str) -> None:
    seen = list(recorded(folder, happening(error)))
    assert [event.kind for event in seen] == ["loading", "failed"]
    assert isinstance(seen[-1], Failed)
    assert word in seen[-1].reason
    assert folder.history() == seen
    assert folder.file("error.log").exists() == ("error.log" in seen[-1].reason)


def test_without_an_error_nothing_is_added(folder: RunFolder) -> None:
    assert list(recorded(folder, happening(None))) == folder.history()
    assert len(folder.history()) == 1


def test_an_error_in_a_folder_that_is_gone_is_still_an_event(library: Library, folder: RunFolder) -> None:
    happened = recorded(folder, happening(KeyError("x")))
    next(happened)
    library.delete(folder)
    assert [event.kind for event in happened] == ["failed"]


@pytest.mark.parametrize(
    ("said", "wish"), [("pause", "pause"), ("stop\n", "stop"), ("go", "go"), ("", "go"), ("dance", "go")]
)
def test_only_known_wishes_are_heard(folder: RunFolder, said: str, wish: events.Wish) -> None:
    assert wish_of(folder) == "go"
    folder.file(CONTROL).write_text(said)
    assert wish_of(folder) == wish
    assert worker_of(folder) == ""


@pytest.mark.slow
def test_a_worker_that_is_given_nothing_ends() -> None:
    worker = [sys.executable, "-m", "selfsup_engine.training.worker"]
    assert subprocess.run(worker, stdin=subprocess.DEVNULL, cwd=ROOT, timeout=120, check=False).returncode == 0
