"""Enhance: nothing at strength 0, the model's change at full strength, each scale by its own gain."""

from __future__ import annotations

import pytest
import torch

from selfsup_engine.exploring.retouching.enhance import enhance, unsharp


def photo(height: int = 40, width: int = 60) -> torch.Tensor:
    values = torch.rand(3, height, width, generator=torch.Generator().manual_seed(0))
    return (60 + 130 * values).round().to(torch.uint8)


def change(height: int = 40, width: int = 60) -> torch.Tensor:
    return (torch.rand(3, height, width, generator=torch.Generator().manual_seed(1)) - 0.5) / 5


def test_strength_zero_is_the_photo() -> None:
    assert enhance(photo(), [change()], strength=0, contrast=1).equal(photo())


def test_at_full_strength_the_change_is_added_but_for_the_largest_areas() -> None:
    ours = enhance(photo(400, 600), [change(400, 600)], strength=1).float() - photo(400, 600)
    wanted = 255 * change(400, 600)
    assert (ours - wanted).abs().mean() < 1
    flat = enhance(photo(), [torch.full((3, 40, 60), 0.2)], strength=1)
    assert flat.equal(photo())  # a constant has no gradient


def test_each_scale_has_its_gain() -> None:
    small, large = change(20, 30), change()
    assert enhance(photo(), [small, large], coarse=0).equal(enhance(photo(), [torch.zeros_like(small), large]))
    assert enhance(photo(), [small, large], fine=0).equal(enhance(photo(), [small, torch.zeros_like(large)]))
    assert not enhance(photo(), [small, large]).equal(enhance(photo(), [small, large], coarse=2))


def test_contrast_widens_and_narrows() -> None:
    nothing = torch.zeros(3, 40, 60)
    spread = [float(enhance(photo(), [nothing], strength=1, contrast=c).float().std()) for c in (-0.5, 0, 0.3)]
    assert spread == sorted(spread)
    assert spread[0] < 0.95 * spread[1] < 0.95 * 0.95 * spread[2]


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1)])
def test_thin_photos_come_back(size: tuple[int, int]) -> None:
    thin = photo(*size)
    assert enhance(thin, [change(*size)], contrast=0.5).shape == thin.shape


@pytest.mark.parametrize("level", [0, 255])
def test_black_stays_black_and_white_white(level: int) -> None:
    flat = torch.full((3, 20, 20), level, dtype=torch.uint8)
    assert enhance(flat, [torch.zeros(3, 20, 20)], strength=1, contrast=1).equal(flat)


def test_unsharp_masking_steepens_an_edge() -> None:
    edge = torch.full((3, 8, 20), 80, dtype=torch.uint8)
    edge[..., 10:] = 160
    sharper = unsharp(edge, strength=0.5).float()
    assert sharper[0, 4, 9] < 80
    assert sharper[0, 4, 10] > 160
    assert unsharp(edge, strength=0).equal(edge)
