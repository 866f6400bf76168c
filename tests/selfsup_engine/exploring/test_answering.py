"""What units answer to, against looking at one image after the other."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from selfsup_engine.exploring import answering
from selfsup_engine.exploring.answering import preference
from selfsup_engine.exploring.inside import Inside

Gallery = Callable[[str], Inside]


def test_answers_are_those_of_each_image_alone(gallery: Gallery) -> None:
    inside = gallery("emoji-conv")
    for layer in (inside.layers[0], inside.layers[4], inside.layers[6]):
        values = answering.answers(inside, layer)
        assert values.shape == (len(inside.exhibit.images), layer.units)
        for row in (0, 3, 150):
            out = inside.travel(inside.exhibit.images[row]).outputs[layer.number]
            for unit in (0, layer.units - 1):
                naive = max(out[unit].flatten().tolist())
                assert abs(float(values[row, unit]) - naive) < 1e-3


def test_the_preferred_images_are_those_of_a_plain_sort(gallery: Gallery) -> None:
    inside = gallery("fashion-2d")
    layer = inside.layers[0]
    values = answering.answers(inside, layer)
    own = values[:, 394].tolist()
    found = preference(values, 394, layer.bends, 12)
    assert found.most.tolist() == sorted(range(len(own)), key=lambda row: -own[row])[:12]
    assert found.least.tolist() == sorted(range(len(own)), key=lambda row: own[row])[:12]
    middle = [own[row] for row in found.middle.tolist()]
    median = sorted(own)[len(own) // 2]
    assert min(middle) <= median <= max(middle) and middle == sorted(middle, reverse=True)
    assert found.rank(max(own)) == pytest.approx((len(own) - own.count(max(own))) / len(own))
    assert not found.dead


def test_of_few_images_all_are_preferred() -> None:
    found = preference(torch.tensor([[1.0], [3.0], [2.0]]), 0, False, 12)
    assert (found.most.tolist(), found.middle.tolist(), found.least.tolist()) == ([1, 2, 0], [1, 2, 0], [0, 2, 1])


def test_dead_is_what_never_rises_above_zero_or_never_changes() -> None:
    values = torch.tensor([[0.0, -0.2, 1.0, -3.0], [0.0, -0.1, 1.0, -1.0], [0.0, -0.3, 1.0, -2.0]])
    assert answering.dead(values, bends=True).tolist() == [True, True, True, True]
    assert answering.dead(values, bends=False).tolist() == [True, False, True, False]
    assert answering.dead(values + 1, bends=True).tolist() == [True, False, True, True]


def test_the_share_done_is_told(gallery: Gallery) -> None:
    inside, told = gallery("emoji-conv"), []
    answering.answers(inside, inside.layers[0], told.append)
    assert told == sorted(told) and told[-1] == 1.0
