"""The network of a colour-gradient model, its Config, and what it is shown of an image.

Pixels are in [-1, 1] throughout. The network is convolutional alone: it takes images of any height and width, and what it makes of a
pixel depends on nothing farther away than its halo.
"""

from itertools import pairwise
from typing import ClassVar, Literal

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional as F

from selfsup_engine.models.spec import Config

BINOMIAL = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)
LUMA = (0.2126, 0.7152, 0.0722)  # ITU-R BT.709


class ColorGradientConfig(Config):
    """A colour-gradient model: what is taken away from an image, and the network that puts it back."""

    title: ClassVar[str] = "Colour gradients"
    lead: ClassVar[str] = (
        "Takes sharpness or colour away from patches of photos, and learns to put it back. What it learns of edges and colours then "
        "works on photos of any size."
    )

    size: int = Field(64, ge=28, le=64, title="Patch size", description="Side of the square patches in pixels.")
    channels: int = Field(3, ge=3, le=3, title="Channels", description="3: it works on colours.")
    batch: int = Field(16, ge=4, le=512, title="Batch size", description="Patches per training step.")
    pretext: Literal["restore", "colorize", "style"] = Field(
        "restore",
        title="Pretext",
        description="What it learns to put back: sharpness, colours, or one photo's colours under any light.",
    )
    widths: tuple[int, ...] = Field(
        (64, 64, 64, 64),
        min_length=1,
        max_length=12,
        title="Widths",
        description="Channels of the maps between its 3 x 3 convolutions.",
    )
    fold: Literal[1, 2, 4] = Field(
        2,
        title="Fold",
        description="Squares of so many pixels a side become one place with more channels: faster, and it sees farther.",
    )
    residual: bool = Field(
        True, title="Residual output", description="Learns the difference to its input, which at first is none."
    )
    bias: bool = Field(True, title="Bias", description="Whether its convolutions add a constant.")
    gradient_weight: float = Field(
        1.0,
        ge=0.0,
        le=100.0,
        title="Gradient weight",
        description="Weight of the error of the colour gradients beside that of the colours; 0 is the plain objective.",
    )
    blur: int = Field(
        2, ge=0, le=4, title="Blur", description="restore: so many times the 5-tap binomial filter, at the most."
    )
    learning_rate: float = Field(
        2e-3, ge=1e-6, le=1.0, title="Learning rate", description="Step length of the optimiser at its peak."
    )
    levels: int = Field(
        256, ge=2, le=256, title="Levels", description="restore: colours are rounded to so many levels, at the least."
    )
    sharp: float = Field(
        0.0,
        ge=0.0,
        le=1.0,
        title="Sharp share",
        description="restore: the share of patches that are blurred less than the most.",
    )
    schedule: Literal["constant", "cosine"] = Field(
        "cosine", title="Schedule", description="cosine: the learning rate falls to zero over the budget."
    )

    @model_validator(mode="after")
    def _folds(self) -> "ColorGradientConfig":
        if any(not 1 <= width <= 512 for width in self.widths):
            raise ValueError("widths are 1 to 512 each")
        if self.size % self.fold:
            raise ValueError(f"size is a multiple of fold, {self.fold}")
        return self


def blurred(images: Tensor) -> Tensor:
    """Images (N, C, H, W) under the 5-tap binomial filter along both axes; the border's pixels go on beyond it."""
    taps = torch.tensor(BINOMIAL, device=images.device, dtype=images.dtype)
    channels = images.shape[1]
    padded = F.pad(images, (2, 2, 2, 2), mode="replicate")
    along_x = F.conv2d(padded, taps.view(1, 1, 1, 5).repeat(channels, 1, 1, 1), groups=channels)
    return F.conv2d(along_x, taps.view(1, 1, 5, 1).repeat(channels, 1, 1, 1), groups=channels)


def quantised(images: Tensor, levels: Tensor) -> Tensor:
    """Images (N, C, H, W) in [-1, 1] rounded to as many levels each (N,)."""
    steps = (levels - 1).view(-1, 1, 1, 1) / 2
    return ((images + 1) * steps).round() / steps - 1


def grey(images: Tensor) -> Tensor:
    """Images (N, 3, H, W) without colour: their luma in all three channels."""
    luma = torch.tensor(LUMA, device=images.device, dtype=images.dtype).view(1, 3, 1, 1)
    return (images * luma).sum(1, keepdim=True).expand_as(images)


def taken_away(pretext: str, images: Tensor, blur: int = 2) -> Tensor:
    """What a pretext leaves of images (N, 3, H, W) in [-1, 1], to be put back: blurred `blur` times, or their luma. A style takes nothing from a photo."""
    if pretext == "restore":
        for _ in range(blur):
            images = blurred(images)
        return images
    return grey(images) if pretext == "colorize" else images


class ColorGradientNet(nn.Module):
    """3 x 3 convolutions with ReLU between. Reference: 3-64-128-256-512-256-128-64-3, no bias, Tanh at the end."""

    def __init__(self, config: ColorGradientConfig) -> None:
        super().__init__()
        self.fold, self.residual, self.pretext = config.fold, config.residual, config.pretext
        colours = config.channels * config.fold**2
        layers: list[nn.Module] = []
        for before, after in pairwise((colours, *config.widths, colours)):
            layers += [nn.Conv2d(before, after, 3, padding=1, bias=config.bias), nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1], *([] if config.residual else [nn.Tanh()]))
        self.halo = (len(config.widths) + 1) * config.fold
        """Pixels to each side on which what is made of a pixel depends, beyond its own square of `fold`."""
        if config.residual:
            last = self.layers[-1]
            assert isinstance(last, nn.Conv2d)
            nn.init.zeros_(last.weight)
            if last.bias is not None:
                nn.init.zeros_(last.bias)

    def forward(self, seen: Tensor) -> Tensor:
        """Images (N, 3, H, W) in [-1, 1] -> images of the same size; a residual output may leave the range."""
        height, width = seen.shape[-2:]
        ragged = -width % self.fold, -height % self.fold
        padded = F.pad(seen, (0, ragged[0], 0, ragged[1]), mode="replicate") if any(ragged) else seen
        made: Tensor = F.pixel_shuffle(self.layers(F.pixel_unshuffle(padded, self.fold)), self.fold)
        made = made[..., :height, :width]
        return seen + made if self.residual else made

    def seen(self, images: Tensor) -> Tensor:
        """What it is shown of images (N, 3, H, W): all of them, or their luma."""
        return images if self.pretext == "restore" else grey(images)

    def restyle(self, images: Tensor) -> Tensor:
        """What it makes of images (N, 3, H, W) in [-1, 1]: sharper, or in the colours that it learned. Clamped to the range."""
        made: Tensor = self(self.seen(images))
        return made.clamp(-1, 1)
