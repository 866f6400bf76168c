"""How old a picture is that a page shows, and how soon it came, are told from the page's frames alone."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.watching import STEPS, Seen, ages, delays, last_at, rate, value_of

KNOWN = np.arange(len(STEPS), dtype=np.uint8)[:, None, None] * np.ones((28, 28), np.uint8)


def picture(value: float, noise: int = 0) -> np.ndarray:
    shown = KNOWN[np.abs(STEPS - value).argmin()].copy()
    shown[0, 0] += noise
    return shown


def test_a_picture_is_told_by_its_pixels_though_it_was_squeezed() -> None:
    assert STEPS[value_of(picture(1.5, noise=9), KNOWN)] == pytest.approx(1.5)


def test_a_slider_that_moved_evenly_between_frames_is_placed_in_between() -> None:
    times, values = np.array([0.0, 10, 20, 30]), np.array([0.0, 1, 2, 0])
    assert last_at(times, values, 0.0) == 30
    assert last_at(times, values, 1.5) == pytest.approx(22.5)  # on the way back, which came later
    assert last_at(times[:3], values[:3], 1.5) == pytest.approx(15)
    assert last_at(times, values, -3.0) == 0  # it never stood there: as old as all that is known


def test_a_picture_that_stays_grows_old_and_returning_to_its_value_makes_it_no_younger() -> None:
    times = np.arange(6) * 100.0
    values = np.array([0.0, 1, 2, 1, 0, 0])
    shown = {2: picture(1.0), 4: picture(2.0)}
    assert ages(Seen(times, values, shown, []), KNOWN) == [0, 100, 100, 200, 200, 300]


def test_a_press_waits_for_the_first_picture_after_it() -> None:
    seen = Seen(np.arange(8) * 100.0, np.zeros(8), {1: picture(0), 4: picture(1), 5: picture(2)}, [50.0, 250.0, 650.0])
    assert delays(seen) == [50.0, 150.0]  # the third had none; a second picture after a press is no second answer
    assert rate(seen) == pytest.approx(3 / 0.7)
