"""A trained model of any family, opened to be looked into: what goes through it, and what its layers make of that.

Images are uint8 (N, C, H, W), what flows between the layers float32, all on the CPU.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor

from selfsup_engine import exhibit
from selfsup_engine.errors import UserError
from selfsup_engine.exploring.anatomy import Anatomy, Layer, Pass
from selfsup_engine.exploring.sampling import drawn_from
from selfsup_engine.images import Crop, Pixels, from_unit, open_image, to_pixels, to_unit
from selfsup_engine.models.color_gradient_networks import taken_away
from selfsup_engine.models.saved import load_model
from selfsup_engine.models.spec import Encodes, Restyles, Samples
from selfsup_engine.runs import Run, RunFolder

PATCH = 96
"""Pixels a side of what a model is given that takes photos of any size."""
WATCHED = 2_000  # images of the exhibit, at most, to which a unit's answers are compared
DRAWN = 500  # samples, likewise, of a model that draws from random numbers
FEWEST, WORK = 36, 4e10  # at least so many; beyond that so many multiply-adds in all, which is a second or two
CHUNK = 128  # inputs at once: bounds the memory of wide layers


@dataclass(frozen=True, eq=False)
class Journey:
    """One input on its way. stations: what goes into each pass and, last, what comes out, (1, ...) each; outputs: what each layer
    gives, (C, H, W) or (D,)."""

    stations: list[Tensor]
    outputs: list[Tensor]


class Inside:
    """A model with its layers, and the images that it keeps."""

    def __init__(self, folder: RunFolder) -> None:
        """Opens a run.

        Raises:
            UserError: it is not trained, or it is damaged.
        """
        self.run: Run = folder.run
        self.name = folder.name
        self.model = load_model(folder)
        self.exhibit = exhibit.read(folder.path)
        channels, side = self.exhibit.images.shape[1:3]
        self.any_size = isinstance(self.model, Restyles)
        self.shape = (channels, PATCH, PATCH) if self.any_size else (channels, side, side)
        numbers = isinstance(self.model, Samples)
        self.numbers = cast(Samples, self.model).latent_size if numbers else 0
        try:
            self.anatomy = Anatomy(self.model, torch.zeros(1, self.numbers) if numbers else torch.zeros(1, *self.shape))
        except RuntimeError as error:
            raise UserError(f"{folder.name}: its images and its weights do not belong together.") from error

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All of them, in order."""
        return self.anatomy.layers

    @property
    def passes(self) -> tuple[Pass, ...]:
        """The ways through it."""
        return self.anatomy.passes

    def travel(self, given: Tensor) -> Journey:
        """One input through all passes: an image (C, H, W) uint8, or random numbers (L,) for a model that draws."""
        at = to_unit(given[None]) if given.dtype == torch.uint8 else given[None]
        stations, outputs = [at], []
        for way in self.passes:
            found, at = self.anatomy.outputs(way, at)
            outputs += [one[0] for one in found]
            stations.append(at)
        return Journey(stations, outputs)

    def prepared(self, picture: Path | bytes, name: str = "", crop: Crop = "centre") -> Tensor:
        """Any picture as this model takes it, upright and square: uint8 (C, H, W).

        Raises:
            UserError: it is not a picture that can be read.
        """
        return torch.from_numpy(to_pixels([open_image(picture, name)], self.shape[0], self.shape[1], crop))[0]

    @property
    def apart(self) -> int:
        """Every so manieth image of the exhibit is watched."""
        return max(1, -(-len(self.exhibit.images) // min(WATCHED, self._affordable)))

    @property
    def _affordable(self) -> int:
        return max(FEWEST, int(WORK / max(1, sum(layer.macs for layer in self.layers))))

    @cached_property
    def _images(self) -> Tensor:
        return self.exhibit.images[:: self.apart]

    @cached_property
    def _numbers(self) -> Tensor:
        """What goes into a pass that takes no images: codes of the watched images, or samples no. 0 and on of seed 0. (N, D)."""
        if self.numbers:
            return torch.stack([drawn_from(0, i, self.numbers) for i in range(min(DRAWN, self._affordable))])
        encodes = cast(Encodes, self.model)
        with torch.inference_mode():
            return torch.cat([encodes.encode(to_unit(chunk)) for chunk in self._images.split(CHUNK)]).clone()

    def as_in_training(self, images: Tensor) -> Tensor:
        """Images (N, C, H, W) uint8 as the model was shown them: blurred, or grey, for one that learned to undo that."""
        if not isinstance(self.model, Restyles):
            return images
        pretext = (
            "colorize" if self.model.pretext == "style" else self.model.pretext
        )  # a style learned from grey photos
        return torch.from_numpy(from_unit(taken_away(pretext, to_unit(images), int(self.run.config["blur"]))))

    @cached_property
    def _shown(self) -> Tensor:
        return self.as_in_training(self._images)

    def watched(self, way: Pass) -> Tensor:
        """The inputs of a pass by which its units are judged: images (N, C, H, W) uint8, or numbers (N, D)."""
        return self._shown if way.takes == "image" else self._numbers

    def pictures(self, way: Pass, rows: Tensor) -> Pixels:
        """What the inputs of some rows (K,) look like, (K, C, H, W): the images themselves, or what is drawn from the numbers."""
        if way.takes == "image" or not self.numbers:
            return self._images[rows].numpy()
        with torch.inference_mode():
            return np.concatenate([from_unit(way.run(z[None])) for z in self._numbers[rows]])

    def pass_of(self, layer: Layer) -> Pass:
        """The pass in which a layer lies."""
        return next(way for way in self.passes if way.part == layer.part)
