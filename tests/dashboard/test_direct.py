"""What is asked past Streamlit: by whoever knows the address, of a session that is still there, one question at a time."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
from pydantic import TypeAdapter

from dashboard import direct, state
from dashboard.direct import Answer

Session = dict[str, Any]
T = TypeVar("T")


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Session:
    kept: Session = {}
    monkeypatch.setattr(state, "remembered", lambda key, default=None: kept.get(key, default))
    monkeypatch.setattr(state, "remember", kept.__setitem__)
    return kept


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    direct.route("")
    yield
    direct._drawing.clear()


async def ask(address: str, question: bytes = b"") -> tuple[int, bytes]:
    """A POST to an address, as a server hands it on: status and body."""
    told: list[dict[str, Any]] = []
    parts = iter([question[:10], question[10:]])

    async def receive() -> dict[str, Any]:
        part = next(parts)
        return {"type": "http.request", "body": part, "more_body": part != question[10:]}

    async def send(message: dict[str, Any]) -> None:
        told.append(message)

    request = {"type": "http", "method": "POST", "path": f"/{address}", "headers": [], "query_string": b""}
    route = direct.Route("/direct/{name}", direct._answered, methods=["POST"])
    _, scope = route.matches(request)
    await route.handle(request | scope, receive, send)  # type: ignore[arg-type]
    return told[0]["status"], b"".join(message.get("body", b"") for message in told)


def run(work: Coroutine[Any, Any, T]) -> T:
    """In a thread of its own: where a browser was used before, this one has a loop that runs."""
    with ThreadPoolExecutor(1) as aside:
        return aside.submit(asyncio.run, work).result()


def asked(address: str, question: bytes = b"") -> tuple[int, bytes]:
    return run(ask(address, question))


def echo(question: bytes, came: float) -> bytes:
    return b"drawn: " + question


def test_an_address_answers_what_its_component_draws(session: Session, served: None) -> None:
    address = direct.address("one", echo)
    assert asked(address, b"a longer question") == (200, b"drawn: a longer question")
    assert direct.address("one", lambda question, came: b"anew") == address
    assert asked(address) == (200, b"anew")


def test_an_address_is_a_secret_of_its_session(session: Session, served: None) -> None:
    addresses = set()
    for _ in range(100):
        session.clear()
        addresses.add(direct.address("one", echo))
    assert len(addresses) == 100 and min(map(len, addresses)) >= len("direct/") + 22  # 128 bits
    assert asked("direct/" + "A" * 22) == (404, b"")


def test_what_is_not_shown_any_more_does_not_answer(session: Session, served: None) -> None:
    first = direct.address("one", echo)
    second = direct.address("two", echo)
    assert first != second and (asked(first)[0], asked(second)[0]) == (200, 200)
    direct.hang_up()
    gc.collect()
    assert (asked(first)[0], asked(second)[0]) == (404, 404)
    third = direct.address("two", echo)
    session.clear()  # the visitor has left
    gc.collect()
    assert asked(third)[0] == 404


def test_a_question_that_is_none_is_refused(session: Session, served: None) -> None:
    numbers = TypeAdapter(list[int])
    address = direct.address("one", lambda question, came: bytes(numbers.validate_json(question)))
    assert asked(address, b"[97, 98]") == (200, b"ab")
    for wrong in (b"", b"{", b'["a"]', b"\xff\xfe", b"[" * 10_000):
        assert asked(address, wrong) == (400, b"")
    assert asked(address, b" " * (direct.MOST + 1)) == (413, b"")
    assert asked(address, b"[97]") == (200, b"a")


def test_nobody_asks_twice_at_once(session: Session, served: None) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(question: bytes, came: float) -> bytes:
        begun.set()
        assert go_on.wait(10)
        return question

    address = direct.address("one", slow)

    async def both() -> tuple[int, int]:
        first = asyncio.create_task(ask(address))
        await asyncio.to_thread(begun.wait, 10)
        second = await ask(address)
        go_on.set()
        return (await first)[0], second[0]

    assert run(both()) == (200, 429)
    assert asked(address)[0] == 200


def test_without_a_server_of_ours_there_is_no_address(session: Session) -> None:
    assert direct.address("one", echo) == ""
    assert not session


def test_a_mistake_frees_the_line(session: Session, served: None) -> None:
    def broken(question: bytes, came: float) -> bytes:
        raise RuntimeError("a mistake of ours")

    answers: list[Answer] = [broken, echo]
    with pytest.raises(RuntimeError):  # the server says 500, and no more
        asked(direct.address("one", answers[0]))
    assert asked(direct.address("one", answers[1]))[0] == 200
