"""Outside a mask nothing changes; inside there is no seam."""

from __future__ import annotations

import pytest
import torch

from selfsup_engine.exploring.retouching.masks import weights, within


def disc(side: int = 80) -> torch.Tensor:
    y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    return (x - side / 2) ** 2 + (y - side / 2) ** 2 < (side / 3) ** 2


def test_outside_every_byte_stays() -> None:
    photo = torch.randint(0, 256, (3, 160, 160), dtype=torch.uint8)
    mixed = within(photo, 255 - photo, disc())
    outside = ~torch.repeat_interleave(torch.repeat_interleave(disc(), 2, 0), 2, 1)
    assert mixed[:, outside].equal(photo[:, outside])
    assert mixed[:, 80, 80].equal(255 - photo[:, 80, 80])


def test_the_change_grows_without_a_step() -> None:
    flat = torch.full((3, 200, 200), 50, dtype=torch.uint8)
    line = within(flat, flat + 150, disc(), feather=0.05)[0, 100].int()
    assert line.diff().abs().max() <= 40  # of 150, over ten pixels
    hard = within(flat, flat + 150, disc(), feather=0.0)[0, 100].int()
    assert hard.diff().abs().max() == 150


@pytest.mark.parametrize("feather", [0.0, 0.01])
def test_all_and_nothing(feather: float) -> None:
    assert (weights(torch.ones(7, 9, dtype=torch.bool), 40, 30, feather) == 1).all()
    assert (weights(torch.zeros(7, 9, dtype=torch.bool), 40, 30, feather) == 0).all()


def test_the_photos_own_border_is_no_border_of_the_mask() -> None:
    left = torch.zeros(20, 20, dtype=torch.bool)
    left[:, :10] = True
    weight = weights(left, 100, 100, feather=0.05)
    assert weight[0, 0] == weight[-1, 20] == 1


def test_a_preview_has_the_borders_of_the_full_photo() -> None:
    small, large = weights(disc(), 200, 200, 0.05), weights(disc(), 800, 800, 0.05)
    assert (torch.nn.functional.avg_pool2d(large[None], 4)[0] - small).abs().mean() < 0.01


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (3, 2)])
def test_thin_photos(size: tuple[int, int]) -> None:
    photo = torch.randint(0, 256, (3, *size), dtype=torch.uint8)
    assert within(photo, photo, disc()).equal(photo)
