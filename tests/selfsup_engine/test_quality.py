"""What the default preset promises, on the small set that is always there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from selfsup_engine import sources
from selfsup_engine.exploring.latent import LatentSpace, add_noise
from selfsup_engine.health import collapsed_code
from selfsup_engine.models.spec import preset_config
from selfsup_engine.runs import Budget, Library, Run
from selfsup_engine.scores import mse_per_image
from selfsup_engine.training.loop import train


def default(steps: int, seed: int = 0, **changes: object) -> Run:
    """The default preset as it is."""
    preset, config = preset_config("autoencoder", None, changes)
    return Run(
        family="autoencoder",
        preset=preset,
        source="digits",
        config=config.model_dump(mode="json"),
        budget=Budget(steps=steps),
        seed=seed,
    )


@pytest.fixture
def explored(library: Library) -> Callable[[Run], LatentSpace]:
    def train_and_open(run: Run) -> LatentSpace:
        folder = library.create(run)
        for _ in train(folder):
            pass
        return LatentSpace(folder)

    return train_and_open


@pytest.mark.slow
def test_no_seed_collapses(explored: Callable[[Run], LatentSpace]) -> None:
    for seed in range(4):
        assert not collapsed_code(explored(default(60, seed)).exhibit.codes), seed


@pytest.mark.slow
def test_denoising_takes_two_thirds_of_the_noise_away(explored: Callable[[Run], LatentSpace]) -> None:
    clean = sources.load("digits").test
    noisy = add_noise(clean, 0.3)
    space = explored(default(300, code=16, widths=(256, 128), objective="denoising", sigma=0.3))
    drawn = torch.from_numpy(space.reconstruct(noisy))
    assert mse_per_image(drawn, clean).mean() < mse_per_image(noisy, clean).mean() / 3
