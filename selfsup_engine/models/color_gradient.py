"""Colour-gradient models: sharpness or colours are taken away from patches of photos, and a network learns to put them back.

Nothing in this file knows of files, jobs or pages. Pixels are in [-1, 1] throughout; figures are stated on [0, 1]. The network is in
color_gradient_networks.py.

Pretexts: restore, from blurred and quantised patches; colorize, from luma alone (Zhang et al., 2016); style, from luma under a random
tone curve, on the patches of one photo. Objective: the mean squared error of the image, plus a weighted one of its colour gradients.
"""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from selfsup_engine import health
from selfsup_engine.device import Device
from selfsup_engine.gradients import gradient
from selfsup_engine.health import Finding
from selfsup_engine.images import from_unit, montage, to_unit
from selfsup_engine.models import adam
from selfsup_engine.models.color_gradient_networks import (
    ColorGradientConfig,
    ColorGradientNet,
    blurred,
    grey,
    quantised,
)
from selfsup_engine.models.spec import ModelSpec, Preset, Report
from selfsup_engine.pictures import side_by_side
from selfsup_engine.scores import mse_per_image, psnr
from selfsup_engine.sources import ImageSet

LOOKED_AT = 256  # held-out patches behind a live figure
CHUNK = 64  # patches a pass when scoring
SHOWN = 12  # patches in a row of the preview
EXHIBITED = 100  # patches that a run keeps: they say whose colours and gradients it learned
SCORED = 2_000  # held-out patches at most behind a final score


def gradient_mse(images: Tensor, others: Tensor) -> Tensor:
    """Mean squared error of the colour gradients of images (N, C, H, W), over both directions."""
    return F.mse_loss(gradient(images), gradient(others))


def turned(images: Tensor, random: torch.Generator) -> Tensor:
    """A batch (N, C, S, S) mirrored and turned at random as one: all eight ways are as good."""
    ways = int(torch.randint(0, 8, (), generator=random, device=images.device))
    images = images.transpose(-1, -2) if ways & 1 else images
    return images.flip([d for d, bit in ((-1, 2), (-2, 4)) if ways & bit])


def toned(images: Tensor, random: torch.Generator) -> Tensor:
    """Images (N, C, H, W) in [-1, 1] under tone curves of their own: gamma 0.5 to 2, and up to a fifth darker or brighter."""
    drawn = torch.rand((2, len(images), 1, 1, 1), generator=random, device=images.device)
    gamma, shift = 2 ** (2 * drawn[0] - 1), 0.4 * (drawn[1] - 0.5)
    return (2 * ((images + 1) / 2).clamp_min(1e-4) ** gamma - 1 + shift).clamp(-1, 1)


class ColorGradientTask:
    """Training of one colour-gradient model with Adam."""

    threads = 2

    def __init__(self, config: ColorGradientConfig, device: Device) -> None:
        self.config, self.device = config, device
        self.model = ColorGradientNet(config).to(device.torch, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimiser = torch.optim.Adam(self.model.parameters(), config.learning_rate, fused=True)
        adam.begin(self.optimiser)

    def shown(self, images: Tensor, random: torch.Generator | None = None) -> Tensor:
        """What is left of images (N, 3, S, S) when the pretext has taken its part; without a generator the most that it takes."""
        if self.config.pretext == "restore":
            return self._damaged(images, random)
        seen = grey(images)
        if self.config.pretext == "style" and random is not None:
            seen = toned(seen, random)
        return seen

    def _damaged(self, images: Tensor, random: torch.Generator | None) -> Tensor:
        count = len(images)
        levels = torch.full((count,), 256.0, device=images.device)
        times = torch.full((count,), self.config.blur, device=images.device)
        if random is not None:
            drawn = torch.rand((3, count), generator=random, device=images.device)
            levels = (self.config.levels + (257 - self.config.levels) * drawn[0]).floor()
            fewer = (self.config.blur * drawn[1]).long()
            times = torch.where(drawn[2] < self.config.sharp, fewer, times)
        for done in range(self.config.blur):
            images = torch.where((times > done).view(-1, 1, 1, 1), blurred(images), images)
        return quantised(images, levels)

    def step(self, images: Tensor, seed: int, progress: float) -> dict[str, Tensor]:
        self.model.train()
        random = torch.Generator(images.device).manual_seed(seed)
        if self.config.schedule == "cosine":
            fall = 0.5 * (1 + float(np.cos(np.pi * min(progress, 1.0))))
            self.optimiser.param_groups[0]["lr"] = self.config.learning_rate * max(fall, 0.01)
        images = turned(images, random)
        with self.device.autocast():
            seen = self.shown(images, random).contiguous(memory_format=torch.channels_last)
            made = self.model(seen).float()
        error, slope = F.mse_loss(made, images), gradient_mse(made, images)
        self.optimiser.zero_grad(set_to_none=True)
        (error + self.config.gradient_weight * slope).backward()
        self.optimiser.step()
        return {"mse": error.detach() / 4, "gradient": slope.detach() / 4}

    @torch.no_grad()
    def made(self, images: Tensor) -> Tensor:
        """What the model makes of what is left of uint8 patches: uint8 (N, 3, S, S) on the CPU."""
        self.model.eval()
        chunks = (from_unit(self.model(self.shown(to_unit(chunk))).float()) for chunk in images.split(CHUNK))
        return torch.from_numpy(np.concatenate(list(chunks)))

    def left(self, images: Tensor) -> Tensor:
        """What is left of uint8 patches, as it looks: uint8 on the CPU."""
        return torch.from_numpy(
            np.concatenate([from_unit(self.shown(to_unit(chunk))) for chunk in images.split(CHUNK)])
        )

    def evaluate(self, images: Tensor) -> dict[str, float]:
        looked_at = images[:LOOKED_AT]
        return _errors(self.made(looked_at), looked_at.cpu())

    def baselines(self, images: ImageSet) -> dict[str, float]:
        looked_at = images.test[:LOOKED_AT]
        return {"the input as it is": _errors(self.left(looked_at), looked_at.cpu())["mse"]}

    def _rows(self, patches: Tensor) -> list[NDArray[np.uint8]]:
        return [self.left(patches).numpy(), self.made(patches).numpy(), patches.cpu().numpy()]

    def preview(self, images: ImageSet) -> dict[str, NDArray[np.uint8]]:
        return {"restyled": side_by_side(self._rows(spread(images.test, SHOWN)))}

    def health(self, images: ImageSet, losses: Mapping[str, float], progress: float) -> list[Finding]:
        if self.config.pretext != "style":
            beside = self.baselines(images)["the input as it is"]
            return health.no_better_than_its_input(losses["mse"], beside, progress)
        learned = spread(images.train, LOOKED_AT)  # what is held out of one photo may well have other colours
        beside = _errors(self.left(learned), learned.cpu())["mse"]
        return health.no_better_than_its_input(self.evaluate(learned)["mse"], beside, progress)

    def report(self, images: ImageSet) -> Report:
        test = images.test[:SCORED]
        ours, left = _errors(self.made(test), test.cpu()), _errors(self.left(test), test.cpu())
        scores = {"mse": ours["mse"], "input_mse": left["mse"], "psnr": psnr(ours["mse"])}
        scores |= {"gradient_psnr": psnr(ours["gradient"]), "input_psnr": psnr(left["mse"])}
        kept = spread(images.train, EXHIBITED)
        exhibit = {"images": kept.cpu()}
        if images.train_labels is not None:
            exhibit["labels"] = spread(images.train_labels, EXHIBITED).cpu()
        rows = np.stack(self._rows(spread(images.test, 7)))  # what it sees above, what it makes of that below
        return Report(scores, exhibit, montage(np.concatenate([rows[0], rows[1]]), rows.shape[1]))

    def state(self) -> dict[str, Tensor]:
        tensors = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        return tensors | adam.state(self.model, self.optimiser)

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        self.model.load_state_dict({name[6:]: tensor for name, tensor in state.items() if name.startswith("model.")})
        adam.load_state(self.model, self.optimiser, state)


def spread(rows: Tensor, count: int) -> Tensor:
    """So many of a tensor's rows at most, at equal distances."""
    return rows[:: max(1, len(rows) // count)][:count]


def _errors(images: Tensor, others: Tensor) -> dict[str, float]:
    """Mean squared errors of uint8 images and of their gradients, on [0, 1] pixels."""
    return {
        "mse": float(mse_per_image(images, others).mean()),
        "gradient": float(gradient_mse(images.float() / 255, others.float() / 255)),
    }


SPEC = ModelSpec(
    family="color_gradient",
    config=ColorGradientConfig,
    presets={
        "restore": Preset(
            ColorGradientConfig(),
            "Restore",
            "Sharpens what is soft. Its output is the difference to what it was shown, so it starts as good as its input.",
        ),
        "colorize": Preset(
            ColorGradientConfig(pretext="colorize", fold=4, widths=(128,) * 5, gradient_weight=0.3, learning_rate=5e-4),
            "Colorize",
            "Gives a grey picture the colours that it found on such edges and areas.",
            suits=lambda channels, size: False,
        ),
        "style": Preset(
            ColorGradientConfig(pretext="style", widths=(48, 48, 48), gradient_weight=0.3),
            "Style",
            "Learns which colours one photo, or a few of a kind, has where: half a minute is enough.",
            suits=lambda channels, size: False,
        ),
        "reference": Preset(
            ColorGradientConfig(
                widths=(64, 128, 256, 512, 256, 128, 64),
                fold=1,
                residual=False,
                bias=False,
                gradient_weight=0.0,
                learning_rate=2e-4,
                schedule="constant",
            ),
            "Reference",
            "Eight plain convolutions, to compare with. A hundred times the arithmetic; for a GPU.",
            suits=lambda channels, size: False,
        ),
    },
    model=ColorGradientNet,
    task=ColorGradientTask,
)
