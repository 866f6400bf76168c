"""A run as a film: map and pictures side by side, from its first step to its last, with the step written above and the curve below."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from selfsup_engine.errors import UserError
from selfsup_engine.exploring.alignment import Codes
from selfsup_engine.exploring.curve import curve, place
from selfsup_engine.exploring.moment import Moment
from selfsup_engine.exploring.timeline import Timeline
from selfsup_engine.images import Pixels, animate
from selfsup_engine.pictures import PALETTE

PAPER, INK, FAINT, ACCENT, SECOND = "#fbfaf8", "#1f2421", "#d9d6cd", "#0f766e", "#e2661c"
HEAD, FOOT, RIM, GAP = 34, 62, 14, 6  # pixels: the line of the step, the curve, the margins
SIDE = 264  # pixels of the map, and of the pictures' height at most
WIDEST = 600  # pixels of all pictures at most
BETWEEN, HELD, FINAL = 6, 2, 14  # frames: from one step to the next, at a step, at the end
FEWEST = 48  # frames that a film of few steps has on its way
FPS = 16.0


def film(timeline: Timeline, progress: Callable[[float], None] = lambda share: None) -> bytes:
    """The steps of a run as a GIF.

    Raises:
        UserError: there is one step alone, or nothing to show to the model.
    """
    moments = timeline.look(progress=lambda share: progress(share / 2))
    if len(moments) < 2:
        raise UserError("Only its beginning was kept, and that makes no film. Train it some more steps.")
    shown = []
    for done, frame in enumerate(frames(timeline, moments)):
        shown.append(frame)
        progress(0.5 + 0.4 * min(1.0, done / (len(moments) * (BETWEEN + HELD) + FINAL)))
    made = animate(np.stack(shown), "gif", fps=FPS, side=shown[0].shape[-1])
    progress(1.0)
    return made


def frames(timeline: Timeline, moments: Sequence[Moment]) -> Iterator[Pixels]:
    """Frames (3, H, W) uint8: at each moment, and on the way from it to the next one, where the points move evenly."""
    still = _Stage(timeline, moments)
    between = max(BETWEEN, FEWEST // len(moments))
    maps = timeline.maps([moment.step for moment in moments]) if timeline.kind == "codes" else [None] * len(moments)
    if timeline.kind == "codes":
        still.window(maps)  # type: ignore[arg-type]
    for (here, one), (there, other) in pairwise(zip(moments, maps, strict=True)):
        for _ in range(HELD):
            yield still.frame(here, one, place(here.step))
        for i in range(1, between):
            share = i / between
            points = None if one is None or other is None else one + share * share * (3 - 2 * share) * (other - one)
            yield still.frame(here, points, place(here.step) + share * (place(there.step) - place(here.step)))
    for _ in range(FINAL):
        yield still.frame(moments[-1], maps[-1], place(moments[-1].step))


class _Stage:
    """Where things are on a frame."""

    def __init__(self, timeline: Timeline, moments: Sequence[Moment]) -> None:
        self.kind = timeline.kind
        self.last: float = max(place(moments[-1].step), 1.0)
        self.labels: NDArray[np.int64] | None = None
        if timeline.kind == "codes" and timeline.given.labels is not None:
            self.labels = timeline.given.labels.numpy()
        self.before = timeline.shown
        height, width = self._beside(moments[0].sheet).shape[:2]
        factor = min(WIDEST / width, SIDE / height)
        self.hard = self.kind != "photo"
        if self.hard:
            factor = max(1, int(factor))
        self.picture = round(width * factor), round(height * factor)
        self.left = RIM + (SIDE + RIM if self.kind == "codes" else 0)
        self.height = max(self.picture[1], SIDE if self.kind == "codes" else 0)
        self.size = max(self.left + self.picture[0] + RIM, 300), HEAD + self.height + FOOT
        self.low, self.scale = np.zeros(2), 1.0
        self.font = ImageFont.load_default(16)
        self.small = ImageFont.load_default(11)
        self.title = timeline.run.title or timeline.folder.name
        self.curve = curve(timeline.folder.history())
        self.back = self._back()

    def window(self, maps: Sequence[Codes]) -> None:
        """Has the map show the middle of them all."""
        ends = np.array([np.nanquantile(points, (0.02, 0.98), axis=0) for points in maps])
        low, high = ends[:, 0].min(axis=0), ends[:, 1].max(axis=0)
        side = 1.2 * float((high - low).max()) or 1.0
        self.low, self.scale = (low + high - side) / 2, SIDE / side

    def _beside(self, sheet: Pixels) -> Pixels:
        """What the model is shown with what it makes of it: above it, or to the left of a photo."""
        if self.before is None:
            return sheet
        gap, along = (GAP, 0) if self.kind == "codes" else (2 * GAP, 1)
        paper = np.array([int(PAPER[i : i + 2], 16) for i in (1, 3, 5)], np.uint8)
        one, other = (np.broadcast_to(picture, (*picture.shape[:2], 3)) for picture in (self.before, sheet))
        size = list(one.shape)
        size[along] = gap
        return np.concatenate([one, np.broadcast_to(paper, size), other], axis=along)

    def _x(self, at: float) -> float:
        return float(RIM + at / self.last * (self.size[0] - 2 * RIM))

    def _back(self) -> Image.Image:
        """What is the same on all frames: the paper and the curve."""
        image = Image.new("RGB", self.size, PAPER)
        draw = ImageDraw.Draw(image)
        draw.text((self.size[0] - RIM, 18), self.title, INK, self.small, anchor="rm")
        top, foot = self.size[1] - FOOT + 10, self.size[1] - 12
        draw.line([(RIM, foot), (self.size[0] - RIM, foot)], FAINT)
        _, train, held_out = self.curve
        values = [value for _, value in [*train, *held_out] if value > 0]
        if values:
            low, high = np.log(min(values)), np.log(max(values))
            for points, ink in ((train, ACCENT), (held_out, SECOND)):
                way = [
                    (self._x(place(step)), foot - 3 - (np.log(value) - low) / ((high - low) or 1) * (foot - top - 3))
                    for step, value in points
                    if value > 0 and place(step) <= self.last
                ]
                if len(way) > 1:
                    draw.line(way, ink, 2)
        return image

    def frame(self, moment: Moment, points: Codes | None, at: float) -> Pixels:
        """One frame (3, H, W)."""
        image = self.back.copy()
        draw = ImageDraw.Draw(image)
        draw.text((RIM, 18), f"step {moment.step:,}", INK, self.font, anchor="lm")
        sheet = self._beside(moment.sheet)
        picture = Image.fromarray(sheet[..., 0] if sheet.shape[2] == 1 else sheet).convert("RGB")
        way = Image.Resampling.NEAREST if self.hard else Image.Resampling.BICUBIC
        image.paste(picture.resize(self.picture, way), (self.left, HEAD + (self.height - self.picture[1]) // 2))
        x = self._x(at)
        draw.line([(x, self.size[1] - FOOT + 6), (x, self.size[1] - 8)], ACCENT, 2)
        draw.ellipse([x - 4, self.size[1] - 16, x + 4, self.size[1] - 8], ACCENT)
        pixels = np.asarray(image).copy()
        if points is not None:
            self._dots(pixels[HEAD : HEAD + SIDE, RIM : RIM + SIDE], points)
        return pixels.transpose(2, 0, 1)

    def _dots(self, field: Pixels, points: Codes) -> None:
        """Puts points (N, 2) onto a square (S, S, 3) as dots of two by two pixels, in the colours of their labels."""
        known = np.isfinite(points).all(axis=1)
        x, y = ((points[known] - self.low) * self.scale).T
        inside = (x >= 0) & (x < SIDE - 1) & (y > 0) & (y < SIDE - 1)
        columns, rows = x[inside].astype(int), (SIDE - 1 - y[inside]).astype(int)
        inks = np.array([[int(ink[i : i + 2], 16) for i in (1, 3, 5)] for ink in (*PALETTE, ACCENT)], np.uint8)
        which = np.full(len(points), -1) if self.labels is None else self.labels % len(PALETTE)
        colours = inks[which[known][inside]]
        for down in (0, 1):
            for right in (0, 1):
                field[rows + down, columns + right] = colours
