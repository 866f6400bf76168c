from __future__ import annotations

import errno
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from selfsup_engine import events, files
from selfsup_engine.errors import UserError
from selfsup_engine.events import Event, Failed, Finished, Loading, Metrics, Paused, Queued
from selfsup_engine.models.saved import read_tensors
from selfsup_engine.runs import ROOT, Budget, Library, Run, RunFolder
from selfsup_engine.training.launcher import LocalLauncher
from selfsup_engine.training.loop import train
from selfsup_engine.training.worker import (
    CONTROL,
    GONE,
    UNSAID,
    claimed,
    give_way,
    recorded,
    wish_of,
    wish_or_end,
    work,
    worker_of,
)


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


def test_a_run_that_is_deleted_while_it_trains_ends_with_a_clear_word_and_is_not_brought_back(
    library: Library, make: Callable[..., Run]
) -> None:
    folder = library.create(make(steps=None, seconds=600))
    happened = recorded(folder, train(folder, lambda: wish_or_end(folder)))
    for event in happened:
        if isinstance(event, Metrics):
            shutil.rmtree(folder.path)
            break
    last = list(happened)[-1]
    assert isinstance(last, Failed)
    assert last.reason == GONE
    assert list(library.root.iterdir()) == []


def test_a_run_that_moves_to_the_trash_while_it_trains_is_left_alone_there(
    library: Library, make: Callable[..., Run]
) -> None:
    folder = library.create(make(steps=None, seconds=600))
    happened = recorded(folder, train(folder, lambda: wish_or_end(folder)))
    while not isinstance(next(happened), Metrics):
        pass
    library.delete(folder)
    assert [event.kind for event in happened][-1] == "failed"
    assert not folder.path.exists()
    assert library.restore(folder.name).status().state == "running"  # the queue marks it once it is looked at


def test_a_full_disk_in_the_middle_keeps_what_there_is(
    library: Library, make: Callable[..., Run], disk: Callable[[int], None]
) -> None:
    folder = library.create(make(steps=None, seconds=600))
    happened = recorded(folder, train(folder))
    while not isinstance(next(happened), Metrics):
        pass
    before = {path: path.read_bytes() for path in folder.path.rglob("*") if path.is_file()}
    disk(errno.ENOSPC)
    with pytest.raises(OSError, match="No space"):  # not even that can be written
        last = list(happened)[-1]
    disk(0)
    assert {path: path.read_bytes() for path in folder.path.rglob("*") if path.is_file()} == before
    failing = recorded(folder, train(folder))
    for event in failing:
        if isinstance(event, Metrics):
            disk(errno.ENOSPC)
            break
    last = next(failing)
    assert isinstance(last, Failed)
    assert last.reason == "The disk is full: free some space, then resume."
    disk(0)
    assert read_tensors(folder.file("state.safetensors"))


def test_a_model_that_cannot_be_written_leaves_the_last_one_whole(
    trained: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("weights.safetensors", "exhibit.safetensors", "cover.png", "run.json")
    longer = trained.run.model_copy(update={"budget": Budget(steps=310)})
    trained.save(longer)
    before = {name: trained.file(name).read_bytes() for name in names}
    fill, filled = files._fill, []

    def full_at_the_last(path: Path, data: bytes | str) -> None:
        filled.append(path.name)
        if ".weights." in path.name:
            raise OSError(errno.ENOSPC, "No space left on device")
        fill(path, data)

    monkeypatch.setattr(files, "_fill", full_at_the_last)
    *_, last = recorded(trained, train(trained))
    assert isinstance(last, Failed)
    assert any(".exhibit." in name for name in filled)
    assert {name: trained.file(name).read_bytes() for name in names} == before
    monkeypatch.setattr(files, "_fill", fill)
    *_, last = recorded(trained, train(trained))
    assert isinstance(last, Finished)
    assert all(trained.file(name).read_bytes() != before[name] for name in names)


@pytest.mark.parametrize(
    ("number", "says"), [(errno.ENOSPC, "the disk is full"), (errno.EROFS, "read-only file system"), (0, "")]
)
def test_a_worker_tells_by_its_code_what_it_could_not_write(
    folder: RunFolder, disk: Callable[[int], None], number: int, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("selfsup_engine.training.loop.train", lambda *_: iter(()))
    disk(number)
    code = work(folder, threading.Event())
    assert code == (UNSAID + number if number else 0)
    child = subprocess.Popen([sys.executable, "-c", f"raise SystemExit({code})"])
    child.wait()
    launcher = LocalLauncher(folder.path / "none" / "log")
    launcher._busy["one"] = child
    how = launcher.end("one")
    assert how == (
        f"nothing could be written any more: {says}" if number else "the training process ended by itself (code 0)"
    )


@pytest.mark.parametrize("said", ["none", "-5", "20", "1e1", "٣"])
def test_a_niceness_that_means_nothing_is_said_by_the_run(
    folder: RunFolder, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SELFSUP_NICENESS", said)
    give_way()  # no traceback in a log
    assert work(folder, threading.Event()) == 0
    (last,) = folder.history()
    assert isinstance(last, Failed)
    assert last.reason.startswith(f"SELFSUP_NICENESS is {said!r}, but must be a number from 0 to 19.")


def test_a_worker_leaves_alone_what_is_gone_or_no_longer_waits(library: Library, folder: RunFolder) -> None:
    orphaned = threading.Event()
    folder.append(Queued())
    folder.append(Paused(step=4))
    assert work(folder, orphaned) == 0
    assert folder.history()[-1] == Paused(step=4, at=folder.history()[-1].at)
    folder.append(Queued())
    orphaned.set()
    with claimed(folder):
        assert work(folder, orphaned) == 0
    assert isinstance(folder.history()[-1], Queued)
    shutil.rmtree(folder.path)
    assert work(folder, orphaned) == 0
    assert list(library.root.iterdir()) == []


@pytest.mark.slow
def test_a_worker_that_is_given_nothing_ends() -> None:
    worker = [sys.executable, "-m", "selfsup_engine.training.worker"]
    assert subprocess.run(worker, stdin=subprocess.DEVNULL, cwd=ROOT, timeout=120, check=False).returncode == 0
