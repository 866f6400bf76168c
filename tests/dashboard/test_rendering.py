"""Work behind a page's back: its result, its end, its errors."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from dashboard.rendering import Rendering
from selfsup_engine.errors import UserError


def ended(rendering: Rendering[Any]) -> Rendering[Any]:
    rendering._thread.join(10)
    assert not rendering.active
    return rendering


def test_a_result_and_its_progress_are_kept() -> None:
    def work(progress: Callable[[float], None]) -> str:
        progress(0.5)
        return "picture"

    done = ended(Rendering(work))
    assert (done.result, done.share, done.error) == ("picture", 0.5, "")


def test_cancelled_work_ends_at_its_next_word() -> None:
    go_on, said = threading.Event(), []

    def work(progress: Callable[[float], None]) -> str:
        progress(0.1)
        go_on.wait(10)
        said.append("before")
        progress(0.2)
        said.append("after")
        return "picture"

    rendering = Rendering(work)
    assert rendering.active
    rendering.cancel()
    go_on.set()
    assert ended(rendering).result is None
    assert said == ["before"]
    assert rendering.error == ""


def test_a_mistake_is_said_and_not_raised() -> None:
    def work(progress: Callable[[float], None]) -> str:
        raise UserError("Choose another model.")

    assert ended(Rendering(work)).error == "Choose another model."


def test_one_works_at_a_time_and_who_waits_may_give_up() -> None:
    go_on = threading.Event()

    def slow(progress: Callable[[float], None]) -> str:
        go_on.wait(10)
        return "first"

    first, second, third = Rendering(slow), Rendering(lambda progress: "second"), Rendering(lambda progress: "third")
    third.cancel()
    assert ended(third).result is None
    assert second.active and second.result is None
    go_on.set()
    assert (ended(first).result, ended(second).result) == ("first", "second")
