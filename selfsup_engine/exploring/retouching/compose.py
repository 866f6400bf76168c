"""Compose: new fields of colour. A few points fix colours, what is between them flows, and a photo's gradients lend it grain."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from selfsup_engine.errors import UserError
from selfsup_engine.exploring.retouching.base import MEASURED, Progress, part, reduced, silent
from selfsup_engine.field_statistics import FieldStatistics
from selfsup_engine.gradients import gradient, screened_poisson, structure
from selfsup_engine.oklab import from_srgb, to_srgb

ROWS = 64  # drawn at a time
REACH = 0.5
"""Standard deviation of a point's influence, a share of the picture's long side."""
POINTED = 1e-6
"""Square of the distance at which a point's colour is as good as alone, in long sides."""
KEPT = 12.0
"""Grain has no areas larger than this share of the long side, 1 to so many: there the points alone give the colour."""
NATURAL = (0.06, 0.015, 0.015)
"""Standard deviations in L, a and b of grain without a reference."""
LENT = 0.3
"""Share of the reference's gradients at full grain: the colours stay those of the points."""
PLACE = 0.3
"""Length of a photo's long side in OKLab's units: how far a place counts beside a colour when its points are sought."""


@dataclass(frozen=True)
class Point:
    """A colour at a place: x from left to right and y from top to bottom, in [0, 1]; sRGB values 0 to 255."""

    x: float
    y: float
    colour: tuple[int, int, int]


def compose(
    size: tuple[int, int],
    points: Sequence[Point],
    *,
    texture: Tensor | None = None,
    statistics: FieldStatistics | None = None,
    grain: float = 0.0,
    seed: int = 0,
    progress: Progress = silent,
) -> Tensor:
    """A photo (3, H, W) uint8 of that size (H, W), through the colours of points.

    Args:
        points: at least one. Each has exactly its colour, if there is no grain.
        texture: (3, h, w) uint8, whose gradients the grain shall have; without one it has those of natural scenes (1/f).
        statistics: without a texture, how strong the grain's gradients shall be.
        grain: in [0, 1]; 0 is smooth.
        seed: which grain.

    Raises:
        UserError: there is no point.
    """
    if not points:
        raise UserError("There is no colour to begin with. Add a point.")
    height, width = size
    noise = torch.Generator().manual_seed(seed)
    change = grain * _grain(size, texture, statistics, noise) if grain > 0 else None
    places, colours = _pixels(points, size)
    rows = torch.arange(height) / max(size)
    columns = torch.arange(width) / max(size)
    drawn = torch.empty(3, height, width, dtype=torch.uint8)
    report = part(progress, 0.2, 1)
    for top in range(0, height, ROWS):
        report(top / height)
        band = slice(top, min(top + ROWS, height))
        lab = _between(rows[band], columns, places, colours)
        if change is not None:
            lab += _part(change, size, band)
        # Noise of half an 8-bit step keeps slow changes from banding.
        dither = torch.rand(lab.shape, generator=noise) - 0.5
        drawn[:, band] = (to_srgb(lab) * 255 + dither).round_().clamp_(0, 255).to(torch.uint8)
    progress(1.0)
    return drawn


def points_of(photo: Tensor, count: int) -> list[Point]:
    """Up to `count` colours of a photo (3, H, W) uint8 with their places: the middles of clusters in (L, a, b, x, y)."""
    from sklearn.cluster import KMeans  # takes seconds to import

    small = reduced(photo, 4096)
    height, width = small.shape[-2:]
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    features = torch.cat([from_srgb(small), torch.stack([x, y]) * (PLACE / max(height, width))]).flatten(1).T
    means = KMeans(min(count, len(features)), n_init=2, random_state=0).fit(features.numpy()).cluster_centers_
    # A pixel, not the mean: means are greyer than what is seen.
    nearest = torch.cdist(torch.from_numpy(means).float(), features).argmin(1).tolist()
    colours = small.flatten(1).T.tolist()
    return [Point((i % width + 0.5) / width, (i // width + 0.5) / height, tuple(colours[i])) for i in nearest]


def _pixels(points: Sequence[Point], size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """The pixels in which points lie (N, 2), x and y in long sides, and their colours (N, 3) in OKLab."""
    scale = torch.tensor([size[1], size[0]])
    places = (torch.tensor([[point.x, point.y] for point in points]) * scale).floor().clamp_min(0).minimum(scale - 1)
    colours = torch.tensor([point.colour for point in points], dtype=torch.uint8)
    return places / max(size), from_srgb(colours.T[:, :, None])[:, :, 0].T


def _between(rows: Tensor, columns: Tensor, places: Tensor, colours: Tensor) -> Tensor:
    """Colours (3, h, w) at the crossings of rows (h,) and columns (w,): means of the points', so that none is new.

    D. Shepard, "A two-dimensional interpolation function for irregularly-spaced data", 1968, with a Gaussian's reach.
    """
    across = (columns - places[:, :1]).square()[:, None, :]
    squares = across + (rows - places[:, 1:]).square()[:, :, None]
    weights = (squares * (-0.5 / REACH**2)).exp_().div_(squares.add_(POINTED).square_())
    return torch.einsum("nc,nhw->chw", colours, weights) / weights.sum(0)


def _grain(
    size: tuple[int, int], texture: Tensor | None, statistics: FieldStatistics | None, noise: torch.Generator
) -> Tensor:
    """Grain (3, h, w) in OKLab at a working size: what the Poisson equation makes of the gradients of a random-phase texture.

    B. Galerne, Y. Gousseau and J.-M. Morel, "Random phase textures: theory and synthesis", 2011.
    """
    share = (MEASURED / (size[0] * size[1])) ** 0.5
    height, width = (max(1, round(side * share)) for side in size)
    y, x = torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width)[None]
    if texture is None:
        fall = 1 / torch.hypot(x, y).clamp_min(1 / max(height, width))
        amplitude = fall / fall.square().mean().sqrt() * torch.tensor(NATURAL)[:, None, None]
        amplitude = amplitude * (height * width) ** 0.5
    else:
        lab = F.interpolate(from_srgb(_cut(texture, height, width))[None], (height, width), mode="area")[0]
        window = torch.outer(torch.hann_window(height, False), torch.hann_window(width, False))
        window /= window.square().mean().sqrt().clamp_min(1e-6)
        amplitude = LENT * torch.fft.rfft2((lab - lab.mean((1, 2), keepdim=True)) * window)
    # The phase of white noise has the symmetry of a real picture's. It turns all channels alike, and so keeps their colours.
    phase = torch.fft.rfft2(torch.randn(height, width, generator=noise)).sgn()
    drawn = torch.fft.irfft2(amplitude * phase, s=(height, width))
    if texture is None and statistics is not None:
        own = float(structure(gradient(drawn)).strength.mean())
        drawn *= LENT * float(statistics.strength.mean()) / max(own, 1e-9)
    return screened_poisson(torch.zeros_like(drawn), gradient(drawn), (KEPT / max(height, width)) ** 2)


def _cut(texture: Tensor, height: int, width: int) -> Tensor:
    """The middle of a photo (3, H, W) uint8, reduced, in the proportions of height to width."""
    small = reduced(texture)
    share = min(small.shape[-2] / height, small.shape[-1] / width)
    rows, columns = (max(1, round(side * share)) for side in (height, width))
    top, left = (small.shape[-2] - rows) // 2, (small.shape[-1] - columns) // 2
    return small[:, top : top + rows, left : left + columns]


def _part(change: Tensor, size: tuple[int, int], band: slice) -> Tensor:
    """Rows of what is drawn at the working size (3, h, w), at the picture's size: bilinear."""
    height = change.shape[-2]
    at = ((torch.arange(band.start, band.stop) + 0.5) * (height / size[0]) - 0.5).clamp(0, height - 1)
    above = at.floor().long()
    below = (above + 1).clamp_max(height - 1)
    lines = torch.lerp(change[:, above], change[:, below], (at - above)[:, None])
    return F.interpolate(lines, size[1], mode="linear", align_corners=False)
