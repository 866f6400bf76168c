"""The step that is written out is the step that autograd takes."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
import torch
from safetensors.torch import load
from torch import Tensor

from selfsup_engine.device import Device
from selfsup_engine.images import to_unit
from selfsup_engine.models import fused_mlp
from selfsup_engine.models.autoencoder import AutoencoderTask
from selfsup_engine.models.autoencoder_networks import AutoencoderConfig
from selfsup_engine.models.saved import tensor_file

Noise = Callable[..., Tensor]
CPU = Device(torch.device("cpu"), "CPU", None, 1)
CASES: list[dict[str, Any]] = [
    {"activation": activation, "widths": widths, "code_decay": decay, "objective": objective, "weight_decay": 0.1}
    for activation, (widths, decay, objective) in product(
        ("relu", "silu", "tanh"), [((64, 16, 4), 0.0, "plain"), ((40,), 0.5, "denoising")]
    )
]
CASES += [{"widths": (24, 8), "channels": 3, "size": 32, "code_decay": 0.1, "schedule": "constant"}]


def task(config: AutoencoderConfig, by_hand: bool) -> AutoencoderTask:
    torch.manual_seed(3)
    made = AutoencoderTask(config, CPU)
    if not by_hand:
        made._fused = None
    return made


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, case.values())))
def test_every_option_descends_as_autograd_does(noise: Noise, case: dict[str, Any]) -> None:
    config = AutoencoderConfig.model_validate({"learning_rate": 1e-3} | case)
    ours, theirs = task(config, True), task(config, False)
    assert ours._fused is not None
    images = to_unit(noise(24, config.channels, config.size))
    objective, figures = theirs._losses(images, None)
    objective.backward()
    mse = ours._fused.slope(images, images)
    assert float(mse / 4) == pytest.approx(float(figures["mse"]), rel=1e-5)
    for by_hand, parameter in zip(ours._fused.gradients, theirs.model.parameters(), strict=True):
        assert parameter.grad is not None
        assert float((by_hand - parameter.grad).abs().max()) <= 2e-5 * float(parameter.grad.abs().max())

    for step in range(6):  # of 24 and of 10 images: another batch size is no other state
        batch = to_unit(noise(24 if step % 2 else 10, config.channels, config.size, seed=step))
        figures = [each.step(batch, step, step / 6)["mse"] for each in (ours, theirs)]
        assert float(figures[0]) == pytest.approx(float(figures[1]), rel=1e-3)
    for by_hand, parameter in zip(ours.model.parameters(), theirs.model.parameters(), strict=True):
        torch.testing.assert_close(by_hand, parameter, rtol=0, atol=2e-4)  # rates sum to 6e-3
    assert {n: t.shape for n, t in ours.state().items()} == {n: t.shape for n, t in theirs.state().items()}


def test_a_state_goes_from_one_way_to_the_other(noise: Noise) -> None:
    config = AutoencoderConfig(widths=(32, 8), learning_rate=1e-3)
    ours, theirs = task(config, True), task(config, False)
    batches = [to_unit(noise(16, seed=seed)) for seed in range(3)]
    theirs.step(batches[0], 0, 0.5)
    ours.load_state({name: tensor.clone() for name, tensor in theirs.state().items()})
    for step in (1, 2):
        ours.step(batches[step], step, 0.5)
        theirs.step(batches[step], step, 0.5)
    for name, tensor in ours.state().items():
        torch.testing.assert_close(tensor, theirs.state()[name], rtol=1e-3, atol=2e-5)
    assert ours.state()["adam.encoder.1.bias.step"] == 3


@pytest.mark.parametrize(("preferred", "choices"), [(False, []), (True, [False, True, False, True])], ids=str)
def test_small_products_are_not_onednns(
    noise: Noise, monkeypatch: pytest.MonkeyPatch, preferred: bool, choices: list[bool]
) -> None:
    chosen: list[bool] = []
    monkeypatch.setattr(fused_mlp, "multiply_by_onednn", chosen.append)
    monkeypatch.setattr(fused_mlp, "onednn_multiplies", lambda: preferred)
    made = task(AutoencoderConfig(widths=(64, 16)), True)
    assert made._fused is not None
    images = to_unit(noise(96))
    for _ in range(2):
        made._fused.slope(images, images)
    assert chosen == 2 * choices  # of six layers, forth and back; and in the end all is as it was


def test_the_weights_lie_together_and_are_saved_as_ever(noise: Noise) -> None:
    made = task(AutoencoderConfig(widths=(32, 8)), True)
    images = to_unit(noise(16))
    made.step(images, 0, 0.5)
    content, _ = tensor_file(made.state())
    found = load(content)
    assert found.keys() == made.state().keys()
    for name, tensor in made.state().items():
        assert torch.equal(found[name], tensor)
        assert found[name].is_contiguous()
    linear = [layer for layer in made.model.modules() if isinstance(layer, torch.nn.Linear)]
    for layer in linear[1:]:
        shape = tuple(layer.weight.shape)
        assert shape == (layer.out_features, layer.in_features)
        below_the_weight = layer.weight.data_ptr() + layer.weight.numel() * layer.weight.element_size()
        assert layer.bias.data_ptr() == below_the_weight


@pytest.mark.parametrize("change", [{"network": "conv"}, {"norm": True}, {"objective": "variational"}], ids=str)
def test_what_it_does_not_know_is_left_to_autograd(change: dict[str, Any]) -> None:
    config = AutoencoderConfig.model_validate({"widths": (8, 8)} | change)
    assert not fused_mlp.fits(config, CPU)
    assert AutoencoderTask(config, CPU)._fused is None
    assert fused_mlp.fits(AutoencoderConfig(widths=(8, 8)), CPU)
    assert not fused_mlp.fits(AutoencoderConfig(), Device(torch.device("cuda"), "GPU", torch.bfloat16, 1))
