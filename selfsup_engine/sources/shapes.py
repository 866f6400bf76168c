"""Drawn shapes with known factors: pictures of which everything is known, to hold a learned code against.

Each is one shape on a dark ground, from its signed distance function, so that edges are antialiased at any size. The factors are
drawn first and depend on count and seed only: the same seed gives the same scenes at every size, in colour and in grey.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from selfsup_engine.errors import UserError
from selfsup_engine.images import Pixels
from selfsup_engine.sources.base import Arrays, SourceInfo

CLASSES = ("circle", "ring", "triangle", "square", "star", "cross")
FACTORS = np.dtype([("shape", "i8"), ("hue", "f4"), ("radius", "f4"), ("x", "f4"), ("y", "f4"), ("angle", "f4")])
RANGES = {"size": (28, 64), "count": (20, 30_000), "seed": (0, 2**31 - 1), "channels": (1, 3)}
GROUND = np.array([0.07, 0.08, 0.11], dtype=np.float32)
CHUNK = 256

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Options:
    """What a source string such as `shapes:size=48,count=6000,seed=3,channels=1` may ask for."""

    size: int = 32
    """Pixels a side."""
    count: int = 5000
    """Images in all; the last fifth of them is the test split."""
    seed: int = 0
    channels: int = 3

    @property
    def test(self) -> int:
        """How many images the test split has."""
        return self.count // 5

    @classmethod
    def parse(cls, text: str) -> Options:
        """The options in `key=value,key=value`.

        Raises:
            UserError: an option that does not exist, or a value out of its range.
        """
        chosen: dict[str, int] = {}
        for part in filter(None, text.split(",")):
            key, _, value = (side.strip() for side in part.partition("="))
            if key not in RANGES:
                names = ", ".join(field.name for field in fields(cls))
                raise UserError(
                    f"Shapes have no option {key[:40]!r}. Choose from {names}, as in shapes:size=48,seed=3."
                )
            low, high = RANGES[key]
            number = int(value) if value.isascii() and value.isdigit() and len(value) <= 10 else -1
            if not low <= number <= high or (key == "channels" and number == 2):
                allowed = "1 or 3" if key == "channels" else f"a whole number from {low} to {high}"
                raise UserError(f"The shapes' {key} is {allowed}, not {value[:40]!r}.")
            chosen[key] = number
        return cls(**chosen)


def info(known: SourceInfo, options: str) -> SourceInfo:
    """The catalogue's entry, with what the options change in it.

    Raises:
        UserError: as `Options.parse`.
    """
    chosen = Options.parse(options)
    name = f"{known.name}:{options}" if options else known.name
    train, test = chosen.count - chosen.test, chosen.test
    return replace(known, name=name, train=train, test=test, size=chosen.size, channels=chosen.channels)


def read(options: Options) -> Arrays:
    """Draws the set; its labels are the kinds of shape."""
    drawn = factors(options.count, options.seed)
    pixels = draw(drawn, options.size, options.channels)
    labels = drawn["shape"].astype(np.int64)
    cut = options.count - options.test
    return Arrays(pixels[:cut], pixels[cut:], labels[:cut], labels[cut:], CLASSES)


def factors(count: int = Options.count, seed: int = Options.seed) -> NDArray[Any]:
    """The factors of `count` scenes, the training images' first, as a structured array of `FACTORS`.

    `shape` is a position in `CLASSES`, `hue` is in [0, 1), `angle` in [0, 2 pi) radians, clockwise; `radius` and the centre's `x`
    (to the right) and `y` (down) are shares of the picture's side, so chosen that the whole shape is seen.
    """
    random = np.random.default_rng(seed)
    drawn = np.empty(count, dtype=FACTORS)
    drawn["shape"] = random.integers(len(CLASSES), size=count)
    drawn["hue"] = random.random(count)
    drawn["radius"] = random.uniform(0.18, 0.36, count)
    margin = drawn["radius"] + 0.02
    for axis in ("x", "y"):
        drawn[axis] = margin + random.random(count) * (1 - 2 * margin)
    drawn["angle"] = random.uniform(0, 2 * np.pi, count)
    return drawn


def draw(drawn: NDArray[Any], size: int, channels: int = 3) -> Pixels:
    """Scenes as pictures.

    Args:
        drawn: `FACTORS` (N,).
        size: pixels a side.
        channels: 3, or 1 for the Rec. 601 luma of the same colours.

    Returns:
        uint8 (N, `channels`, `size`, `size`).
    """
    colours, ground = _hue_to_rgb(drawn["hue"]), GROUND
    if channels == 1:
        luma = np.array([[0.299], [0.587], [0.114]], dtype=np.float32)
        colours, ground = colours @ luma, ground @ luma
    pixels = np.empty((len(drawn), channels, size, size), dtype=np.uint8)
    for kind, distance in enumerate(_DISTANCES):
        rows = np.flatnonzero(drawn["shape"] == kind)
        for start in range(0, len(rows), CHUNK):
            chunk = rows[start : start + CHUNK]
            part = drawn[chunk]
            x, y = _local_grid(part, size)
            pixels_apart = distance(x, y) * (part["radius"] * size)[:, None, None]
            covered = np.clip(0.5 - pixels_apart, 0, 1)[:, None]
            mixed = ground[:, None, None] * (1 - covered) + colours[chunk, :, None, None] * covered
            pixels[chunk] = np.rint(mixed * 255)
    return pixels


def _local_grid(drawn: NDArray[Any], size: int) -> tuple[Floats, Floats]:
    """The pixels' centres as each shape sees them: turned, centred on it, its radius 1. Two float32 (N, size, size)."""
    centres = (np.arange(size, dtype=np.float32) + 0.5) / size
    right = (centres - drawn["x"][:, None])[:, None, :]
    down = (centres - drawn["y"][:, None])[:, :, None]
    cos, sin = ((turn(drawn["angle"]) / drawn["radius"])[:, None, None] for turn in (np.cos, np.sin))
    return (cos * right + sin * down).astype(np.float32), (cos * down - sin * right).astype(np.float32)


def _hue_to_rgb(hue: Floats, low: float = 0.28, high: float = 0.97) -> Floats:
    """Bright colours of hue in [0, 1), (N,) -> float32 (N, 3); `low` and `high` are their darkest and lightest channel."""
    sixths = (hue[:, None] * 6 + np.array([0, 4, 2], dtype=np.float32)) % 6
    rgb: Floats = low + (high - low) * np.clip(np.abs(sixths - 3) - 1, 0, 1)
    return rgb


# Signed distances to shapes of radius 1: negative inside, exact near the outline, which is all that antialiasing needs.


def _length(x: Floats, y: Floats) -> Floats:
    length: Floats = np.sqrt(x * x + y * y)
    return length


def _circle(x: Floats, y: Floats) -> Floats:
    return _length(x, y) - 1


def _ring(x: Floats, y: Floats, width: float = 0.36) -> Floats:
    distance: Floats = np.abs(_length(x, y) - (1 - width / 2)) - width / 2
    return distance


def _star(x: Floats, y: Floats, points: int, inner: float) -> Floats:
    """All of a star's edges are mirror images of one: from an outer corner at angle 0 to an inner one at pi / points."""
    wedge = math.pi / points
    radius, angle = _length(x, y), np.arctan2(y, x)
    folded = np.abs((angle + wedge) % (2 * wedge) - wedge)
    corner_x, corner_y = inner * math.cos(wedge), inner * math.sin(wedge)
    edge_x, edge_y = corner_x - 1, corner_y
    from_tip_x, from_tip_y = radius * np.cos(folded) - 1, radius * np.sin(folded)
    length_squared = edge_x**2 + edge_y**2
    along = np.clip((from_tip_x * edge_x + from_tip_y * edge_y) / length_squared, 0, 1)
    outside = np.sign(from_tip_y * -edge_x + from_tip_x * edge_y)
    distance: Floats = outside * _length(from_tip_x - along * edge_x, from_tip_y - along * edge_y)
    return distance


def _triangle(x: Floats, y: Floats) -> Floats:
    return _star(x, y, 3, math.cos(math.pi / 3))


def _square(x: Floats, y: Floats) -> Floats:
    return _star(x, y, 4, math.cos(math.pi / 4))


def _five_pointed(x: Floats, y: Floats) -> Floats:
    return _star(x, y, 5, 0.42)


def _cross(x: Floats, y: Floats, half_width: float = 0.3) -> Floats:
    long, short = np.maximum(np.abs(x), np.abs(y)), np.minimum(np.abs(x), np.abs(y))
    end = math.sqrt(1 - half_width**2)
    distance: Floats = np.maximum(long - end, short - half_width)
    return distance


_DISTANCES = (_circle, _ring, _triangle, _square, _five_pointed, _cross)
