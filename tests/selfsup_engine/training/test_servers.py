"""Several servers on one library, and disks, clocks and folders that fail a running queue; with workers that only pretend."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from selfsup_engine import events
from selfsup_engine.errors import UserError
from selfsup_engine.events import Failed, Finished, Loading, Paused, Queued, Started, State
from selfsup_engine.runs import Library, Result, Run, RunFolder
from selfsup_engine.training.jobs import Jobs
from selfsup_engine.training.worker import CLAIM, WORKER, claimed, is_claimed, worker_of

Make = Callable[..., Run]
RUNNING = Started(step=3, device="CPU", threads=1, parameters=1)
FULL, READ_ONLY = errno.ENOSPC, errno.EROFS


class Machine:
    """Workers that do nothing by themselves, as all servers on a machine see them."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.living: set[str] = set()

    def warm(self) -> None:
        pass

    def start(self, folder: Path) -> str:
        self.started.append(folder.name)
        self.living.add(f"fake:{len(self.started)}")
        return f"fake:{len(self.started)}"

    def alive(self, handle: str) -> bool:
        return handle in self.living

    def end(self, handle: str) -> str:
        self.living.discard(handle)
        return "the worker went home"

    def close(self) -> None:
        pass


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def servers(library: Library, machine: Machine) -> tuple[Jobs, Jobs]:
    return Jobs(library, machine, capacity=2), Jobs(library, machine, capacity=2)


def states(*folders: RunFolder) -> list[State]:
    return [folder.status().state for folder in folders]


def look(*servers: Jobs) -> None:
    for jobs in servers:
        jobs.tick()


def names(folders: list[RunFolder]) -> list[str]:
    return [folder.name for folder in folders]


# ---------------------------------------------------------------------------------------------------------- two servers


def test_one_server_trains_for_both_and_both_show_the_same(
    servers: tuple[Jobs, Jobs], machine: Machine, make: Make
) -> None:
    one, two = servers
    assert (one.trains_here, two.trains_here) == (True, False)
    runs = [two.start(make())]
    assert machine.started == []  # the one who trains has not looked yet
    runs += [one.start(make()), two.start(make())]
    look(two, one, two)
    assert machine.started == [runs[0].name]
    for jobs in servers:
        assert names(jobs.active()) == names(runs)
        assert [jobs.position(run) for run in runs] == [0, 1, 2]
        with pytest.raises(UserError, match="2 runs are waiting already"):
            jobs.start(make())
    runs[0].append(Finished(step=1, reason="done"))
    machine.living.clear()
    look(two, one, two)
    assert machine.started == names(runs[:2])
    assert names(two.active()) == names(runs[1:])


def test_each_server_may_take_out_of_the_line_what_the_other_put_in(
    servers: tuple[Jobs, Jobs], machine: Machine, library: Library, make: Make
) -> None:
    one, two = servers
    trains, waits, last = one.start(make()), one.start(make()), one.start(make())
    look(one)
    trains.append(RUNNING)
    two.pause(waits)
    two.stop(trains)
    assert states(trains, waits, last) == ["running", "paused", "queued"]
    assert trains.file("control").read_text() == "stop"
    two.delete(last)
    two.delete(trains)
    assert machine.living == set()
    look(one, two)
    assert machine.started == [trains.name]
    assert names(one.active()) == []
    assert states(library.restore(trains.name), library.restore(last.name)) == ["paused", "paused"]
    two.resume(RunFolder(trains.path))
    look(two, one)
    assert machine.started == [trains.name, trains.name]


def test_the_second_server_goes_on_where_the_first_ended(
    servers: tuple[Jobs, Jobs], machine: Machine, make: Make
) -> None:
    one, two = servers
    trains, later, sooner = one.start(make()), one.start(make()), one.start(make())
    look(one)
    trains.append(RUNNING)
    one.pause(later)
    one.resume(later)  # now the last: the line keeps its order, whatever the clock says
    later.file("events.jsonl").write_text(Queued(at=5.0).model_dump_json() + "\n")
    one.close()
    look(one)
    machine.living.clear()
    trains.append(Paused(step=7, by="shutdown"))
    look(two)
    assert two.trains_here
    assert machine.started == [trains.name, trains.name]
    assert names(two.active()) == names([trains, sooner, later])


def test_a_run_that_waits_in_line_but_was_never_queued_is_passed_over(
    servers: tuple[Jobs, Jobs], machine: Machine, library: Library, make: Make
) -> None:
    one, two = servers
    killed_between = library.create(make())
    with two.line.turn() as line:
        line.waiting.append(killed_between.name)
        two.line.save(line)
    good = two.start(make())
    look(one)
    assert machine.started == [good.name]
    assert states(killed_between) == ["paused"]


def test_two_never_train_one_run(library: Library, make: Make) -> None:
    folder = library.create(make())
    with claimed(folder) as mine, claimed(folder) as other:
        assert (mine, other, is_claimed(folder)) == (True, False, True)
        assert worker_of(folder).startswith("local:")
    assert not is_claimed(folder)
    with claimed(folder) as mine:
        assert mine


def test_two_servers_never_make_the_same_folder(library: Library, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    run, other = make(seed=1), Library(library.root, library.gallery)
    free_path, asked = Library.free_path, []

    def both_ask_before_either_makes(self: Library, wanted: Run) -> Path:
        path = free_path(self, wanted)
        if not asked:
            asked.append(path)
            other.create(run.model_copy(update={"seed": 2}))
        return path

    monkeypatch.setattr(Library, "free_path", both_ask_before_either_makes)
    assert library.create(run).run.seed == 1
    assert sorted(folder.run.seed for folder in library.runs()) == [1, 2]


def test_a_new_name_never_costs_the_result_of_a_training_that_ends_just_then(library: Library, make: Make) -> None:
    result = Result(
        scores={}, steps=1, seconds=1, device="CPU", parameters=1, capabilities=("Encodes",), weights="0123456789abcdef"
    )
    folder = library.create(make())
    with FileLock(folder.file(".run.lock")), pytest.raises(UserError, match="could not be acquired"):
        _with_timeout(lambda: library.rename(folder, "mine"))
    folder.change({"cover.png": b"new"}, result=result)
    library.rename(folder, "mine")
    assert (folder.run.title, folder.run.result) == ("mine", result)
    assert folder.file("cover.png").read_bytes() == b"new"


def _with_timeout(work: Callable[[], None]) -> None:
    """Ends what waits for a lock."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("selfsup_engine.runs.FileLock", lambda path: FileLock(path, timeout=0))
        work()


# --------------------------------------------------------------------------------------------------- the disk, the clock


def test_a_living_worker_is_known_whatever_the_clock_says(library: Library, machine: Machine, make: Make) -> None:
    folder = library.create(make())
    for event in (Queued(), RUNNING):
        folder.append(event)
    with claimed(folder):
        folder.file(WORKER).write_text("local:1:12345.00")  # as the process looks once the clock was set
        jobs = Jobs(library, machine)
        look(jobs)
        assert states(folder) == ["running"]
        assert names(jobs.active()) == [folder.name]
    look(jobs)
    assert states(folder) == ["failed"]


def test_events_from_before_the_clock_was_set_back_stay_in_their_order(library: Library, make: Make) -> None:
    folder = library.create(make())
    for event in (Queued(at=9e9), Started(step=0, device="", threads=1, parameters=1, at=8e9), Paused(step=4, at=1.0)):
        folder.append(event)
    status = folder.status()
    assert (status.state, status.step) == ("paused", 4)
    assert status.eta >= 0


def test_the_queue_outlives_a_full_disk_and_says_so_meanwhile(
    servers: tuple[Jobs, Jobs], machine: Machine, disk: Callable[[int], None], make: Make
) -> None:
    jobs, _ = servers
    run, waits = jobs.start(make()), jobs.start(make())
    run.append(RUNNING)
    disk(FULL)
    machine.living.clear()
    with pytest.raises(OSError, match="No space"):  # the next one cannot be begun
        look(jobs)
    assert states(run) == ["running"]  # that is what the file still says,
    assert jobs.status(run).state == "failed"  # and not what a page says
    assert "the worker went home" in jobs.status(run).message
    disk(0)
    look(jobs)
    assert states(run) == ["failed"]
    assert sum(isinstance(event, Failed) for event in run.history()) == 1
    assert machine.started[1] == waits.name
    assert set(machine.started[1:]) == {waits.name}


def test_what_is_resumed_is_not_said_to_have_failed_later(
    servers: tuple[Jobs, Jobs], machine: Machine, monkeypatch: pytest.MonkeyPatch, make: Make
) -> None:
    jobs, _ = servers
    run = jobs.start(make())
    run.append(RUNNING)
    machine.living.clear()
    append = events.append

    def full(path: Path, event: events.Event) -> None:
        raise OSError(FULL, "No space left on device")

    monkeypatch.setattr(events, "append", full)
    look(jobs)
    monkeypatch.setattr(events, "append", append)
    jobs.resume(run)
    assert states(run) == ["queued"]
    assert machine.started == [run.name, run.name]


@pytest.mark.parametrize(("number", "word"), [(FULL, "The disk is full"), (READ_ONLY, "cannot be written")])
def test_nothing_can_be_asked_for_that_cannot_be_written_and_all_stays_as_it_is(
    library: Library, machine: Machine, disk: Callable[[int], None], make: Make, number: int, word: str
) -> None:
    waits, paused = library.create(make()), library.create(make())
    waits.append(Queued())
    paused.append(Paused(step=2))
    before = sorted(path for path in library.root.rglob("*") if not path.name.startswith("."))
    disk(number)
    jobs = Jobs(library, machine)  # opens all the same
    assert jobs.active() == []
    asked: list[Callable[[], object]] = [
        lambda: jobs.start(make()),
        lambda: jobs.resume(paused),
        lambda: jobs.finish(paused),
        lambda: jobs.pause(waits),
        lambda: library.rename(paused, "mine"),
        lambda: library.give_name("0123", "g0", "boots"),
    ]
    for ask in asked + [lambda: jobs.delete(paused)] * (number == READ_ONLY):  # a move takes no room
        with pytest.raises(UserError, match=word):
            ask()
    disk(0)
    assert sorted(path for path in library.root.rglob("*") if not path.name.startswith(".")) == before
    look(jobs)
    assert machine.started == [waits.name]


@pytest.mark.parametrize("event", [Loading(fraction=0, message=""), RUNNING, Queued()])
def test_a_run_whose_process_is_gone_without_the_queues_knowing_is_marked_once_it_is_looked_at(
    servers: tuple[Jobs, Jobs], library: Library, make: Make, event: events.Event
) -> None:
    folder = library.create(make())  # the command line trains it,
    with claimed(folder):
        folder.append(event)
        assert servers[1].status(folder).active
    for jobs in servers:  # and is killed
        status = jobs.status(folder)
        assert (status.state, status.message.split(". ")[1]) == ("failed", "Resume goes on from the last saved state.")
    assert sum(isinstance(event, Failed) for event in folder.history()) == 1


def test_a_folder_that_is_deleted_under_its_worker_costs_the_others_nothing(
    servers: tuple[Jobs, Jobs], machine: Machine, make: Make
) -> None:
    one, _ = servers
    gone, good = one.start(make()), one.start(make())
    gone.append(RUNNING)
    shutil.rmtree(gone.path)
    machine.living.clear()
    look(one)
    assert machine.started == [gone.name, good.name]
    assert not gone.path.exists()
    with pytest.raises(UserError, match="any more"):
        one.delete(gone)


def test_a_claim_is_only_looked_for_where_one_was_made(library: Library, make: Make) -> None:
    folder = library.create(make())
    assert not is_claimed(folder)
    assert not folder.file(CLAIM).exists()
