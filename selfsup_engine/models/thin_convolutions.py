"""The first and the last layers of a DCGAN, computed another way while it trains on a CPU.

oneDNN is at its best with many channels on both sides. Where one side has one or three channels, or one pixel, the same sums are a
matrix product, or a convolution of a quarter of the pixels with four times the channels: up to five times as fast. Parameters and
their names are those of the plain layers, results are theirs within float error. A model that is used, not trained, computes as
the plain layers do, so that a sample stays the same to the byte.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_LAST = torch.channels_last


def plainly(layer: nn.Module, images: Tensor) -> bool:
    """Whether a layer computes as torch's own does: in use, and on a GPU."""
    return not layer.training or images.device.type != "cpu"


def _folded(weight: Tensor) -> Tensor:
    """A kernel (A, B, 4, 4) of stride 2 as one of stride 1 on 2 x 2 pixels as channels: (A, B, 2, 2 of place, 2, 2 of pixel)."""
    folded: Tensor = weight.unflatten(2, (2, 2)).unflatten(4, (2, 2)).permute(0, 1, 2, 4, 3, 5)
    return folded


class FromImages(nn.Conv2d):
    """Images of few channels (N, C, H, W) -> (N, K, H / 2, W / 2): a convolution (4, 2, 1)."""

    def forward(self, input: Tensor) -> Tensor:
        if plainly(self, input):
            return super().forward(input)
        folded = F.pixel_unshuffle(F.pad(input, [1] * 4), 2).contiguous(memory_format=_LAST)
        return F.conv2d(folded, _folded(self.weight).permute(0, 1, 4, 5, 2, 3).flatten(1, 3))


class ToImages(nn.ConvTranspose2d):
    """(N, K, H, W) -> images of few channels (N, C, 2 H, 2 W): a transposed convolution (4, 2, 1)."""

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        if plainly(self, input):
            return super().forward(input, output_size)
        weight = _folded(self.weight).permute(1, 4, 5, 0, 2, 3).flatten(0, 2).flip((2, 3))
        folded = F.conv2d(input, weight.contiguous(memory_format=_LAST), padding=1)
        return F.pixel_shuffle(folded, 2)[..., 1:-1, 1:-1]


class FromNumbers(nn.ConvTranspose2d):
    """z (N, L, 1, 1) -> (N, K, 4, 4): a transposed convolution (4, 1, 0)."""

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        if plainly(self, input):
            return super().forward(input, output_size)
        places: Tensor = input.flatten(1) @ self.weight.permute(0, 2, 3, 1).flatten(1)
        return places.view(len(input), 4, 4, -1).permute(0, 3, 1, 2)


class ToOpinion(nn.Conv2d):
    """(N, K, 4, 4) -> (N, 1, 1, 1): a convolution (4, 1, 0)."""

    def forward(self, input: Tensor) -> Tensor:
        if plainly(self, input):
            return super().forward(input)
        return (input.permute(0, 2, 3, 1).flatten(1) @ self.weight.permute(0, 2, 3, 1).flatten())[:, None, None, None]
