"""What is raced in `benchmarks.training`: data, network, batch, threads, contestants, and how many operations a step takes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from torch import Tensor

from selfsup_engine.device import pick
from selfsup_engine.models.spec import preset_config, spec


@dataclass(frozen=True)
class Race:
    """One table: contestants that train the same network on the same images. `rate` is Adam's; our_batch and our_rate are our own choice."""

    title: str
    family: str
    preset: str
    contestants: tuple[str, ...]
    quality: str
    data: str = "fashion-mnist"
    size: int = 28
    channels: int = 1
    batch: int = 128
    rate: float = 1e-3
    threads: int = 1
    our_batch: int = 0
    our_rate: float = 0.0
    extra: Mapping[str, Any] = field(default_factory=dict)
    folder: Path = Path()  # where its data and weights are
    seed: int = 0  # of the order of the images, another one in each round

    @property
    def changes(self) -> dict[str, Any]:
        """What is set on top of the preset."""
        return dict(self.extra) | {"batch": self.batch, "learning_rate": self.rate}

    @property
    def variational(self) -> bool:
        return self.extra.get("objective") == "variational"

    def shown(self) -> Callable[[Tensor], Tensor]:
        """What a model is shown of images: for most families the images."""
        if self.family != "color_gradient":
            return lambda images: images
        config = preset_config(self.family, self.preset, self.changes)[1]
        task: Any = spec(self.family).task(config, pick())
        shown: Callable[[Tensor], Tensor] = task.shown
        return shown

    def operations(self, contestant: str) -> float:
        """Floating-point operations an image of a training step, matrix products and convolutions alone; 0 if not counted.

        Forward, and backward by weights and by inputs, cost the same; the first layer's inputs need no slope.
        """
        if self.family == "dcgan":
            g, d = ([2 * 16 * a * b * s * s for a, b, s in sizes] for sizes in (GENERATOR, DISCRIMINATOR))
            once = 3 * sum(g) - g[0] + 2 * (3 * sum(d) - d[0]) + 2 * sum(d)
            return float(once + sum(d) * (contestant == "examples"))  # D's weights in G's step as well
        if self.family == "autoencoder":
            config: Any = preset_config(self.family, self.preset, self.changes)[1]
            codes = config.code * (1 + self.variational)
            pixels = self.channels * self.size**2
            down = [a * b for a, b in pairwise((pixels, *config.widths, codes))]
            up = [a * b for a, b in pairwise((config.code, *config.widths[::-1], pixels))]
            return float(6 * sum(down + up) - 2 * down[0])
        return 0.0


GENERATOR = ((100, 256, 1), (256, 128, 4), (128, 64, 8), (64, 1, 16))  # channels in and out, side of the smaller map
DISCRIMINATOR = ((1, 64, 16), (64, 128, 8), (128, 256, 4), (256, 1, 1))

CONSTANT = {"schedule": "constant"}
RACES: dict[str, Race] = {
    "mlp": Race(
        "Autoencoder 784-128-64-32-16-8-4-2",
        "autoencoder",
        "reference",
        ("tutorial", "pythae", "ours", "ours, our batch"),
        "test error",
        our_batch=1024,
        our_rate=5e-3,
    ),
    "wide": Race(
        "Autoencoder 784-512-256-128-2, the default preset's network",
        "autoencoder",
        "mlp",
        ("tutorial", "pythae", "ours"),
        "test error",
        extra=CONSTANT | {"code_decay": 0.0},
    ),
    "vae": Race(
        "Variational autoencoder 784-400-20",
        "autoencoder",
        "mlp",
        ("tutorial", "pythae", "ours"),
        "test error",
        extra=CONSTANT
        | {"objective": "variational", "widths": (400,), "code": 20, "activation": "relu", "code_decay": 0.0},
    ),
    "dcgan": Race(
        "DCGAN, 32 px, grey",
        "dcgan",
        "reference",
        ("examples", "ours"),
        "Frechet distance",
        size=32,
        rate=2e-4,
        threads=2,
    ),
    "restore": Race(
        "Colour gradients: restore, patches of photos",
        "color_gradient",
        "restore",
        ("tutorial", "ours"),
        "test error",
        data="photos",
        size=48,
        channels=3,
        batch=16,
        threads=2,
        extra=CONSTANT | {"size": 48, "gradient_weight": 0.0, "sharp": 0.0, "levels": 256},
    ),
}
