"""Mean shift: regions of one colour each."""

from __future__ import annotations

import pytest
import torch

from selfsup_engine.exploring.retouching.mean_shift import mean_shift


def two_colours() -> torch.Tensor:
    grain = 5 * torch.randn(3, 80, 120, generator=torch.Generator().manual_seed(0))
    grain[0, :, :60] += 150
    grain[2, :, 60:] += 150
    return (grain + 40).round().clamp(0, 255).to(torch.uint8)


def test_two_colours_under_grain_become_two() -> None:
    painted = mean_shift(two_colours(), bandwidth=0.2)
    assert len(painted.flatten(1).T.unique(dim=0)) == 2
    assert (painted[:, 40, 20].int() - torch.tensor([190, 40, 40])).abs().max() <= 2
    assert (painted[:, 40, 100].int() - torch.tensor([40, 40, 190])).abs().max() <= 2


def test_strength_zero_is_the_photo_and_each_call_gives_the_same() -> None:
    assert mean_shift(two_colours(), strength=0).equal(two_colours())
    assert mean_shift(two_colours()).equal(mean_shift(two_colours()))


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (2, 3)])
def test_thin_photos_come_back(size: tuple[int, int]) -> None:
    photo = torch.randint(0, 256, (3, *size), dtype=torch.uint8)
    assert mean_shift(photo).shape == photo.shape


def test_one_colour_stays() -> None:
    flat = torch.full((3, 30, 40), 100, dtype=torch.uint8)
    assert mean_shift(flat).equal(flat)
