"""Flatten: texture goes, edges stay."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from selfsup_engine.exploring.retouching.flatten import flatten


def clean() -> Tensor:
    picture = torch.full((3, 120, 160), 80.0)
    picture[..., 80:] = 170
    return picture


def textured(kind: str) -> Tensor:
    y, x = torch.meshgrid(torch.arange(120), torch.arange(160), indexing="ij")
    patterns = {
        "checks": ((x // 2 + y // 2) % 2) * 2.0 - 1,
        "stripes": ((x + y) // 2 % 2) * 2.0 - 1,
        "grain": torch.randn(120, 160, generator=torch.Generator().manual_seed(0)),
    }
    return (clean() + 12 * patterns[kind]).round().clamp(0, 255).to(torch.uint8)


def off(picture: Tensor) -> float:
    return float((picture.float() - clean()).square().mean().sqrt())


@pytest.mark.parametrize("kind", ["checks", "stripes", "grain"])
def test_texture_goes_and_the_edge_keeps_its_height(kind: str) -> None:
    flat = flatten(textured(kind), scale=0.02)
    assert off(flat) < 0.4 * off(textured(kind))
    assert float(flat[..., 84:90].float().mean() - flat[..., 70:76].float().mean()) > 0.9 * 90


def test_a_clean_edge_is_left_alone() -> None:
    assert off(flatten(clean().to(torch.uint8))) < 2


def test_strength_goes_from_the_photo_to_the_flat_one() -> None:
    photo = textured("grain")
    assert flatten(photo, strength=0).equal(photo)
    errors = [off(flatten(photo, strength=strength)) for strength in (0, 0.25, 0.5, 0.75, 1)]
    assert errors == sorted(errors, reverse=True)


def test_finer_detail_than_the_small_copy_has_goes_too() -> None:
    noise = 12 * torch.randn(800, 900, generator=torch.Generator().manual_seed(0))
    photo = (128 + noise.expand(3, -1, -1)).round().clamp(0, 255).to(torch.uint8)
    assert flatten(photo).float().std() < 0.3 * photo.float().std()


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (2, 3)])
def test_thin_photos_come_back(size: tuple[int, int]) -> None:
    photo = torch.randint(0, 256, (3, *size), dtype=torch.uint8)
    assert flatten(photo).shape == photo.shape


@pytest.mark.parametrize("level", [0, 100, 255])
def test_one_colour_stays(level: int) -> None:
    photo = torch.full((3, 30, 40), level, dtype=torch.uint8)
    assert flatten(photo).equal(photo)


def test_progress_may_give_up() -> None:
    def give_up(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        flatten(textured("grain"), progress=give_up)
