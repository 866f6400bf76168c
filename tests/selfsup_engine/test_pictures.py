from __future__ import annotations

import warnings

import numpy as np
import pytest

from selfsup_engine.pictures import PALETTE, draw_map, heat, side_by_side


@pytest.mark.parametrize("channels", [1, 3])
def test_images_stand_in_rows_with_a_transparent_gap(channels: int) -> None:
    top = np.full((3, channels, 4, 5), 10, np.uint8)
    top[1] = 99
    picture = side_by_side([top, top + 1], gap=2)
    assert picture.shape == (10, 19, 4)
    assert (picture[:4, 7:12, :3] == 99).all()
    assert (picture[6:, :5, :3] == 11).all()
    assert (picture[4:6, :, 3] == 0).all()
    assert (picture[:, 5:7, 3] == 0).all()
    assert int((picture[..., 3] == 255).sum()) == 2 * 3 * 4 * 5


def test_a_map_shows_a_code_where_it_lies_in_its_colour() -> None:
    corners = np.array([[0, 0], [10, 0], [0, 10], [10, 10]], np.float32).repeat(50, axis=0)
    picture = draw_map(corners, [0] * 50 + [1] * 50 + [2] * 50 + [len(PALETTE) + 3] * 50, side=100)
    assert picture.shape == (100, 100, 4)
    dots = {(6, 94): 0, (94, 94): 1, (6, 6): 2, (94, 6): 3}  # (x, y from the top): the second coordinate runs up
    for (x, y), label in dots.items():
        assert tuple(picture[y, x, :3]) == tuple(bytes.fromhex(PALETTE[label].removeprefix("#")))
        assert picture[y, x, 3] > 200
    assert picture[50, 50, 3] == 0


def test_one_stray_code_does_not_shrink_the_rest() -> None:
    codes = np.random.default_rng(0).normal(size=(1000, 2)).astype(np.float32)
    shown = (draw_map(codes, None)[..., 3] > 0).sum()
    codes[0] = 1e6
    assert (draw_map(codes, None)[..., 3] > 0).sum() > 0.8 * shown


@pytest.mark.parametrize("codes", [np.full((30, 2), 4.5, np.float32), np.zeros((1, 2), np.float32)])
def test_codes_at_one_point_are_one_dot_in_the_middle(codes: np.ndarray) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture = draw_map(codes, None, side=50)
    y, x = np.nonzero(picture[..., 3])
    assert 1 <= len(x) <= 5
    assert abs(x.mean() - 25) <= 1
    assert abs(y.mean() - 25) <= 1


def test_heat_runs_from_black_to_white() -> None:
    picture = heat(np.array([[0.0, 0.5, 1.0, 9.0]]), top=1.0)
    assert picture.shape == (3, 1, 4)
    assert picture.dtype == np.uint8
    assert picture[:, 0, 0].tolist() == [0, 0, 0]
    assert picture[:, 0, 2].tolist() == picture[:, 0, 3].tolist() == [255, 255, 255]
    assert (np.diff(picture.astype(int).sum(0)[0]) >= 0).all()
    assert heat(np.zeros((2, 2)), top=0.0).max() == 0
