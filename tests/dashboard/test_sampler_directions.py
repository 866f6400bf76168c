"""Directions by example in a GAN: labels and picked samples, and a kept direction among the sliders."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import steering
from dashboard.components.instrument import Played, Setting
from selfsup_engine.exploring import drawn
from selfsup_engine.exploring.sampling import Sampler
from selfsup_engine.exploring.spot import Spot
from selfsup_engine.kept_directions import KeptDirections
from selfsup_engine.runs import Library, RunFolder

Visit = Callable[..., AppTest]
Says = Callable[[AppTest], str]

A = "~~".join(f"0.{i}" for i in range(6))
B = "~~".join(f"0.{i}" for i in range(6, 12))


@pytest.fixture
def shown(library: Library, gan_once: RunFolder) -> RunFolder:
    return RunFolder(Path(shutil.copytree(gan_once.path, library.gallery / "digits-gan")))


@pytest.fixture
def tool(visit: Visit, shown: RunFolder, monkeypatch: pytest.MonkeyPatch) -> Visit:
    monkeypatch.setattr(drawn, "COUNT", 300)
    return lambda **link: visit("gan", model=shown.name, tool="Directions", **link)


@pytest.fixture
def kept(library: Library, shown: RunFolder) -> KeptDirections:
    assert shown.run.result is not None
    return KeptDirections(library.root, shown.run.result.weights)


@pytest.fixture
def sliders(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The sliders that were shown last; `played` answers for the hand."""
    seen: list[Any] = []

    def shown(wanted: Setting, sliders: Any, draw: Any, **about: Any) -> Played:
        seen[:] = sliders
        draw(wanted)
        return Played(wanted, False, None, False)

    monkeypatch.setattr(steering, "instrument", shown)
    return seen


def test_picked_samples_give_a_direction_that_becomes_a_slider(
    tool: Visit, kept: KeptDirections, shown: RunFolder, sliders: list[Any], says: Says
) -> None:
    app = tool(ga=f"s{A}", gb=f"s{B}", at="0.3")
    assert not app.exception and not app.error
    assert "samples look most like them" in says(app)
    assert "Effect size" in says(app) and "The current sample along it" in says(app)
    app.button(key="keep-direction").click().run()
    assert not app.exception
    (one,) = kept.all()
    assert (sliders[0].id, sliders[0].name) == (one.id, "A \N{RIGHTWARDS ARROW} B") and sliders[0].change > 0
    app = tool(at=f"0.3~{one.id}_2", ga=f"s{A}", gb=f"s{B}")
    assert not app.warning and app.query_params["at"] == f"0.3~{one.id}_2"
    app.button(key=f"delete-{one.id}").click().run()
    assert not app.exception and not app.warning
    assert app.query_params["at"] == "0.3" and one.id not in [slider.id for slider in sliders]
    app.button(key="undo-direction").click().run()
    assert sliders[0].id == one.id
    kept.delete(one.id)
    app = tool(at=f"0.3~g0_1~{one.id}_2")
    assert "not kept here" in app.warning[0].value and app.query_params["at"] == "0.3~g0_1"  # the rest of it stays


def test_the_same_bytes_wherever_the_direction_is_known(tool: Visit, kept: KeptDirections, shown: RunFolder) -> None:
    tool(ga=f"s{A}", gb=f"s{B}").button(key="keep-direction").click().run()
    (one,) = kept.all()
    spot = Spot.parse(f"5.5~{one.id}_1.5")
    pictures = [Sampler(shown, kept.all()).images([spot]).tobytes() for _ in range(2)]
    assert pictures[0] == pictures[1] != Sampler(shown).images([Spot(5, 5)]).tobytes()


def test_samples_are_added_one_by_one_or_from_the_shelf(tool: Visit, says: Says) -> None:
    app = tool(ga="s", gb="s", at="3.4", shelf="1.1~~1.2~~1.3")
    assert "three at the least" in says(app)
    app.button(key="add-ga").click().run()
    assert app.query_params["ga"] == "s3.4" and app.button(key="add-ga").disabled
    app.button(key="shelf-gb").click().run()
    assert app.query_params["gb"] == "s1.1~~1.2~~1.3"
    assert "3 samples at the least" in app.error[0].value
    app.button(key="clear-gb").click().run()
    assert app.query_params["gb"] == "s" and not app.exception


def test_labels_that_it_hardly_draws_are_refused_in_a_sentence(tool: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawn, "AGREED", 1.1)
    app = tool(ga="l3", gb="l4")
    assert not app.exception
    assert "clearly show that label" in app.error[0].value


def test_the_way_of_a_group_is_changed_and_another_models_samples_are_refused(tool: Visit) -> None:
    app = tool(ga="l3", gb=f"s{Spot.of(np.zeros(7, np.float32))}")
    assert not app.exception and "another model" in app.error[0].value
    app.segmented_control(key="how-ga").set_value("samples").run()
    assert app.query_params["ga"] == "s"
    app.segmented_control(key="how-gb").set_value("label").run()
    assert app.query_params["gb"] == "l0" and not app.exception


def test_a_kept_slider_is_renamed_as_the_others_are(
    tool: Visit, kept: KeptDirections, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = tool(ga=f"s{A}", gb=f"s{B}")
    app.button(key="keep-direction").click().run()
    name = kept.all()[0].id
    renamed = [(name, "curl")]

    def once(wanted: Setting, sliders: Any, draw: Any, **about: Any) -> Played:
        return Played(wanted, False, renamed.pop() if renamed else None, False)

    monkeypatch.setattr(steering, "instrument", once)
    app.run()
    assert not app.exception
    assert kept.all()[0].name == "curl"
