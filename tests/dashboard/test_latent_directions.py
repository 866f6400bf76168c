"""Directions by example in an autoencoder: groups, the verdict, what is kept, and the picture moved."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from dashboard import latent_directions
from dashboard.components.instrument import Played, Setting
from selfsup_engine.exploring.between import between
from selfsup_engine.exploring.groups import Group
from selfsup_engine.exploring.latent import LatentSpace
from selfsup_engine.exploring.moving import Axis, moved
from selfsup_engine.kept_directions import KeptDirections
from selfsup_engine.runs import Library, RunFolder

Visit = Callable[..., AppTest]
Says = Callable[[AppTest], str]

pytestmark = pytest.mark.usefixtures("whole_reruns")


@pytest.fixture
def tool(visit: Visit, model: RunFolder) -> Visit:
    return lambda **link: visit("latent", model=model.name, tool="Directions", **link)


@pytest.fixture
def kept(library: Library, model: RunFolder) -> KeptDirections:
    assert model.run.result is not None
    return KeptDirections(library.root, model.run.result.weights)


@pytest.fixture
def scenes(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Setting, Any, Any]]:
    """What the sliders were asked to show: (where they stand, the sliders, the scene)."""
    seen: list[tuple[Setting, Any, Any]] = []

    def shown(wanted: Setting, sliders: Any, draw: Any, **about: Any) -> Played:
        seen.append((wanted, sliders, draw(wanted)))
        return Played(wanted, False, None, False)

    monkeypatch.setattr(latent_directions, "instrument", shown)
    return seen


def test_a_direction_between_two_labels_is_kept_renamed_deleted_and_brought_back(
    tool: Visit, kept: KeptDirections, model: RunFolder, says: Says
) -> None:
    app = tool(ga="l2", gb="l0")
    assert not app.exception and not app.error
    app.text_input(key="direction-name").set_value("rounder").run()
    app.button(key="keep-direction").click().run()
    (one,) = kept.all()
    found = between(LatentSpace(model), Group.parse("l2"), Group.parse("l0"))
    assert (one.name, one.sizes, one.groups) == ("rounder", found.sizes, ("l2", "l0"))
    assert np.array_equal(one.numbers, found.axis.numpy()) and one.effect == pytest.approx(found.effect, abs=1e-3)
    assert app.button(key="keep-direction").disabled
    assert "Kept directions (1)" in [expander.label for expander in app.expander]
    app.text_input(key=f"name-{one.id}-rounder").set_value("round").run()
    assert not app.exception
    assert kept.all()[0].name == "round" and app.text_input(key="direction-name").value == "round"
    app.button(key=f"delete-{one.id}").click().run()
    assert kept.all() == [] and "Deleted the direction <b>round</b>" in says(app)
    app.button(key="undo-direction").click().run()
    assert not app.exception
    assert kept.all() == [one.model_copy(update={"name": "round"})]


def test_the_picture_is_that_of_the_moved_code(tool: Visit, model: RunFolder, scenes: list[Any]) -> None:
    space = LatentSpace(model)
    found = between(space, Group.parse("l0"), Group.parse("l1"))
    app = tool(x="0.5", y="0.25")
    assert app.query_params["ga"] == "l0" and app.query_params["gb"] == "l1"
    (slider,) = scenes[-1][1]
    assert slider.change > 0
    app = tool(x="0.5", y="0.25", moves=f"{slider.id}_-1.5")
    assert not app.warning and app.query_params["moves"] == f"{slider.id}_-1.5"
    wanted, _, scene = scenes[-1]
    there = moved(torch.tensor([0.5, 0.25]), {"new": -1.5}, {"new": Axis.of(space, found.axis)})
    assert wanted.moves == ((slider.id, -1.5),)
    assert np.array_equal(scene.picture, space.decode(there[None])[0])
    assert np.array_equal(scene.before, space.decode(torch.tensor([[0.5, 0.25]]))[0])
    assert scene.near_number == space.neighbours(there, 1)[0]
    assert scene.gauge == pytest.approx(float(space.trust(there[None])[0]), abs=1e-3) and scene.numbers == []


def test_a_kept_direction_stays_a_slider_whatever_the_groups_are_and_a_missing_one_is_said(
    tool: Visit, kept: KeptDirections, scenes: list[Any]
) -> None:
    app = tool(ga="l0", gb="l1")
    app.button(key="keep-direction").click().run()
    (one,) = kept.all()
    app = tool(ga="l2", gb="l0", moves=f"{one.id}_1")
    assert [slider.id for slider in scenes[-1][1]][1:] == [one.id] and not app.warning
    kept.delete(one.id)
    app = tool(ga="l2", gb="l0", moves=f"{one.id}_1")
    assert f"not kept here ({one.id})" in app.warning[0].value
    assert "moves" not in app.query_params
    assert scenes[-1][0].moves == ()


def test_a_hand_on_a_slider_is_in_the_link_and_a_renamed_one_is_renamed(
    tool: Visit, kept: KeptDirections, monkeypatch: pytest.MonkeyPatch
) -> None:
    played: list[Played] = []

    def hand(wanted: Setting, sliders: Any, draw: Any, **about: Any) -> Played:
        return played.pop() if played else Played(wanted, False, None, False)

    monkeypatch.setattr(latent_directions, "instrument", hand)
    app = tool()
    app.button(key="keep-direction").click().run()
    name = kept.all()[0].id
    played.append(Played(Setting(((name, 2.25),)), True, (name, "sleeves"), False))
    app.run()
    assert app.query_params["moves"] == f"{name}_2.25" and kept.all()[0].name == "sleeves"
    played.append(Played(Setting(), False, (name, "x" * 25), False))
    app.run()
    assert "1 to 24 characters" in app.error[0].value
    played.append(Played(Setting(), False, ("d00000000", "new"), False))
    app.run()
    assert "Keep the direction first" in app.toast[0].value


def test_pictures_near_the_point_make_a_group_of_which_the_verdict_is_honest(
    tool: Visit, model: RunFolder, says: Says
) -> None:
    app = tool(ga="i", gb="l1", x="0.5", y="0.5")
    assert not app.exception
    assert "add the real pictures that lie nearest" in says(app)
    app.button(key="add-ga").click().run()
    app.button(key="add-ga").click().run()
    assert app.query_params["ga"].count(".") == 1
    assert "needs 3 members" in app.error[0].value
    app.button(key="around-ga").click().run()
    assert app.query_params["ga"].count(".") == 11 and not app.error
    assert "picked by their place always lie apart" in says(app)
    app.button(key="clear-ga").click().run()
    assert app.query_params["ga"] == "i"


def test_what_is_lassoed_can_be_taken_and_the_way_of_a_group_is_changed(tool: Visit, says: Says) -> None:
    everything = "-99_-99~99_-99~99_99~-99_99"
    app = tool(ga="p", gb="l1", lasso=everything)
    app.button(key="lasso-ga").click().run()
    assert not app.exception and app.query_params["ga"] == f"p{everything}"
    assert "pictures" in says(app)
    app.segmented_control(key="how-ga").set_value("label").run()
    assert app.query_params["ga"] == "l0"
    app.selectbox(key="label-ga").set_value(2).run()
    assert app.query_params["ga"] == "l2"
    app.segmented_control(key="how-gb").set_value("place").run()
    assert app.query_params["gb"] == f"p{everything}"
    app = tool(ga="p", gb="l1")
    assert app.button(key="lasso-ga").disabled and "with the lasso" in says(app)


def test_random_groups_are_called_chance(tool: Visit, model: RunFolder, says: Says) -> None:
    labels = LatentSpace(model).exhibit.labels
    assert labels is not None
    ones = (labels == 1).nonzero()[:, 0].tolist()
    app = tool(ga=str(Group.of_pictures(ones[:16:2])), gb=str(Group.of_pictures(ones[1:17:2])))
    assert not app.exception
    assert "No more than chance." in says(app)


@pytest.mark.parametrize(
    ("ga", "gb", "said"), [("l0", "l0", "0 and 0"), ("l99", "p900_900~901_900~900_901", "no pictures")]
)
def test_groups_that_give_no_direction_are_refused_in_a_sentence(tool: Visit, ga: str, gb: str, said: str) -> None:
    app = tool(ga=ga, gb=gb)
    assert not app.exception
    assert said in app.error[0].value


def test_a_file_of_directions_is_taken_in_and_a_wrong_one_refused(tool: Visit, kept: KeptDirections) -> None:
    app = tool()
    app.button(key="keep-direction").click().run()
    data = kept.export()
    kept.delete(kept.all()[0].id)
    app = tool()
    app.file_uploader(key="directions-upload-0").set_value(
        ("a.json", json.dumps([1]).encode(), "application/json")
    ).run()
    assert "holds no directions" in app.error[0].value and not app.exception
    app.file_uploader(key="directions-upload-0").set_value(("a.json", data, "application/json")).run()
    assert not app.exception
    assert kept.export() == data


def test_a_model_without_labels_opens_on_pictures(visit: Visit, model: RunFolder) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(model.file("exhibit.safetensors"))
    del tensors["labels"]
    save_file(tensors, model.file("exhibit.safetensors"))
    app = visit("latent", model=model.name, tool="Directions")
    assert not app.exception
    assert app.query_params["ga"][0] == app.query_params["gb"][0] == "i"


def test_two_places_that_differ_as_any_two_do_are_called_that(monkeypatch: pytest.MonkeyPatch) -> None:
    from dashboard import by_example, markup
    from selfsup_engine.exploring.contrast import Contrast

    said: list[str] = []
    monkeypatch.setattr(markup, "show", lambda *pieces: said.append("".join(pieces)))
    found = Contrast(torch.ones(1), 1.0, effect=3.2, ordered=0.99, chance=0.2, share=1.0, sizes=(50, 50))
    for usual in (0.0, 3.1):
        by_example.verdict(found, usual=usual)
    assert "A clear direction." in said[0]
    assert "Apart, but so are any two places." in said[1]
