"""What the page before still says is forgotten, once, when a page is turned. That none stays empty then is tested in a browser."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from dashboard import state, turning


class TurnedError(Exception):
    pass


@pytest.fixture
def happened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was done, in a session that `running` says of whether the browser went back."""
    done: list[str] = []
    kept: dict[str, str] = {}

    def again() -> None:
        done.append("drawn anew")
        raise TurnedError

    storage = SimpleNamespace(clear=lambda: done.append("forgotten"))
    running = SimpleNamespace(fragment_storage=storage, is_history_navigation=False)
    monkeypatch.setattr(turning, "get_script_run_ctx", lambda **about: running)
    monkeypatch.setattr(turning.st, "rerun", again)
    monkeypatch.setattr(state, "remembered", kept.get)
    monkeypatch.setattr(state, "remember", kept.__setitem__)
    return done


def test_the_first_page_and_the_same_page_are_left_alone(happened: list[str]) -> None:
    for _ in range(3):
        turning.forget_page_before("")
    assert happened == []


def test_another_page_forgets_the_one_before_once(happened: list[str]) -> None:
    turning.forget_page_before("latent")
    with pytest.raises(TurnedError):
        turning.forget_page_before("gan")
    turning.forget_page_before("gan")
    assert happened == ["forgotten", "drawn anew"]
    with pytest.raises(TurnedError):
        turning.forget_page_before("")


def test_the_way_back_is_the_browsers(happened: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    turning.forget_page_before("latent")
    running = SimpleNamespace(is_history_navigation=True)
    monkeypatch.setattr(turning, "get_script_run_ctx", lambda **about: running)
    turning.forget_page_before("gan")
    assert happened == []
