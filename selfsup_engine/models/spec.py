"""What a family of models is to the rest of the engine: five fields, and the protocols that say what a trained model can do.

A new family is one new file beside this one that defines `SPEC`. The registry finds it; the form, the CLI, the train page and
the contract test follow from its Config.
"""

import contextlib
import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from torch import Tensor, nn

from selfsup_engine.errors import UserError, in_words
from selfsup_engine.health import Finding
from selfsup_engine.lean_torch import leave_out_compiler

if TYPE_CHECKING:
    from selfsup_engine.sources import ImageSet

leave_out_compiler()  # here, for whoever makes a network comes by before the first optimiser

MAX_SIZE = 64  # pixels a side of the largest images that a family draws


class Config(BaseModel):
    """What every family's Config has. Frozen; an unknown key is an error; every field has a range and a sentence of help."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    title: ClassVar[str]
    """What the family is called on a page."""
    lead: ClassVar[str]
    """What it will learn, in a sentence for a person who does not know the term."""
    patience: ClassVar[int] = 30
    """Seconds that a first run should have to show something on an ordinary machine: 30, 120 or 600."""

    size: int = Field(28, ge=28, le=MAX_SIZE, title="Image size", description="Side of the square images in pixels.")
    channels: int = Field(1, ge=1, le=3, title="Channels", description="1 for grey, 3 for colour.")
    batch: int = Field(128, ge=8, le=4096, title="Batch size", description="Images per training step.")
    learning_rate: float = Field(
        1e-3, ge=1e-6, le=1.0, title="Learning rate", description="Step length of the optimiser at its peak."
    )


@dataclass(frozen=True)
class Report:
    """What a finished run keeps besides its weights.

    scores: named figures on [0, 1] pixels; exhibit: named tensors with which the model can be explored without its data set;
    cover: (H, W, C) uint8 picture that stands for the model in the gallery.
    """

    scores: dict[str, float]
    exhibit: dict[str, Tensor]
    cover: NDArray[np.uint8]


class Task(Protocol):
    """One training in progress: the modules and their optimisers. The loop knows nothing else of a family."""

    @property
    def model(self) -> nn.Module:
        """What is saved as the run's weights."""

    @property
    def threads(self) -> int:
        """CPU threads with which this network trains fastest (the device's number is the upper limit)."""

    def step(self, images: Tensor, seed: int, progress: float) -> dict[str, Tensor]:
        """One optimiser step on float images in [-1, 1] (N, C, H, W), at `progress` in [0, 1] of the budget.

        Everything random is drawn from `seed`, so that a step can be repeated. Gives scalar tensors by name, left on the device.
        Figures of one unit are named "unit/which": they share a chart.
        """

    def evaluate(self, images: Tensor) -> dict[str, float]:
        """Figures on held-out uint8 images, without learning from them: the one that says most first; a figure that `step` gives too
        has the same name."""

    def baselines(self, images: "ImageSet") -> dict[str, float]:
        """What simple models reach on the held-out images, by name, in the unit of the first figure of `evaluate`."""

    def preview(self, images: "ImageSet") -> dict[str, NDArray[np.uint8]]:
        """Pictures (H, W, C) by name that show where the training stands."""

    def health(self, images: "ImageSet", losses: Mapping[str, float], progress: float) -> list[Finding]:
        """What is going wrong at `progress` in [0, 1] of the budget, in plain words; empty if nothing is.

        `losses` are the held-out figures that `evaluate` has just given.
        """

    def report(self, images: "ImageSet") -> Report:
        """What is kept when training ends."""

    def state(self) -> dict[str, Tensor]:
        """Every tensor needed to go on exactly from here, the model's included."""

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Takes up what `state` gave."""


@dataclass(frozen=True)
class Preset:
    """Settings that have a name: `title` and `summary` are for people.

    suits: whether it is the one to take for images of so many channels and pixels a side; resizes: whether it can be set to the size
    and the channels of any image set, or is what it is.
    """

    config: Config
    title: str
    summary: str
    suits: Callable[[int, int], bool] = lambda channels, size: True
    resizes: bool = True

    def fitted(self, family: str, channels: int, size: int) -> Config | None:
        """The settings for images of that kind: of that size, or the next larger one that the family draws. None if it cannot."""
        if not self.resizes:
            return self.config if (self.config.channels, self.config.size) == (channels, size) else None
        for side in range(size, MAX_SIZE + 1):
            with contextlib.suppress(UserError):
                return check_config(family, self.config.model_dump() | {"channels": channels, "size": side})
        return None


@dataclass(frozen=True)
class ModelSpec:
    """A family: its name, its Config, its named presets (the first is the default), how to build the bare model, its Task."""

    family: str
    config: type[Config]
    presets: Mapping[str, Preset]
    model: Callable[[Any], nn.Module]
    task: Callable[[Any, Any], Task]


@runtime_checkable
class Encodes(Protocol):
    """Gives codes for images."""

    @property
    def code_size(self) -> int:
        """Numbers per image."""

    def encode(self, images: Tensor) -> Tensor:
        """Float images (N, C, H, W) in [-1, 1] to codes (N, code_size)."""


@runtime_checkable
class Decodes(Protocol):
    """Gives images for codes."""

    def decode(self, codes: Tensor) -> Tensor:
        """Codes (N, code_size) to float images (N, C, H, W) in [-1, 1]."""


@runtime_checkable
class Samples(Protocol):
    """Gives images for random numbers."""

    @property
    def latent_size(self) -> int:
        """Standard normal numbers an image is drawn from."""

    def generate(self, z: Tensor) -> Tensor:
        """z (N, latent_size) to float images (N, C, H, W) in [-1, 1]."""

    def settle(self) -> None:
        """Makes weights from the midst of training ready to draw; those of a finished model are."""

    def first_layer(self, z: Tensor) -> Tensor:
        """Activations (N, K) of the first layer that z goes through."""

    def first_weights(self) -> Tensor:
        """The linear map (K, latent_size) by which the first layer takes z."""


@runtime_checkable
class Judges(Protocol):
    """Has an opinion on whether images are real."""

    def judge(self, images: Tensor) -> Tensor:
        """Float images (N, C, H, W) in [-1, 1] to opinions (N,) in [0, 1]."""


@runtime_checkable
class Restyles(Protocol):
    """Gives an image of the same size for an image of any size."""

    @property
    def pretext(self) -> str:
        """What it puts back: restore, colorize or style."""

    @property
    def halo(self) -> int:
        """Pixels to each side on which what it makes of a pixel depends, when tiles begin at multiples of `fold`."""

    @property
    def fold(self) -> int:
        """Pixels a side of the squares that it takes as one place."""

    def restyle(self, images: Tensor) -> Tensor:
        """Float images (N, 3, H, W) in [-1, 1] to images of the same shape and range."""


CAPABILITIES: dict[str, type] = {
    "encodes": Encodes,
    "decodes": Decodes,
    "samples": Samples,
    "judges": Judges,
    "restyles": Restyles,
}


def capabilities(model: nn.Module) -> tuple[str, ...]:
    """The names of the protocols that a model satisfies; pages filter the library by them."""
    return tuple(name for name, protocol in CAPABILITIES.items() if isinstance(model, protocol))


@cache
def families() -> dict[str, ModelSpec]:
    """Every family by name: each module of this package that defines SPEC."""
    package = importlib.import_module("selfsup_engine.models")
    modules = (
        importlib.import_module(f"{package.__name__}.{found.name}") for found in pkgutil.iter_modules(package.__path__)
    )
    return {module.SPEC.family: module.SPEC for module in modules if hasattr(module, "SPEC")}


def spec(family: str) -> ModelSpec:
    """The family of that name.

    Raises:
        UserError: there is none.
    """
    if family not in families():
        raise UserError(f"There is no model family {family!r}. There are: {', '.join(families())}.")
    return families()[family]


def check_config(family: str, values: Mapping[str, Any]) -> Config:
    """Values, by field, checked against the family's Config.

    Raises:
        UserError: a field is unknown or out of its range; the message names the field and the range.
    """
    config = spec(family).config
    try:
        return config.model_validate(dict(values))
    except ValidationError as error:
        titles = {name: about.title or name for name, about in config.model_fields.items()}
        raise UserError(f"The settings of this {family} do not fit: {in_words(error, titles)}.") from error


def preset_config(family: str, preset: str | None, changes: Mapping[str, Any]) -> tuple[str, Config]:
    """A preset (the family's first, if None) by name, with some fields changed.

    Raises:
        UserError: there is no such preset, or a change does not fit.
    """
    presets = spec(family).presets
    name = preset or next(iter(presets))
    if name not in presets:
        raise UserError(f"{family} has no preset {name!r}. There are: {', '.join(presets)}.")
    return name, check_config(family, presets[name].config.model_dump() | dict(changes))
