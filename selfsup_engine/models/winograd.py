"""The inner layers of a DCGAN by Winograd's method while it trains on a CPU: 25 multiplications for 64.

A convolution of stride 2 is one of stride 1 on cells, 2 x 2 pixels as channels, and a kernel of 2 x 2 cells. Of such a one F(4 x 4, 2 x 2)
makes 4 x 4 results from 5 x 5 cells: cells and kernel are evaluated at 25 points, multiplied at each, channels by channels, which is 25
products of matrices, and taken back. Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016.

The transposed convolution is the adjoint by the images and the slope of the weight that by the kernel: each of the three is a product of two
of the same three things at the points, and the slopes of each are the other two. So there are slopes of any order, and nothing is kept for
them but images and weights, as the plain layers do.

Parameters and their names are those of the plain layers, results are theirs within 2e-5 of their spread. A model that is used, not trained,
computes as the plain layers do, so that a sample stays the same to the byte.
"""

import math
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd import Function

from selfsup_engine.models.thin_convolutions import plainly

POINTS = (0.0, 1.0, -0.5, -2.0)
"""Where polynomials are evaluated along each axis, beside infinity. 0, 1, -1 and 2 would make twice the float error."""
LEAST = 32
"""Images of a batch. With fewer the kernel's way to the points and back costs more than is saved."""


@cache
def _transforms() -> tuple[Tensor, Tensor, Tensor]:
    """Of 5 x 5 cells to the points (25, 25), of a kernel to the points (25, 4), and of the points to 4 x 4 results (16, 25)."""
    cells, kernel, results = np.zeros((5, 5)), np.zeros((5, 2)), np.zeros((4, 5))
    for i, point in enumerate(POINTS):
        others = [other for other in POINTS if other != point]
        cells[i, :4] = np.poly(others)[::-1]
        kernel[i] = np.array([1, point]) / np.prod([point - other for other in others])
        results[:, i] = point ** np.arange(4)
    cells[4], kernel[4], results[3, 4] = np.poly(POINTS)[::-1], (0, 1), 1
    along_both = [torch.from_numpy(np.kron(part, part)).float() for part in (cells, kernel, results)]
    return along_both[0], along_both[1], along_both[2]


def _tiles(padded: Tensor) -> Tensor:
    """A view (5, 5, N, T, T, 2, 2, C) of images (N, 8 T + 2, 8 T + 2, C): the cells of each tile, of which the outer are its neighbours' too."""
    n, side, _, channels = padded.shape
    t, (image, row, column, channel) = side // 8, padded.stride()
    strides = (2 * row, 2 * column, image, 8 * row, 8 * column, row, column, channel)
    return padded.as_strided((5, 5, n, t, t, 2, 2, channels), strides)


def _images_to_points(images: Tensor) -> Tensor:
    """Images (N, C, 8 T, 8 T) -> (25, N T T, 4 C), with zeros beyond their edges."""
    n, channels, side, _ = images.shape
    padded = images.new_empty(n, side + 2, side + 2, channels)
    padded[:, 1:-1, 1:-1] = images.permute(0, 2, 3, 1)
    for edge in (padded[:, 0], padded[:, -1], padded[:, :, 0], padded[:, :, -1]):
        edge.zero_()
    return (_transforms()[0] @ _tiles(padded).reshape(25, -1)).view(25, -1, 4 * channels)


def _images_from_points(points: Tensor, n: int) -> Tensor:
    """The adjoint of `_images_to_points`: what the tiles say of a pixel is added up."""
    channels, t = points.shape[2] // 4, math.isqrt(points.shape[1] // n)
    tiles = (_transforms()[0].T @ points.view(25, -1)).view(5, 5, n, t, t, 2, 2, channels)
    padded = points.new_empty(n, 8 * t + 2, 8 * t + 2, channels)
    padded[:, -2:].zero_()
    padded[:, :, -2:].zero_()
    places = _tiles(padded)
    places[:4, :4] = tiles[:4, :4]  # in each of these four parts no pixel comes twice
    for part in np.s_[4, :4], np.s_[:4, 4], np.s_[4, 4]:
        places[part].add_(tiles[part])
    return padded[:, 1:-1, 1:-1].permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)


def _weight_to_points(weight: Tensor) -> Tensor:
    """A weight (K, C, 4, 4) -> (25, K, 4 C)."""
    k, c = weight.shape[:2]
    cells = weight.permute(0, 2, 3, 1).reshape(k, 2, 2, 2, 2, c).permute(1, 3, 0, 2, 4, 5)
    return (_transforms()[1] @ cells.reshape(4, -1)).view(25, k, 4 * c)


def _weight_from_points(points: Tensor) -> Tensor:
    """The adjoint of `_weight_to_points`."""
    k, c = points.shape[1], points.shape[2] // 4
    cells = (_transforms()[1].T @ points.view(25, -1)).view(2, 2, k, 2, 2, c)
    return cells.permute(2, 0, 3, 1, 4, 5).reshape(k, 4, 4, c).permute(0, 3, 1, 2)


def _maps_from_points(points: Tensor, n: int) -> Tensor:
    """(25, N T T, K) -> the results (N, K, 4 T, 4 T)."""
    k, t = points.shape[2], math.isqrt(points.shape[1] // n)
    tiles = (_transforms()[2] @ points.view(25, -1)).view(4, 4, n, t, t, k)
    maps = torch.empty(n, k, 4 * t, 4 * t, memory_format=torch.channels_last)
    maps.permute(0, 2, 3, 1).view(n, t, 4, t, 4, k)[:] = tiles.permute(2, 3, 0, 4, 1, 5)
    return maps


def _maps_to_points(maps: Tensor) -> Tensor:
    """The adjoint of `_maps_from_points`."""
    n, k, side, _ = maps.shape
    tiles = maps.permute(0, 2, 3, 1).reshape(n, side // 4, 4, side // 4, 4, k).permute(2, 4, 0, 1, 3, 5)
    return (_transforms()[2].T @ tiles.reshape(16, -1)).view(25, -1, k)


class _Convolution(Function):
    @staticmethod
    def forward(ctx: Any, images: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(images, weight)
        points = torch.bmm(_images_to_points(images), _weight_to_points(weight).mT)
        return _maps_from_points(points, len(images))

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, Tensor | None]:
        images, weight = ctx.saved_tensors
        wanted = ctx.needs_input_grad
        return (
            transposed_convolution(slope, weight) if wanted[0] else None,
            slope_of_weight(images, slope) if wanted[1] else None,
        )


class _TransposedConvolution(Function):
    @staticmethod
    def forward(ctx: Any, maps: Tensor, weight: Tensor) -> Tensor:
        ctx.save_for_backward(maps, weight)
        points = torch.bmm(_maps_to_points(maps), _weight_to_points(weight))
        return _images_from_points(points, len(maps))

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, Tensor | None]:
        maps, weight = ctx.saved_tensors
        wanted = ctx.needs_input_grad
        return (
            convolution(slope, weight) if wanted[0] else None,
            slope_of_weight(slope, maps) if wanted[1] else None,
        )


class _SlopeOfWeight(Function):
    @staticmethod
    def forward(ctx: Any, images: Tensor, maps: Tensor) -> Tensor:
        ctx.save_for_backward(images, maps)
        return _weight_from_points(torch.bmm(_maps_to_points(maps).mT, _images_to_points(images)))

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, Tensor | None]:
        images, maps = ctx.saved_tensors
        wanted = ctx.needs_input_grad
        return (
            transposed_convolution(maps, slope) if wanted[0] else None,
            convolution(images, slope) if wanted[1] else None,
        )


def convolution(images: Tensor, weight: Tensor) -> Tensor:
    """conv2d of kernel 4, stride 2, padding 1: images (N, C, 8 T, 8 T) and weight (K, C, 4, 4) -> (N, K, 4 T, 4 T), channels last."""
    maps: Tensor = _Convolution.apply(images, weight)  # type: ignore[no-untyped-call]
    return maps


def transposed_convolution(maps: Tensor, weight: Tensor) -> Tensor:
    """conv_transpose2d of kernel 4, stride 2, padding 1: maps (N, K, 4 T, 4 T) and weight (K, C, 4, 4) -> (N, C, 8 T, 8 T), channels last."""
    images: Tensor = _TransposedConvolution.apply(maps, weight)  # type: ignore[no-untyped-call]
    return images


def slope_of_weight(images: Tensor, maps: Tensor) -> Tensor:
    """The slope (K, C, 4, 4) of sum(maps * convolution(images, weight)) by the weight, for images (N, C, 8 T, 8 T) and maps (N, K, 4 T, 4 T)."""
    weight: Tensor = _SlopeOfWeight.apply(images, maps)  # type: ignore[no-untyped-call]
    return weight


def _by_layer(layer: nn.Module, images: Tensor, tile: int) -> bool:
    if plainly(layer, images):  # first: who traces a model in use must not see its shapes asked for
        return True
    return len(images) < LEAST or images.shape[-1] % tile > 0 or images.dtype != torch.float32


class Halving(nn.Conv2d):
    """Maps (N, C, H, H) -> (N, K, H / 2, H / 2): a convolution (4, 2, 1)."""

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input) if _by_layer(self, input, 8) else convolution(input, self.weight)


class Doubling(nn.ConvTranspose2d):
    """Maps (N, K, H, H) -> (N, C, 2 H, 2 H): a transposed convolution (4, 2, 1)."""

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        if _by_layer(self, input, 4):
            return super().forward(input, output_size)
        return transposed_convolution(input, self.weight)
