"""The six operations: each field has a range and a sentence of help, from which the page's sliders and the command line's options come."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, ClassVar, Literal, Union

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from selfsup_engine.exploring.photo import Restyler, difference, levels
from selfsup_engine.exploring.retouching import (
    compose,
    enhance,
    flatten,
    recolour,
    reinhard,
    restyle,
    segment,
    verdicts,
)
from selfsup_engine.exploring.retouching.base import Progress, silent
from selfsup_engine.exploring.retouching.mean_shift import mean_shift
from selfsup_engine.exploring.retouching.operation import Colour, Means, Operation, model_of, reference_of
from selfsup_engine.exploring.retouching.verdicts import Verdict
from selfsup_engine.field_statistics import FieldStatistics
from selfsup_engine.scaling import MEASURED, guided, reduced

COLORIZED_AT = 50_000
"""Pixels of the copy that a colorize model is shown: it learned scenes at such sizes. A style is applied at the size of all statistics."""


class Enhance(Operation):
    """Mixes the gradients that a model puts back with the photo's own."""

    operation: Literal["enhance"] = "enhance"
    title: ClassVar[str] = "Enhance"
    lead: ClassVar[str] = (
        "Puts back the edges that a soft photo has lost: a model that learned to undo blur says which."
    )

    strength: float = Field(0.7, ge=0, le=1, title="Strength", description="0 leaves the photo as it is.")
    coarse: float = Field(
        1.0, ge=0, le=2, title="At viewing size", description="Gain of edges that are seen on a screen."
    )
    fine: float = Field(1.0, ge=0, le=2, title="In full detail", description="Gain of edges that are seen at 100 %.")
    contrast: float = Field(0.0, ge=-1, le=1, title="Local contrast", description="Gain of the photo's own gradients.")

    @property
    def pretexts(self) -> tuple[str, ...]:
        return ("restore",)

    def prepare(self, photo: Tensor, means: Means, progress: Progress = silent) -> list[Tensor]:
        return levels(model_of(means, self), photo, enhance.BASE, progress)

    def apply(self, photo: Tensor, prepared: list[Tensor], progress: Progress = silent) -> Tensor:
        return enhance.enhance(
            photo,
            prepared,
            strength=self.strength,
            coarse=self.coarse,
            fine=self.fine,
            contrast=self.contrast,
            progress=progress,
        )

    classical_title: ClassVar[str] = "Unsharp mask"

    def classical(self, photo: Tensor, means: Means) -> Tensor:
        return enhance.unsharp(photo)

    def verdict(self, photo: Tensor, changed: Tensor, classical: Tensor | None, means: Means) -> Verdict:
        return verdicts.restored(model_of(means, self), photo)


class Recolour(Operation):
    """Other colours under the same light."""

    operation: Literal["recolour"] = "recolour"
    title: ClassVar[str] = "Recolour"
    lead: ClassVar[str] = "Gives the photo other colours and leaves its light alone."
    prepared_by: ClassVar[tuple[str, ...]] = ("colours", "palette")
    classical_title: ClassVar[str] = "Reinhard 2001"

    colours: Literal["reference", "palette", "model"] = Field(
        "reference", title="Colours from", description="A photo, a few colours, or a model that learned to colorize."
    )
    palette: tuple[Colour, ...] = Field(
        ("#264653", "#2a9d8f", "#e9c46a", "#f4a261", "#e76f51"),
        min_length=1,
        max_length=12,
        title="Palette",
        description="The colours, as #rrggbb.",
    )
    locked: tuple[Colour, ...] = Field(
        (), max_length=12, title="Locked colours", description="Colours that stay exactly as they are, as #rrggbb."
    )
    keep_neutral: float = Field(
        0.0, ge=0, le=1, title="Keep greys", description="How far what has no colour stays without."
    )

    @property
    def pretexts(self) -> tuple[str, ...]:
        return ("colorize", "style") if self.colours == "model" else ()

    @property
    def wants_reference(self) -> bool:
        return self.colours == "reference"

    def prepare(self, photo: Tensor, means: Means, progress: Progress = silent) -> recolour.Plan:
        match self.colours:
            case "reference":
                colours = recolour.Colours.of_photo(reference_of(means, self))
            case "palette":
                colours = recolour.Colours.of_palette([rgb(colour) for colour in self.palette])
            case "model":
                colours = recolour.Colours.of_picture(restyled(model_of(means, self), photo))
        return recolour.planned(photo, colours, progress)

    def apply(self, photo: Tensor, prepared: recolour.Plan, progress: Progress = silent) -> Tensor:
        return recolour.recolour(
            photo,
            prepared,
            strength=self.strength,
            locked=[rgb(colour) for colour in self.locked],
            keep_neutral=self.keep_neutral,
            progress=progress,
        )

    def compares(self, means: Means) -> bool:
        return self.colours == "reference"

    def classical(self, photo: Tensor, means: Means) -> Tensor:
        return reinhard.reinhard(photo, reference_of(means, self))

    def verdict(self, photo: Tensor, changed: Tensor, classical: Tensor | None, means: Means) -> Verdict | None:
        if self.colours != "reference":
            return None
        return verdicts.moved(photo, changed, classical, FieldStatistics.of(reference_of(means, self)), "chroma")


class Style(Operation):
    """Moves the statistics of the gradient field to another photo's."""

    operation: Literal["style"] = "style"
    title: ClassVar[str] = "Style"
    lead: ClassVar[str] = (
        "Gives the photo the gradients and the colours of another one: of a style that a model learned, or of any photo."
    )
    classical_title: ClassVar[str] = "Reinhard 2001"

    no_model: ClassVar[str] = "no model: the gradients of a photo"

    @property
    def pretexts(self) -> tuple[str, ...]:
        return ("style",)

    @property
    def wants_reference(self) -> bool:
        return True

    def prepare(
        self, photo: Tensor, means: Means, progress: Progress = silent
    ) -> tuple[FieldStatistics, Tensor | None]:
        if means.model is None:
            return FieldStatistics.of(reference_of(means, self)), None
        model, learned = model_of(means, self), means.learned
        assert learned is not None
        return learned, restyled(model, photo)

    def apply(
        self, photo: Tensor, prepared: tuple[FieldStatistics, Tensor | None], progress: Progress = silent
    ) -> Tensor:
        wanted, styled = prepared
        return restyle.restyle(photo, wanted, strength=self.strength, styled=styled, progress=progress)

    def compares(self, means: Means) -> bool:
        return means.model is None

    def classical(self, photo: Tensor, means: Means) -> Tensor:
        return reinhard.reinhard(photo, reference_of(means, self))

    def verdict(self, photo: Tensor, changed: Tensor, classical: Tensor | None, means: Means) -> Verdict | None:
        wanted = means.learned if means.model is not None else FieldStatistics.of(reference_of(means, self))
        assert wanted is not None
        return verdicts.moved(photo, changed, classical, wanted, "strength")


class Flatten(Operation):
    """Texture out, edges kept."""

    operation: Literal["flatten"] = "flatten"
    title: ClassVar[str] = "Flatten"
    lead: ClassVar[str] = "Takes the texture away and keeps the edges, as a painter would."
    classical_title: ClassVar[str] = "Mean shift"

    scale: float = Field(
        0.004, ge=0.001, le=0.02, title="Scale", description="The largest texture, as a share of the photo's long side."
    )

    def apply(self, photo: Tensor, prepared: None, progress: Progress = silent) -> Tensor:
        return flatten.flatten(photo, strength=self.strength, scale=self.scale, progress=progress)

    def classical(self, photo: Tensor, means: Means) -> Tensor:
        return mean_shift(photo)

    def verdict(self, photo: Tensor, changed: Tensor, classical: Tensor | None, means: Means) -> Verdict:
        return verdicts.flattened(photo, changed, classical)


class Segment(Operation):
    """Regions in their mean colours."""

    operation: Literal["segment"] = "segment"
    title: ClassVar[str] = "Segment"
    lead: ClassVar[str] = (
        "Cuts the photo into regions along its strongest gradients. Any region can be a mask for the other operations."
    )

    detail: float = Field(0.5, ge=0, le=1, title="Detail", description="0 is one region, 1 every small one.")

    no_model: ClassVar[str] = "no model: the photo's own gradients"

    @property
    def pretexts(self) -> tuple[str, ...]:
        return ("restore",)

    def prepare(self, photo: Tensor, means: Means, progress: Progress = silent) -> segment.Hierarchy:
        if means.model is None:
            return segment.hierarchy(photo, progress=progress)
        learned = as_pixels(restyled(model_of(means, self), photo))  # its gradients are those that the model put back
        return replace(segment.hierarchy(learned, progress=progress), size=(photo.shape[-2], photo.shape[-1]))

    def apply(self, photo: Tensor, prepared: segment.Hierarchy, progress: Progress = silent) -> Tensor:
        drawn = segment.in_mean_colors(photo, prepared.at(self.detail), progress)
        return mixed(photo, drawn, self.strength)


class ColourAt(BaseModel):
    """A colour at a place, in shares of the photo's sides from its upper left."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    x: float = Field(ge=0, le=1)
    y: float = Field(ge=0, le=1)
    colour: Colour


Grained = tuple[list[compose.Point], Tensor | None, FieldStatistics | None]
"""Colours with their places, and the photo or the statistics that the grain comes from."""


class Compose(Operation):
    """New colour fields between colours that were put down."""

    operation: Literal["compose"] = "compose"
    title: ClassVar[str] = "Compose"
    lead: ClassVar[str] = (
        "Makes a new picture from a few colours: put them down, and the field between them is made, with the grain of a photo."
    )

    points: tuple[ColourAt, ...] = Field(
        (), max_length=64, title="Colours", description="Colours and their places; the photo's own where none is given."
    )
    own: int = Field(
        7, ge=2, le=24, title="Colours of the photo", description="How many are taken where none was put down."
    )
    grain: float = Field(0.3, ge=0, le=1, title="Grain", description="How strong the reference's gradients are.")
    seed: int = Field(0, ge=0, le=2**31 - 1, title="Seed", description="Which of all such grains.")
    prepared_by: ClassVar[tuple[str, ...]] = ("points", "own")

    no_model: ClassVar[str] = "no model: the grain of a photo"

    @property
    def pretexts(self) -> tuple[str, ...]:
        return ("style",)

    @property
    def wants_reference(self) -> bool:
        return True

    def prepare(self, photo: Tensor, means: Means, progress: Progress = silent) -> Grained:
        points = [compose.Point(point.x, point.y, rgb(point.colour)) for point in self.points]
        points = points or compose.points_of(photo, self.own)
        if means.model is not None:
            return points, None, means.learned
        return points, reference_of(means, self), None

    def apply(self, photo: Tensor, prepared: Grained, progress: Progress = silent) -> Tensor:
        points, texture, learned = prepared
        made = compose.compose(
            (photo.shape[-2], photo.shape[-1]),
            points,
            texture=texture,
            statistics=learned,
            grain=self.grain,
            seed=self.seed,
            progress=progress,
        )
        return mixed(photo, made, self.strength)


AnyOperation = Annotated[
    Union[Enhance, Recolour, Style, Flatten, Segment, Compose], Field(discriminator="operation")  # noqa: UP007
]
OPERATIONS: dict[str, type[Operation]] = {
    kind.model_fields["operation"].default: kind for kind in (Enhance, Recolour, Style, Flatten, Segment, Compose)
}


def rgb(colour: str) -> tuple[int, int, int]:
    """#rrggbb as three numbers of 0 to 255."""
    red, green, blue = bytes.fromhex(colour[1:])
    return red, green, blue


def restyled(model: Restyler, photo: Tensor) -> Tensor:
    """What a model of colours makes of a photo: (3, h, w) in [0, 1]. Seen small, and carried up along the photo's own edges."""
    small, larger = reduced(photo, COLORIZED_AT if model.pretext == "colorize" else MEASURED), reduced(photo)
    change = difference(model, small).float()
    if small is not larger:
        change = guided(change, enhance.luma(small)[None], enhance.luma(larger)[None])
    return (larger.float() / 255 + change).clamp(0, 1)


def as_pixels(picture: Tensor) -> Tensor:
    """A picture in [0, 1] as uint8."""
    return (255 * picture).round().clamp(0, 255).to(torch.uint8)


def mixed(photo: Tensor, other: Tensor, strength: float) -> Tensor:
    """Two pictures (3, H, W) uint8, from the first at strength 0 to the second at 1."""
    if strength == 1:
        return other
    channels = [torch.lerp(one.float(), two.float(), strength) for one, two in zip(photo, other, strict=True)]
    return torch.stack([channel.round_().to(torch.uint8) for channel in channels])
