"""What pages say where the disk, another server or a deleted folder comes in between."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from selfsup_engine.events import Metrics, Paused, Queued, Started
from selfsup_engine.runs import Library, RunFolder
from selfsup_engine.training.line import SharedLine

Visit = Callable[..., AppTest]
Put = Callable[..., RunFolder]
Says = Callable[[AppTest], str]
Disk = Callable[[int], None]

STARTED = Started(step=0, device="CPU", threads=1, parameters=1)
HALF = Metrics(step=70, progress=0.5, elapsed=9.0, eta=75.0, rate=900.0, losses={"mse": 0.1})
REFUSALS = [(errno.ENOSPC, "The disk is full"), (errno.EROFS, "cannot be written")]


def press(app: AppTest, label: str) -> None:
    next(button for button in app.button if button.label == label).click().run()


@pytest.mark.parametrize("page", ["home", "train", "latent", "library"])
def test_a_page_opens_over_a_library_that_cannot_be_written(
    visit: Visit, put: Put, model: RunFolder, disk: Disk, says: Says, page: str
) -> None:
    put(Queued(), STARTED, HALF)  # its server is gone, and that cannot even be marked
    disk(errno.EROFS)
    app = visit(page)
    assert not app.exception
    assert len(app.title) == 1


@pytest.mark.parametrize(("number", "word"), REFUSALS)
def test_a_dead_run_is_shown_as_one_where_nothing_can_be_written(
    visit: Visit, put: Put, disk: Disk, says: Says, number: int, word: str
) -> None:
    folder = put(Queued(), STARTED, HALF)
    disk(number)
    app = visit("train", run=folder.name)
    assert not app.exception
    assert "the training process is gone" in says(app)
    press(app, "Resume")
    assert not app.exception
    assert word in says(app)


@pytest.mark.parametrize(("number", "word"), REFUSALS)
@pytest.mark.parametrize("wish", ["Pause", "Stop"])
def test_a_wish_that_cannot_be_written_is_said(
    visit: Visit, put: Put, disk: Disk, says: Says, whole_reruns: None, wish: str, number: int, word: str
) -> None:
    folder = put(Queued(), STARTED, HALF, trains=True)
    app = visit("train", run=folder.name)
    disk(number)
    press(app, wish)
    assert not app.exception
    assert word in says(app)
    assert folder.status().state == "running"


def test_a_full_disk_starts_nothing_and_says_so(visit: Visit, library: Library, disk: Disk, says: Says) -> None:
    app = visit("train", data="digits")
    disk(errno.ENOSPC)
    app.button(key="train").click().run()
    assert not app.exception
    assert "The disk is full: free some space" in says(app)
    disk(0)
    assert list(library.root.glob("[!.]*")) == []


def test_a_run_that_is_deleted_while_it_is_watched_is_said_to_be_gone(
    visit: Visit, put: Put, says: Says, whole_reruns: None
) -> None:
    folder = put(Queued(), STARTED, HALF, trains=True)
    app = visit("train", run=folder.name)
    shutil.rmtree(folder.path)
    app.run()
    assert not app.exception
    assert "It may have been deleted" in says(app)
    assert any(button.label == "Train" for button in app.button)


def test_what_another_server_trains_is_shown_here(visit: Visit, put: Put, library: Library, says: Says) -> None:
    other = SharedLine(library.root)
    assert other.take()
    folder, paused = put(Queued()), put(Paused(step=4))
    with other.turn() as line:
        line.waiting.append(folder.name)
        other.save(line)
    said = says(visit("train", run=folder.name))
    assert "It begins in a moment. Another server of this app, on the same library, trains it." in said
    app = visit("train", run=paused.name)
    press(app, "Resume")
    assert "1 run before it in the queue." in says(app)
    assert other.read().waiting == [folder.name, paused.name]


def test_the_clock_may_jump_while_a_run_is_watched(visit: Visit, put: Put, says: Says, launcher: Any) -> None:
    folder = put(
        Queued(at=9e9), STARTED.model_copy(update={"at": 8e9}), HALF.model_copy(update={"at": 1.0}), trains=True
    )
    said = says(visit("train", run=folder.name))
    assert "1 min 15 s left" in said
    assert "-" not in said[said.index("step 70") : said.index(" left")]
