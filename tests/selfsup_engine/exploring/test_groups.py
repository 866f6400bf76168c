"""Groups as text: into a link and back, and what is no such text."""

from __future__ import annotations

import pytest

from selfsup_engine.errors import UserError
from selfsup_engine.exploring.groups import MOST, Group
from selfsup_engine.exploring.spot import Spot


@pytest.mark.parametrize(
    "text", ["l0", "l12", "i5.9.12", "p0_0~1_0~0.5_-1.5", "s7.12", "s7.12~~7.40~g0_1~~1.1~d00000017_1"]
)
def test_a_group_is_its_text(text: str) -> None:
    assert str(Group.parse(text)) == text


def test_each_kind_says_what_it_holds() -> None:
    assert Group.parse("l12").label == 12 and Group.parse("i5").label == -1
    assert Group.parse("i5.9.12").numbers == [5, 9, 12] and Group.parse("l5").numbers == []
    assert Group.parse("s7.1~~7.2~g0_1").spots == [Spot(7, 1), Spot(7, 2).moved({"g0": 1})]
    assert Group.parse("p0_0~1_0~0_1").spots == []


def test_each_member_is_picked_once_and_the_newest_of_too_many_stay() -> None:
    assert str(Group.of_pictures([3, 1, 3])) == "i3.1"
    assert Group.of_pictures(list(range(100))).numbers == list(range(100 - MOST, 100))
    assert str(Group.of_samples([Spot(1, 2), Spot(1, 2)])) == "s1.2"


@pytest.mark.parametrize(
    "text",
    [
        *("", "l", "l-1", "l1234", "lx", "i", "i1.", "i1,2", "i1234567", "i" + ".".join("1" * 61)),
        *("p", "p0_0~1_0", "p0,0;1,0;0,1", "pnan_0~1_0~0_1", "s", "s7", "s7.1~~", "x5", "5", "<b>"),
    ],
)
def test_what_is_no_group_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(UserError, match=r"group|sample"):
        Group.parse(text)
