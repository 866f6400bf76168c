"""What a generator draws: seeded samples, truncation, walks, planes, neighbours of a sample, and what it learned from.

z are float32 (N, L), images uint8 (N, C, H, W), both on the CPU. An image is the same bytes wherever it is drawn on one machine: the
page, a link, the command line and Python all draw it alone and on one thread, because a sum of floats depends on how it is split.
"""

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from selfsup_engine import exhibit, memory
from selfsup_engine.device import one_thread
from selfsup_engine.errors import UserError
from selfsup_engine.exploring.directions import Direction, found_in
from selfsup_engine.exploring.latent import interpolate
from selfsup_engine.exploring.spot import Spot, numbers_of
from selfsup_engine.exploring.traced import Traced
from selfsup_engine.images import Crop, Pixels, open_image, to_bytes, to_pixels, to_unit
from selfsup_engine.kept_directions import Kept
from selfsup_engine.models.saved import load_model
from selfsup_engine.models.spec import Judges, Samples
from selfsup_engine.runs import Run, RunFolder

OPENING = 36  # samples among which the first one to be seen is chosen


def drawn_from(seed: int, index: int, size: int) -> Tensor:
    """The numbers (L,) of sample no. `index` of a seed, standard normal: each sample's own, however many are drawn."""
    return torch.from_numpy(np.random.default_rng([seed, index]).standard_normal(size, dtype=np.float32))


def truncated(z: Tensor, limit: float) -> Tensor:
    """Standard normal numbers as draws from the normal distribution cut off at +-limit.

    The truncation trick of Brock et al. (2019), who draw anew what falls outside. Here each number keeps its rank instead
    (through the distribution's inverse), so that a sample changes smoothly with the limit. 0: as they are.
    """
    if limit <= 0:
        return z
    low, high = torch.special.ndtr(torch.tensor([-limit, limit], dtype=torch.float64))
    ranks = low + torch.special.ndtr(z.double()) * (high - low)
    kept: Tensor = torch.special.ndtri(ranks).clamp(-limit, limit).float()
    return kept


def walk(stops: Sequence[Tensor], frames: int, loop: bool = True) -> Tensor:
    """Points (F, L) from stop to stop along the arcs between them, `frames` for each stretch, and back to the first if it loops."""
    ends = [*stops, stops[0]] if loop and len(stops) > 1 else list(stops)
    legs = [interpolate(a, b, frames + 1, "spherical")[:-1] for a, b in pairwise(ends)]
    return torch.cat(legs if loop and len(stops) > 1 else [*legs, ends[-1][None]])


def on_plane(corners: Sequence[Tensor], u: float, v: float) -> Tensor:
    """The point (L,) of the plane through three corners: the first at (0, 0), the others at u = 1 and at v = 1.

    Its length is the corners' own in the same mixture: the flat plane runs through the middle of the shell on which samples lie.
    """
    shares = torch.tensor([1 - u - v, u, v])
    flat: Tensor = (shares[:, None] * torch.stack(list(corners))).sum(0)
    length = (shares * torch.stack([corner.norm() for corner in corners])).sum().abs()
    point: Tensor = flat * length / flat.norm().clamp_min(1e-6)
    return point


class Look(NamedTuple):
    """What is seen at a point: the picture (C, H, W) uint8; the number of the kept training image whose pixels are nearest; the
    discriminator's opinion in [0, 1], if there is one."""

    picture: Pixels
    near: int
    opinion: float | None


class Sampler:
    """A trained generator, with the training images it keeps, and the directions that a person kept for it."""

    def __init__(self, folder: RunFolder, kept: Sequence[Kept] = ()) -> None:
        """Opens a run.

        Raises:
            UserError: it is not trained, it is damaged, or its family draws nothing from random numbers.
        """
        self.run: Run = folder.run
        self.name = folder.name
        self.kept = kept
        model = load_model(folder)
        if not isinstance(model, Samples):
            raise UserError(
                f"{folder.name} draws no samples from random numbers: it is of the family {self.run.family}."
            )
        self.model = cast(Samples, model)
        self.latent_size = model.latent_size
        self.exhibit = exhibit.read(folder.path)
        self.channels, self.size = self.exhibit.images.shape[1], self.exhibit.images.shape[2]
        self.usual_fidelity: float | None = None  # what inversion finds out once

    # ------------------------------------------------------------------------------------------------------- where

    def z(self, spot: Spot) -> Tensor:
        """The numbers (L,) of a point.

        Raises:
            UserError: it has another number of them, or goes along a direction that this model has not.
        """
        if spot.code:
            z = torch.from_numpy(numbers_of(spot.code))
            if len(z) != self.latent_size:
                raise UserError(
                    f"This sample has {len(z)} numbers, and {self.name} takes {self.latent_size}: it is another model's."
                )
        else:
            z = drawn_from(spot.seed, spot.index, self.latent_size)
        moved = truncated(z, spot.truncation).numpy()
        for name, sigmas in spot.moves:
            moved = (
                moved + sigmas * self.axis(name).numpy()
            )  # a few numbers: NumPy keeps Python's lock for them, PyTorch does not
        return torch.from_numpy(moved)

    def axis(self, name: str) -> Tensor:
        """The unit vector (L,) of a direction: found in the activations (g0, g1, ...), in the weights (s0, ...), by example and kept
        (d and eight digits), or one number (z0, ...).

        Raises:
            UserError: there is none of that name.
        """
        for own in self.kept:
            if own.id == name and len(own.numbers) == self.latent_size:
                return torch.from_numpy(own.numbers)
        if name[0] == "d":
            raise UserError(
                f"This sample is moved along a direction that is not kept here ({name}). If you deleted it, bring it back under Directions; "
                "if somebody sent you the link, ask for the direction's file, and take it in there."
            )
        if name[0] == "z" and name[1:].isdigit() and int(name[1:]) < self.latent_size:
            axis = torch.zeros(self.latent_size)
            axis[int(name[1:])] = 1.0
            return axis
        for direction in [*self.directions["activations"], *self.directions["weights"]]:
            if direction.id == name:
                return direction.axis
        raise UserError(f"{self.name} has no direction {name}. Open the link with the model that it was made with.")

    def knows(self, name: str) -> bool:
        """Whether it has a direction of that name."""
        try:
            self.axis(name)
        except UserError:
            return False
        return True

    @cached_property
    def directions(self) -> dict[str, list[Direction]]:
        """By method, the directions along which this generator's pictures change most, the strongest first."""
        found = found_in(self.model)
        memory.trim()  # many pictures were compared for a few vectors
        return found

    @cached_property
    def opening(self) -> Spot:
        """A sample to begin with: of the first of seed 0 the one nearest to a training image, for how much detail it has.

        The nearest alone would be the plainest.
        """
        images = self.sample(OPENING)
        drawn = torch.from_numpy(images).float()
        like = self.exhibit.images[[found[0] for found in self.nearest(images)]].float()
        detail = drawn.diff(dim=-1).abs().mean((1, 2, 3)).clamp_min(1.0)
        return Spot(0, int(((drawn - like).flatten(1).norm(dim=1) / detail).argmin()))

    def more_like(self, spot: Spot, count: int, spread: float, seed: int = 0) -> list[Spot]:
        """Points around one: each turned from it by the angle `spread` (radians) in a random way, its length kept."""
        z = self.z(spot)
        found = []
        for index in range(count):
            away = drawn_from(seed, index, self.latent_size)
            away = away - z * (away @ z) / z.square().sum().clamp_min(1e-9)
            turned = np.cos(spread) * z + np.sin(spread) * away * z.norm() / away.norm().clamp_min(1e-9)
            found.append(Spot.of(turned.numpy()))
        return found

    def on_plane(self, corners: Sequence[Spot], u: float, v: float) -> Spot:
        """The point of the plane through three others: see the function of that name."""
        return Spot.of(on_plane([self.z(corner) for corner in corners], u, v).numpy())

    # -------------------------------------------------------------------------------------------------------- what

    @cached_property
    def in_bytes(self) -> Traced[Tensor]:
        """uint8 images (N, C, H, W) of z (N, L), drawn together: their last bits depend on how many they are."""
        return Traced(self.model, lambda z: to_bytes(self.model.generate(z)))

    @cached_property
    def _judge(self) -> Traced[Tensor] | None:
        return Traced(self.model, self._opinions) if isinstance(self.model, Judges) else None

    def _opinions(self, images: Tensor) -> Tensor:
        return cast(Judges, self.model).judge(to_unit(images))

    @torch.inference_mode()
    def draw(self, z: Tensor) -> Pixels:
        """Images (N, C, H, W) of z (N, L), each drawn alone."""
        with one_thread():
            return np.concatenate([self.in_bytes(one).numpy() for one in z.float().split(1)])

    def images(self, spots: Sequence[Spot]) -> Pixels:
        """Images (N, C, H, W) of points.

        Raises:
            UserError: one is none of this model's.
        """
        return self.draw(torch.stack([self.z(spot) for spot in spots]))

    def sample(self, count: int, seed: int = 0, first: int = 0, truncation: float = 0.0) -> Pixels:
        """Images (N, C, H, W): samples no. `first` and on of a seed."""
        return self.images([Spot(seed, first + i).within(truncation) for i in range(count)])

    @cached_property
    def _look(self) -> Traced[tuple[Tensor, ...]]:
        judges, flat = isinstance(self.model, Judges), self._flat  # laid out now, or tracing would do it at each look

        def of(z: Tensor) -> tuple[Tensor, ...]:
            images = to_bytes(self.model.generate(z))
            said = (self._opinions(images),) if judges else ()
            return images, _nearest(images, *flat, 1), *said

        return Traced(self.model, of)

    @torch.inference_mode()
    def look(self, z: Tensor) -> Look:
        """All that is seen at a point z (L,): what `draw`, `nearest` and `opinion` give for it, found in one go."""
        with one_thread():
            images, near, *said = self._look(z.float()[None])
        return Look(images[0].numpy(), int(near), float(said[0]) if said else None)

    @torch.inference_mode()
    def opinion(self, images: Pixels) -> NDArray[np.float32] | None:
        """The discriminator's opinion (N,) in [0, 1] that images are real. It is no measure of quality: a generator learns to please it."""
        if self._judge is None:
            return None
        with one_thread():
            found: NDArray[np.float32] = self._judge(torch.from_numpy(images)).numpy()
        return found

    @cached_property
    def _flat(self) -> tuple[Tensor, Tensor]:
        flat = self.exhibit.images.flatten(1).float()
        return flat, flat.square().sum(1)

    def nearest(self, images: Pixels, count: int = 1) -> list[list[int]]:
        """For each image the numbers of the kept training images whose pixels are nearest, nearest first."""
        return _nearest(torch.from_numpy(images), *self._flat, min(count, len(self.exhibit.images))).tolist()

    def prepared(self, picture: Path | bytes, name: str = "", crop: Crop = "centre") -> Pixels:
        """Any picture as this model would draw it, upright and square: (1, C, H, W) uint8.

        Raises:
            UserError: it is not a picture that can be read.
        """
        return to_pixels([open_image(picture, name)], self.channels, self.size, crop)


def _nearest(images: Tensor, flat: Tensor, squares: Tensor, count: int) -> Tensor:
    """The numbers (N, count) of the flattened images (P, C * H * W), of given squared lengths (P,), that are nearest to each of N others."""
    found = images.flatten(1).float() @ flat.T  # |x - y|^2 is |y|^2 - 2 x y and what all have in common
    return (squares - 2 * found).topk(count, largest=False).indices
