"""The networks layer for layer, the losses against their formulas, and what training does to them."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import nn

from selfsup_engine import sources
from selfsup_engine.device import pick
from selfsup_engine.errors import UserError
from selfsup_engine.images import to_unit
from selfsup_engine.models.dcgan import SPEC, DcganTask
from selfsup_engine.models.dcgan_networks import Dcgan, DcganConfig, d_loss, g_loss
from selfsup_engine.models.spec import check_config


def layers(network: nn.Sequential) -> list[tuple[Any, ...]]:
    """Each layer as (kind, in, out, kernel, stride, padding, has a bias), or (kind, ...) with what else tells it."""
    said: list[tuple[Any, ...]] = []
    for layer in network:
        kind = next(base.__name__ for base in type(layer).__mro__ if base.__module__.startswith("torch."))
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
            shape = (layer.kernel_size[0], layer.stride[0], layer.padding[0])
            said.append((kind, layer.in_channels, layer.out_channels, *shape, layer.bias is not None))
        elif isinstance(layer, nn.BatchNorm2d):
            said.append((kind, layer.num_features))
        elif isinstance(layer, nn.LeakyReLU):
            said.append((kind, layer.negative_slope))
        else:
            said.append((kind,))
    return said


def test_the_reference_is_the_reference_layer_for_layer() -> None:
    model = Dcgan(SPEC.presets["reference"].config.model_copy(update={"channels": 3}))
    assert layers(model.generator) == [
        ("ConvTranspose2d", 100, 256, 4, 1, 0, False),
        ("BatchNorm2d", 256),
        ("ReLU",),
        ("ConvTranspose2d", 256, 128, 4, 2, 1, False),
        ("BatchNorm2d", 128),
        ("ReLU",),
        ("ConvTranspose2d", 128, 64, 4, 2, 1, False),
        ("BatchNorm2d", 64),
        ("ReLU",),
        ("ConvTranspose2d", 64, 3, 4, 2, 1, False),
        ("Tanh",),
    ]
    assert layers(model.discriminator) == [
        ("Conv2d", 3, 64, 4, 2, 1, False),
        ("LeakyReLU", 0.2),
        ("Conv2d", 64, 128, 4, 2, 1, False),
        ("BatchNorm2d", 128),
        ("LeakyReLU", 0.2),
        ("Conv2d", 128, 256, 4, 2, 1, False),
        ("BatchNorm2d", 256),
        ("LeakyReLU", 0.2),
        ("Conv2d", 256, 1, 4, 1, 0, False),
        ("Sigmoid",),
    ]
    config = SPEC.presets["reference"].config
    assert isinstance(config, DcganConfig)
    assert (config.objective, config.learning_rate, config.d_rate) == ("bce", 2e-4, 1.0)
    assert (config.penalty, config.augment, config.average, config.schedule) == (0.0, False, 0.0, "constant")


@pytest.mark.parametrize(("size", "channels"), [(28, 1), (32, 3), (64, 3)])
def test_both_networks_fit_the_images(size: int, channels: int) -> None:
    model = Dcgan(DcganConfig(size=size, channels=channels, width=8))
    images = model.generate(torch.randn(3, 100))
    assert images.shape == (3, channels, size, size)
    assert model.judge(images).shape == (3,)


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(UserError, match="28, 32 or 64"):
        check_config("dcgan", {"size": 40})
    with pytest.raises(UserError, match="channels is 1"):
        check_config("dcgan", {"channels": 2})


def test_the_losses_are_what_the_papers_say() -> None:
    real, fake = torch.tensor([2.0, -1.0]), torch.tensor([0.5, -3.0])
    sigmoid = [[1 / (1 + math.exp(-x)) for x in logits.tolist()] for logits in (real, fake)]
    bce = -sum(map(math.log, sigmoid[0])) / 2 - sum(math.log(1 - p) for p in sigmoid[1]) / 2
    assert float(d_loss("bce", real, fake)) == pytest.approx(bce, rel=1e-5)
    assert float(g_loss("bce", real, fake)) == pytest.approx(-sum(map(math.log, sigmoid[1])) / 2, rel=1e-5)
    assert float(d_loss("hinge", real, fake)) == pytest.approx((0 + 2) / 2 + (1.5 + 0) / 2)
    assert float(g_loss("hinge", real, fake)) == pytest.approx(1.25)
    pairs = [(2.0, 0.5), (-1.0, -3.0)]
    relativistic = sum(math.log(1 + math.exp(f - r)) for r, f in pairs) / 2
    assert float(d_loss("relativistic", real, fake)) == pytest.approx(relativistic, rel=1e-5)
    assert float(g_loss("relativistic", real, fake)) == pytest.approx(
        sum(math.log(1 + math.exp(r - f)) for r, f in pairs) / 2, rel=1e-5
    )


def task(**changes: Any) -> DcganTask:
    torch.manual_seed(0)
    return DcganTask(DcganConfig(width=8, batch=16, **changes), pick())


BATCH = to_unit(torch.randint(0, 256, (16, 1, 32, 32), generator=torch.Generator().manual_seed(0), dtype=torch.uint8))


def test_one_step_moves_both_networks_each_by_its_own_loss() -> None:
    trained = task()
    before = {name: p.clone() for name, p in trained.model.discriminator.named_parameters()}
    drawn = {name: p.clone() for name, p in trained.latest.named_parameters()}
    trained.step(BATCH, 0, 0.0)
    assert all(not torch.equal(p, before[name]) for name, p in trained.model.discriminator.named_parameters())
    assert all(not torch.equal(p, drawn[name]) for name, p in trained.latest.named_parameters())


def test_without_averaging_the_model_draws_with_the_latest_weights() -> None:
    trained = task()
    trained.step(BATCH, 0, 0.0)
    for ours, theirs in zip(trained.model.generator.parameters(), trained.latest.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_the_average_is_the_average() -> None:
    trained = task(average=0.5)
    expected = [p.clone() for p in trained.model.generator.parameters()]
    for step in range(4):
        trained.step(BATCH, step, 0.0)
        decay = min(0.5, (2 + step) / (11 + step))
        expected = [
            torch.lerp(old, new, 1 - decay) for old, new in zip(expected, trained.latest.parameters(), strict=True)
        ]
    for ours, wanted in zip(trained.model.generator.parameters(), expected, strict=True):
        assert torch.allclose(ours, wanted, atol=1e-6)


def test_the_average_takes_statistics_of_its_own() -> None:
    trained = task(average=0.9)
    for step in range(3):
        trained.step(BATCH, step, 0.0)
    trained.settle()
    norm = trained.model.generator[1]
    z = trained._z(8 * 16, seed=1)
    seen = trained.model.generator[0](z[:, :, None, None])
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.running_mean is not None
    assert torch.allclose(norm.running_mean, seen.mean((0, 2, 3)), atol=1e-4)
    assert norm.momentum == 0.1


def test_a_penalty_flattens_the_discriminator() -> None:
    def slope(penalty: float) -> float:
        trained = task(penalty=penalty, norm="none", learning_rate=1e-3)
        for step in range(30):
            trained.step(BATCH, step, 0.0)
        images = BATCH.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(trained.model.logits(images).sum(), images)
        return float(gradient.square().flatten(1).sum(1).mean())

    assert slope(50.0) < slope(0.0) / 2


def test_a_lazy_penalty_is_taken_at_one_step_of_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    lazy = task(penalty=1.0, penalty_every=3, objective="relativistic", norm="none")
    slopes: list[int] = []
    grad = torch.autograd.grad

    def counted(*about: Any, **more: Any) -> Any:
        slopes.append(step)
        return grad(*about, **more)

    monkeypatch.setattr(torch.autograd, "grad", counted)
    for step in range(7):
        lazy.step(BATCH, step, 0.0)
    assert slopes == [0, 0, 3, 3, 6, 6]  # of real and of generated images


def test_the_rates_fall_in_the_second_half() -> None:
    trained = task(schedule="linear")
    for progress, share in ((0.0, 1.0), (0.5, 1.0), (0.75, 0.5), (1.0, 0.0)):
        trained.step(BATCH, 0, progress)
        assert trained.optimisers["g"].param_groups[0]["lr"] == pytest.approx(1e-3 * share)


def test_a_constant_generator_raises_the_alarm_at_the_next_check_and_a_fresh_set_does_not() -> None:
    images = sources.load("shapes:size=32,count=400,channels=1").fitted(1, 32)
    trained = task()
    with torch.no_grad():
        for parameter in trained.model.generator.parameters():
            parameter.zero_()
    found = trained.health(images, trained.evaluate(images.test), 0.5)
    assert "Mode collapse" in [finding.name for finding in found]

    class Real(DcganTask):
        """Draws what it was never shown: as healthy as can be."""

        def samples(self, count: int, seed: int = 0) -> torch.Tensor:
            return images.train[200 : 200 + count]

    torch.manual_seed(0)
    healthy = Real(DcganConfig(width=8, batch=16), pick())
    half = type(images)(images.name, images.train[:200], images.test, None, None, (), "")
    assert healthy.health(half, healthy.evaluate(images.test), 0.5) == []


def test_samples_are_the_same_at_every_look() -> None:
    trained = task(average=0.9)
    trained.step(BATCH, 0, 0.0)
    assert torch.equal(trained.samples(20), trained.samples(20))
