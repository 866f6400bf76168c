"""Turns on a public host: fair, and with an end."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfsup_engine import events
from selfsup_engine.errors import UserError
from selfsup_engine.limits import SLOW, Limits
from selfsup_engine.runs import Library, Run, RunFolder
from selfsup_engine.training import hosted
from selfsup_engine.training.hosted import HostedJobs
from selfsup_engine.training.line import Line, giving_way, owner_of
from selfsup_engine.training.visitors import VisitorLibrary
from selfsup_engine.training.worker import wish_of
from tests.selfsup_engine.training.test_jobs import FakeLauncher

Make = Callable[..., Run]
LIMITS = Limits(seconds=30, queue=4)


@pytest.fixture
def launcher() -> FakeLauncher:
    return FakeLauncher()


@pytest.fixture
def jobs(library: Library, launcher: FakeLauncher) -> HostedJobs:
    return HostedJobs(library, LIMITS, launcher)


def visitor(library: Library, letter: str, **limits: int) -> VisitorLibrary:
    return VisitorLibrary(library, letter * 32, Limits.model_validate(limits))


# ------------------------------------------------------------------------------------------------------------ fairness

NEXT = None
Happening = st.lists(st.one_of(st.just(NEXT), st.sampled_from("abcd")), max_size=60)


@given(Happening)
def test_nobody_waits_longer_than_one_turn_of_each_other_visitor(happening: list[str | None]) -> None:
    """Visitors put runs in at any time, each turn ends at any time; whoever waits counts the turns of the others meanwhile."""
    line, count = Line(), 0
    seen: dict[
        str, Counter[str]
    ] = {}  # by the visitor who waits: the turns of others since they came, or since their own turn ended
    for who in [*happening, *[NEXT] * 60]:
        if who is not NEXT:
            count += 1
            line.waiting.append(f".visitors/{who}/{count}")
            running = owner_of(line.training)
            if running[-1:] != who:
                seen.setdefault(who, Counter({running[-1]} if running else ()))
            continue
        ended, line.training = owner_of(line.training)[-1:], ""
        line.waiting = giving_way(line.waiting, line.latest)
        if any(owner_of(name)[-1] == ended for name in line.waiting):
            seen[ended] = Counter()
        if line.waiting:
            promised = line.in_turn()[0]
            line.training = line.latest = line.waiting.pop(0)
            assert line.training == promised
            turn = owner_of(line.training)[-1]
            seen.pop(turn, None)
            for others in seen.values():
                others[turn] += 1
                assert max(others.values()) == 1
    assert not line.waiting


@given(st.lists(st.integers(0, 999), unique=True), st.booleans())
def test_one_owner_is_served_first_come_first_served(numbers: list[int], trained: bool) -> None:
    names = [f"run-{number}" for number in numbers]
    assert Line(waiting=names, latest="run-last" if trained else "").in_turn() == names


def test_turns_go_round_the_visitors(library: Library, make: Make, jobs: HostedJobs, launcher: FakeLauncher) -> None:
    anna, ben, cleo = (visitor(library, letter, at_once=3) for letter in "abc")
    started = [jobs.start(make(), whose) for whose in (anna, anna, anna, ben, cleo)]
    a1, a2, a3, b, c = started
    assert [folder.path for folder in jobs.active(anna)] == [a1.path, a2.path, a3.path]
    assert [folder.path for folder in jobs.active(ben)] == [b.path]
    assert jobs.active() == []  # of the host's own
    assert [jobs.before(run) for run in (b, c, a2, a3)] == [1, 2, 3, 4]
    assert [jobs.position(run) for run in (b, c, a2, a3)] == [1, 2, 3, 4]
    for run in (a1, b, c, a2, a3):
        assert launcher.started[-1] == run.path
        launcher.finish(events.Finished(step=1, reason="done"))
        launcher.living.clear()
        jobs.tick()


def test_a_new_server_takes_up_what_visitors_left(
    library: Library, make: Make, jobs: HostedJobs, launcher: FakeLauncher
) -> None:
    anna, ben = visitor(library, "a"), visitor(library, "b")
    first, second = jobs.start(make(), anna), jobs.start(make(), ben)
    launcher.living.clear()
    first.append(events.Paused(step=3, by="shutdown"))
    jobs.line.leave()
    again = HostedJobs(library, LIMITS, launcher)
    again.tick()
    assert [folder.path for folder in again.active(anna)] == [first.path]
    assert [folder.path for folder in again.active(ben)] == [second.path]


def test_a_visitor_resumes_and_deletes_only_their_own(library: Library, make: Make, jobs: HostedJobs) -> None:
    anna, ben = visitor(library, "a", at_once=1), visitor(library, "b")
    run = jobs.start(make(), anna)
    with pytest.raises(UserError):
        jobs.delete(run, ben)
    jobs.delete(run, anna)
    assert anna.in_line() == 0
    restored = anna.restore(run.name)
    with pytest.raises(UserError, match="cannot go on"):
        jobs.resume(restored, ben)
    jobs.resume(restored, anna)
    with pytest.raises(UserError, match="the most at once"):
        jobs.start(make(), anna)


def test_the_queue_of_all_has_an_end_too(library: Library, make: Make, jobs: HostedJobs) -> None:
    for letter in "abcde":
        jobs.start(make(), visitor(library, letter))
    with pytest.raises(
        UserError, match="4 runs of visitors are waiting already, the most on this public host, because"
    ):
        jobs.start(make(), visitor(library, "f"))
    assert visitor(library, "f").runs() == []


# ----------------------------------------------------------------------------------------------------------- a turn's end


def at(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    now = time.monotonic() + seconds
    monkeypatch.setattr(hosted.time, "monotonic", lambda: now)


def test_a_long_turn_is_stopped_and_a_deaf_one_ended(
    library: Library, make: Make, jobs: HostedJobs, launcher: FakeLauncher, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, ben = visitor(library, "a"), visitor(library, "b")
    long, waits = jobs.start(make(steps=1000), anna), jobs.start(make(), ben)
    long.append(events.Started(step=0, device="here", threads=1, parameters=1))
    at(monkeypatch, LIMITS.seconds)
    jobs.tick()
    assert wish_of(long) == "go"
    at(monkeypatch, LIMITS.seconds + SLOW + 1)
    jobs.tick()
    assert wish_of(long) == "stop"
    at(monkeypatch, LIMITS.turn + 1)
    jobs.tick()
    assert "its turn of 3 min was over" in jobs.status(long).message
    assert launcher.ended == ["fake:1"]
    jobs.tick()
    assert launcher.started[-1] == waits.path
    jobs.tick()
    assert wish_of(waits) == "go"  # its turn has just begun


def test_what_has_expired_goes_once_in_a_while(
    library: Library, jobs: HostedJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[set[str]] = []
    monkeypatch.setattr(hosted.visitors, "expire", lambda host, hours, busy: looked.append(busy))
    for _ in range(3):
        jobs.tick()
    assert len(looked) == 1
    at(monkeypatch, hosted.TIDY_EVERY + 1)
    jobs.tick()
    assert len(looked) == 2


def test_a_local_queue_has_no_turns_that_end(library: Library, make: Make, launcher: FakeLauncher) -> None:
    from selfsup_engine.training.jobs import Jobs

    jobs = Jobs(library, launcher)
    runs: list[RunFolder] = [jobs.start(make(steps=1_000_000)) for _ in range(3)]
    jobs.tick()
    assert [folder.path for folder in jobs.active()] == [run.path for run in runs]
