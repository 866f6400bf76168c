"""The two networks of a DCGAN (Radford et al., 2016), their Config, and what each descends.

Pixels are in [-1, 1] throughout. Images of 28 pixels are padded to 32 for the discriminator, and cut out of the 32 that the generator
draws.
"""

from itertools import pairwise
from typing import ClassVar, Literal

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional as F

from selfsup_engine.models.spec import Config
from selfsup_engine.models.thin_convolutions import FromImages, FromNumbers, ToImages, ToOpinion
from selfsup_engine.models.winograd import Doubling, Halving

SETTLING = 8  # batches from which an averaged generator's normalisation takes its statistics


class DcganConfig(Config):
    """A DCGAN: both networks, what they play for, and how."""

    title: ClassVar[str] = "GAN"
    lead: ClassVar[str] = (
        "Two networks play against each other: one draws pictures from random numbers, the other tells them from real ones. "
        "In the end the first draws new pictures of the kind. It takes some minutes."
    )
    patience: ClassVar[int] = 120

    size: int = Field(
        32, ge=28, le=64, title="Image size", description="Side of the square images in pixels: 28, 32 or 64."
    )
    latent: int = Field(
        100, ge=2, le=512, title="Latent size", description="Random numbers that an image is drawn from."
    )
    width: int = Field(
        64, ge=8, le=256, title="Width", description="Channels of the widest maps; doubled at each halving of the side."
    )
    objective: Literal["bce", "hinge", "relativistic"] = Field(
        "bce", title="Objective", description="What the two networks play for."
    )
    norm: Literal["batch", "none"] = Field(
        "batch", title="Normalisation in D", description="batch learns fastest at first; none goes with a penalty."
    )
    penalty: float = Field(
        0.0,
        ge=0.0,
        le=100.0,
        title="Gradient penalty",
        description="Weight of the zero-centred gradient penalty on D: steadier, and twice as slow.",
    )
    penalty_every: int = Field(
        1,
        ge=1,
        le=64,
        title="Penalty each so many steps",
        description="The penalty is taken at one step of so many, and weighs as many times more: faster, and nearly as steady.",
    )
    augment: bool = Field(
        False,
        title="DiffAugment",
        description="Shows D shifted, cut and recoloured images, real and generated alike: for sets of a few thousand or less.",
    )
    d_rate: float = Field(
        1.0, ge=0.05, le=20.0, title="D's rate", description="D's learning rate over G's (two time-scales)."
    )
    beta1: float = Field(0.5, ge=0.0, le=0.99, title="Beta 1", description="Adam's memory of the gradient's direction.")
    beta2: float = Field(0.999, ge=0.5, le=0.9999, title="Beta 2", description="Adam's memory of the gradient's size.")
    average: float = Field(
        0.0,
        ge=0.0,
        le=0.9999,
        title="Averaging",
        description="Decay a step of the average of G's weights that draws the samples; 0 takes the latest weights.",
    )
    schedule: Literal["constant", "linear"] = Field(
        "constant",
        title="Schedule",
        description="linear: the learning rates fall to zero over the budget's second half.",
    )

    @model_validator(mode="after")
    def _drawable(self) -> "DcganConfig":
        if self.size not in (28, 32, 64):
            raise ValueError("size is 28, 32 or 64")
        if self.channels == 2:
            raise ValueError("channels is 1 (grey) or 3 (colour)")
        return self

    @property
    def channels_up(self) -> tuple[int, ...]:
        """Channels of D's maps from the largest down, and of G's the other way round."""
        return tuple(self.width * 2**i for i in range(4 if self.size == 64 else 3))


def generator(config: DcganConfig) -> nn.Sequential:
    """z (N, L, 1, 1) -> images (N, C, 32 or 64, same): transposed convolutions, BatchNorm and ReLU between, Tanh at the end."""
    down = config.channels_up[::-1]
    layers: list[nn.Module] = [FromNumbers(config.latent, down[0], 4, 1, 0, bias=False)]
    for before, after in pairwise(down):
        layers += [
            nn.BatchNorm2d(before),
            nn.ReLU(inplace=True),
            Doubling(before, after, 4, 2, 1, bias=False),
        ]
    last = ToImages(down[-1], config.channels, 4, 2, 1, bias=False)
    return nn.Sequential(*layers, nn.BatchNorm2d(down[-1]), nn.ReLU(inplace=True), last, nn.Tanh())


def discriminator(config: DcganConfig) -> nn.Sequential:
    """Images (N, C, 32 or 64, same) -> (N, 1, 1, 1) in [0, 1]: strided convolutions, LeakyReLU, BatchNorm on the middle layers."""
    up = config.channels_up
    layers: list[nn.Module] = [FromImages(config.channels, up[0], 4, 2, 1, bias=False), nn.LeakyReLU(0.2, inplace=True)]
    for before, after in pairwise(up):
        layers.append(Halving(before, after, 4, 2, 1, bias=False))
        layers += [nn.BatchNorm2d(after)] * (config.norm == "batch") + [nn.LeakyReLU(0.2, inplace=True)]
    return nn.Sequential(*layers, ToOpinion(up[-1], 1, 4, 1, 0, bias=False), nn.Sigmoid())


class Dcgan(nn.Module):
    """generator: z (N, L) -> images (N, C, H, W) in [-1, 1]; discriminator: images -> (N,), its opinion that they are real."""

    def __init__(self, config: DcganConfig) -> None:
        super().__init__()
        self.latent_size, self.size = config.latent, config.size
        self.averaged, self.batch = config.average > 0, config.batch
        self.generator, self.discriminator = generator(config), discriminator(config)
        for layer in self.modules():  # as Radford et al. (2016) start them
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.BatchNorm2d) and layer.weight.is_meta:
                continue  # shapes alone: there is nothing to start, and PyTorch would fetch an algebra system to say so
            if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
                nn.init.normal_(layer.weight, 0.0, 0.02)
            elif isinstance(layer, nn.BatchNorm2d):
                nn.init.normal_(layer.weight, 1.0, 0.02)

    def generate(self, z: Tensor) -> Tensor:
        """Images (N, C, H, W) in [-1, 1] of z (N, L)."""
        return self.draw(self.generator, z)

    def draw(self, layers: nn.Module, z: Tensor) -> Tensor:
        """`generate` through the given generator: training has one beside the averaged one."""
        images: Tensor = layers(z[:, :, None, None])
        inset = (images.shape[-1] - self.size) // 2
        return images[..., inset : inset + self.size, inset : inset + self.size]

    @torch.no_grad()
    def settle(self) -> None:
        """Gives an averaged generator statistics of its own: those of the latest one's activations do not fit it."""
        if not self.averaged:
            return
        norms = [layer for layer in self.generator if isinstance(layer, nn.BatchNorm2d)]
        usual, mode = [norm.momentum for norm in norms], self.generator.training
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # the plain mean over the batches
        self.generator.train()
        z = torch.randn((SETTLING * self.batch, self.latent_size), generator=torch.Generator().manual_seed(1))
        for chunk in z.to(norms[0].weight.device).split(self.batch):
            self.generate(chunk)
        for norm, momentum in zip(norms, usual, strict=True):
            norm.momentum = momentum
        self.generator.train(mode)

    def first_layer(self, z: Tensor) -> Tensor:
        """Activations (N, K) of the generator's first layer, after its normalisation and ReLU."""
        activations: Tensor = self.generator[:3](z[:, :, None, None])
        return activations.flatten(1)

    def first_weights(self) -> Tensor:
        """The linear map (K, L) of z by the generator's first layer, with the scale that its normalisation gives each channel."""
        layer, norm = self.generator[0], self.generator[1]
        assert isinstance(layer, nn.ConvTranspose2d) and isinstance(norm, nn.BatchNorm2d)
        assert norm.running_var is not None
        scale = norm.weight / (norm.running_var + norm.eps).sqrt()
        return (layer.weight * scale[None, :, None, None]).flatten(1).T

    def logits(self, images: Tensor) -> Tensor:
        """The discriminator's output (N,) before its sigmoid."""
        inset = (max(32, self.size) - self.size) // 2
        padded = F.pad(images, [inset] * 4, value=-1.0)
        out: Tensor = self.discriminator[:-1](padded)
        return out.flatten()

    def judge(self, images: Tensor) -> Tensor:
        """The discriminator's opinion (N,) in [0, 1] that images are real: an opinion, no measure of quality."""
        return self.logits(images).sigmoid()


def d_loss(objective: str, real: Tensor, fake: Tensor) -> Tensor:
    """What D descends, from its logits (N,) on real and on generated images."""
    if objective == "hinge":
        return F.relu(1 - real).mean() + F.relu(1 + fake).mean()
    if objective == "relativistic":
        return F.softplus(fake - real).mean()
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def g_loss(objective: str, real: Tensor, fake: Tensor) -> Tensor:
    """What G descends."""
    if objective == "hinge":
        return -fake.mean()
    if objective == "relativistic":
        return F.softplus(real - fake).mean()
    return F.softplus(-fake).mean()
