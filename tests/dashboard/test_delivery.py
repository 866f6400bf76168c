"""What is asked for waits for what was drawn before: a part of a page, in the order asked for, and not for ever."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.scriptrunner import ScriptRunner
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequests, ScriptRequestType

from dashboard import delivery

PART, WHOLE = ClientState(fragment_id="part"), ClientState()


class Session:
    """What is used of Streamlit's session, with a loop that turns when it is told to."""

    def __init__(self) -> None:
        self.begun: list[Any] = []
        self.later: list[Callable[[], None]] = []
        self._scriptrunner: Any = None
        self._event_loop = SimpleNamespace(call_later=lambda _, *call: self.call_soon(*call), call_soon=self.call_soon)
        self.request = delivery.in_order(Session.begin)

    def begin(self, asked: Any) -> None:
        self.begun.append(asked)
        if asked == "wrong":
            raise ValueError("wrong")

    def call_soon(self, act: Callable[..., None], *values: Any) -> None:
        self.later.append(lambda: act(*values))

    def turn(self) -> None:
        now, self.later = self.later, []
        for act in now:
            act()

    def run(self, state: ScriptRequestType) -> None:
        self._scriptrunner = SimpleNamespace(_requests=SimpleNamespace(_state=state))


def ended() -> Session:
    session = Session()
    session.run(ScriptRequestType.STOP)
    return session


def test_a_part_waits_until_a_runner_that_is_over_has_been_heard_and_what_comes_behind_keeps_its_place() -> None:
    session = ended()
    session.request(session, PART)
    session.request(session, WHOLE)
    session.turn()
    assert session.begun == []
    session._scriptrunner = None
    session.turn()
    assert session.begun == [PART, WHOLE]
    session.turn()
    assert not session.later


@pytest.mark.parametrize("asked", [WHOLE, None])
def test_the_whole_page_does_not_wait(asked: ClientState | None) -> None:
    session = ended()
    session.request(session, asked)
    assert session.begun == [asked]
    assert not session.later


def test_a_part_does_not_wait_for_a_runner_that_takes_it_up_itself() -> None:
    session = Session()
    session.run(ScriptRequestType.CONTINUE)
    session.request(session, PART)
    assert session.begun == [PART]


def test_nobody_waits_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "PATIENCE", 0.0)
    session = ended()
    session.request(session, PART)
    assert session.begun == [PART]


def test_who_stands_behind_a_request_that_fails_is_served() -> None:
    session = ended()
    session.request(session, PART)
    session.request(session, "wrong")
    session.request(session, WHOLE)
    session._scriptrunner = None
    with pytest.raises(ValueError, match="wrong"):
        session.turn()
    session.turn()
    assert session.begun == [PART, "wrong", WHOLE]


def test_two_sessions_do_not_wait_for_each_other() -> None:
    one, other = ended(), Session()
    other.request = one.request
    one.request(one, PART)
    other.request(other, PART)
    assert (one.begun, other.begun) == ([], [PART])


def test_it_is_mended_once() -> None:
    delivery.mend()
    mended = AppSession.request_rerun
    delivery.mend()
    assert AppSession.request_rerun is mended
    assert mended.__module__ == delivery.__name__


def test_streamlit_says_where_it_is_looked_for_that_a_runner_is_over() -> None:
    requests = ScriptRequests()
    runner = SimpleNamespace(_requests=requests)
    session = SimpleNamespace(_scriptrunner=runner)
    assert not delivery.has_more_to_say(session)
    requests.on_scriptrunner_ready()  # nothing was asked for: it is over
    assert delivery.has_more_to_say(session)
    assert "_requests" in ScriptRunner.__init__.__code__.co_names
    assert {"_scriptrunner", "_event_loop"} <= {*AppSession.__init__.__code__.co_names}
