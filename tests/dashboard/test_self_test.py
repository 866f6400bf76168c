"""The self-test's page and home's last line: what they say of the host, and what is shown of a self-test."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import cache, hosting, self_test
from dashboard.checkup import Checkup, Outcome
from dashboard.views import TrainView
from selfsup_engine import host
from selfsup_engine.host import Memory
from selfsup_engine.runs import Library
from selfsup_engine.training import estimate
from selfsup_engine.training.estimate import Estimate

Visit = Callable[..., AppTest]
Says = Callable[[AppTest], str]

USUAL = Estimate(1_200_000, 9000.0, 2000, 30.0, 4.53, 325_000_000)
PASSED = Outcome("Photo", True, "It was changed.", 0.2, b"\x89PNG")
FAILED = Outcome("Training", False, "It broke off <b>.", 3.0)
LEFT = Outcome("Archive", None, "Nothing to take along.", 0.0)


@pytest.fixture
def warm(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> cache.Warm:
    """torch is loaded, on a small container."""
    warm = cache.Warm()
    warm.device, warm.usual = "CPU, 2 cores", USUAL
    monkeypatch.setattr(cache, "warm_up", lambda: warm)
    monkeypatch.setattr(host, "memory", lambda: Memory(2_000_000_000, 1_200_000_000))
    monkeypatch.setattr(host, "disk_free", lambda folder: 50_000_000_000)
    return warm


@pytest.fixture
def checkup(library: Library, monkeypatch: pytest.MonkeyPatch) -> Checkup:
    """The server's self-test, which begins nothing by itself."""
    test = Checkup(library)
    monkeypatch.setattr(cache, "checkup", lambda: test)
    monkeypatch.setattr(test, "work", lambda: None)
    return test


def test_home_says_in_a_line_what_the_host_offers(visit: Visit, warm: cache.Warm, says: Says) -> None:
    assert (
        "Trains on CPU, 2 cores · 1.2 GB of 2.0 GB memory and 50.0 GB of disk free"
        " · 30 s of training go about 4.5 times through Fashion-MNIST"
    ) in says(visit("home"))
    warm.device, warm.usual = "", None
    assert hosting.line(warm).startswith(f"{host.cores()} core")
    warm.problem = "SELFSUP_DEVICE is wrong."
    assert hosting.line(warm).startswith("SELFSUP_DEVICE is wrong · ")


def test_what_is_measured_is_what_the_form_proposes() -> None:
    assert (TrainView().family, TrainView().data) == estimate.USUAL


def test_a_graphics_card_has_processors_beside_it(warm: cache.Warm) -> None:
    assert hosting.figures(warm)["trains on"] == ("CPU, 2 cores", "no graphics card, and none is needed")
    warm.device = "NVIDIA H100"
    assert "for this app" in hosting.figures(warm)["trains on"][1]


def test_data_sets_are_told_apart_by_where_they_are() -> None:
    assert hosting.data_sets() == (
        "Small digits, Shapes, Photos: built in; "
        "MNIST, Fashion-MNIST, Kuzushiji-MNIST, CIFAR-10: downloaded when first chosen."
    )


def test_the_page_opens_with_what_there_is_and_what_will_be_tried(
    visit: Visit, warm: cache.Warm, checkup: Checkup, says: Says
) -> None:
    app = visit("self_test")
    assert not app.exception
    said = says(app)
    for words in ("free of 2.0 GB", "Nothing was tried yet", "untried", "Trains 20 steps", "Takes a run out as a zip"):
        assert words in said
    assert not app.get("download_button")


def test_before_torch_is_loaded_the_page_says_what_is_known(
    visit: Visit, warm: cache.Warm, checkup: Checkup, says: Says
) -> None:
    warm.device, warm.usual = "", None
    app = visit("self_test")
    assert not app.exception
    assert "free of 2.0 GB" in says(app)
    assert not app.button


def test_a_click_begins_it_for_everybody(visit: Visit, warm: cache.Warm, checkup: Checkup, says: Says) -> None:
    visit("self_test").button(key="self-test").click().run()
    assert checkup.running
    app = visit("self_test")  # another visitor
    assert app.button(key="self-test").disabled
    assert "at work" in says(app)
    assert "0 of 8 done." in says(app)


def test_a_click_counts_also_where_the_host_has_just_been_measured(
    visit: Visit, warm: cache.Warm, checkup: Checkup
) -> None:
    warm.usual = None
    app = visit("self_test")
    warm.usual = USUAL
    app.button(key="self-test").click().run()
    assert checkup.running


def test_what_came_of_it_is_shown_and_can_be_taken_along(
    visit: Visit, warm: cache.Warm, checkup: Checkup, says: Says, library: Library
) -> None:
    checkup.began, checkup.outcomes = datetime(2026, 5, 4, 12, 30, tzinfo=UTC), (PASSED, FAILED, LEFT)
    app = visit("self_test")
    said = says(app)
    assert "1 of 8 did not work, 1 not tried. Tried at 12:30 UTC, in 3 s." in said
    assert "It broke off &lt;b&gt;." in said
    assert len(app.get("download_button")) == 1
    report = self_test.report(checkup)
    assert "memory: 1.2 GB free of 2.0 GB" in report
    assert "failed     Training (3.0 s): It broke off <b>." in report
    assert str(library.root) not in said + report


def test_just_after_it_was_done_a_click_says_when_it_can_be_done_again(
    visit: Visit, warm: cache.Warm, checkup: Checkup, says: Says, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkup.began, checkup.outcomes = datetime.now(UTC), (PASSED,)
    monkeypatch.setattr(Checkup, "rests", property(lambda self: 90.0))
    app = visit("self_test")
    app.button(key="self-test").click().run()
    assert not checkup.running
    assert "Again in 1 min 30 s." in says(app)
