"""The networks of an autoencoder and their Config: dense or convolutional, any code size, with or without a distribution for a code.

Pixels are in [-1, 1] throughout.
"""

from itertools import pairwise
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from selfsup_engine.models.spec import Config


class AutoencoderConfig(Config):
    """An autoencoder: the network, the code's size, what it is trained for and how."""

    title: ClassVar[str] = "Autoencoder"
    lead: ClassVar[str] = "It will learn to squeeze each picture into a few numbers and to draw it again from them."

    network: Literal["mlp", "conv"] = Field(
        "mlp", title="Network", description="mlp sees an image as a list of pixels; conv sees neighbourhoods."
    )
    widths: tuple[Annotated[int, Field(ge=2, le=2048)], ...] = Field(
        (512, 256, 128),
        min_length=1,
        max_length=8,
        title="Layer widths",
        description="Units (mlp) or channels (conv, each halving the picture) of the encoder's layers; the decoder mirrors them.",
    )
    code: int = Field(2, ge=2, le=64, title="Code size", description="Numbers per image. Two can be drawn as a map.")
    activation: Literal["relu", "silu", "tanh"] = Field(
        "silu", title="Activation", description="The bend between two layers."
    )
    norm: bool = Field(
        False,
        title="Batch normalisation",
        description="Rescales each layer's units: steadies conv networks and very narrow layers, slows wide ones.",
    )
    objective: Literal["plain", "denoising", "variational"] = Field(
        "plain",
        title="Objective",
        description="plain redraws the image, denoising redraws it from a damaged one, variational also fills the code evenly.",
    )
    noise: Literal["gaussian", "patches"] = Field(
        "gaussian", title="Damage", description="For denoising: Gaussian noise on every pixel, or grey patches."
    )
    sigma: float = Field(
        0.3, ge=0.0, le=1.0, title="Noise", description="For Gaussian damage: standard deviation on [0, 1] pixels."
    )
    masked: float = Field(
        0.5, ge=0.0, le=0.9, title="Masked share", description="For patches: share of the image taken away."
    )
    beta: float = Field(
        1.0,
        ge=0.0,
        le=100.0,
        title="Beta",
        description="For variational: weight of the code's distance to a normal one (KL).",
    )
    code_decay: float = Field(
        0.0,
        ge=0.0,
        le=10.0,
        title="Code decay",
        description="Pull of the codes towards zero: keeps the map together, where a few far outliers would shrink the rest.",
    )
    weight_decay: float = Field(
        0.0, ge=0.0, le=1.0, title="Weight decay", description="Pull of the weights towards zero (AdamW)."
    )
    schedule: Literal["constant", "cosine"] = Field(
        "cosine",
        title="Schedule",
        description="cosine: a short warm-up, then the learning rate falls to zero at the budget's end.",
    )

    @model_validator(mode="after")
    def _conv_halves_to_nothing(self) -> "AutoencoderConfig":
        if self.network == "conv" and len(self.widths) > 5:
            raise ValueError("a conv network of over 5 layers halves the picture to nothing; give at most 5 widths")
        if self.channels == 2:
            raise ValueError("channels is 1 (grey) or 3 (colour)")
        return self


def activation(name: str) -> nn.Module:
    """A fresh activation layer."""
    return {"relu": nn.ReLU, "silu": nn.SiLU, "tanh": nn.Tanh}[name]()


def mlp(widths: tuple[int, ...], config: AutoencoderConfig) -> list[nn.Module]:
    """Linear layers from widths[0] to widths[-1], with (normalisation and) activation between, nothing after the last."""
    layers: list[nn.Module] = []
    for i, (wide, narrow) in enumerate(pairwise(widths)):
        inner = i < len(widths) - 2
        layers.append(nn.Linear(wide, narrow, bias=not (inner and config.norm)))
        if inner:
            layers += [nn.BatchNorm1d(narrow)] * config.norm + [activation(config.activation)]
    return layers


def halvings(size: int, times: int) -> list[int]:
    """The side of the picture before and after each stride-2 layer: 28 -> [28, 14, 7, 4]."""
    sides = [size]
    for _ in range(times):
        sides.append((sides[-1] + 1) // 2)
    return sides


def conv_encoder(config: AutoencoderConfig, outputs: int) -> list[nn.Module]:
    """Stride-2 convolutions, then one linear layer. Any image size."""
    layers: list[nn.Module] = []
    for before, after in pairwise((config.channels, *config.widths)):
        layers.append(nn.Conv2d(before, after, 3, stride=2, padding=1, bias=not config.norm))
        layers += [nn.BatchNorm2d(after)] * config.norm + [activation(config.activation)]
    side = halvings(config.size, len(config.widths))[-1]
    return [*layers, nn.Flatten(), nn.Linear(config.widths[-1] * side * side, outputs)]


class Crop(nn.Module):
    """The top left square of images (N, C, H, W) -> (N, C, side, side)."""

    def __init__(self, side: int) -> None:
        super().__init__()
        self.side = side

    def forward(self, images: Tensor) -> Tensor:
        return images[..., : self.side, : self.side]


def conv_decoder(config: AutoencoderConfig) -> list[nn.Module]:
    """The mirror: resize, then convolve, which leaves no checkerboard (Odena et al., 2016), exactly to the sizes of the encoder.

    The last doubling is a sub-pixel convolution (Shi et al., 2016): at full size a convolution would cost as much as all others.
    """
    sides = halvings(config.size, len(config.widths))[::-1]
    deepest = config.widths[-1]
    layers: list[nn.Module] = [
        nn.Linear(config.code, deepest * sides[0] ** 2),
        nn.Unflatten(1, (deepest, sides[0], sides[0])),
    ]
    for side, (before, after) in zip(sides[1:], pairwise(config.widths[::-1]), strict=False):
        layers += [
            *[nn.BatchNorm2d(before)] * config.norm,
            activation(config.activation),
            nn.Upsample(size=(side, side)),
        ]
        layers.append(nn.Conv2d(before, after, 3, padding=1, bias=not config.norm))
    layers += [*[nn.BatchNorm2d(config.widths[0])] * config.norm, activation(config.activation)]
    layers.append(nn.Conv2d(config.widths[0], 4 * config.channels, 3, padding=1))
    return [*layers, nn.PixelShuffle(2), Crop(config.size)]


class Autoencoder(nn.Module):
    """encoder: images (N, C, H, W) -> codes (N, D), or (N, 2 D) mean and log-variance if variational; decoder: back, Tanh at the end."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        shape = (config.channels, config.size, config.size)
        self.code_size = config.code
        self.variational = config.objective == "variational"
        outputs = config.code * (2 if self.variational else 1)
        if config.network == "conv":
            self.encoder = nn.Sequential(*conv_encoder(config, outputs))
            self.decoder = nn.Sequential(*conv_decoder(config), nn.Tanh())
        else:
            pixels = config.channels * config.size**2
            self.encoder = nn.Sequential(nn.Flatten(), *mlp((pixels, *config.widths, outputs), config))
            back = mlp((config.code, *config.widths[::-1], pixels), config)
            self.decoder = nn.Sequential(*back, nn.Tanh(), nn.Unflatten(1, shape))

    def posterior(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance (N, D) of the code's distribution; without one the log-variance is zero."""
        out = self.encoder(images)
        mean, log_variance = out.chunk(2, dim=1) if self.variational else (out, torch.zeros_like(out))
        return mean, log_variance.clamp(-12, 12)

    def encode(self, images: Tensor) -> Tensor:
        """Float images (N, C, H, W) in [-1, 1] to codes (N, D); the mean, if variational."""
        return self.posterior(images)[0]

    def decode(self, codes: Tensor) -> Tensor:
        """Codes (N, D) to images (N, C, H, W) in [-1, 1]."""
        images: Tensor = self.decoder(codes)
        return images

    def forward(self, images: Tensor) -> Tensor:
        return self.decode(self.encode(images))
