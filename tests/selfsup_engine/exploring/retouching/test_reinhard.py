"""Reinhard's transfer: the reference's mean and spread."""

from __future__ import annotations

import pytest
import torch

from selfsup_engine.exploring.retouching.reinhard import reinhard
from selfsup_engine.oklab import from_srgb


def photo(low: int, high: int, seed: int) -> torch.Tensor:
    return torch.randint(low, high, (3, 40, 50), generator=torch.Generator().manual_seed(seed)).to(torch.uint8)


def test_mean_and_spread_of_the_chroma_are_the_references() -> None:
    reference = photo(90, 150, 1)
    reference[0] += 30
    found, wanted = (from_srgb(each)[1:].flatten(1) for each in (reinhard(photo(80, 180, 0), reference), reference))
    assert found.mean(1).tolist() == pytest.approx(wanted.mean(1).tolist(), abs=2e-3)
    assert found.std(1).tolist() == pytest.approx(wanted.std(1).tolist(), rel=0.05)


def test_strength_zero_is_the_photo() -> None:
    assert reinhard(photo(0, 256, 0), photo(90, 150, 1), strength=0).equal(photo(0, 256, 0))


@pytest.mark.parametrize("level", [0, 128, 255])
def test_flat_photos_come_back(level: int) -> None:
    flat = torch.full((3, 1, 7), level, dtype=torch.uint8)
    assert reinhard(flat, photo(90, 150, 1)).shape == flat.shape
