"""The simple models that a generator is held against: in their order, and drawn from what they were fitted to."""

from __future__ import annotations

import pytest
import torch

from selfsup_engine import sources
from selfsup_engine.exploring import metrics
from selfsup_engine.features import feature_net


@pytest.mark.slow
def test_yardsticks_stand_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "AUTOENCODER_STEPS", 150)
    images = sources.load("digits").fitted(1, 28)
    found = metrics.yardsticks(images, feature_net(images))
    floor, pixels, codes = (scores["frechet_classifier"] for scores in found.values())
    assert floor < codes and floor < pixels
    for name, words in zip(found, ("the floor", "principal components", "autoencoder"), strict=True):
        assert words in name
    assert all({"precision", "recall", "density", "coverage"} < set(scores) for scores in found.values())


def test_the_gaussian_of_pixels_has_their_mean_and_spread() -> None:
    images = sources.load("digits").fitted(1, 28).train
    drawn = metrics.gaussian_of_pixels(images, 2000)
    assert drawn.shape == (2000, 1, 28, 28) and drawn.dtype == torch.uint8
    assert torch.equal(drawn, metrics.gaussian_of_pixels(images, 2000))
    difference = (drawn.float().mean(0) - images.float().mean(0)).abs()
    assert float(difference.mean()) < 6  # of 255: what is beyond black and white is cut off


def test_draws_have_the_fitted_mean_and_covariance() -> None:
    codes = torch.randn(5000, 3, generator=torch.Generator().manual_seed(0)) @ torch.tensor(
        [[2.0, 1, 0], [0, 1, 0], [0, 0, 0.1]]
    ) + torch.tensor([5.0, -3, 0])
    drawn = metrics._drawn_like(codes, 20_000)
    assert torch.allclose(drawn.mean(0), codes.mean(0), atol=0.06)
    assert torch.allclose(torch.cov(drawn.T), torch.cov(codes.T), atol=0.12)
