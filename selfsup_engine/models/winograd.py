"""The inner layers of a DCGAN by Winograd's method while it trains on a CPU: 25 multiplications for 64.

A convolution of stride 2 is one of stride 1 on cells, 2 x 2 pixels as channels, and a kernel of 2 x 2 cells. Of such a one F(4 x 4, 2 x 2)
makes 4 x 4 results from 5 x 5 cells: cells and kernel are evaluated at 25 points, multiplied at each, channels by channels, which is 25
products of matrices, and taken back. The transposed convolution is its adjoint, and goes the same way from the end to the beginning.
Everything is a sum that autograd follows, to any order. Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016.

Parameters and their names are those of the plain layers, results are theirs within float error. A model that is used, not trained,
computes as the plain layers do, so that a sample stays the same to the byte.
"""

from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.polynomial.polynomial import polyfromroots
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
        cells[i, :4] = polyfromroots(others)
        kernel[i] = np.array([1, point]) / np.prod([point - other for other in others])
        results[:, i] = point ** np.arange(4)
    cells[4], kernel[4], results[3, 4] = polyfromroots(POINTS), (0, 1), 1
    along_both = [torch.from_numpy(np.kron(part, part)).float() for part in (cells, kernel, results)]
    return along_both[0], along_both[1], along_both[2]


def _tiles(padded: Tensor) -> Tensor:
    """A view (5, 5, N, T, T, 2, 2, C) of images (N, 8 T + 2, 8 T + 2, C): the cells of each tile, of which the outer are its neighbours' too."""
    n, side, _, channels = padded.shape
    t, (image, row, column, channel) = side // 8, padded.stride()
    strides = (2 * row, 2 * column, image, 8 * row, 8 * column, row, column, channel)
    return padded.as_strided((5, 5, n, t, t, 2, 2, channels), strides)


class _Cut(Function):
    """Images (N, C, 8 T, 8 T) -> (5, 5, N, T, T, 2, 2, C): the cells of each tile, and zeros beyond the edge."""

    @staticmethod
    def forward(ctx: Any, images: Tensor) -> Tensor:
        n, channels, side, _ = images.shape
        padded = images.new_empty(n, side + 2, side + 2, channels)
        padded[:, 1:-1, 1:-1] = images.permute(0, 2, 3, 1)
        for edge in (padded[:, 0], padded[:, -1], padded[:, :, 0], padded[:, :, -1]):
            edge.zero_()
        return _tiles(padded).contiguous()

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> Tensor:
        return _paste(slope)


class _Paste(Function):
    """The adjoint of `_Cut`: what the tiles say of a pixel is added up."""

    @staticmethod
    def forward(ctx: Any, tiles: Tensor) -> Tensor:
        n, t, channels = tiles.shape[2], tiles.shape[3], tiles.shape[-1]
        padded = tiles.new_empty(n, 8 * t + 2, 8 * t + 2, channels)
        padded[:, -2:].zero_()
        padded[:, :, -2:].zero_()
        places = _tiles(padded)
        places[:4, :4] = tiles[:4, :4]  # in each of these four parts no pixel comes twice
        for part in np.s_[4, :4], np.s_[:4, 4], np.s_[4, 4]:
            places[part].add_(tiles[part])
        return padded[:, 1:-1, 1:-1].permute(0, 3, 1, 2)

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> Tensor:
        return _cut(slope)


class _Product(Function):
    """(25, M, A) and (25, K, A) -> (25, M, K). Autograd alone would leave the slope of the second transposed, and copy it."""

    @staticmethod
    def forward(ctx: Any, cells: Tensor, kernel: Tensor) -> Tensor:
        ctx.save_for_backward(cells, kernel)
        return torch.bmm(cells, kernel.mT)

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, Tensor | None]:
        cells, kernel = ctx.saved_tensors
        wanted = ctx.needs_input_grad
        return torch.bmm(slope, kernel) if wanted[0] else None, torch.bmm(slope.mT, cells) if wanted[1] else None


def _cut(images: Tensor) -> Tensor:
    tiles: Tensor = _Cut.apply(images)  # type: ignore[no-untyped-call]
    return tiles


def _paste(tiles: Tensor) -> Tensor:
    images: Tensor = _Paste.apply(tiles)  # type: ignore[no-untyped-call]
    return images


def _at_points(weight: Tensor) -> Tensor:
    """A kernel (K, C, 4, 4) at the points, (25, K, 4 C)."""
    k, c = weight.shape[:2]
    cells = weight.permute(0, 2, 3, 1).reshape(k, 2, 2, 2, 2, c).permute(1, 3, 0, 2, 4, 5).reshape(4, -1)
    return (_transforms()[1] @ cells).view(25, k, 4 * c)


def convolution(images: Tensor, weight: Tensor) -> Tensor:
    """conv2d of kernel 4, stride 2, padding 1: images (N, C, 8 T, 8 T) and weight (K, C, 4, 4) -> (N, K, 4 T, 4 T), channels last."""
    cells, _, results = _transforms()
    n, c, side, _ = images.shape
    k, t = len(weight), side // 8
    points = (cells @ _cut(images).view(25, -1)).view(25, -1, 4 * c)
    points = _Product.apply(points, _at_points(weight))  # type: ignore[no-untyped-call]
    tiles: Tensor = (results @ points.view(25, -1)).view(4, 4, n, t, t, k)
    return tiles.permute(2, 3, 0, 4, 1, 5).contiguous().view(n, 4 * t, 4 * t, k).permute(0, 3, 1, 2)


def transposed_convolution(maps: Tensor, weight: Tensor) -> Tensor:
    """conv_transpose2d of kernel 4, stride 2, padding 1: maps (N, K, 4 T, 4 T) and weight (K, C, 4, 4) -> (N, C, 8 T, 8 T), channels last."""
    cells, _, results = _transforms()
    n, k, side, _ = maps.shape
    c, t = weight.shape[1], side // 4
    tiles = maps.view(n, k, t, 4, t, 4).permute(3, 5, 0, 2, 4, 1).reshape(16, -1)
    points = torch.bmm((results.T @ tiles).view(25, -1, k), _at_points(weight))
    images = _paste((cells.T @ points.view(25, -1)).view(5, 5, n, t, t, 2, 2, c))
    return images.contiguous(memory_format=torch.channels_last)


def _by_layer(layer: nn.Module, images: Tensor, tile: int) -> bool:
    fits = len(images) >= LEAST and images.shape[-1] % tile == 0 and images.dtype == torch.float32
    return plainly(layer, images) or not fits


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
