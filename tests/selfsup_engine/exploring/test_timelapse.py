"""A run as a film."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from selfsup_engine.errors import UserError
from selfsup_engine.exploring import timelapse
from selfsup_engine.exploring.timeline import Timeline
from selfsup_engine.runs import Library, Run, RunFolder


def frames_of(data: bytes) -> list[np.ndarray]:
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "GIF"
        found = []
        for number in range(image.n_frames):
            image.seek(number)
            found.append(np.asarray(image.convert("RGB")).astype(int))
    return found


def goes_on(folder: RunFolder) -> None:
    said: list[float] = []
    data = timelapse.film(Timeline(folder), said.append)
    frames = frames_of(data)
    assert len(frames) > 20
    assert len(data) < 3_000_000
    assert np.abs(frames[0] - frames[-1]).mean() > 0.5
    assert said == sorted(said) and said[-1] == 1


@pytest.mark.slow
def test_a_film_goes_from_the_first_step_to_the_last(trained_once: RunFolder) -> None:
    goes_on(trained_once)


@pytest.mark.slow
def test_so_does_one_of_samples_and_one_of_a_photo(
    gan_once: RunFolder, restyler_once: Callable[[str], RunFolder]
) -> None:
    goes_on(gan_once)
    goes_on(restyler_once("restore"))


def test_between_two_steps_the_points_are_on_their_way(trained_once: RunFolder) -> None:
    timeline = Timeline(trained_once)
    moments = [timeline.moment(0), timeline.moment(300)]
    frames = list(timelapse.frames(timeline, moments))
    field = [frame[:, timelapse.HEAD : timelapse.HEAD + timelapse.SIDE, : timelapse.SIDE] for frame in frames]
    way = [float(np.abs(one.astype(int) - field[-1]).mean()) for one in field]
    middle = len(frames) // 4
    assert way[0] > 0 and way[-1] == 0
    assert way[middle] > 0 and not np.array_equal(field[0], field[middle])


def test_one_step_makes_no_film(library: Library, make: Callable[..., Run]) -> None:
    with pytest.raises(UserError, match="Only its beginning was kept"):
        timelapse.film(Timeline(library.create(make())))
