"""Models side by side: in what their runs differ, and what each makes of the same images, with PCA of the same size beside.

The images are those that the first model keeps (its exhibit), held out of training. Every second one fits PCA, which needs no data set
to be at hand and gives the same figures wherever a link is opened; the others are what all are compared on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import torch
from torch import Tensor

from selfsup_engine.exploring.latent import LatentSpace, Plane
from selfsup_engine.images import Pixels, fit, from_unit, to_unit
from selfsup_engine.models.spec import spec
from selfsup_engine.runs import Run
from selfsup_engine.scores import CHUNK, LinearBaseline, mse_per_image

SHARED = 2_000  # images at most that are compared


@dataclass(frozen=True)
class Difference:
    """A setting in which runs differ: its name in words, and what each run says; None where its family has no such setting."""

    name: str
    values: tuple[str | None, ...]


def differences(runs: Sequence[Run]) -> list[Difference]:
    """The settings in which runs differ, what they learned from first; empty if they are the same request."""
    said = [_settings(run) for run in runs]
    names = list(dict.fromkeys(name for settings in said for name in settings))
    rows = [Difference(name, tuple(settings.get(name) for settings in said)) for name in names]
    return [row for row in rows if len(set(row.values)) > 1]


def _settings(run: Run) -> dict[str, str]:
    kind = spec(run.family).config
    titles = {name: about.title or name for name, about in kind.model_fields.items()}
    config = {titles.get(name, name): _words(value) for name, value in run.config.items()}
    about = {"Data": run.source, "Family": kind.title, "Preset": run.preset, "Budget": str(run.budget)}
    return about | config | {"Seed": str(run.seed)}


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(_words, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


class Redraws(Protocol):
    """Gives codes for images, and images for codes: a latent space, or PCA."""

    name: str
    code_size: int
    channels: int
    size: int

    @property
    def plane(self) -> Plane:
        """The map on which the codes are drawn."""

    def encode(self, images: Tensor) -> Tensor:
        """Codes (N, D) of uint8 images (N, C, S, S)."""

    def decode(self, codes: Tensor) -> Pixels:
        """Images (N, C, S, S) uint8 of codes (N, D)."""


class Pca:
    """Principal component analysis as a model that encodes and decodes: the best linear autoencoder (Baldi and Hornik, 1989)."""

    def __init__(self, images: Tensor, code_size: int) -> None:
        """Fits `code_size` components to uint8 images (N, C, S, S); fewer, where there are not so many."""
        self.channels, self.size = images.shape[1], images.shape[2]
        self._linear = LinearBaseline.fit(images, code_size)
        self.code_size = self._linear.components.shape[1]
        self.name = f"PCA, {self.code_size} numbers"
        codes = self.encode(images)
        self._plane = Plane.of(codes)

    @property
    def plane(self) -> Plane:
        return self._plane

    def encode(self, images: Tensor) -> Tensor:
        chunks = ((to_unit(c).flatten(1) - self._linear.mean) @ self._linear.components for c in images.split(CHUNK))
        return torch.cat(list(chunks))

    def decode(self, codes: Tensor) -> Pixels:
        pixels = codes @ self._linear.components.T + self._linear.mean
        return from_unit(pixels.view(len(codes), self.channels, self.size, self.size))


@dataclass(frozen=True, eq=False)
class Column:
    """What one model makes of the shared images: as it takes them and as it draws them (N, C, S, S) uint8, its errors (N,) on [0, 1] pixels, its
    codes (N, D), and where they lie on its map (N, 2)."""

    model: Redraws
    seen: Tensor
    drawn: Pixels
    errors: Tensor
    codes: Tensor
    flat: Tensor

    @classmethod
    def of(cls, model: Redraws, images: Tensor) -> "Column":
        """Asks a model; images of another size or number of channels are fitted to it first."""
        seen = fit(images, model.channels, model.size)
        codes = model.encode(seen)
        drawn = model.decode(codes)
        return cls(model, seen, drawn, mse_per_image(seen, torch.from_numpy(drawn)), codes, model.plane.flat(codes))


class Comparison:
    """Models that encode and decode on the same images, and a PCA for every code size among them."""

    def __init__(self, spaces: Sequence[LatentSpace]) -> None:
        self.spaces = spaces
        kept = spaces[0].exhibit
        self.images = kept.images[1::2][:SHARED]
        """(N, C, S, S) uint8, as the first model takes them."""
        self.labels = None if kept.labels is None else kept.labels[1::2][:SHARED]
        result = spaces[0].run.result
        self.classes: tuple[str, ...] = result.classes if result else ()

    @cached_property
    def columns(self) -> list[Column]:
        """The models in their order, then the PCAs."""
        first = self.spaces[0]
        sizes = sorted({space.code_size for space in self.spaces})
        fitting = fit(first.exhibit.images[0::2], first.channels, first.size)
        models: list[Redraws] = [*self.spaces, *(Pca(fitting, size) for size in sizes)]
        return [Column.of(model, self.images) for model in models]

    def order(self, by: str, count: int) -> list[int]:
        """Numbers of `count` images: "differ", where the models' errors lie farthest apart; "worst", where their mean is largest; "best", where
        it is smallest; else the first."""
        errors = torch.stack([column.errors for column in self.columns[: len(self.spaces)]])
        ranks: Mapping[str, Callable[[], Tensor]] = {
            "differ": lambda: errors.max(0).values - errors.min(0).values,
            "worst": lambda: errors.mean(0),
            "best": lambda: -errors.mean(0),
        }
        if by not in ranks:
            return list(range(min(count, errors.shape[1])))
        return ranks[by]().argsort(descending=True, stable=True)[:count].tolist()
