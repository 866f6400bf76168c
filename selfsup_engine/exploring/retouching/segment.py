"""A photo's regions: watershed basins of its colour gradient, merged from the weakest boundary to the strongest, cut at any level.

The gradient is Di Zenzo's, of local colour histograms instead of colours, so that grain and texture are no boundary. How strong the
boundary between two regions is depends on the gradient along it, on how their colours differ as a whole, and on their sizes. All is
done on a small copy of the photo; labels are carried up to the photo's size.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy import ndimage, sparse
from torch import Tensor

from selfsup_engine.errors import UserError
from selfsup_engine.exploring.retouching.base import Progress, reduced, silent
from selfsup_engine.gradients import structure
from selfsup_engine.oklab import from_srgb

Array = NDArray[Any]

ROWS = 256  # of a photo, taken at a time
SCALES = (1 / 280, 1 / 200, 1 / 100)  # standard deviations of the histograms' windows, of the root of the area
SEED_SCALE = 1 / 270  # of the smoothing before minima are sought
BINS = 5
RANGES = ((0.0, 1.0), (-0.25, 0.25), (-0.25, 0.25))  # of L, a and b
COLOR = 0.3  # exponent of the regions' difference in colour, beside 1 - COLOR of the gradient between them
SIZE, SMALL = 0.2, 0.003  # exponent of the regions' size, and the share of the picture below which it tells


def color_strength(photo: Tensor) -> Tensor:
    """How strongly the local colour distribution changes at each pixel of a photo (3, H, W) uint8: (H, W) in [0, 1].

    The Di Zenzo strength of the square roots of local histograms (of L, a and b of OKLab, under Gaussian windows of three sizes), which
    is how fast the Hellinger distance grows: the limit for small steps of what D. Martin, C. Fowlkes and J. Malik, "Learning to detect
    natural image boundaries", 2004, measure between half-discs. Windows: M. Kass and J. Solomon, "Smoothed local histogram
    filters", 2010. A window over two flat colours without a bin in common, in all three channels, gives 1 on the edge between them.
    """
    side = (photo.shape[1] * photo.shape[2]) ** 0.5
    share = 1 / (len(SCALES) * len(RANGES)) ** 0.5
    roots = []
    for bin_share in _bin_shares(photo):
        for scale in SCALES:
            deviation = scale * side
            histogram = ndimage.gaussian_filter(bin_share, deviation)
            roots.append(np.sqrt(histogram + 1e-4) * (share * deviation * (2 * np.pi) ** 0.5))
    return _central_strength(np.stack(roots)).clamp(0, 1)


def _bin_shares(photo: Tensor) -> Iterator[NDArray[np.float32]]:
    """For each bin of each of L, a and b, how much each pixel of a photo counts for it, (H, W): a value counts for the two nearest."""
    for values, (low, high) in zip(from_srgb(photo).numpy(), RANGES, strict=True):
        position = ((values - low) / (high - low)).clip(0, 1) * (BINS - 1)
        for k in range(BINS):
            yield (1 - np.abs(position - k)).clip(0)


def _central_strength(channels: Array) -> Tensor:
    """The Di Zenzo strength of channels (C, H, W) by central differences, which move no edge by half a pixel."""
    field = [ndimage.correlate1d(channels, [-0.5, 0, 0.5], axis, mode="nearest") for axis in (2, 1)]
    return structure(torch.from_numpy(np.stack(field))).strength


@dataclass(frozen=True)
class Hierarchy:
    """All segmentations of one photo, each coarser one made of regions of the finer ones.

    P. Arbelaez, "Boundary extraction in natural images using ultrametric contour maps", 2006.
    """

    size: tuple[int, int]
    """Height and width of the photo."""
    basins: NDArray[np.int32]
    """The finest regions (h, w) of the small copy, 0..n-1."""
    parents: NDArray[np.int64]
    """Of each node of the tree (2n - 1): its parent's number, always higher than its own; the root is its own."""
    heights: NDArray[np.float64]
    """Of each node (2n - 1): the strength in [0, 1] of the boundary that was removed to make it; 0 for basins, never falling."""

    def at(self, detail: float) -> Tensor:
        """Labels (H, W), int32: 0 is the largest region.

        Args:
            detail: in [0, 1]; 0 is one region, 0.5 about what people would draw, 1 every basin.
        """
        return torch.from_numpy(_enlarged(self.small_labels((1 - detail) ** 2.2), *self.size))

    def small_labels(self, level: float) -> NDArray[np.int32]:
        """Labels (h, w) of the small copy, without boundaries whose strength is at most `level`, by size at the photo's size."""
        nodes = len(self.parents)
        child = np.flatnonzero(self.heights[self.parents] <= level)
        tree = sparse.coo_matrix((np.ones(len(child), bool), (child, self.parents[child])), (nodes, nodes))
        labels = sparse.csgraph.connected_components(tree, directed=False)[1][self.basins]
        rows, columns = (np.bincount(_nearest(*sizes)) for sizes in zip(self.basins.shape, self.size, strict=True))
        areas = np.bincount(labels.ravel(), weights=np.outer(rows, columns).ravel())
        order = np.argsort(-areas, kind="stable")
        rank = np.empty(len(order), np.int32)
        rank[order] = np.arange(len(order))
        return np.asarray(rank[labels])

    def boundaries(self) -> NDArray[np.float32]:
        """The ultrametric contour map (h, w) in [0, 1] of the small copy: at each pixel the level at which its boundary goes."""
        contour = np.zeros(self.basins.shape, np.float32)
        for here, there in (np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:]):
            one, other = self.basins[here].astype(np.int64), self.basins[there].astype(np.int64)
            while (apart := one != other).any():  # the lower number is never the higher one's ancestor, so it climbs
                one, other = np.minimum(one, other), np.maximum(one, other)
                one[apart] = self.parents[one[apart]]
            contour[here] = np.maximum(contour[here], self.heights[one])
        return contour


def hierarchy(photo: Tensor, *, strength: Tensor | None = None, progress: Progress = silent) -> Hierarchy:
    """The hierarchy of a photo's regions, to be cut at any detail.

    Args:
        photo: (3, H, W) uint8.
        strength: (h, w), at least 0 and in any unit, of a gradient that shall count instead of the photo's own (`color_strength`): that
            of the field which a model put back, say. A hundredth of the pixels counts as of full strength, and colours do not count.
    """
    small = reduced(photo)
    progress(0.2)
    if strength is None:
        found = color_strength(small)
    else:
        resized = F.interpolate(strength[None, None].float(), small.shape[-2:], mode="bilinear", antialias=True)[0, 0]
        found = (resized / resized.quantile(0.99).clamp_min(1e-9)).clamp(0, 1)
    progress(0.5)
    basins = _basins(found.numpy())
    areas = np.bincount(basins.ravel())
    bin_shares = _bin_shares(small) if strength is None else ()
    histograms = [np.bincount(basins.ravel(), bin_share.ravel()) for bin_share in bin_shares]
    colors = np.reshape(histograms, (-1, len(areas))).T
    progress(0.7)
    parents, heights = _merged(*_boundary_strengths(basins, found.numpy()), areas, colors)
    progress(1.0)
    return Hierarchy((photo.shape[1], photo.shape[2]), basins, parents, heights)


def segment(
    photo: Tensor, *, detail: float = 0.5, strength: Tensor | None = None, progress: Progress = silent
) -> Tensor:
    """Labels (H, W), int32, of a photo (3, H, W) uint8 cut into regions: 0 is the largest. See `hierarchy` and `Hierarchy.at`."""
    return hierarchy(photo, strength=strength, progress=progress).at(detail)


def region_at(labels: Tensor, x: int, y: int) -> Tensor:
    """The mask (H, W), bool, of the region at column x and row y of labels (H, W).

    Raises:
        UserError: there is no such pixel.
    """
    height, width = labels.shape
    if not (0 <= x < width and 0 <= y < height):
        raise UserError(f"The point ({x}, {y}) is outside the photo. Choose one within {width} x {height} pixels.")
    return labels == labels[y, x]


def in_mean_colors(photo: Tensor, labels: Tensor, progress: Progress = silent) -> Tensor:
    """A photo (3, H, W) uint8, each region of labels (H, W) in the mean of its sRGB values."""
    numbers = labels.numpy()
    sums = np.zeros((4, int(numbers.max()) + 1))  # red, green, blue, pixels
    height, count = len(numbers), sums.shape[1]
    for top in range(0, height, ROWS):
        band = numbers[top : top + ROWS].ravel()
        sums[3] += np.bincount(band, minlength=count)
        for channel in range(3):
            sums[channel] += np.bincount(band, photo[channel, top : top + ROWS].flatten().numpy(), count)
        progress(0.8 * (top / height))
    means = (sums[:3] / sums[3].clip(1)).round().astype(np.uint8)
    drawn = torch.from_numpy(np.stack([channel[numbers] for channel in means]))
    progress(1.0)
    return drawn


def _basins(strength: NDArray[np.float32]) -> NDArray[np.int32]:
    """One region (h, w), 0..n-1, for each minimum of the smoothed strength. F. Meyer, "Un algorithme optimal", 1991."""
    from skimage.segmentation import watershed

    smooth = ndimage.gaussian_filter(strength, SEED_SCALE * strength.size**0.5).round(3)
    minima, _ = ndimage.label(smooth == ndimage.minimum_filter(smooth, 3), np.ones((3, 3)))
    return np.asarray(watershed(strength, minima) - 1, np.int32)  # type: ignore[no-untyped-call]


def _boundary_strengths(basins: NDArray[np.int32], strength: NDArray[np.float32]) -> tuple[Array, Array, Array, Array]:
    """For each two neighbouring basins: the lower and the higher number, their boundary's mean root of strength, its length in pixels."""
    n = int(basins.max()) + 1
    keys, values = [], []
    for here, there in (np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:]):
        one, other = basins[here], basins[there]
        apart = one != other
        keys.append((np.minimum(one, other).astype(np.int64) * n + np.maximum(one, other))[apart])
        values.append(np.sqrt((strength[here] + strength[there]) / 2)[apart])  # of roots, so that gaps count more
    pairs, which = np.unique(np.concatenate(keys), return_inverse=True)
    lengths = np.bincount(which, minlength=len(pairs))
    means = np.bincount(which, np.concatenate(values), minlength=len(pairs)) / lengths.clip(1)
    return pairs // n, pairs % n, means, lengths


def _weights(means: Array, alike: Array, sizes: Array, others: Array) -> Array:
    """How strong boundaries are, in [0, 1].

    Args:
        means: the mean root of the gradient's strength along each.
        alike: the Bhattacharyya coefficients of the two regions' colours, in [0, 1].
        sizes, others: shares of the picture that the two regions take. Small regions merge early, as in P. Felzenszwalb and
            D. Huttenlocher, "Efficient graph-based image segmentation", 2004.
    """
    distance = np.sqrt((1 - alike).clip(0))  # Hellinger's
    different = 0.02 + 0.98 * distance  # never 0: textures of the same colours still have the gradient between them
    size = sizes * others / (sizes + others)
    return np.asarray(means ** (2 - 2 * COLOR) * different**COLOR * (size / (size + SMALL)) ** SIZE)


def _merged(
    ones: Array, others: Array, means: Array, lengths: Array, areas: Array, colors: Array
) -> tuple[Array, Array]:
    """`parents` and `heights` of the tree that always merges the two neighbours with the weakest boundary.

    Args:
        ones, others, means, lengths: the boundaries (m), as `_boundary_strengths` finds them.
        areas: pixels of each basin (n).
        colors: histograms (n, bins), summed over a basin's pixels; without bins all basins differ fully.
    """
    n, bins = colors.shape
    shares = np.append(areas / areas.sum(), np.zeros(n - 1))
    sums = np.concatenate([colors, np.zeros((n - 1, bins))])
    roots = np.sqrt(sums / sums.sum(1, keepdims=True).clip(1e-9))
    parents, heights = np.arange(2 * n - 1), np.zeros(2 * n - 1)
    neighbours: list[dict[int, tuple[float, int]]] = [{} for _ in range(2 * n - 1)]  # number -> sum of means, length
    for one, other, mean, length in zip(*(each.tolist() for each in (ones, others, means, lengths)), strict=True):
        neighbours[one][other] = neighbours[other][one] = mean * length, length
    weights = _weights(means, (roots[ones] * roots[others]).sum(1), shares[ones], shares[others])
    queue = list(zip(weights.tolist(), ones.tolist(), others.tolist(), strict=True))
    heapq.heapify(queue)
    for new in range(n, 2 * n - 1):
        weight, *pair = heapq.heappop(queue)
        while any(parents[node] != node for node in pair):
            weight, *pair = heapq.heappop(queue)
        heights[new] = max(weight, heights[new - 1])  # a merger can leave weaker boundaries than its own: ultrametric
        parents[pair] = new
        shares[new], sums[new] = shares[pair].sum(), sums[pair].sum(0)
        roots[new] = np.sqrt(sums[new] / sums[new].sum().clip(1e-9))
        around = neighbours[new]
        for node in pair:
            for neighbour, (total, length) in neighbours[node].items():
                del neighbours[neighbour][node]
                if neighbour not in pair:
                    before, more = around.get(neighbour, (0.0, 0))
                    around[neighbour] = neighbours[neighbour][new] = before + total, more + length
            neighbours[node] = {}
        if around:
            near = np.fromiter(around, np.int64)
            totals, counts = np.array(list(around.values())).T
            weights = _weights(totals / counts, roots[near] @ roots[new], shares[near], shares[new])
            for entry in zip(weights.tolist(), around, strict=True):
                heapq.heappush(queue, (*entry, new))
    return parents, heights


def _nearest(few: int, many: int) -> NDArray[np.int64]:
    """For each of `many` places the one of `few` that lies there."""
    return np.arange(many) * few // many


def _enlarged(small: NDArray[np.int32], height: int, width: int) -> NDArray[np.int32]:
    rows, columns = _nearest(small.shape[0], height), _nearest(small.shape[1], width)
    return small[rows[:, None], columns]
