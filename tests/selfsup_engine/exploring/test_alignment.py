"""Maps laid over each other: what a code leaves free is undone, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ortho_group

from selfsup_engine.exploring.alignment import Codes, aligned, laid_over, middle_and_size, movement


def cloud(count: int = 300, size: int = 2, seed: int = 0) -> Codes:
    """Codes (N, D) that look different from every side."""
    random = np.random.default_rng(seed)
    return random.standard_exponential((count, size)) * np.arange(1, size + 1)


@pytest.mark.parametrize("size", [2, 5])
@pytest.mark.parametrize("seed", range(4))
def test_turns_mirrors_shifts_and_sizes_are_undone(size: int, seed: int) -> None:
    last = cloud(size=size)
    turn = ortho_group.rvs(size, random_state=seed)
    if seed % 2:
        turn[:, 0] *= -1
    moved = 0.01 * last @ turn + 7.0
    np.testing.assert_allclose(laid_over(moved, last), last, atol=1e-6)


def test_points_travel_less_than_without() -> None:
    random = np.random.default_rng(1)
    way = np.cumsum([cloud(), *(0.05 * random.standard_normal((300, 2)) for _ in range(7))], axis=0)
    seen = [one @ ortho_group.rvs(2, random_state=i) for i, one in enumerate(way)]
    straight = aligned(seen)
    assert movement(straight) < 0.2 * movement(seen)
    assert movement(straight) <= 1.1 * movement(list(way))
    np.testing.assert_array_equal(straight[-1], seen[-1])  # its place is the latent page's


def test_what_changed_between_two_points_is_left_to_be_seen() -> None:
    last = cloud()
    before = last.copy()
    before[:20] += 5.0
    placed = laid_over(before, last)
    assert np.linalg.norm(placed[:20] - last[:20], axis=1).min() > 2
    assert np.median(np.linalg.norm(placed[20:] - last[20:], axis=1)) < 0.6


def test_codes_at_one_point_stay_at_one_point_and_no_number_breaks_it() -> None:
    last = cloud()
    middle, _ = middle_and_size(last)
    point = np.full((300, 2), 3.0)
    np.testing.assert_allclose(laid_over(point, last), np.tile(middle, (300, 1)))
    broken = last.copy()
    broken[5] = np.nan
    placed = laid_over(broken, last)
    assert np.isnan(placed[5]).all()
    np.testing.assert_allclose(np.delete(placed, 5, 0), np.delete(last, 5, 0), atol=0.1)
    np.testing.assert_allclose(laid_over(last, point), last - middle + 3)
    assert middle_and_size(np.full((4, 2), np.nan))[1] == 0
