"""The reference layer for layer, and each part against a naive version of itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

from selfsup_engine.device import Device
from selfsup_engine.images import to_unit
from selfsup_engine.models.autoencoder import (
    REFERENCE,
    AutoencoderTask,
    damage,
    gaussian_kl,
)
from selfsup_engine.models.autoencoder_networks import Autoencoder, AutoencoderConfig, halvings

CPU = Device(torch.device("cpu"), "CPU", None, 2)
Noise = Callable[..., Tensor]


def layers(module: nn.Module) -> list[str]:
    """What the leaves do, in order: "Linear 784-128"."""
    found = []
    for leaf in module:  # type: ignore[attr-defined]
        sizes = f" {leaf.in_features}-{leaf.out_features}" if isinstance(leaf, nn.Linear) else ""
        found.append(type(leaf).__name__ + sizes)
    return found


def test_the_reference_is_the_reference_layer_for_layer() -> None:
    model = Autoencoder(REFERENCE)
    down = [784, 128, 64, 32, 16, 8, 4, 2]
    encoder = ["Flatten"]
    for wide, narrow in pairwise(down):
        encoder += [f"Linear {wide}-{narrow}", "ReLU"]
    assert layers(model.encoder) == encoder[:-1]  # nothing after the code
    decoder = []
    for narrow, wide in pairwise(down[::-1]):
        decoder += [f"Linear {narrow}-{wide}", "ReLU"]
    assert layers(model.decoder) == [*decoder[:-1], "Tanh", "Unflatten"]
    assert all(leaf.bias is not None for leaf in model.modules() if isinstance(leaf, nn.Linear))


def test_a_step_of_the_reference_is_the_written_step(noise: Noise) -> None:
    torch.manual_seed(0)
    task = AutoencoderTask(REFERENCE, CPU)
    written = Autoencoder(REFERENCE)
    written.load_state_dict(task.model.state_dict())
    adam = torch.optim.Adam(written.parameters(), lr=1e-3)
    for step in range(3):
        images = to_unit(noise(128, seed=step))
        figures = task.step(images, step, step / 3)
        loss = nn.functional.mse_loss(written.decoder(written.encoder(images)), images)
        adam.zero_grad()
        loss.backward()
        adam.step()
        assert float(figures["mse"]) == pytest.approx(loss.item() / 4, rel=1e-5)
    for ours, theirs in zip(task.model.parameters(), written.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("size", [28, 29, 33, 47, 64])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("widths", [(4,), (4, 8, 8), (4, 4, 4, 4, 4)])
def test_conv_gives_back_every_size(size: int, channels: int, widths: tuple[int, ...]) -> None:
    config = AutoencoderConfig(network="conv", widths=widths, code=5, size=size, channels=channels, norm=True)
    model = Autoencoder(config).eval()
    images = torch.zeros(2, channels, size, size)
    assert model.encode(images).shape == (2, 5)
    assert model(images).shape == images.shape


def test_halvings_round_up() -> None:
    assert halvings(28, 3) == [28, 14, 7, 4]


@pytest.mark.parametrize("channels", [1, 3])
def test_every_pixel_of_a_conv_decoder_can_be_lit(channels: int) -> None:
    torch.manual_seed(0)
    model = Autoencoder(AutoencoderConfig(network="conv", widths=(8, 8), code=4, size=29, channels=channels)).eval()
    images = model.decode(torch.randn(64, 4))
    assert (images.std(0) > 0).all()


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"channels": 2}, "grey"),
        ({"network": "conv", "widths": (4,) * 6}, "at most 5"),
        ({"code": 1}, "greater than or equal to 2"),
        ({"widths": ()}, "at least 1"),
        ({"widths": (1,)}, "greater than or equal to 2"),
        ({"sigma": math.nan}, "sigma"),
        ({"learning_rate": math.inf}, "learning_rate"),
        ({"colour": 3}, "Extra inputs"),
    ],
)
def test_a_config_out_of_range_is_refused(changes: dict[str, Any], word: str) -> None:
    with pytest.raises(ValidationError, match=word):
        AutoencoderConfig(**changes)


def test_kl_is_the_closed_form_and_the_integral() -> None:
    mean, log_variance = torch.tensor([[0.5, 0.0], [-1.0, 2.0]]), torch.tensor([[0.3, 0.0], [-1.0, 0.5]])
    naive = torch.zeros(2)
    for d in range(2):
        for m, v in zip(mean[:, d].tolist(), log_variance[:, d].tolist(), strict=True):
            naive[d] += 0.5 * (m * m + math.exp(v) - 1 - v) / 2
    torch.testing.assert_close(gaussian_kl(mean, log_variance), naive)
    posterior = torch.distributions.Normal(mean, (log_variance / 2).exp())
    integral = torch.distributions.kl_divergence(posterior, torch.distributions.Normal(0.0, 1.0)).mean(0)
    torch.testing.assert_close(gaussian_kl(mean, log_variance), integral)
    assert gaussian_kl(torch.zeros(3, 2), torch.zeros(3, 2)).tolist() == [0.0, 0.0]


def test_gaussian_damage_has_its_deviation_and_stays_in_range() -> None:
    config = AutoencoderConfig(objective="denoising", sigma=0.1)
    images = torch.zeros(200, 1, 28, 28)
    damaged = damage(images, config, torch.Generator().manual_seed(0))
    assert float(damaged.std() / 2) == pytest.approx(0.1, rel=0.01)  # on [0, 1] pixels
    assert torch.equal(damaged, damage(images, config, torch.Generator().manual_seed(0)))
    loud = damage(images + 0.9, AutoencoderConfig(objective="denoising", sigma=1.0), torch.Generator())
    assert loud.min() == -1
    assert loud.max() == 1


def test_patches_take_away_their_share_in_whole_squares() -> None:
    config = AutoencoderConfig(objective="denoising", noise="patches", masked=0.3)
    damaged = damage(torch.ones(400, 3, 28, 28), config, torch.Generator().manual_seed(0))
    assert set(damaged.unique().tolist()) == {0.0, 1.0}
    assert float((damaged == 0).float().mean()) == pytest.approx(0.3, abs=0.01)
    assert torch.equal(damaged[:, 0], damaged[:, 2])
    squares = damaged[:, 0].reshape(400, 7, 4, 7, 4)
    assert torch.equal(squares.amin((2, 4)), squares.amax((2, 4)))


def test_a_variational_step_descends_the_evidence_lower_bound(noise: Noise) -> None:
    config = AutoencoderConfig(widths=(8,), objective="variational", beta=3.0)
    task = AutoencoderTask(config, CPU)
    images = to_unit(noise(8))
    objective, figures = task._losses(images, None)
    mean, log_variance = task.model.posterior(images)
    # -log p(x|z) of unit-variance Gaussian pixels plus beta KL, per pixel and doubled, is what is descended.
    error = ((task.model.decode(mean) - images) ** 2 / 2).flatten(1).sum(1).mean()
    bound = error + 3.0 * gaussian_kl(mean, log_variance).sum()
    assert objective.item() == pytest.approx(bound.item() * 2 / 784, rel=1e-5)
    assert float(figures["kl"]) == pytest.approx(gaussian_kl(mean, log_variance).sum().item(), rel=1e-5)


def test_the_cosine_schedule_warms_up_and_ends_at_nothing(noise: Noise) -> None:
    task = AutoencoderTask(AutoencoderConfig(widths=(8,), learning_rate=0.1, schedule="cosine"), CPU)
    images, rates = to_unit(noise(8)), []
    for progress in (0.0, 0.02, 0.5, 1.0):
        task.step(images, 0, progress)
        rates.append(task.optimiser.param_groups[0]["lr"])
    assert rates == pytest.approx([0.01, 0.1, 0.05, 0.0], abs=2e-4)


def test_learning_lowers_the_error(noise: Noise) -> None:
    task = AutoencoderTask(AutoencoderConfig(widths=(32,), code=8, learning_rate=5e-3, schedule="constant"), CPU)
    images = noise(8)
    before = task.evaluate(images)["mse"]
    for step in range(60):
        task.step(to_unit(images), step, 0.5)
    assert task.evaluate(images)["mse"] < 0.7 * before


@pytest.mark.parametrize(("objective", "random"), [("plain", False), ("denoising", True), ("variational", True)])
def test_what_is_random_in_a_step_is_drawn_from_its_seed(noise: Noise, objective: str, random: bool) -> None:
    ends: list[Tensor] = []
    for seed in (1, 1, 2):
        torch.manual_seed(0)
        task = AutoencoderTask(AutoencoderConfig.model_validate({"widths": (8,), "objective": objective}), CPU)
        torch.manual_seed(99 + len(ends))
        task.step(to_unit(noise(8)), seed, 0.5)
        ends.append(next(task.model.parameters()).detach())
    assert torch.equal(ends[0], ends[1])
    assert torch.equal(ends[0], ends[2]) != random
