"""The self-test: each trial for real, and what is said where one fails."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from dashboard import checkup, trials
from dashboard.checkup import Checkup, attempt
from dashboard.trials import Bench, NotTried, Shown, Trial
from selfsup_engine import host, readiness, sources
from selfsup_engine.errors import UserError
from selfsup_engine.readiness import Check
from selfsup_engine.runs import GALLERY, Library, RunFolder


@pytest.fixture
def bench(library: Library, tmp_path: Path) -> Bench:
    """A library with the real gallery."""
    return Bench(Library(library.root, GALLERY), Library(tmp_path / "temporary", GALLERY))


def raising(error: Exception) -> Trial:
    def work(bench: Bench) -> Shown:
        raise error

    return Trial("Work", "Tries.", work)


def test_what_comes_of_a_trial(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    fine = attempt(Trial("Work", "Tries.", lambda bench: Shown("It works.", b"png")), bench)
    assert (fine.well, fine.said, fine.picture) == (True, "It works.", b"png")
    assert attempt(raising(NotTried("No room.")), bench).well is None
    places = f"{bench.library.root}/x and {sources.data_root()} cannot be written. Allow it."
    wrong = attempt(raising(UserError(places)), bench)
    assert (wrong.well, wrong.said) == (
        False,
        "the folder of runs/x and the folder of data cannot be written. Allow it.",
    )
    defect = attempt(raising(KeyError("/secret/place")), bench)
    assert defect.well is False
    assert "KeyError" in defect.said
    assert "secret" not in defect.said
    assert "/secret/place" in caplog.text  # the log has all of it


def test_a_family_draws(bench: Bench, library: Library) -> None:
    for family in ("autoencoder", "dcgan", "color_gradient"):
        said, picture = trials.of_family(family)(bench)
        assert "opens" in said
        assert picture is not None and picture.startswith(b"\x89PNG")
        with pytest.raises(NotTried, match="no model"):
            trials.of_family(family)(Bench(library, library))


def test_a_model_that_draws_nothing_fails(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    monkeypatch.setattr(trials, "drawn", lambda folder: ("", np.zeros((2, 1, 8, 8), np.uint8)))
    with pytest.raises(UserError, match="one colour"):
        trials.of_family("autoencoder")(bench)


def test_device_photo_and_folders(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "computes what it should" in trials.device(bench).said
    assert trials.retouch(bench).picture is not None
    assert "GB of memory" in trials.folders(bench).said
    monkeypatch.setattr(readiness, "checks", lambda *about: [Check("disk", "It is full."), Check("x", "Odd.")])
    with pytest.raises(UserError, match=r"It is full\. Odd\."):
        trials.folders(bench)


def test_an_archive_comes_back(library: Library, trained: RunFolder, tmp_path: Path) -> None:
    bench = Bench(library, Library(tmp_path / "temporary", library.gallery))
    with pytest.raises(NotTried):
        trials.archive(bench)  # neither was anything trained, nor is there a gallery
    shutil.copytree(trained.path, library.gallery / "digits")
    assert "same weights" in trials.archive(bench).said
    assert len(bench.temporary.runs()) == 1


def test_without_memory_no_training_is_tried(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "memory", lambda: host.Memory(10**9, 10**8))
    with pytest.raises(NotTried, match="350 MB"):
        trials.training(bench)


@pytest.fixture
def one_at_hand(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """A single trial that waits until it is let go."""
    go = threading.Event()

    def work(bench: Bench) -> Shown:
        assert go.wait(30)
        assert list(bench.library.root.glob(".incoming-*"))
        return Shown("It works.")

    monkeypatch.setattr(checkup, "trials", lambda: (Trial("Work", "Tries.", work),))
    return go


def finished(test: Checkup) -> None:
    for thread in threading.enumerate():
        if thread.name == "self-test":
            thread.join(30)
    assert not test.running


def test_one_at_a_time_and_then_a_pause(library: Library, one_at_hand: threading.Event) -> None:
    test = Checkup(library)
    assert test.rests == 0
    for _ in range(3):
        test.start()
    assert test.running
    assert sum(thread.name == "self-test" for thread in threading.enumerate()) == 1
    one_at_hand.set()
    finished(test)
    assert [outcome.well for outcome in test.outcomes] == [True]
    assert 0 < test.rests <= checkup.KEPT_WELL
    began = test.began
    test.start()
    assert test.began == began and not test.running
    assert list(library.root.glob(".incoming-*")) == []
    report = test.report({"memory": "1 GB"})
    assert "memory: 1 GB" in report
    assert "passed     Work" in report


def test_after_a_failure_it_may_be_done_again_soon(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup, "trials", lambda: (raising(UserError("Mend it.")),))
    test = Checkup(library)
    test.start()
    finished(test)
    assert not test.well
    assert 0 < test.rests <= checkup.KEPT_ILL
    assert "failed     Work" in test.report({})


def test_where_nothing_can_be_written_it_says_so(library: Library, disk: Callable[[int], None]) -> None:
    test = Checkup(library)
    disk(28)
    test.start()
    finished(test)
    assert [outcome.well for outcome in test.outcomes] == [False]
    assert "the disk is full" in test.outcomes[0].said


@pytest.mark.slow
def test_twenty_steps_are_trained_in_a_process_that_is_gone_afterwards(bench: Bench) -> None:
    import psutil

    before = set(psutil.Process().children())
    said, picture = trials.training(bench)
    assert said.startswith("20 steps")
    assert picture is not None
    assert set(psutil.Process().children()) <= before
