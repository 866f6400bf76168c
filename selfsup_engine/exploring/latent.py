"""The space of an autoencoder's codes: encode, decode, interpolate, traverse, and how far to trust a point.

Images are uint8 (N, C, H, W), codes float32 (N, D), both on the CPU: a model of this size answers faster there than a card can
be asked, and it stays free for training.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor

from selfsup_engine import exhibit, sources
from selfsup_engine.errors import UserError
from selfsup_engine.exploring.clusters import Clusters, k_means
from selfsup_engine.exploring.traced import Traced
from selfsup_engine.images import Crop, Pixels, open_image, to_bytes, to_pixels, to_unit
from selfsup_engine.images import encode as encode_picture
from selfsup_engine.models.saved import load_model
from selfsup_engine.models.spec import Decodes, Encodes
from selfsup_engine.runs import Run, RunFolder
from selfsup_engine.scores import CHUNK, Neighbours, mse_per_image, nearest

CLUSTERS = 10
LIFTED_BY = 8  # neighbours on the map that say how a point of it lies off its plane


def interpolate(start: Tensor, end: Tensor, steps: int, how: Literal["linear", "spherical"] = "linear") -> Tensor:
    """Codes (steps, D) from `start` to `end` (D,), both ends exact.

    spherical follows the arc (Shoemake, 1985) and changes the length evenly: codes of a variational model lie on a shell, and
    the straight line leaves it (White, 2016). Where there is no one arc (an end is zero, or they point the same way or opposite
    ways), it is the line.
    """
    t = torch.linspace(0, 1, steps)[:, None]
    line: Tensor = torch.lerp(start, end, t)
    if how == "linear":
        return line
    lengths = start.norm(), end.norm()
    if min(lengths) < 1e-6:
        return line
    a, b = start / lengths[0], end / lengths[1]
    angle = torch.arccos((a @ b).clamp(-1, 1))
    if angle < 1e-3 or angle > np.pi - 1e-3:
        return line
    arc = (torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b) / torch.sin(angle)
    codes: Tensor = arc * torch.lerp(lengths[0], lengths[1], t)
    codes[0], codes[-1] = start, end
    return codes


@dataclass(frozen=True)
class Plane:
    """Two directions in which codes are drawn as a map. For a 2-D code these are its axes, and nothing is lost.

    origin: (D,); axes: (2, D), orthonormal; lost: share of the codes' variance that the map does not show, in [0, 1].
    """

    origin: Tensor
    axes: Tensor
    lost: float

    @classmethod
    def of(cls, codes: Tensor) -> "Plane":
        """The first two principal components of codes (N, D); for D = 2 the code itself."""
        if codes.shape[1] == 2:
            return cls(torch.zeros(2), torch.eye(2), 0.0)
        origin = codes.mean(0)
        centred = (codes - origin).double()
        power, columns = torch.linalg.eigh(centred.T @ centred)  # in rising order
        axes = columns.T.flip(0)[:2].float()
        axes = axes * axes.gather(1, axes.abs().argmax(1, keepdim=True)).sign()  # the same way up at every call
        return cls(origin, axes, float(power[:-2].clamp_min(0).sum() / power.sum().clamp_min(1e-12)))

    def flat(self, codes: Tensor) -> Tensor:
        """Codes (N, D) on the map: (N, 2)."""
        return (codes - self.origin) @ self.axes.T

    def lifted(self, points: Tensor) -> Tensor:
        """Points of the map (N, 2) as codes (N, D): the one nearest to the codes' mean among all that are drawn there."""
        return self.origin + points @ self.axes


@dataclass(frozen=True)
class Compressed:
    """An image stored as its code at one byte a number. Sizes in bytes; mse on [0, 1] pixels; image (C, H, W) uint8."""

    raw_bytes: int
    png_bytes: int
    code_bytes: int
    image: Pixels
    mse: float


class Trust:
    """Whether a point lies where data lie, calibrated on codes that took no part: in [0, 1].

    A point's distance to its k-th neighbour, over that neighbourhood's own such distance, is about 1 among data and grows outside,
    whatever the local density (the local outlier factor of Breunig et al., 2000, in its simplest form). Up to the ratio that 90 %
    of held-out codes stay under, trust is 1; beyond, it falls with the square.
    """

    NEIGHBOURS = 10

    def __init__(self, codes: Tensor) -> None:
        self.codes, held_out = codes[::2], codes[1::2]
        k = min(self.NEIGHBOURS, max(1, len(self.codes) - 1))
        self._k = k
        self._nearest = Neighbours(self.codes)
        self._own = self._nearest(self.codes, k + 1)[0][:, -1]  # the first neighbour is the point itself
        self._floor = float(self._own.median()) * 0.1 + 1e-12  # duplicates have distance 0
        self._usual = float(self._ratio(held_out).quantile(0.9)) if len(held_out) else 1.0

    def _ratio(self, codes: Tensor) -> Tensor:
        distances, indices = self._nearest(codes, self._k)
        return distances[:, -1].clamp_min(self._floor) / self._own[indices].mean(1).clamp_min(self._floor)

    def __call__(self, codes: Tensor) -> Tensor:
        """Trust (N,) of codes (N, D)."""
        return (self._usual / self._ratio(codes).clamp_min(1e-12)).clamp(max=1).square()


class Look(NamedTuple):
    """What is seen at a code: the picture (C, H, W) uint8; the number of the kept image whose code is nearest; trust in [0, 1]."""

    picture: Pixels
    near: int
    trust: float


class LatentSpace:
    """A trained model that encodes and decodes, with the test images it keeps."""

    def __init__(self, folder: RunFolder) -> None:
        """Opens a run.

        Raises:
            UserError: it is not trained, it is damaged, or its family has no codes.
        """
        self.run: Run = folder.run
        self.name = folder.name
        model = load_model(folder)
        if not (isinstance(model, Encodes) and isinstance(model, Decodes)):
            raise UserError(f"{folder.name} has no codes to walk through: it is a {self.run.family}.")
        encoder, decoder = cast(Encodes, model), cast(Decodes, model)
        self._encode = Traced(model, lambda images: encoder.encode(to_unit(images)))
        self._model = decoder
        self._decode = Traced(model, self._in_bytes)
        self.code_size = model.code_size
        self.exhibit = exhibit.read(folder.path)
        if self.exhibit.codes.shape[1] != self.code_size:
            raise UserError(f"{folder.name}: its codes and its weights do not belong together.")
        self.channels, self.size = self.exhibit.images.shape[1], self.exhibit.images.shape[2]

    @cached_property
    def plane(self) -> Plane:
        """The map on which the codes are drawn."""
        return Plane.of(self.exhibit.codes)

    @cached_property
    def _neighbours(self) -> Neighbours:
        return Neighbours(self.exhibit.codes)

    @cached_property
    def _flat_neighbours(self) -> Neighbours:
        return Neighbours(self.plane.flat(self.exhibit.codes))

    @cached_property
    def trust(self) -> Trust:
        return Trust(self.exhibit.codes)

    @cached_property
    def trusts(self) -> Tensor:
        """How far the kept images' own codes lie among each other: trust (N,) in [0, 1]."""
        return self.trust(self.exhibit.codes)

    @cached_property
    def clusters(self) -> Clusters:
        """Groups that the kept images' codes fall into, as many as there are classes, or ten where there are none; labels play no part."""
        classes = len(self.run.result.classes) if self.run.result else 0
        return k_means(self.exhibit.codes, classes or CLUSTERS)

    @cached_property
    def quantiles(self) -> Tensor:
        """The 1 % and 99 % quantile of each dimension of the codes: (2, D)."""
        return self.exhibit.codes.quantile(torch.tensor([0.01, 0.99]), dim=0)

    def encode(self, images: Tensor) -> Tensor:
        """Codes (N, D) of uint8 images (N, C, H, W), in batches."""
        with torch.inference_mode():
            codes = torch.cat([self._encode(chunk) for chunk in images.split(CHUNK)])
        return codes.clone()

    def prepared(self, picture: Path | bytes, name: str = "", crop: Crop = "centre") -> Tensor:
        """Any picture as this model takes it, upright and square: uint8 (1, C, H, W).

        Raises:
            UserError: it is not a picture that can be read.
        """
        return torch.from_numpy(to_pixels([open_image(picture, name)], self.channels, self.size, crop))

    def _in_bytes(self, codes: Tensor) -> Tensor:
        return to_bytes(self._model.decode(codes))

    def decode(self, codes: Tensor) -> Pixels:
        """Images (N, C, H, W) uint8 of codes (N, D): any point, inside the data or out."""
        return np.concatenate([self._decode(chunk).numpy() for chunk in codes.float().split(CHUNK)])

    @cached_property
    def _look(self) -> Traced[tuple[Tensor, ...]]:
        trust, neighbours = self.trust, self._neighbours  # made now, or tracing would make them at each look

        def of(codes: Tensor) -> tuple[Tensor, ...]:
            return self._in_bytes(codes), neighbours(codes, 1)[1], trust(codes)

        return Traced(self._model, of)

    def look(self, code: Tensor) -> Look:
        """All that is seen at a code (D,): what `decode`, `neighbours` and `trust` give for it, found in one go."""
        images, near, trust = self._look(code.float()[None])
        return Look(images[0].numpy(), int(near), float(trust))

    def reconstruct(self, images: Tensor) -> Pixels:
        """Encode and decode."""
        return self.decode(self.encode(images))

    def traverse(self, code: Tensor, dimension: int, steps: int = 9) -> Tensor:
        """Codes (steps, D): `code` (D,) with one dimension taken through the data's 1 % to 99 % quantile."""
        codes = code.repeat(steps, 1)
        low, high = self.quantiles[:, dimension]
        codes[:, dimension] = torch.linspace(float(low), float(high), steps)
        return codes

    def lift(self, points: Tensor) -> Tensor:
        """Codes (N, D) for points (N, 2) of the map: at a kept image its very code, between images what they have in common.

        What the map does not show, the way off its plane, is the mean of the nearest images' own, weighted by inverse squared
        distance (Shepard, 1968): the bare plane runs through the middle of all codes, where a many-dimensional model draws a blur.
        """
        codes = self.plane.lifted(points)
        if self.code_size == 2:
            return codes
        distances, indices = self._flat_neighbours(points, LIFTED_BY)
        weights = 1 / distances.square().clamp_min(1e-12)
        own = self.exhibit.codes[indices]
        off = own - self.plane.lifted(self.plane.flat(own))
        return codes + (weights[:, :, None] * off).sum(1) / weights.sum(1, keepdim=True)

    def grid(self, side: int) -> tuple[Tensor, int, tuple[float, float, float, float]]:
        """Codes at even distances across the map, row by row from the top: (N, D), how many a row, and their extent x0, y0, x1, y1.

        The cells are square and hold 99 % of the codes on either axis; the longer side has `side` of them.
        """
        flat = self.plane.flat(self.exhibit.codes)
        low, high = flat.quantile(torch.tensor([0.005, 0.995]), dim=0)
        cell = (
            float((high - low).max()) / side or 1.0 / side
        )  # all codes at one point: a map needs some extent all the same
        columns, rows = (max(1, math.ceil(float(length) / cell - 1e-3)) for length in high - low)
        x0, y1 = (float(middle) for middle in (low + high) / 2 + torch.tensor([-columns, rows]) * cell / 2)
        x, y = x0 + (torch.arange(columns) + 0.5) * cell, y1 - (torch.arange(rows) + 0.5) * cell
        points = torch.stack([x.repeat(rows), y.repeat_interleave(columns)], dim=1)
        return self.lift(points), columns, (x0, y1 - rows * cell, x0 + columns * cell, y1)

    def neighbours(self, code: Tensor, count: int = 6) -> list[int]:
        """Indices of the kept test images whose codes are nearest to `code` (D,), nearest first."""
        return self._neighbours(code[None], count)[1][0].tolist()

    @cached_property
    def training(self) -> tuple[Tensor, Tensor]:
        """The training images (N, C, H, W) uint8 and their codes (N, D), fetched from the source.

        Raises:
            UserError: the data set is not at hand.
        """
        if not sources.is_local(self.run.source):
            raise UserError(
                f"The training images of {sources.called(self.run.source)} are not on this machine; the test images are shown."
            )
        images = sources.load(self.run.source).fitted(self.channels, self.size).train
        return images, self.encode(images)

    def nearest_training_images(self, code: Tensor, count: int = 6) -> Tensor:
        """The training images (count, C, H, W) uint8 whose codes are nearest to `code` (D,), nearest first."""
        images, codes = self.training
        return images[nearest(code[None], codes, count)[1][0]]

    def compress(self, image: Tensor) -> Compressed:
        """Stores an image (C, H, W) uint8 as one byte per number of its code, and draws it from those bytes again."""
        low, high = self.quantiles
        width = (high - low).clamp_min(1e-6)
        stored = ((self.encode(image[None])[0] - low) / width * 255).round().clamp(0, 255)
        drawn = self.decode((stored / 255 * width + low)[None])[0]
        raw = image.numpy()
        return Compressed(
            raw_bytes=raw.size,
            png_bytes=len(encode_picture(raw.transpose(1, 2, 0), "png")),
            code_bytes=self.code_size,
            image=drawn,
            mse=float(mse_per_image(image[None], torch.from_numpy(drawn)[None])[0]),
        )


def add_noise(image: Tensor, sigma: float, seed: int = 0) -> Tensor:
    """Gaussian noise of standard deviation `sigma` on [0, 1] pixels, clipped to what a file can hold: uint8 like `image`."""
    noise = torch.randn(image.shape, generator=torch.Generator().manual_seed(seed))
    return (image + 255 * sigma * noise).round().clamp(0, 255).to(torch.uint8)
