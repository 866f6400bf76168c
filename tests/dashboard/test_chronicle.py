from __future__ import annotations

from collections.abc import Callable

from dashboard.chronicle import log
from selfsup_engine.events import (
    Check,
    Event,
    Failed,
    Finished,
    Finishing,
    Loading,
    Metrics,
    Paused,
    Queued,
    Snapshot,
    Started,
)  # fmt: skip
from selfsup_engine.health import Finding
from selfsup_engine.runs import Run


def finding(name: str, level: str = "warning") -> Finding:
    return Finding(level=level, name=name, message=f"About {name}.", number=1.0, advice="Do.")  # type: ignore[arg-type]


def test_the_story_of_a_run_in_words(make: Callable[..., Run]) -> None:
    happened: list[Event] = [
        Queued(at=60.0),
        Loading(at=61.0, fraction=0.5, message="fetching"),
        Started(at=62.0, step=0, device="CPU", threads=1, parameters=1_200_000),
        Metrics(step=5, progress=0.1, elapsed=1, eta=1, rate=1, losses={"mse": 0.1}),
        Check(step=5, losses={}, findings=(finding("Little variety"),)),
        Check(step=9, losses={}, findings=(finding("Little variety"), finding("Overfitting", "problem"))),
        Snapshot(step=9),
        Paused(step=1200),
        Started(step=1200, device="CPU", threads=1, parameters=1),
        Check(step=1300, losses={}, findings=(finding("Overfitting", "problem"),)),
        Paused(step=1300, by="shutdown"),
        Finishing(step=1400),
        Finished(step=1400, reason="stopped"),
        Failed(reason="Memory ran out."),
    ]
    lines = log(make(), happened)
    assert [line.said for line in lines] == [
        "Put into the queue.",
        "Training began on CPU, with 1.2 M numbers to learn.",
        "Step 5: Little variety. About Little variety.",
        "Step 9: Overfitting. About Overfitting.",
        "Paused at step 1,200.",
        "Training went on from step 1,200, on CPU.",
        "Step 1,300: no longer: Little variety.",
        "Paused at step 1,300, because the server went away.",
        "The last step was 1,400; the model was scored.",
        "Stopped early at step 1,400, and kept as it was.",
        "Failed: Memory ran out.",
    ]
    assert [line.kind for line in lines] == ["", "", "warning", "problem", "", "", "good", "", "", "", "problem"]
    assert f"{lines[0].at:%Y-%m-%d %H:%M}" == "1970-01-01 00:01"


def test_a_run_without_a_history_was_asked_for(make: Callable[..., Run]) -> None:
    run = make()
    assert log(run, []) == [(run.created, "Asked for.", "")]
