"""What a supervisor is told, and how often it is looked at."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from dashboard import cache, readiness, server
from dashboard.warming import Warm
from selfsup_engine import readiness as of_the_host
from selfsup_engine.readiness import Check
from selfsup_engine.runs import Library


@pytest.fixture
def warm(library: Library, monkeypatch: pytest.MonkeyPatch) -> Iterator[Warm]:
    """A server in order, with torch loaded."""
    warm = Warm()
    warm.device = "CPU, 2 cores"
    monkeypatch.setattr(cache, "host", lambda: library)
    monkeypatch.setattr(cache, "jobs", lambda: SimpleNamespace(supervised=lambda: True))
    monkeypatch.setattr(cache, "warm_up", lambda: warm)
    monkeypatch.setattr(of_the_host, "checks", lambda *about: [Check("disk", "")])
    monkeypatch.setattr(readiness, "KEPT", 0.0)
    yield warm
    monkeypatch.setattr(readiness, "_last", (-1.0, []))


def told() -> tuple[int, dict[str, Any]]:
    answer = server.health(None)  # type: ignore[arg-type]
    return answer.status_code, json.loads(bytes(answer.body))


def test_a_server_in_order_answers_200(warm: Warm) -> None:
    assert told() == (200, {"ready": True, "checks": {"disk": "ok", "training": "ok", "engine": "ok"}})


def test_while_torch_is_loaded_it_is_not_ready(warm: Warm) -> None:
    warm.device = ""
    code, said = told()
    assert code == 503
    assert "still being loaded" in said["checks"]["engine"]
    warm.problem = "SELFSUP_DEVICE is 'toaster', but that device cannot be used here."
    assert "toaster" in told()[1]["checks"]["engine"]


def test_a_queue_that_nobody_looks_after_is_not_ready(warm: Warm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "jobs", lambda: SimpleNamespace(supervised=lambda: False))
    assert told()[0] == 503


def test_what_is_not_needed_does_not_make_it_unready(warm: Warm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_the_host, "checks", lambda *about: [Check("memory", "Little is left.", needed=False)])
    code, said = told()
    assert code == 200
    assert said["checks"]["memory"] == "Little is left."


def test_an_answer_holds_for_a_moment(warm: Warm, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def look(*about: object) -> list[Check]:
        asked.append(1)
        return [Check("disk", "")]

    monkeypatch.setattr(of_the_host, "checks", look)
    told()
    monkeypatch.setattr(readiness, "KEPT", 60.0)
    for _ in range(5):
        told()
    assert len(asked) == 1


@pytest.mark.parametrize(("base", "path"), [("", "/health"), ("studio", "/studio/health"), ("/a/b/", "/a/b/health")])
def test_it_lies_below_the_base_path(monkeypatch: pytest.MonkeyPatch, base: str, path: str) -> None:
    monkeypatch.setattr(server.st, "get_option", lambda name: base)
    assert f"{server.below()}/health" == path
