"""The layers of every family's reference network, against numbers worked out by hand, and who is listened to."""

from __future__ import annotations

import threading
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from selfsup_engine.exploring import photo
from selfsup_engine.exploring.anatomy import Anatomy, Layer, macs
from selfsup_engine.models.spec import preset_config, spec


def bare(family: str, preset: str, **changes: object) -> nn.Module:
    return spec(family).model(preset_config(family, preset, changes)[1]).eval().requires_grad_(False)


def figures(layers: tuple[Layer, ...]) -> list[tuple[tuple[int, ...], int, int]]:
    return [(layer.gives, layer.parameters, layer.macs) for layer in layers]


def test_the_reference_autoencoder_layer_by_layer() -> None:
    model = bare("autoencoder", "reference")
    anatomy = Anatomy(model, torch.zeros(1, 1, 28, 28))
    widths = (784, 128, 64, 32, 16, 8, 4, 2)
    encoder, decoder = anatomy.of_part("encoder"), anatomy.of_part("decoder")
    assert figures(encoder) == [((b,), a * b + b, a * b) for a, b in pairwise(widths)]
    back = [((b,), a * b + b, a * b) for a, b in pairwise(widths[::-1])]
    back[-1] = ((1, 28, 28), *back[-1][1:])
    assert figures(decoder) == back
    assert [layer.bends for layer in encoder] == [True] * 6 + [False]
    assert [step.name for step in encoder[0].steps] == ["As one list", "Linear, 784 to 128", "ReLU"]
    assert [step.name for step in decoder[-1].steps] == ["Linear, 128 to 784", "Tanh", "As maps"]
    assert sum(layer.macs for layer in anatomy.layers) == 222_544


def test_the_reference_gan_layer_by_layer() -> None:
    model = bare("dcgan", "reference", size=32, channels=3)
    anatomy = Anatomy(model, torch.zeros(1, 100))
    norms = (2 * 256, 2 * 128, 2 * 64)  # a scale and a shift for each map
    assert figures(anatomy.of_part("generator")) == [
        ((256, 4, 4), 100 * 256 * 16 + norms[0], 409_600),
        ((128, 8, 8), 256 * 128 * 16 + norms[1], 16 * 256 * 128 * 16),
        ((64, 16, 16), 128 * 64 * 16 + norms[2], 64 * 128 * 64 * 16),
        ((3, 32, 32), 64 * 3 * 16, 256 * 64 * 3 * 16),
    ]
    assert figures(anatomy.of_part("discriminator")) == [
        ((64, 16, 16), 3 * 64 * 16, 256 * 64 * 3 * 16),
        ((128, 8, 8), 64 * 128 * 16 + norms[1], 64 * 128 * 64 * 16),
        ((256, 4, 4), 128 * 256 * 16 + norms[0], 16 * 256 * 128 * 16),
        ((1, 1, 1), 256 * 16, 4_096),
    ]
    assert anatomy.layers[1].name == "Transposed conv 4 x 4, 256 to 128, stride 2"
    assert [step.name for step in anatomy.layers[5].steps][1:] == ["Batch norm", "LeakyReLU"]


def test_the_reference_colour_gradient_network_layer_by_layer() -> None:
    model = bare("color_gradient", "reference")
    anatomy = Anatomy(model, torch.zeros(1, 3, 20, 24))
    widths = (3, 64, 128, 256, 512, 256, 128, 64, 3)
    expected = [((b, 20, 24), 9 * a * b, 9 * a * b * 20 * 24) for a, b in pairwise(widths)]
    assert figures(anatomy.layers) == expected
    per_pixel = photo.macs_per_pixel(model)  # type: ignore[arg-type]
    assert sum(layer.macs for layer in anatomy.layers) == per_pixel * 20 * 24 == 3_100_032 * 480


@pytest.mark.parametrize(
    ("family", "preset", "given"),
    [
        ("autoencoder", "conv", torch.zeros(1, 3, 32, 32)),
        ("autoencoder", "mlp", torch.zeros(1, 1, 28, 28)),
        ("dcgan", "default", torch.zeros(1, 100)),
        ("color_gradient", "restore", torch.zeros(1, 3, 64, 64)),
        ("color_gradient", "colorize", torch.zeros(1, 3, 64, 64)),
    ],
)
def test_every_parameter_belongs_to_a_layer(family: str, preset: str, given: Tensor) -> None:
    model = bare(family, preset)
    layers = Anatomy(model, given).layers
    assert sum(layer.parameters for layer in layers) == sum(p.numel() for p in model.parameters())
    assert [layer.number for layer in layers] == list(range(len(layers)))


def test_what_prepares_a_layer_belongs_to_it_and_what_follows_too() -> None:
    decoder = Anatomy(bare("autoencoder", "conv"), torch.zeros(1, 3, 32, 32)).of_part("decoder")
    assert [step.name for step in decoder[1].steps] == [
        "Resize to 8 x 8",
        "Conv 3 x 3, 128 to 64",
        "Batch norm",
        "SiLU",
    ]
    last = [step.name for step in decoder[-1].steps]
    assert last == ["Conv 3 x 3, 32 to 12", "Spread channels over 2 x 2 pixels", "Crop", "Tanh"]
    assert decoder[-1].gives == (3, 32, 32)


@pytest.mark.parametrize(
    ("module", "given"),
    [
        (nn.Conv2d(4, 6, 3, stride=2, padding=1), torch.ones(1, 4, 9, 7)),
        (nn.Conv2d(4, 6, (1, 3), groups=2), torch.ones(1, 4, 5, 6)),
        (nn.ConvTranspose2d(4, 6, 2, stride=2, groups=2), torch.ones(1, 4, 3, 5)),
        (nn.Linear(5, 3), torch.ones(1, 5)),
    ],
)
def test_multiply_adds_are_those_that_are_done(module: nn.Module, given: Tensor) -> None:
    """With ones everywhere, padding apart, what comes out is the number of products that went into it."""
    for parameter in module.parameters():
        nn.init.ones_(parameter) if parameter.ndim > 1 else nn.init.zeros_(parameter)
    out = module(given)
    inner = nn.functional.pad(given, (1, 1, 1, 1), value=1.0) if getattr(module, "padding", 0) == (1, 1) else given
    if inner is not given:
        module.padding = (0, 0)
    products = int(module(inner).sum())
    assert macs(module, tuple(given.shape[1:]), tuple(out.shape[1:])) == products


def test_a_layer_gives_what_the_network_computes() -> None:
    model = bare("autoencoder", "mlp")
    images = torch.rand(3, 1, 28, 28, generator=torch.Generator().manual_seed(0)) * 2 - 1
    anatomy = Anatomy(model, images[:1])
    outputs, codes = anatomy.outputs(anatomy.passes[0], images)
    assert torch.equal(outputs[1], model.encoder[:5](images))  # type: ignore[index]
    assert torch.equal(outputs[-1], codes) and torch.equal(codes, model.encode(images))  # type: ignore[operator]


def test_what_another_thread_asks_is_not_heard() -> None:
    model = bare("autoencoder", "mlp")
    anatomy = Anatomy(model, torch.zeros(1, 1, 28, 28))
    ones, others = torch.ones(1, 1, 28, 28), torch.zeros(5, 1, 28, 28)
    encode = anatomy.passes[0].run

    def disturbed(images: Tensor) -> Tensor:
        thread = threading.Thread(target=encode, args=(others,))
        thread.start()
        thread.join()
        return encode(images)

    way = type(anatomy.passes[0])("encoder", "image", disturbed)
    outputs, _ = anatomy.outputs(way, ones)
    assert all(torch.equal(a, b) for a, b in zip(outputs, anatomy.outputs(anatomy.passes[0], ones)[0], strict=True))
