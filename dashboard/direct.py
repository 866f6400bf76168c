"""What a component of a page answers to its browser directly, past Streamlit.

A drag asks for a picture ten to thirty times a second. As a run of a script each of them takes a thread, five messages, and its place behind the
messages of everybody else, which one thread sends; asked at an address of its own it takes only what drawing takes. The page hears where the hand
let go.

The address is a secret of the session: 128 random bits. It is good for as long as that session shows the component, and says nothing else than
what the page itself would have shown.
"""

from __future__ import annotations

import asyncio
import secrets
import time
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard import state

T = TypeVar("T")
Answer = Callable[[bytes, float], bytes]
"""What is asked, and when it came (`time.perf_counter`), to what is answered; raises ValidationError for what is not of its form."""

PAUSE = 2
"""Pause of a drag, as a multiple of what its last picture had to wait for other visitors: it leaves the server to them before it asks for the next one."""
LONGEST = 500  # ms: the longest pause
CHANCE = 0.01  # s
"""A wait up to so long is no sign of other visitors: a browser on the same machine takes as much."""
BY_THE_PAGE = 2
"""The whole wait of a picture that a run of the page draws, as a multiple of that while it was drawn, which alone is known here: in a crowd of twenty at
least so much, where messages are sent."""

MOST = 256 * 1024  # bytes of a question
AT_ONCE = 2  # answers that are worked out at a time: more would only wait for each other's Python
_HELD = "direct"


class _Line:
    """To one component of one session. Whoever asks before the last answer has come is told to wait: nobody takes the others' turns."""

    def __init__(self) -> None:
        self.name = secrets.token_urlsafe(16)
        self.answer: Answer
        self.busy = False


_lines: weakref.WeakValueDictionary[str, _Line] = (
    weakref.WeakValueDictionary()
)  # a session that ends takes its own along
_drawing: list[ThreadPoolExecutor] = []  # none where nobody serves the addresses


def address(kind: str, answer: Answer) -> str:
    """Where, below the app's own address, the component of a kind asks from now on; empty where only Streamlit's own server runs.

    A session has one of each kind: what was drawn last answers.
    """
    if not _drawing:
        return ""
    lines: dict[str, _Line] = state.remembered(_HELD) or {}
    if kind not in lines:
        lines[kind] = _Line()
        state.remember(_HELD, lines)
        _lines[lines[kind].name] = lines[kind]
    lines[kind].answer = answer
    return f"direct/{lines[kind].name}"


def hang_up() -> None:
    """The page was left: what it could draw is not held for it any more."""
    state.remember(_HELD, None)


def timed(draw: Callable[[], T], came: float | None = None) -> tuple[T, int]:
    """What is drawn, and for how many milliseconds the drag that it is for should then leave the server to others: by how long it had to wait for
    them since it was asked for, or, where that is not known, while it was drawn."""
    began, used = time.perf_counter(), time.thread_time()
    drawn = draw()
    waited = time.perf_counter() - (began if came is None else came) - (time.thread_time() - used)
    if came is None:
        waited *= BY_THE_PAGE
    return drawn, max(0, min(round(1000 * PAUSE * (waited - CHANCE)), LONGEST))


def route(below: str) -> Route:
    """What a server takes in to serve the addresses; `below`: the path of the app, "" or "/name"."""
    _drawing[:] = [ThreadPoolExecutor(AT_ONCE, "direct")]
    return Route(f"{below}/direct/{{name}}", _answered, methods=["POST"])


async def _answered(request: Request) -> Response:
    line = _lines.get(request.path_params["name"])
    if line is None:
        return Response(status_code=404)
    asked = bytearray()
    async for part in request.stream():
        asked += part
        if len(asked) > MOST:
            return Response(status_code=413)
    if line.busy:
        return Response(status_code=429)
    line.busy, came = True, time.perf_counter()
    try:
        answer = await asyncio.get_running_loop().run_in_executor(_drawing[0], line.answer, bytes(asked), came)
    except ValidationError:
        return Response(status_code=400)
    finally:
        line.busy = False
    return Response(answer, media_type="application/octet-stream", headers={"Cache-Control": "no-store"})
