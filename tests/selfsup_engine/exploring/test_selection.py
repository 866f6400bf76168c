"""Who is inside an outline, held against the plain definition."""

from __future__ import annotations

import numpy as np
import pytest

from selfsup_engine.exploring.selection import MOST, checked, inside, vertices

RNG = np.random.default_rng(0)


def naive(point: np.ndarray, polygon: np.ndarray) -> bool:
    """By the winding angle's parity: how often the outline crosses the ray from the point to the right, corner by corner."""
    crossings = 0
    for k in range(len(polygon)):
        (x0, y0), (x1, y1) = polygon[k], polygon[(k + 1) % len(polygon)]
        low, high = min(y0, y1), max(y0, y1)
        if low <= point[1] < high:
            share = (point[1] - y0) / (y1 - y0)
            crossings += x0 + share * (x1 - x0) > point[0]
    return crossings % 2 == 1


@pytest.mark.parametrize("corners", [3, 4, 7, 40])
def test_inside_is_what_a_loop_over_points_and_corners_says(corners: int) -> None:
    points, polygon = RNG.normal(size=(400, 2)).astype(np.float32), RNG.normal(size=(corners, 2)).round(2)
    found = inside(points, polygon)
    assert found.dtype == bool and 0 < found.sum() < 400
    assert found.tolist() == [naive(point, polygon) for point in points]


def test_a_corner_of_a_grid_belongs_to_one_of_the_squares_that_meet_there() -> None:
    square = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
    corner = np.array([[1.0, 1.0]])
    assert sum(int(inside(corner, square + shift)[0]) for shift in ([0, 0], [1, 0], [0, 1], [1, 1])) == 1


def test_what_a_crossing_line_goes_around_twice_is_outside() -> None:
    angles = np.arange(5) * 4 * np.pi / 5  # a pentagram, drawn in one go
    star = np.stack([np.sin(angles), np.cos(angles)], axis=1)
    assert inside(np.array([[0.0, 0.0], [0.0, 0.9]]), star).tolist() == [False, True]


def test_too_few_corners_hold_nothing() -> None:
    points = np.zeros((3, 2))
    assert not inside(points, np.empty((0, 2))).any()
    assert not inside(points, np.array([[-1.0, -1], [1, 1]])).any()


def test_an_outline_is_read_as_it_is_written() -> None:
    assert vertices("0.5_-1~2e-5_3~-4_0").tolist() == [[0.5, -1.0], [2e-5, 3.0], [-4.0, 0.0]]
    assert vertices("").shape == (0, 2)
    assert checked("") == ""


@pytest.mark.parametrize(
    "text",
    ["1_2", "1_2~3_4", "1_2~3_4~5", "a_b~c_d~e_f", "1_2~3_4~nan_5", "1_2~3_4~5_6~", "~".join(["1_2"] * (MOST + 1))],
)
def test_what_is_no_outline_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="outline"):
        checked(text)
