"""Thin layers are the plain layers of the same weights, computed another way while they train."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from selfsup_engine.models.thin_convolutions import FromImages, FromNumbers, ToImages, ToOpinion


def plainly(layer: nn.Module, images: Tensor) -> Tensor:
    """What torch's own layer makes of it."""
    if isinstance(layer, nn.ConvTranspose2d):
        return F.conv_transpose2d(images, layer.weight, None, layer.stride, layer.padding)
    assert isinstance(layer, nn.Conv2d)
    return F.conv2d(images, layer.weight, None, layer.stride, layer.padding)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (FromImages(1, 12, 4, 2, 1, bias=False), (5, 1, 32, 32)),
        (FromImages(3, 8, 4, 2, 1, bias=False), (5, 3, 64, 64)),
        (ToImages(12, 1, 4, 2, 1, bias=False), (5, 12, 16, 16)),
        (ToImages(8, 3, 4, 2, 1, bias=False), (5, 8, 32, 32)),
        (FromNumbers(10, 16, 4, 1, 0, bias=False), (5, 10, 1, 1)),
        (ToOpinion(16, 1, 4, 1, 0, bias=False), (5, 16, 4, 4)),
    ],
    ids=lambda case: type(case).__name__ if isinstance(case, nn.Module) else str(case[1]),
)
def test_values_slopes_and_slopes_of_slopes_are_the_plain_layers(layer: nn.Module, shape: tuple[int, ...]) -> None:
    images = torch.randn(shape, generator=torch.Generator().manual_seed(0)).requires_grad_()
    found = []
    for made in (layer(images), plainly(layer, images)):
        slopes = torch.autograd.grad(made.square().sum(), [images, layer.weight], create_graph=True)
        second = torch.autograd.grad(slopes[0].square().sum(), layer.weight)
        found.append([made, *slopes, *second])
    for ours, theirs in zip(*found, strict=True):
        assert ours.shape == theirs.shape
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-4 * float(theirs.detach().abs().max()))


def test_a_model_in_use_gives_the_plain_layers_bytes() -> None:
    for layer, shape in ((ToImages(8, 1, 4, 2, 1, bias=False), (2, 8, 16, 16)), (FromNumbers(10, 8, 4), (2, 10, 1, 1))):
        images = torch.randn(shape)
        assert torch.equal(layer.eval()(images), type(layer).__mro__[1].forward(layer, images))
