"""Compose: the points' colours where they are, the same picture for the same seed, and at any size."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from selfsup_engine.errors import UserError
from selfsup_engine.exploring.retouching.base import reduced
from selfsup_engine.exploring.retouching.compose import Point, compose, points_of
from selfsup_engine.field_statistics import FieldStatistics

POINTS = [
    Point(0.1, 0.2, (230, 60, 40)),
    Point(0.8, 0.1, (20, 60, 200)),
    Point(0.5, 0.9, (250, 220, 90)),
    Point(1.0, 1.0, (10, 10, 10)),
]


def off(drawn: Tensor) -> int:
    height, width = drawn.shape[-2:]
    at = [(min(int(p.y * height), height - 1), min(int(p.x * width), width - 1), p.colour) for p in POINTS]
    return max(int((drawn[:, y, x].int() - torch.tensor(colour)).abs().max()) for y, x, colour in at)


@pytest.mark.parametrize("size", [(60, 90), (301, 200)])
def test_each_point_has_its_colour(size: tuple[int, int]) -> None:
    assert off(compose(size, POINTS)) <= 2
    assert off(compose(size, POINTS, grain=0.2, seed=3)) <= 40


def test_without_grain_no_colour_is_new() -> None:
    grey = [Point(0.2, 0.2, (60, 60, 60)), Point(0.3, 0.2, (200, 200, 200))]
    drawn = compose((80, 80), grey)
    assert 58 <= int(drawn.min()) <= int(drawn.max()) <= 202


def test_the_same_seed_gives_the_same_bytes_and_another_other_grain() -> None:
    first = compose((60, 90), POINTS, grain=0.5, seed=1)
    assert first.equal(compose((60, 90), POINTS, grain=0.5, seed=1))
    assert not first.equal(compose((60, 90), POINTS, grain=0.5, seed=2))


@pytest.mark.parametrize("grain", [0.0, 1.0])
def test_a_preview_is_the_full_picture_but_small(grain: float) -> None:
    large, small = compose((800, 1200), POINTS, grain=grain), compose((400, 600), POINTS, grain=grain)
    assert (reduced(large, 240_000).float() - small).abs().mean() < 2 + 4 * grain


def test_grain_has_the_direction_of_the_reference() -> None:
    stripes = (128 + 80 * torch.sin(torch.arange(120) / 3))[:, None].expand(3, 120, 120).round().to(torch.uint8)
    grey = [Point(0.5, 0.5, (128, 128, 128))]
    drawn = compose((100, 100), grey, texture=stripes, grain=1).float()
    assert drawn.diff(dim=1).abs().mean() > 3 * drawn.diff(dim=2).abs().mean()


def test_a_flat_reference_gives_no_grain() -> None:
    flat = torch.full((3, 20, 20), 90, dtype=torch.uint8)
    assert off(compose((60, 90), POINTS, texture=flat, grain=1)) <= 2


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (2, 3)])
def test_thin_pictures(size: tuple[int, int]) -> None:
    assert compose(size, POINTS, grain=1).shape == (3, *size)
    assert compose((20, 30), POINTS, texture=compose(size, POINTS), grain=1).shape == (3, 20, 30)


def test_points_at_one_place_share_it() -> None:
    both = [Point(0.5, 0.5, (0, 0, 0)), Point(0.5, 0.5, (255, 255, 255))]
    assert 60 < compose((20, 20), both).float().mean() < 200


def test_without_points_it_says_what_to_do() -> None:
    with pytest.raises(UserError, match="Add a point"):
        compose((20, 30), [])


def test_a_photos_points_are_its_colours_at_their_places() -> None:
    photo = torch.zeros(3, 60, 90, dtype=torch.uint8)
    photo[0, :, :45] = 220
    photo[2, :, 45:] = 220
    left, right = sorted(points_of(photo, 2), key=lambda point: point.x)
    assert (left.colour, right.colour) == ((220, 0, 0), (0, 0, 220))
    assert left.x < 0.5 < right.x
    assert len(points_of(photo[:, :1, :1], 5)) == 1


def test_statistics_say_how_strong_the_grain_is() -> None:
    points = [Point(0.5, 0.5, (128, 128, 128))]
    random = torch.Generator().manual_seed(0)
    noise = torch.randint(0, 256, (3, 60, 80), dtype=torch.uint8, generator=random)
    rough, fine = FieldStatistics.of(noise), FieldStatistics.of(120 + noise // 32)

    def spread(statistics: FieldStatistics) -> float:
        return float(compose((60, 80), points, statistics=statistics, grain=0.5).float().std())

    assert spread(rough) > 3 * spread(fine) > 0
