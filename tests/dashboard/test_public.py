"""Two visitors of a public host, page by page; and local mode, which knows nothing of it."""

from __future__ import annotations

import html
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import allowance, cache, visitor
from selfsup_engine import events
from selfsup_engine.limits import Limits
from selfsup_engine.runs import Budget, Library, Run, RunFolder
from selfsup_engine.training.hosted import HostedJobs
from selfsup_engine.training.visitors import VISITORS, VisitorLibrary
from tests.dashboard.conftest import IdleLauncher, Visit

Come = Callable[..., AppTest]
Says = Callable[[AppTest], str]
ANNA, BEN = "a" * 32, "b" * 32
SECRET = "Annas secret"


class UnwatchedHostedJobs(HostedJobs):
    def run_forever(self, on_error: Callable[[Exception], None] = lambda error: None) -> None:
        pass


@pytest.fixture
def come(visit: Visit, launcher: IdleLauncher, monkeypatch: pytest.MonkeyPatch) -> Come:
    """Opens a page as a visitor: `come(ANNA, "library")`."""
    monkeypatch.setenv("SELFSUP_PUBLIC", "seconds=30,at_once=1,runs=2")
    monkeypatch.setattr(cache, "HostedJobs", lambda library, limits: UnwatchedHostedJobs(library, limits, launcher))

    def open_page(who: str, page: str, **link: str) -> AppTest:
        monkeypatch.setattr(visitor, "token", lambda: who)
        return visit(page, **link)

    return open_page


@pytest.fixture
def hers(library: Library, trained_once: RunFolder, model: RunFolder) -> RunFolder:
    """A model of Anna's, beside one of the gallery."""
    anna = VisitorLibrary(library, ANNA, Limits())
    folder = anna.create(trained_once.run)
    shutil.copytree(trained_once.path, folder.path, dirs_exist_ok=True)
    anna.rename(folder, SECRET)
    return folder


def everything(app: AppTest, says: Says) -> str:
    """What a page says, and what it offers to choose."""
    offered = [str(option) for box in [*app.selectbox, *app.multiselect] for option in box.options]
    return "\n".join([says(app), *offered])


@pytest.mark.parametrize("page", ["home", "library", "latent", "compare", "inside"])
def test_a_visitors_models_are_on_their_pages_alone(come: Come, says: Says, hers: RunFolder, page: str) -> None:
    app = come(ANNA, page)
    assert not app.exception
    assert SECRET in everything(app, says)
    app = come(BEN, page)
    assert not app.exception
    assert SECRET not in everything(app, says)


@pytest.mark.parametrize(
    ("page", "field"), [("run", "run"), ("train", "run"), ("latent", "model"), ("compare", "models")]
)
def test_a_link_to_anothers_run_shows_nothing_of_it(
    come: Come, says: Says, hers: RunFolder, page: str, field: str
) -> None:
    assert hers.run.result is not None
    weights = {"weights": hers.run.result.weights} if page in ("run", "latent") else {}
    assert SECRET in everything(come(ANNA, page, **{field: hers.name}), says)
    app = come(BEN, page, **{field: hers.name}, **weights)
    assert not app.exception
    assert SECRET not in everything(app, says)


def test_what_trains_is_the_visitors_own_business(come: Come, says: Says, library: Library) -> None:
    app = come(ANNA, "train", data="digits")
    app.button(key="train").click().run()
    assert not app.exception
    (hers,) = VisitorLibrary(library, ANNA, Limits()).runs()
    assert app.query_params["run"] == hers.name
    assert library.runs() == []
    app = come(BEN, "train", data="digits")
    assert app.query_params.get("run") is None
    app.button(key="train").click().run()
    (his,) = VisitorLibrary(library, BEN, Limits()).runs()
    assert "1 run before it in the queue" in says(app)
    assert "at most 30 s, so it begins within about 1 min. Visitors take turns" in says(app)
    app = come(BEN, "home")
    assert f"watch-{his.name}" in {button.key for button in app.button}
    assert f"watch-{hers.name}" not in {button.key for button in app.button}


def test_the_form_shows_its_limits_before_they_bite_and_then_why(come: Come, says: Says, library: Library) -> None:
    app = come(ANNA, "train", data="digits")
    offered = next(widget for widget in app.button_group if widget.label == "Budget")
    assert offered.options == ["30 s", "Steps"]
    assert "At most 30 s, or 20,000 steps within that time, so that everyone" in says(app)
    app.button(key="train").click().run()
    app.button(key="train-another").click().run()
    assert app.button(key="train").disabled
    assert "the most at once on this public host, so that nobody fills the queue alone" in says(app)
    assert not come(BEN, "train", data="digits").button(key="train").disabled


def test_a_run_that_was_trained_for_longer_can_be_asked_for_as_far_as_it_goes(
    come: Come, says: Says, model: RunFolder
) -> None:
    model.save(model.run.model_copy(update={"source": "digits", "budget": Budget(seconds=600)}))
    app = come(ANNA, "run", run=model.name)
    app.button(key="train-like").click().run()
    assert not app.exception
    assert "its budget, 600 s" in says(app)
    assert app.button(key="train")


def test_a_run_whose_turn_was_over_says_why_it_stopped(
    come: Come, says: Says, library: Library, make: Callable[..., Run]
) -> None:
    folder = VisitorLibrary(library, ANNA, Limits()).create(make())
    folder.append(events.Finished(step=5, reason="stopped"))
    assert "A turn here is 30 s at most, so that everyone" in says(come(ANNA, "train", run=folder.name))


def test_a_full_library_says_so_on_the_form(come: Come, says: Says, library: Library, make: Callable[..., Run]) -> None:
    anna = VisitorLibrary(library, ANNA, Limits())
    for _ in range(2):
        anna.create(make()).append(events.Paused(step=1))
    app = come(ANNA, "train", data="digits")
    assert app.button(key="train").disabled
    assert "2 of your runs are kept, the most on this public host, so that the disk" in says(app)


def test_all_limits_are_told_with_what_is_used(monkeypatch: pytest.MonkeyPatch, library: Library) -> None:
    shown: list[str] = []
    monkeypatch.setattr("dashboard.markup.show", lambda *pieces: shown.extend(pieces))
    allowance.table(VisitorLibrary(library, ANNA, Limits()))
    for about in Limits.model_fields.values():
        assert html.escape(str(about.title)[1:]) in shown[0]
    assert "0 of 12" in shown[0]


def test_local_mode_knows_nothing_of_it(visit: Visit, says: Says, library: Library, hers: RunFolder, put: Callable[..., RunFolder]) -> None:  # fmt: skip
    own = put(title="My own", trains=True)
    own.append(events.Queued())
    assert isinstance(cache.library(), Library) and not isinstance(cache.library(), VisitorLibrary)
    for page in ("home", "library", "train"):
        app = visit(page)
        said = everything(app, says)
        assert not app.exception
        assert "public host" not in said.lower()
        assert SECRET not in said
    assert not any(Path(folder.path).is_relative_to(library.root / VISITORS) for folder in library.runs())
