"""What a run has drawn arrives, whatever is asked for at its end.

A run's messages wait for the server's one loop. Where a request for another part of the page is taken up between the end of a run and its last messages,
Streamlit 1.67 begins with another runner, and drops what the one before still had to say, for it is no longer the current one
(`AppSession._handle_scriptrunner_event_on_event_loop`): what was pressed opens, and stays empty. On a busy server that was one press in fifty that a
component's message followed. So such a request waits until a runner that is over has been heard to its end.

One for the whole page need not wait: it draws all parts anew.
"""

from __future__ import annotations

import time
import weakref
from collections import deque
from collections.abc import Callable
from typing import Any

from streamlit.runtime.app_session import AppSession
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequestType

Begin = Callable[[Any, Any], None]
"""`AppSession.request_rerun`: a session, and what its browser says of itself, or None."""

MOMENT = 0.002  # s between two looks
PATIENCE = 2.0  # s: who was stopped in the midst of long work is heard no more, and is not waited for
_mended = False


def mend() -> None:
    """To be called before a page is drawn; once is enough."""
    global _mended
    if not _mended:
        AppSession.request_rerun = in_order(AppSession.request_rerun)  # type: ignore[method-assign,assignment]
        _mended = True


def in_order(begin: Begin) -> Begin:
    """`begin`, but for a part of a page only once the runner before has been heard; one after the other, as they came."""
    waiting: weakref.WeakKeyDictionary[Any, deque[tuple[Any, float]]] = weakref.WeakKeyDictionary()

    def request(session: Any, asked: Any) -> None:
        before = waiting.setdefault(session, deque())
        before.append((asked, time.monotonic() + PATIENCE))
        if len(before) == 1:
            go_on(session)

    def go_on(session: Any) -> None:
        asked = waiting[session]
        while asked:
            if has_more_to_say(session) and asked[0][0] and asked[0][0].fragment_id and time.monotonic() < asked[0][1]:
                session._event_loop.call_later(MOMENT, go_on, session)
                return
            try:
                begin(session, asked.popleft()[0])
            except Exception:  # Streamlit's to tell; whoever waits behind it is not to wait for ever
                if asked:
                    session._event_loop.call_soon(go_on, session)
                raise

    return request


def has_more_to_say(session: Any) -> bool:
    """Whether a session's runner is over and its last word was not taken in yet: then the session still holds it."""
    runner = session._scriptrunner
    return runner is not None and runner._requests._state is ScriptRequestType.STOP
