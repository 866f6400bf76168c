"""Groups of an autoencoder's pictures, and the direction between them."""

from __future__ import annotations

import pytest
import torch

from selfsup_engine.errors import UserError
from selfsup_engine.exploring.between import between, effect_of_places, members
from selfsup_engine.exploring.groups import Group
from selfsup_engine.exploring.latent import LatentSpace
from selfsup_engine.exploring.moving import Axis, change_along, moved, spread_along
from selfsup_engine.runs import RunFolder


@pytest.fixture(scope="module")
def space(deep: RunFolder) -> LatentSpace:
    return LatentSpace(deep)


def test_members_are_those_of_the_label_the_outline_or_the_numbers(space: LatentSpace) -> None:
    labels = space.exhibit.labels
    assert labels is not None
    assert torch.equal(labels[members(Group.parse("l3"), space)].unique(), torch.tensor([3]))
    assert members(Group.parse("i9.2.5.999999"), space).tolist() == [2, 5, 9]
    x, y = space.plane.flat(space.exhibit.codes[7:8])[0].tolist()
    around = f"p{x - 0.01:.4f}_{y - 0.01:.4f}~{x + 0.01:.4f}_{y - 0.01:.4f}~{x:.4f}_{y + 0.01:.4f}"
    assert 7 in members(Group.parse(around), space)
    everywhere = "p-9999_-9999~9999_-9999~9999_9999~-9999_9999"
    assert len(members(Group.parse(everywhere), space)) == len(labels)


@pytest.mark.parametrize("text", ["l99", "i999999", "p900_900~901_900~900_901", "s7.12"])
def test_a_group_with_nothing_in_it_is_refused(space: LatentSpace, text: str) -> None:
    with pytest.raises(UserError, match="no pictures in this group"):
        members(Group.parse(text), space)


def test_two_labels_differ_and_two_halves_of_one_do_not(space: LatentSpace) -> None:
    found = between(space, Group.parse("l0"), Group.parse("l1"))
    assert found.verdict == "clear" and found.effect > 3 * found.chance
    threes = members(Group.parse("l3"), space).tolist()
    halves = [Group.of_pictures(threes[start : start + 48 : 2]) for start in (0, 1)]
    assert between(space, *halves).verdict == "chance"


def test_who_is_in_both_groups_counts_in_neither(space: LatentSpace) -> None:
    found = between(space, Group.parse("i1.2.3.4.5"), Group.parse("i4.5.6.7.8"))
    assert found.sizes == (3, 3)
    with pytest.raises(UserError, match="these have 0 and 0"):
        between(space, Group.parse("l3"), Group.parse("l3"))


def test_places_lie_apart_in_any_case(space: LatentSpace) -> None:
    assert effect_of_places(space, (20, 30)) > 2


def test_a_move_of_one_is_a_standard_deviation(space: LatentSpace) -> None:
    axis = between(space, Group.parse("l0"), Group.parse("l1")).axis
    code = space.exhibit.codes[0]
    there = moved(code, {"d1": 2.0}, {"d1": Axis.of(space, axis)})
    assert float((there - code) @ axis) == pytest.approx(2 * spread_along(space, axis), rel=1e-3)
    assert torch.equal(moved(code, {}, {}), code)
    assert change_along(space, axis) > 0.01
