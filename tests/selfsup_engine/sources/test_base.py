from __future__ import annotations

import numpy as np
import pytest

from selfsup_engine.errors import UserError
from selfsup_engine.sources.base import Labels, held_out


@pytest.mark.parametrize("count", [2, 9, 100, 1797])
@pytest.mark.parametrize("labelled", [False, True])
def test_every_image_is_held_out_or_trained_on(count: int, labelled: bool) -> None:
    labels: Labels | None = np.arange(count) % 7 if labelled else None
    train, test = held_out(count, labels, 0.1)
    assert sorted([*train, *test]) == list(range(count))
    assert len(test) == max(1, round(count * 0.1))


def test_every_class_gives_its_share() -> None:
    labels = np.repeat(np.arange(10), [5, 10, 20, 30, 40, 50, 60, 70, 80, 90]).astype(np.int64)
    _, test = held_out(len(labels), labels, 0.2)
    assert np.abs(np.bincount(labels[test]) - np.bincount(labels) * 0.2).max() <= 1


def test_a_seed_draws_the_same_again() -> None:
    assert np.array_equal(held_out(50)[1], held_out(50)[1])
    assert not np.array_equal(held_out(50)[1], held_out(50, seed=1)[1])


def test_one_image_is_too_few() -> None:
    with pytest.raises(UserError, match="too few"):
        held_out(1)
