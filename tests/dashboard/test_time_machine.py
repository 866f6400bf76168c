"""The time machine on a page: what it says of what was kept, and what the browser is given to scrub. Scrubbing itself is the browser's."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import state, time_machine
from dashboard.components import timeline as component
from dashboard.components.latent_map import Look, Told
from dashboard.components.timeline import NEWEST, Curve, Still, pack, timeline
from selfsup_engine import snapshots
from selfsup_engine.events import Check, Failed, Finished, Paused, Queued, Started
from selfsup_engine.exploring.timeline import Timeline
from selfsup_engine.runs import Library, RunFolder
from tests.dashboard.test_components import unpack

Visit = Callable[..., AppTest]
Put = Callable[..., RunFolder]
Says = Callable[[AppTest], str]

POINTS = np.random.default_rng(0).normal(size=(50, 2))
CURVE = Curve("error", [(1, 0.5)], [(0, 0.6)])
STARTED = Started(step=0, device="CPU", threads=1, parameters=1)


def still(step: int, shift: float = 0.0) -> Still:
    return Still(step, b"picture %d" % step, POINTS + shift, {"error": f"{1 / (step + 1):.3f}"})


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict[str, Any], list[bytes]]]:
    """All that went to the browser."""
    messages: list[tuple[dict[str, Any], list[bytes]]] = []
    monkeypatch.setattr(component, "_mount", lambda **about: messages.append(unpack(about["data"])))
    return messages


def test_everything_goes_to_the_browser_at_once() -> None:
    labels = np.arange(50) % 3
    about: dict[str, Any] = {"curve": CURVE, "captions": {"map": "m"}, "before": b"shown", "labels": labels}
    header, parts = unpack(pack([still(0), still(16, 0.5)], classes=("a", "b", "c"), stamp=1, at=NEWEST, **about))
    assert [step["step"] for step in header["steps"]] == [0, 16]
    assert parts[header["before"]] == b"shown"
    assert parts[header["labels"]] == labels.astype(np.uint8).tobytes()
    assert [parts[step["picture"]] for step in header["steps"]] == [b"picture 0", b"picture 16"]
    first, second = (np.frombuffer(parts[step["map"]], "<u2").reshape(-1, 2).astype(float) for step in header["steps"])
    moved = second - first
    assert np.ptp(moved, axis=0).max() <= 2 and (moved > 0).all()  # all by as much, in one window for both
    window = component.LEVELS / component.SPAN
    assert np.mean((first >= window) & (first <= 2 * window)) > 0.9
    assert header["steps"][1]["figures"] == {"error": "0.059"}


def test_points_that_lie_nowhere_and_models_without_a_map_are_sent_all_the_same() -> None:
    broken = POINTS.copy()
    broken[3] = np.nan
    header, parts = unpack(pack([Still(0, b"", broken, {})], curve=CURVE, captions={}))
    assert len(parts[header["steps"][0]["map"]]) == 200
    header, parts = unpack(pack([Still(0, b"p", None, {})], curve=CURVE, captions={}))
    assert (header["steps"][0]["map"], header["labels"], header["before"]) == (-1, -1, -1)


def test_the_cursor_is_where_the_last_word_puts_it(
    sent: list[tuple[dict[str, Any], list[bytes]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    said: dict[str, Any] = {}
    kept: dict[str, Any] = {}
    monkeypatch.setattr(state, "held", lambda key: said)
    monkeypatch.setattr(state, "remembered", lambda key, default=None: kept.get(key, default))
    monkeypatch.setattr(state, "remember", kept.__setitem__)
    stills = [still(step) for step in (0, 16, 24)]

    def at(wanted: int) -> int:
        return timeline(wanted, stills, key="t", curve=CURVE, captions={})

    assert at(NEWEST) == NEWEST
    said["step"] = [16, 5]
    assert at(NEWEST) == 16  # the hand's word is newer
    assert len({header["stamp"] for header, _ in sent}) == 1  # and the browser is not told what it said itself
    assert at(24) == 24  # the back button's is newer still
    assert sent[-1][0]["at"] == 24 and sent[-1][0]["stamp"] != sent[0][0]["stamp"]
    said["step"] = [NEWEST, 9]
    assert at(24) == NEWEST


def test_a_run_is_scrubbed_on_its_page(
    visit: Visit, library: Library, trained_once: RunFolder, says: Says, sent: Any
) -> None:
    folder = RunFolder(shutil.copytree(trained_once.path, library.root / "mine"))
    for event in (STARTED, Check(step=0, losses={"mse": 0.2}, findings=()), Finished(step=20, reason="done")):
        folder.append(event)
    app = visit("train", run=folder.name, snap="16")
    assert not app.exception
    assert "Time machine" in [element.value for element in app.subheader]
    assert "3 steps of this run" in says(app) and "do not jump" in says(app)
    header, parts = sent[-1]
    assert [step["step"] for step in header["steps"]] == [0, 16, 20]
    assert header["at"] == 16 and not header["waiting"]
    assert len({parts[step["picture"]] for step in header["steps"]}) == 3
    assert header["ends"]["error"] == f"at the end {header['steps'][-1]['figures']['error']}"
    assert header["curve"]["name"] == "mean squared error" and header["curve"]["held_out"]
    assert app.query_params["snap"] == "16"
    assert any(button.key == "make-film" for button in app.button)


def test_the_map_of_a_step_can_be_looked_at_closely(
    visit: Visit, library: Library, trained_once: RunFolder, sent: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Any] = []
    seen = Look(0.25, -1.5, 4.0, (1, 7), density=True)

    def looked_at(points: Any, **about: Any) -> Told:
        shown.append((points, about))
        return Told(None, seen, "")

    monkeypatch.setattr(time_machine, "latent_map", looked_at)
    folder = RunFolder(shutil.copytree(trained_once.path, library.root / "mine"))
    app = visit("run", run=folder.name, part="Time machine", snap="16")
    assert not shown
    app.toggle(key="time-closer").set_value(True).run()
    assert not app.exception
    ((points, about),) = shown
    opened = Timeline(folder)
    opened.look()
    assert np.array_equal(points, opened.maps(opened.steps)[1])
    assert about["look"] == Look()
    assert app.query_params["closer"] == "True" and app.query_params["looks"] == str(seen)  # so a link brings it back
    visit("run", **app.query_params)
    assert shown[-1][1]["look"] == seen
    assert about["glide"] and np.array_equal(about["pictures"]([3])[0], opened.given.images[3].numpy())


def test_the_same_moments_are_the_same_bytes(
    visit: Visit, library: Library, trained_once: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that Streamlit sends them once, however often the fragment looks again."""
    blobs: list[bytes] = []
    monkeypatch.setattr(component, "_mount", lambda **about: blobs.append(about["data"]))
    shutil.copytree(trained_once.path, library.root / "mine")
    visit("train", run="mine").run()
    assert len(blobs) > 1 and len(set(blobs)) == 1


def test_it_says_what_was_kept(
    visit: Visit, library: Library, model: RunFolder, put: Put, says: Says, sent: Any
) -> None:
    shutil.rmtree(model.path / "snapshots")
    assert "Only its beginning and its end were kept." in says(visit("train", run=model.name))
    assert [step["step"] for step in sent[-1][0]["steps"]] == [0, 20]
    source = {"source": "shapes:size=28,channels=1,count=300"}
    failed = put(STARTED, Failed(reason="The loss stopped being a number."), **source)
    said = says(visit("train", run=failed.name))
    assert "Only its beginning was kept" in said
    assert [step["step"] for step in sent[-1][0]["steps"]] == [0]
    paused = put(STARTED, Paused(step=20), **source)
    for step in (16, 20):
        snapshots.path(paused, step).parent.mkdir(exist_ok=True)
        shutil.copy(model.file("weights.safetensors"), snapshots.path(paused, step))
    assert "More will follow when it goes on." in says(visit("train", run=paused.name))
    assert [step["step"] for step in sent[-1][0]["steps"]] == [0, 16, 20]


def test_a_run_that_waits_or_has_no_images_breaks_nothing(visit: Visit, put: Put, says: Says, sent: Any) -> None:
    assert not visit("train", run=put(Queued(), trains=True).name).exception
    assert sent == []
    app = visit("train", run=put(STARTED, Paused(step=3), source="kmnist").name)
    assert not app.exception
    assert "not on this machine" in says(app)


def test_a_step_that_is_not_there_is_no_error(visit: Visit, model: RunFolder, sent: Any) -> None:
    assert not visit("train", run=model.name, snap="7777").exception
    assert sent[-1][0]["at"] == 7777  # the browser takes the nearest
    assert not visit("train", run=model.name, snap="many").exception
    assert time_machine.FIGURES.keys() >= {"mse", "psnr"}
