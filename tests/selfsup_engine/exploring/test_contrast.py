"""Directions between groups: what is planted is found, and what is nothing is called so."""

from __future__ import annotations

import math
from itertools import islice

import numpy as np
import pytest
import torch
from torch import Tensor

from selfsup_engine.errors import UserError
from selfsup_engine.exploring.contrast import LEVEL, contrast, held_out, random_pairs

SIZE = 12


def normal(count: int, seed: int) -> Tensor:
    return torch.randn(count, SIZE, generator=torch.Generator().manual_seed(seed))


def planted(count: int, by: float, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Two groups of which the second lies further along number 2."""
    a, b = normal(count, seed), normal(count, seed + 1)
    b[:, 2] += by
    return a, b


def test_a_planted_direction_is_found_and_scored_far_above_chance() -> None:
    a, b = planted(300, by=2.0)
    found = contrast(a, b, random_pairs(normal(2_000, 9), (300, 300)))
    assert float(found.axis[2]) > 0.98 and float(found.axis.norm()) == pytest.approx(1, abs=1e-3)
    assert found.length == pytest.approx(2.0, abs=0.2)
    assert found.effect == pytest.approx(2.0, abs=0.25)  # two standard deviations
    assert found.ordered == pytest.approx(0.5 + math.erf(1.0) / 2, abs=0.03)  # of two normal distributions so far apart
    assert (found.share, found.verdict, found.sizes) == (1.0, "clear", (300, 300))
    assert found.chance < 0.3


def test_a_small_difference_between_many_is_real_and_called_weak() -> None:
    a, b = planted(800, by=0.5)
    found = contrast(a, b, random_pairs(normal(3_000, 9), (800, 800)))
    assert found.verdict == "weak" and found.share == 1.0


@pytest.mark.parametrize("size", [3, 8, 60])
def test_random_groups_are_called_chance_in_about_the_nominal_share_of_trials(size: int) -> None:
    """The random pairs depend on the sizes alone, so they are drawn once."""
    codes = normal(1_500, 5)
    pairs = list(random_pairs(codes, (size, size + 2)))
    by_chance = torch.tensor([held_out(*pair)[0] for pair in pairs])
    trials = random_pairs(codes, (size, size + 2), count=200, seed=77)
    above = sum(held_out(*pair)[0] > float(by_chance.quantile(LEVEL)) for pair in trials)
    assert 0 < above <= 25  # 10 are expected; more than 25 come about once in 10,000 where that is so


def test_members_are_measured_along_directions_that_were_found_without_them() -> None:
    """In many dimensions any two small groups lie apart along the direction that they gave."""
    a, b = (torch.randn(8, 200, generator=torch.Generator().manual_seed(seed)) for seed in (1, 2))
    way = b.mean(0) - a.mean(0)
    naive = float(
        ((b @ way).mean() - (a @ way).mean())
        / torch.cat([a @ way - (a @ way).mean(), b @ way - (b @ way).mean()]).std()
    )
    assert naive > 4
    assert abs(held_out(a, b)[0]) < 1.5


def test_cross_fitting_equals_its_naive_form() -> None:
    a, b = planted(23, by=1.0)
    b = b[:17]
    along: list[list[float]] = [[], []]
    for group, members in enumerate((a, b)):
        for i, member in enumerate(members):
            others = [torch.stack([m for j, m in enumerate(g) if j % 5 != i % 5]).mean(0) for g in (a, b)]
            way = (others[1] - others[0]) / (others[1] - others[0]).norm()
            along[group].append(float((member - (others[0] + others[1]) / 2) @ way))
    of_a, of_b = map(np.array, along)
    spread = math.sqrt((22 * of_a.var(ddof=1) + 16 * of_b.var(ddof=1)) / 38)
    effect, ordered = held_out(a, b)
    assert effect == pytest.approx((of_b.mean() - of_a.mean()) / spread, rel=1e-4)
    assert ordered == pytest.approx((of_b[:, None] > of_a[None]).mean())


def test_it_is_the_same_at_every_call_and_is_what_half_precision_holds() -> None:
    a, b = planted(40, by=1.0)
    one, other = (contrast(a, b, random_pairs(normal(500, 9), (40, 40), count=20)) for _ in range(2))
    assert torch.equal(one.axis, other.axis) and (one.effect, one.share) == (other.effect, other.share)
    assert torch.equal(one.axis, one.axis.half().float())


def test_random_pairs_share_no_member() -> None:
    codes = torch.arange(60.0)[:, None]
    for a, b in islice(random_pairs(codes, (20, 40)), 5):
        assert sorted(torch.cat([a, b])[:, 0].tolist()) == list(range(60))


@pytest.mark.parametrize(("sizes", "said"), [((2, 40), "needs 3 members"), ((40, 0), "needs 3 members")])
def test_too_small_groups_are_refused(sizes: tuple[int, int], said: str) -> None:
    a, b = planted(40, by=1.0)
    with pytest.raises(UserError, match=said):
        contrast(a[: sizes[0]], b[: sizes[1]], [])


def test_equal_groups_have_no_direction() -> None:
    a, _ = planted(10, by=0.0)
    with pytest.raises(UserError, match="the same in the mean"):
        contrast(a, a.clone(), [])
