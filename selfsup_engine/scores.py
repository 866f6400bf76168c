"""Figures that say how good a model is, and the simple baselines that they are held against. Pure functions of tensors.

Images are uint8 (N, C, H, W); every error is stated on [0, 1] pixels.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from selfsup_engine.images import to_unit

QUERIES = 256  # rows of a distance matrix at once: 60 MB against 60,000 points
TREE_DIMENSIONS = 10
TREE_POINTS = 5_000
CHUNK = 2048  # images per pass: bounds the memory of a float copy


def mse_per_image(images: Tensor, others: Tensor) -> Tensor:
    """Mean squared error of each pair of uint8 or [-1, 1] float images, on [0, 1] pixels: (N,) float32."""
    a = to_unit(images) if images.dtype == torch.uint8 else images
    b = to_unit(others) if others.dtype == torch.uint8 else others
    return (a - b).flatten(1).square().mean(1) / 4  # [-1, 1] is twice as wide as [0, 1]


def psnr(mse: float) -> float:
    """Peak signal-to-noise ratio in dB for a mean squared error on [0, 1] pixels."""
    return -10 * math.log10(max(mse, 1e-12))


@dataclass(frozen=True)
class LinearBaseline:
    """What a linear model does with the same number of components: the mean image, and principal component analysis.

    mean: (P,) and components: (P, K), on [-1, 1] pixels; PCA is the best linear autoencoder (Baldi and Hornik, 1989).
    """

    mean: Tensor
    components: Tensor

    @classmethod
    def fit(cls, images: Tensor, components: int, limit: int = 10_000) -> "LinearBaseline":
        """PCA of the first `limit` images by a randomised decomposition (Halko et al., 2011), the same at every call."""
        pixels = to_unit(images[:limit]).flatten(1)
        mean = pixels.mean(0)
        rank = min(components, *pixels.shape)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            vectors = torch.pca_lowrank(pixels - mean, q=min(rank + 8, *pixels.shape), center=False, niter=4)[2]
        return cls(mean, vectors[:, :rank].contiguous())

    def mse(self, images: Tensor) -> tuple[float, float]:
        """(mean image's, PCA's) mean squared error over uint8 images, on [0, 1] pixels."""
        mean_error = pca_error = 0.0
        for chunk in images.split(CHUNK):
            centred = to_unit(chunk).flatten(1) - self.mean
            rest = centred - centred @ self.components @ self.components.T
            mean_error += float(centred.square().mean(1).sum()) / 4
            pca_error += float(rest.square().mean(1).sum()) / 4
        return mean_error / len(images), pca_error / len(images)


class Neighbours:
    """Points (P, D), float, laid out once so that those nearest to many a query are found soon.

    A k-d tree (Bentley, 1975) for many points of few dimensions, where it is a hundred times faster; all distances else.
    """

    def __init__(self, points: Tensor) -> None:
        self.points, self._count = points, len(points)
        # By products of matrices, points of few dimensions that lie close together would all seem to be at one place.
        few = points.shape[1] <= TREE_DIMENSIONS
        self._how = "donot_use_mm_for_euclid_dist" if few else "use_mm_for_euclid_dist_if_necessary"
        self._tree = None
        if self._count >= TREE_POINTS and few:
            from scipy.spatial import cKDTree  # 30 MB, which a process that trains on a small set does without

            self._tree = cKDTree(points.numpy())

    def __call__(self, queries: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """Distances and indices (Q, count), nearest first, of each query (Q, D)."""
        count = min(count, self._count)
        if self._tree is not None and not torch.jit.is_tracing():  # type: ignore[attr-defined,no-untyped-call]  # a tree cannot be
            cores = 1 if len(queries) < QUERIES else -1  # threads that are started for one query take longer than it
            distances, indices = self._tree.query(queries.numpy(), range(1, count + 1), workers=cores)
            return torch.from_numpy(distances).float(), torch.from_numpy(indices)
        distances = (torch.cdist(chunk, self.points, compute_mode=self._how) for chunk in queries.split(QUERIES))
        found = [some.topk(count, largest=False) for some in distances]
        return torch.cat([distances for distances, _ in found]), torch.cat([indices for _, indices in found])


def nearest(queries: Tensor, points: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Distances and indices (Q, count), nearest first, of each query (Q, D) among points (P, D), for once."""
    return Neighbours(points)(queries, count)


def knn_accuracy(codes: Tensor, labels: Tensor, test_codes: Tensor, test_labels: Tensor, neighbours: int = 5) -> float:
    """Share of test codes whose label is the majority of their nearest training codes' (ties: the smaller label)."""
    votes = labels[nearest(test_codes, codes, neighbours)[1]]
    return float((votes.mode(dim=1).values == test_labels).float().mean())
