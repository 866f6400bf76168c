"""The app as AppTest runs it, over a library and a gallery of its own, with workers that do nothing."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from dashboard import cache, state
from selfsup_engine import events, runs
from selfsup_engine.runs import ROOT, Library, Run, RunFolder
from selfsup_engine.training.estimate import Estimate
from selfsup_engine.training.jobs import Jobs
from selfsup_engine.training.loop import train
from selfsup_engine.training.worker import WORKER

Visit = Callable[..., AppTest]
Put = Callable[..., RunFolder]


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What is remembered where there is no session to remember it."""
    kept: dict[str, Any] = {}
    monkeypatch.setattr(state, "remembered", lambda key, default=None: kept.get(key, default))
    monkeypatch.setattr(state, "remember", kept.__setitem__)
    return kept


class IdleLauncher:
    """Workers that are started, and then live and do nothing."""

    def __init__(self) -> None:
        self.started: list[Path] = []
        self.living: set[str] = set()

    def warm(self) -> None:
        pass

    def start(self, folder: Path) -> str:
        self.started.append(folder)
        self.living.add(f"idle:{folder.name}")
        return f"idle:{folder.name}"

    def alive(self, handle: str) -> bool:
        return handle in self.living

    def end(self, handle: str) -> str:
        self.living.discard(handle)
        return "the worker went home"

    def close(self) -> None:
        pass


class UnwatchedJobs(Jobs):
    """Jobs without the supervising thread: only a click moves the queue."""

    def run_forever(self, on_error: Callable[[Exception], None] = lambda error: None) -> None:
        pass


@pytest.fixture(autouse=True)
def _no_search_for_components(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each AppTest reads about all installed packages for components they may bring: most of a test's time, and none does."""
    monkeypatch.setattr(BidiComponentManager, "discover_and_register_components", lambda self, **options: None)


@pytest.fixture
def launcher() -> IdleLauncher:
    return IdleLauncher()


@pytest.fixture
def visit(library: Library, launcher: IdleLauncher, monkeypatch: pytest.MonkeyPatch) -> Iterator[Visit]:
    """Opens a page of the app by its name, with what the link says: `visit("latent", model="a")`."""
    monkeypatch.setattr(runs, "GALLERY", library.gallery)
    monkeypatch.setattr(cache, "Library", lambda: library)
    monkeypatch.setattr(cache, "Jobs", lambda library: UnwatchedJobs(library, launcher, capacity=2))
    monkeypatch.setattr(cache, "warm_up", cache.Warm)
    monkeypatch.setattr(cache, "estimate", lambda *about: Estimate(1_200_000, 9000.0, 2000, 61.0, 4.5, 300_000_000))

    def forget() -> None:
        cache.host.clear()
        cache.jobs.clear()

    def open_page(page: str, **link: str) -> AppTest:
        app = AppTest.from_file(ROOT / "dashboard" / "app.py", default_timeout=60)
        if page != "home":
            app._page_hash = calc_hash(page.replace("_", "-"))  # before the first run, as by a link from outside
        app.query_params = dict(link)
        app.run()
        app._page_hash = ""  # from here on a run stays where the app has gone by itself
        return app

    forget()
    yield open_page
    forget()


@pytest.fixture
def whole_reruns(monkeypatch: pytest.MonkeyPatch) -> None:
    """AppTest never runs a fragment alone, so what asks for a fragment's rerun gets the page's."""
    rerun = st.rerun
    monkeypatch.setattr(st, "rerun", lambda scope="app": rerun())


@pytest.fixture
def put(library: Library, launcher: IdleLauncher, make: Callable[..., Run]) -> Put:
    """Puts a run into the library to which something has happened; one that trains has a living worker."""

    def create(*happened: events.Event, trains: bool = False, **changes: Any) -> RunFolder:
        folder = library.create(make().model_copy(update=changes))
        for event in happened:
            folder.append(event)
        if trains:
            launcher.living.add(f"idle:{folder.name}")
            folder.file(WORKER).write_text(f"idle:{folder.name}")
        return folder

    return create


@pytest.fixture(scope="session")
def trained_once(tmp_path_factory: pytest.TempPathFactory, make: Callable[..., Run]) -> RunFolder:
    """A model of grey shapes with a 2-D code, hardly trained: its pages are looked at, not its pictures."""
    folder = Library(tmp_path_factory.mktemp("trained")).create(make(source="shapes:size=28,channels=1,count=300"))
    for _ in train(folder):
        pass
    return folder


@pytest.fixture(scope="session")
def deep(tmp_path_factory: pytest.TempPathFactory, make: Callable[..., Run]) -> RunFolder:
    """A variational model of coloured shapes with 6 numbers an image."""
    kind = {"network": "conv", "channels": 3, "code": 6, "objective": "variational"}
    folder = Library(tmp_path_factory.mktemp("deep")).create(make(source="shapes:size=28,count=300", **kind))
    for _ in train(folder):
        pass
    return folder


@pytest.fixture
def model(library: Library, trained_once: RunFolder) -> RunFolder:
    """The flat one in the gallery."""
    return RunFolder(Path(shutil.copytree(trained_once.path, library.gallery / "flat")))


@pytest.fixture
def deep_model(library: Library, deep: RunFolder) -> RunFolder:
    """The deep one in the gallery."""
    return RunFolder(Path(shutil.copytree(deep.path, library.gallery / "deep")))


@pytest.fixture
def says() -> Callable[[AppTest], str]:
    """All that a page says, as it was sent to the browser, without its pictures and the style sheet."""

    def collect(app: AppTest) -> str:
        kinds = ("title", "header", "markdown", "html", "error", "warning", "info", "toast")
        texts = (str(element.value) for kind in kinds for element in getattr(app, kind))
        return re.sub('base64,[^"]*', "base64,", "\n".join(text for text in texts if "<style>" not in text))

    return collect
