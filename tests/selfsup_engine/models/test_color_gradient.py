"""The reference network layer for layer, what each pretext takes away, and that a short training puts some of it back."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from selfsup_engine import sources
from selfsup_engine.device import pick
from selfsup_engine.errors import UserError
from selfsup_engine.images import to_unit
from selfsup_engine.models import color_gradient_networks as networks
from selfsup_engine.models.color_gradient import SPEC, ColorGradientTask, gradient_mse, toned, turned
from selfsup_engine.models.color_gradient_networks import (
    ColorGradientConfig,
    ColorGradientNet,
    blurred,
    grey,
    quantised,
)
from selfsup_engine.models.spec import Restyles, check_config

PRESETS = sorted(SPEC.presets)


@pytest.fixture(scope="module")
def images() -> Any:
    return sources.load("shapes:size=32,count=200")


def task(preset: str, **changes: Any) -> ColorGradientTask:
    torch.manual_seed(0)
    return ColorGradientTask(SPEC.presets[preset].config.model_copy(update={"size": 32} | changes), pick())


def test_the_reference_is_the_reference_layer_for_layer() -> None:
    config = SPEC.presets["reference"].config
    widths = (3, 64, 128, 256, 512, 256, 128, 64, 3)
    layers = list(ColorGradientNet(config).layers)
    convolutions = layers[::2]
    for layer, before, after in zip(convolutions, widths[:-1], widths[1:], strict=True):
        assert isinstance(layer, nn.Conv2d)
        assert (layer.in_channels, layer.out_channels, layer.kernel_size) == (before, after, (3, 3))
        assert (layer.padding, layer.stride, layer.bias) == ((1, 1), (1, 1), None)
    assert [type(layer) for layer in layers[1::2]] == [nn.ReLU] * 7 + [nn.Tanh]
    assert (config.gradient_weight, config.learning_rate, config.schedule) == (0.0, 2e-4, "constant")


def test_the_reference_descends_the_plain_squared_error(images: Any) -> None:
    reference = task("reference", widths=(4, 4))
    batch = to_unit(images.train[:4])
    same = turned(batch, torch.Generator().manual_seed(3))
    with torch.no_grad():
        made = reference.model(reference.shown(same))
    assert isinstance(reference.optimiser, torch.optim.Adam)
    said = reference.step(batch, 3, 0.0)  # levels are drawn, so that the two differ a little
    assert float(said["mse"]) == pytest.approx(float((made - same).square().mean() / 4), rel=0.05)


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("size", [(1, 1), (1, 37), (50, 1), (33, 46)])
def test_an_image_of_any_size_keeps_it(preset: str, size: tuple[int, int]) -> None:
    model = ColorGradientNet(SPEC.presets[preset].config.model_copy(update={"widths": (4, 4)}))
    assert isinstance(model, Restyles)
    images = torch.rand(2, 3, *size) * 2 - 1
    made = model.restyle(images)
    assert made.shape == images.shape
    assert made.abs().max() <= 1


def test_a_residual_model_begins_with_its_input() -> None:
    images = torch.rand(1, 3, 20, 20) * 2 - 1
    assert torch.equal(ColorGradientNet(SPEC.presets["restore"].config).restyle(images), images)
    colorize = ColorGradientNet(SPEC.presets["colorize"].config)
    assert torch.equal(colorize.restyle(images), grey(images))


@pytest.mark.parametrize("preset", ["restore", "colorize"])
def test_a_pixel_depends_on_nothing_beyond_the_halo(preset: str) -> None:
    config = SPEC.presets[preset].config.model_copy(update={"widths": (4, 4)})
    model = ColorGradientNet(config)
    nn.init.normal_(model.layers[-1].weight)  # type: ignore[arg-type]
    image = torch.rand(1, 3, 96, 96) * 2 - 1
    other = image.clone()
    at, fold = 48, config.fold
    other[..., at + fold + model.halo :] = 1.0
    other[..., : at - model.halo] = -1.0
    one, two = model(grey(image)), model(grey(other))
    assert torch.allclose(one[..., at : at + fold], two[..., at : at + fold], atol=1e-6)
    assert not torch.allclose(one, two)
    nearer = image.clone()
    nearer[..., at + fold + model.halo - 1 :] = 1.0
    assert not torch.allclose(one[..., at : at + fold], model(grey(nearer))[..., at : at + fold], atol=1e-6)


def test_blur_keeps_the_mean_and_takes_the_finest_away() -> None:
    flat = torch.full((1, 3, 9, 9), 0.3)
    assert torch.allclose(blurred(flat), flat)
    board = (torch.arange(12)[:, None] + torch.arange(12)) % 2 * 2.0 - 1
    assert blurred(board.expand(1, 3, 12, 12))[..., 3:-3, 3:-3].abs().max() < 1e-6  # the Nyquist frequency is gone
    point = torch.zeros(1, 1, 5, 5)
    point[..., 2, 2] = 256
    assert blurred(point)[0, 0, 2].tolist() == [6, 24, 36, 24, 6]


def test_levels_are_as_many_as_asked_for() -> None:
    ramp = torch.linspace(-1, 1, 1001).view(1, 1, 1, -1).expand(2, 3, 1, -1)
    found = quantised(ramp, torch.tensor([4.0, 256.0]))
    assert found[0].unique().tolist() == pytest.approx([-1, -1 / 3, 1 / 3, 1])
    assert len(found[1].unique()) == 256


def test_colourless_pretexts_see_no_colour() -> None:
    red, same = torch.zeros(1, 3, 4, 4), torch.zeros(1, 3, 4, 4)
    red[:, 0] = 0.5
    same += 0.5 * 0.2126
    for preset in ("colorize", "style"):
        shown = task(preset).shown
        assert torch.allclose(shown(red), shown(same), atol=1e-6)
    assert not torch.allclose(task("restore").shown(red), task("restore").shown(same), atol=0.05)


def test_tone_curves_keep_the_order_of_greys() -> None:
    ramp = torch.linspace(-1, 1, 50).view(1, 1, 1, -1).expand(8, 3, 1, -1)
    curves = toned(ramp, torch.Generator().manual_seed(0))
    assert (curves.diff(dim=-1) >= 0).all()
    assert len({round(float(curve[0, 0, 25]), 3) for curve in curves}) == 8
    assert curves.abs().max() <= 1


def test_the_gradient_term_is_blind_to_a_constant_and_sees_an_edge() -> None:
    image = torch.rand(2, 3, 8, 8)
    assert float(gradient_mse(image + 0.25, image)) < 1e-12
    assert float(gradient_mse(image * 0.5, image)) > 1e-3


@pytest.mark.parametrize("preset", ["restore", "colorize", "style"])
def test_a_short_training_beats_its_input(images: Any, preset: str) -> None:
    trained = task(preset, widths=(12, 12), learning_rate=3e-3)
    for step in range(60):
        batch = to_unit(images.train[torch.arange(step * 16, step * 16 + 16) % len(images.train)])
        trained.step(batch, step, step / 60)
    errors = trained.evaluate(images.test)
    assert errors["mse"] < 0.9 * trained.baselines(images)["the input as it is"]
    assert trained.health(images, errors, 0.5) == []
    rows = trained.preview(images)["restyled"]
    assert rows.shape[0] == 3 * 34 - 2  # shown, made, as it was


def test_what_puts_nothing_back_is_called_so(images: Any) -> None:
    fresh = task("restore")
    (found,) = fresh.health(images, fresh.evaluate(images.test), 0.5)
    assert found.name == "Nothing put back"
    assert fresh.health(images, fresh.evaluate(images.test), 0.05) == []  # too early to say


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"fold": 4, "size": 30}, "multiple of fold"), ({"widths": (4, 1000)}, "1 to 512"), ({"channels": 1}, "Channels")],
)
def test_settings_that_do_not_fit_are_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        check_config("color_gradient", ColorGradientConfig().model_dump() | changes)


def test_what_a_pretext_leaves_of_images() -> None:
    images = torch.rand(2, 3, 12, 12, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert torch.equal(networks.taken_away("restore", images, 1), networks.blurred(images))
    assert torch.equal(networks.taken_away("restore", images), networks.blurred(networks.blurred(images)))
    assert torch.equal(networks.taken_away("colorize", images), networks.grey(images))
    assert torch.equal(networks.taken_away("style", images), images)
