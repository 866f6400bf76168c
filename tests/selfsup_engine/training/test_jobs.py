"""The queue with workers that only pretend, then with real ones."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from selfsup_engine import events
from selfsup_engine.errors import UserError
from selfsup_engine.events import Failed, Finished, Paused, Queued, Started, State
from selfsup_engine.models.saved import load_model
from selfsup_engine.runs import Library, Run, RunFolder
from selfsup_engine.training.jobs import Jobs
from selfsup_engine.training.launcher import LocalLauncher, process_of
from selfsup_engine.training.worker import CONTROL, WORKER, handle_of, wish_of, worker_of

Make = Callable[..., Run]


class FakeLauncher:
    """Workers that do nothing by themselves; a test says what they write and when they end."""

    def __init__(self) -> None:
        self.started: list[Path] = []
        self.living: set[str] = set()
        self.ended: list[str] = []
        self.closed = False
        self.broken = False

    def warm(self) -> None:
        pass

    def start(self, folder: Path) -> str:
        if self.broken:
            raise OSError("no more processes")
        self.started.append(folder)
        handle = f"fake:{len(self.started)}"
        self.living.add(handle)
        return handle

    def alive(self, handle: str) -> bool:
        return handle in self.living

    def end(self, handle: str) -> str:
        self.living.discard(handle)
        self.ended.append(handle)
        return "the worker went home"

    def close(self) -> None:
        self.closed = True

    def finish(self, *last: events.Event) -> None:
        """The youngest worker writes and ends."""
        for event in last:
            RunFolder(self.started[-1]).append(event)
        self.living.discard(f"fake:{len(self.started)}")


RUNNING = Started(step=3, device="CPU", threads=1, parameters=1)


@pytest.fixture
def launcher() -> FakeLauncher:
    return FakeLauncher()


@pytest.fixture
def jobs(library: Library, launcher: FakeLauncher) -> Jobs:
    return Jobs(library, launcher, capacity=2)


def states(*folders: RunFolder) -> list[State]:
    return [folder.status().state for folder in folders]


def test_runs_train_one_at_a_time_first_come_first_served(jobs: Jobs, launcher: FakeLauncher, make: Make) -> None:
    first, second, third = (jobs.start(make()) for _ in range(3))
    assert launcher.started == [first.path]
    assert [jobs.position(folder) for folder in (first, second, third)] == [0, 1, 2]
    assert [folder.name for folder in jobs.active()] == [first.name, second.name, third.name]
    jobs.tick()
    assert launcher.started == [first.path]
    launcher.finish(Finished(step=20, reason="done"))
    jobs.tick()
    assert launcher.started == [first.path, second.path]
    assert worker_of(second) == "fake:2"
    launcher.finish(Finished(step=20, reason="done"))
    jobs.tick()
    assert launcher.started[-1] == third.path
    assert jobs.position(third) == 0
    launcher.finish(Finished(step=20, reason="done"))
    jobs.tick()
    assert jobs.active() == []
    assert states(first, second, third) == ["done"] * 3


def test_a_full_queue_takes_no_more_and_leaves_nothing_behind(jobs: Jobs, library: Library, make: Make) -> None:
    runs = [jobs.start(make()) for _ in range(3)]
    with pytest.raises(UserError, match="2 runs are waiting already"):
        jobs.start(make())
    assert len(library.runs()) == 3
    jobs.pause(runs[1])
    jobs.start(make())
    with pytest.raises(UserError, match="waiting already"):
        jobs.resume(runs[1])


@pytest.mark.parametrize("ask", [Jobs.pause, Jobs.stop])
def test_what_still_waits_leaves_the_queue_at_once(
    jobs: Jobs, launcher: FakeLauncher, make: Make, ask: Callable[[Jobs, RunFolder], None]
) -> None:
    _, second, third = (jobs.start(make()) for _ in range(3))
    ask(jobs, second)
    assert states(second) == ["paused"]
    assert not second.file(CONTROL).exists()
    assert [jobs.position(second), jobs.position(third)] == [0, 1]
    jobs.resume(second)
    assert [jobs.position(second), jobs.position(third)] == [2, 1]
    assert states(second) == ["queued"]


def test_a_wish_reaches_the_worker_and_does_not_outlive_it(jobs: Jobs, launcher: FakeLauncher, make: Make) -> None:
    run = jobs.start(make())
    run.append(RUNNING)
    jobs.pause(run)
    assert run.file(CONTROL).read_text() == "pause"
    jobs.stop(run)
    assert run.file(CONTROL).read_text() == "stop"
    launcher.finish(Paused(step=4))
    jobs.tick()
    assert states(run) == ["paused"]
    jobs.resume(run)
    assert not run.file(CONTROL).exists()
    assert launcher.started == [run.path, run.path]
    launcher.finish(Finished(step=20, reason="done"))
    jobs.tick()
    jobs.stop(run)
    assert not run.file(CONTROL).exists()


def test_a_dead_worker_fails_its_run_alone_and_says_why(jobs: Jobs, launcher: FakeLauncher, make: Make) -> None:
    first, second = jobs.start(make()), jobs.start(make())
    launcher.finish(RUNNING)
    jobs.tick()
    status = first.status()
    assert status.state == "failed"
    assert status.message == "At step 3 the worker went home. Resume goes on from the last saved state."
    assert states(second) == ["queued"]
    assert launcher.started == [first.path, second.path]
    assert sum(isinstance(event, Failed) for event in first.history()) == 1


def test_a_run_resumed_while_its_last_worker_is_still_leaving_is_not_failed(
    jobs: Jobs, launcher: FakeLauncher, make: Make
) -> None:
    run = jobs.start(make())
    run.append(Paused(step=2))
    jobs.resume(run)
    assert len(launcher.started) == 1  # not yet
    launcher.finish()
    jobs.tick()
    assert len(launcher.started) == 2
    assert states(run) == ["queued"]
    assert not any(isinstance(event, Failed) for event in run.history())


def test_resume_takes_no_run_twice_and_none_that_cannot_go_on(
    jobs: Jobs, launcher: FakeLauncher, library: Library, trained: RunFolder, make: Make
) -> None:
    run = jobs.start(make())
    jobs.resume(run)
    assert len(launcher.started) == 1
    assert jobs.position(run) == 0
    trained.append(Finished(step=300, reason="done"))
    with pytest.raises(UserError, match="cannot go on"):
        jobs.resume(trained)
    trained.append(Finished(step=300, reason="stopped"))
    jobs.resume(trained)
    assert states(trained) == ["queued"]
    jobs.pause(trained)
    trained.file("state.safetensors").unlink()
    with pytest.raises(UserError, match="was not kept"):
        jobs.resume(trained)


def test_a_paused_run_is_finished_when_its_turn_comes(jobs: Jobs, launcher: FakeLauncher, make: Make) -> None:
    folder = jobs.start(make())
    folder.append(RUNNING)
    folder.append(Paused(step=7))
    launcher.living.clear()
    jobs.tick()
    jobs.finish(folder)
    assert launcher.started == [folder.path, folder.path]
    assert wish_of(folder) == "stop"


def test_a_process_that_cannot_be_started_costs_no_run(jobs: Jobs, launcher: FakeLauncher, make: Make) -> None:
    launcher.broken = True
    waiting = jobs.start(make())
    assert jobs.position(waiting) == 1
    launcher.broken = False
    jobs.tick()
    assert launcher.started == [waiting.path]


def test_a_run_deleted_while_it_trains_or_waits_is_over_and_can_be_brought_back(
    jobs: Jobs, launcher: FakeLauncher, library: Library, make: Make
) -> None:
    first, second, third = (jobs.start(make()) for _ in range(3))
    first.append(RUNNING)
    jobs.delete(first)
    jobs.delete(second)
    assert launcher.ended == ["fake:1"]
    assert [folder.name for folder in library.runs()] == [third.name]
    jobs.tick()
    assert launcher.started == [first.path, third.path]
    assert states(library.restore(first.name), library.restore(second.name)) == ["paused", "paused"]


def test_a_run_whose_folder_vanished_is_passed_over(
    jobs: Jobs, launcher: FakeLauncher, library: Library, make: Make
) -> None:
    first, second, third = (jobs.start(make()) for _ in range(3))
    library.delete(second)
    launcher.finish(Finished(step=1, reason="done"))
    jobs.tick()
    assert launcher.started == [first.path, third.path]


def test_a_new_server_takes_up_what_the_old_one_left(library: Library, launcher: FakeLauncher, make: Make) -> None:
    def left(*happened: events.Event, handle: str = "") -> RunFolder:
        folder = library.create(make())
        for event in happened:
            folder.append(event)
        if handle:
            folder.file(WORKER).write_text(handle)
        return folder

    later, sooner = left(Queued(at=200.0)), left(Queued(at=100.0))
    dead = left(Queued(), RUNNING, handle="fake:77")
    alive = left(Queued(), RUNNING, handle="fake:78")
    left_by_server = left(Queued(), RUNNING, Paused(step=5, by="shutdown"))
    left_by_person = left(Queued(), RUNNING, Paused(step=5))
    finished = left(Queued(), RUNNING, Finished(step=5, reason="stopped"))
    launcher.living.add("fake:78")

    jobs = Jobs(library, launcher)
    assert [folder.name for folder in jobs.active()] == [f.name for f in (alive, left_by_server, sooner, later)]
    assert states(dead, left_by_server, left_by_person, finished) == ["failed", "queued", "paused", "stopped"]
    assert "server stopped" in dead.status().message
    jobs.tick()
    assert launcher.started == []  # one at a time, be it another server's
    launcher.living.clear()
    alive.append(Paused(step=9, by="shutdown"))
    jobs.tick()
    assert launcher.started == [left_by_server.path]
    assert jobs.position(alive) == 3


def test_the_end_of_the_server_starts_nothing_new(jobs: Jobs, launcher: FakeLauncher, make: Make) -> None:
    first, second = jobs.start(make()), jobs.start(make())
    jobs.close()
    assert launcher.closed
    launcher.finish(Paused(step=3, by="shutdown"))
    jobs.tick()
    assert launcher.started == [first.path]
    assert states(first, second) == ["paused", "queued"]


@pytest.mark.slow
def test_supervision_outlives_a_failed_look(jobs: Jobs, launcher: FakeLauncher, make: Make) -> None:
    told: list[Exception] = []
    launcher.broken = True
    jobs.start(make())
    jobs.run_forever(told.append)
    wait(lambda: bool(told))
    assert not jobs.supervised()  # a worker that cannot be started is for a supervisor to know
    launcher.broken = False
    wait(lambda: bool(launcher.started))
    wait(jobs.supervised)
    jobs.close()
    assert not jobs.supervised(within=0.0)


def test_the_end_waits_for_the_run_in_training_but_not_for_ever(
    jobs: Jobs, launcher: FakeLauncher, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs.start(make())
    looked: list[str] = []

    def alive(handle: str) -> bool:  # it ends at the third look
        looked.append(handle)
        return len(looked) < 3

    monkeypatch.setattr(launcher, "alive", alive)
    jobs.close(patience=60)
    assert launcher.closed
    assert len(looked) == 3
    monkeypatch.setattr(launcher, "alive", lambda handle: True)
    jobs.close(patience=0.05)
    jobs.close()


def test_no_second_worker_is_warmed_beside_one_that_trains(
    jobs: Jobs, launcher: FakeLauncher, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    warmed: list[str] = []
    monkeypatch.setattr(launcher, "warm", lambda: warmed.append("while" if launcher.started else "before"))
    jobs.tick()
    jobs.start(make())
    assert warmed == ["before"]


def test_a_handle_names_one_process_for_good() -> None:
    handle = handle_of(os.getpid())
    assert process_of(handle) == psutil.Process()
    kind, pid, created = handle.split(":")
    for other in ("", "nonsense", f"{kind}:{pid}:{float(created) - 60}", f"{kind}:999999999:{created}"):
        assert process_of(other) is None


# ------------------------------------------------------------------------------------------------------- real processes


def wait(until: Callable[[], bool], seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


@pytest.fixture
def real(library: Library, monkeypatch: pytest.MonkeyPatch) -> Iterator[Jobs]:
    monkeypatch.delenv("SELFSUP_NICENESS")
    jobs = Jobs(library)
    jobs.run_forever()
    yield jobs
    jobs.close()
    for folder in library.runs():
        if process := process_of(worker_of(folder)):
            process.kill()


def trains(folder: RunFolder, beyond: int = 0) -> Callable[[], bool]:
    """It trains, is past a step, and has not failed."""

    def look() -> bool:
        status = folder.status()
        assert status.state != "failed", status.message
        return status.state == "running" and status.step > beyond

    return look


def stands(folder: RunFolder, state: State) -> Callable[[], bool]:
    return lambda: folder.status().state == state


@pytest.mark.slow
def test_start_pause_resume_stop(real: Jobs, make: Make) -> None:
    run = real.start(make(steps=None, seconds=600))
    wait(trains(run, beyond=5))
    worker = process_of(worker_of(run))
    assert worker is not None
    assert worker.nice() >= 10
    grouped = Path(
        f"/proc/{worker.pid}/autogroup"
    )  # on Linux; where sessions share the cores, niceness alone says nothing
    assert not grouped.exists() or grouped.read_text().endswith("nice 10\n")
    real.pause(run)
    wait(stands(run, "paused"))
    wait(lambda: process_of(worker_of(run)) is None)  # its memory is given back
    step = run.status().step
    real.resume(run)
    wait(trains(run, beyond=step))
    assert next(e for e in reversed(run.history()) if isinstance(e, Started)).step == step
    real.stop(run)
    wait(stands(run, "stopped"))
    assert run.usable
    assert load_model(run)


@pytest.mark.slow
def test_a_killed_worker_fails_its_run_which_can_go_on_to_its_end(real: Jobs, make: Make) -> None:
    run = real.start(make(steps=2000))
    wait(trains(run, beyond=5))
    worker = process_of(worker_of(run))
    assert worker is not None
    worker.send_signal(signal.SIGKILL)
    wait(stands(run, "failed"))
    assert "killed" in run.status().message
    real.resume(run)
    wait(stands(run, "done"))
    assert run.usable
    assert run.status().step == 2000


@pytest.mark.slow
def test_a_worker_does_not_outlive_its_server_and_the_next_one_goes_on(library: Library, make: Make) -> None:
    first = Jobs(library)
    run = first.start(make(steps=None, seconds=600))
    wait(trains(run, beyond=5))
    first.close()
    wait(lambda: process_of(worker_of(run)) is None)
    last = run.history()[-1]
    assert isinstance(last, Paused)
    assert last.by == "shutdown"

    second = Jobs(library)
    second.run_forever()
    wait(trains(run, beyond=last.step))
    second.stop(run)
    wait(stands(run, "stopped"))
    second.close()


@pytest.mark.slow
def test_a_warm_worker_that_died_is_replaced(tmp_path: Path, library: Library, make: Make) -> None:
    launcher = LocalLauncher(tmp_path / "worker.log")
    launcher.warm()
    assert launcher._warm is not None
    launcher._warm.kill()
    launcher._warm.wait()
    folder = library.create(make(steps=2))
    handle = launcher.start(folder.path)
    assert launcher.alive(handle)
    wait(lambda: not launcher.alive(handle))
    assert stands(folder, "done")()
    assert "by itself (code 0)" in launcher.end(handle)
    launcher.close()
