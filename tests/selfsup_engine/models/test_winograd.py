"""Winograd's convolutions are torch's own within float error, with their slopes and the slopes of those; and who computes by which."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from selfsup_engine.models import winograd
from selfsup_engine.models.dcgan_networks import DcganConfig, discriminator, generator


def plain(images: Tensor, weight: Tensor) -> Tensor:
    return F.conv2d(images, weight, stride=2, padding=1)


def plain_transposed(maps: Tensor, weight: Tensor) -> Tensor:
    return F.conv_transpose2d(maps, weight, stride=2, padding=1)


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("last", [True, False], ids=["channels last", "channels first"])
@pytest.mark.parametrize("tiles", [1, 2, 3])
@pytest.mark.parametrize("transposed", [False, True], ids=["convolution", "transposed"])
def test_values_slopes_and_slopes_of_slopes_are_torchs(transposed: bool, tiles: int, last: bool) -> None:
    layout = torch.channels_last if last else torch.contiguous_format
    shape = (2, 7, 4 * tiles, 4 * tiles) if transposed else (2, 5, 8 * tiles, 8 * tiles)
    images = numbers(*shape).contiguous(memory_format=layout).requires_grad_()
    weight = numbers(7, 5, 4, 4, seed=1).contiguous(memory_format=layout).requires_grad_()
    functions = (winograd.transposed_convolution, plain_transposed) if transposed else (winograd.convolution, plain)
    found = []
    for function in functions:
        made = function(images, weight)
        slopes = torch.autograd.grad(made.pow(3).sum(), [images, weight], create_graph=True)
        second = torch.autograd.grad(sum(slope.pow(2).sum() for slope in slopes), [images, weight])
        found.append([made, *slopes, *second])
    for ours, theirs in zip(*found, strict=True):
        assert ours.shape == theirs.shape
        torch.testing.assert_close(ours, theirs, rtol=0, atol=2e-5 * float(theirs.detach().abs().max()))
    assert found[0][0].is_contiguous(memory_format=torch.channels_last)


def test_the_error_is_float32s() -> None:
    images, weight = numbers(8, 128, 8, 8), numbers(64, 128, 4, 4, seed=1)
    exact = plain(images.double(), weight.double())
    worst = float((winograd.convolution(images, weight) - exact).abs().max() / exact.std())
    assert worst < 3e-5  # torch's own makes 2e-6


def test_the_same_images_give_the_same_bytes() -> None:
    images, weight = numbers(32, 16, 16, 16), numbers(24, 16, 4, 4, seed=1)
    assert torch.equal(winograd.convolution(images, weight), winograd.convolution(images.clone(), weight.clone()))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which of the two functions were called, in their order."""
    calls: list[str] = []
    for name in ("convolution", "transposed_convolution"):
        function: Callable[[Tensor, Tensor], Tensor] = getattr(winograd, name)

        def told(a: Tensor, b: Tensor, name: str = name, function: Callable[..., Tensor] = function) -> Tensor:
            calls.append(name)
            return function(a, b)

        monkeypatch.setattr(winograd, name, told)
    return calls


@pytest.mark.parametrize(("size", "inner"), [(32, 2), (64, 3)])
def test_a_network_that_trains_computes_its_inner_layers_so(asked: list[str], size: int, inner: int) -> None:
    config = DcganConfig(size=size, width=8, norm="none")
    images = generator(config)(numbers(winograd.LEAST, config.latent, 1, 1))
    discriminator(config)(images)
    assert asked == ["transposed_convolution"] * inner + ["convolution"] * inner


def test_in_use_on_few_images_and_where_tiles_do_not_fit_it_is_torchs_own_to_the_byte(asked: list[str]) -> None:
    down, up = winograd.Halving(3, 4, 4, 2, 1, bias=False), winograd.Doubling(4, 3, 4, 2, 1, bias=False)

    def agree(batch: int, side: int, dtype: torch.dtype = torch.float32) -> None:
        images, maps = numbers(batch, 3, side, side).to(dtype), numbers(batch, 4, side // 2, side // 2).to(dtype)
        assert torch.equal(down(images), plain(images, down.weight))
        assert torch.equal(up(maps), plain_transposed(maps, up.weight))

    agree(winograd.LEAST - 1, 16)
    agree(winograd.LEAST, 12)
    for layer in (down, up):
        layer.double()
    agree(winograd.LEAST, 16, torch.float64)
    for layer in (down, up):
        layer.float().eval()
    agree(winograd.LEAST, 16)
    assert not asked
