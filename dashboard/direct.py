"""What a component of a page answers to its browser directly, past Streamlit.

A drag asks for a picture ten to thirty times a second. As a run of a script each of them takes a thread, five messages, and its place behind the
messages of everybody else, which one thread sends; asked at an address of its own it takes only what drawing takes. The page hears where the hand
let go.

The address is a secret of the session: 128 random bits. It is good for as long as that session shows the component, and says nothing else than
what the page itself would have shown.
"""

from __future__ import annotations

import secrets
import time
import weakref
from collections.abc import Callable

import anyio
import anyio.to_thread
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboard import state

Answer = Callable[[bytes, float], bytes]
"""What is asked, and when it came (`time.perf_counter`), to what is answered; raises ValidationError for what is not of its form."""

MOST = 256 * 1024  # bytes of a question
AT_ONCE = 2  # answers that are worked out at a time: more would only wait for each other's Python
_HELD = "direct"


class _Line:
    """From one component of one session. Whoever asks before the last answer has come is told to wait: nobody keeps the others' turns."""

    def __init__(self, key: str) -> None:
        self.key, self.name = key, secrets.token_urlsafe(16)
        self.answer: Answer
        self.busy = False


_lines: weakref.WeakValueDictionary[str, _Line] = (
    weakref.WeakValueDictionary()
)  # a session that ends takes its own along
_turns: list[anyio.CapacityLimiter] = []  # none where nobody serves the addresses


def address(key: str, answer: Answer) -> str:
    """Where, below the app's own address, the component of a key asks from now on; empty where only Streamlit's own server runs.

    A session has one at a time: that of the component that was drawn last.
    """
    if not _turns:
        return ""
    line: _Line | None = state.remembered(_HELD)
    if line is None or line.key != key:
        line = _Line(key)
        state.remember(_HELD, line)
        _lines[line.name] = line
    line.answer = answer
    return f"direct/{line.name}"


def hang_up() -> None:
    """The page was left: what it could draw is not held for it any more."""
    state.remember(_HELD, None)


def route(below: str) -> Route:
    """What a server takes in to serve the addresses; `below`: the path of the app, "" or "/name"."""
    _turns[:] = [anyio.CapacityLimiter(AT_ONCE)]
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
        answer = await anyio.to_thread.run_sync(line.answer, bytes(asked), came, limiter=_turns[0])
    except ValidationError:
        return Response(status_code=400)
    finally:
        line.busy = False
    return Response(answer, media_type="application/octet-stream", headers={"Cache-Control": "no-store"})
