"""Distances of sets, each against its formula or a naive version, and in cases whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

from selfsup_engine.fidelity import diversity, frechet, manifold


def gaussian(count: int, dimensions: int, seed: int, scale: float = 1.0, shift: float = 0.0) -> torch.Tensor:
    return torch.randn(count, dimensions, generator=torch.Generator().manual_seed(seed)) * scale + shift


def test_the_frechet_distance_is_that_of_the_papers_formula() -> None:
    a, b = gaussian(200, 5, 0, 2.0), gaussian(150, 5, 1, 0.5, 3.0)
    x, y = a.double().numpy(), b.double().numpy()
    cov = np.cov(x.T), np.cov(y.T)
    expected = np.sum((x.mean(0) - y.mean(0)) ** 2) + np.trace(cov[0] + cov[1] - 2 * sqrtm(cov[0] @ cov[1]).real)
    assert frechet(a, b) == pytest.approx(float(expected), rel=1e-6)
    assert frechet(a, b) == pytest.approx(frechet(b, a), rel=1e-6)


def test_the_frechet_distance_of_a_set_to_itself_is_zero_also_where_a_feature_is_dead() -> None:
    a = gaussian(100, 6, 0)
    a[:, 2] = 0.0
    assert frechet(a, a) == pytest.approx(0.0, abs=1e-6)
    assert frechet(a, a + 2) == pytest.approx(4 * 6, rel=1e-6)
    one = a[:, :1] - a[:, :1].mean()
    assert frechet(one, one * 3) == pytest.approx(4 * float(one.var()), rel=1e-5)


def naive(real: torch.Tensor, drawn: torch.Tensor) -> dict[str, float]:
    """The definitions, point by point."""

    def radius(points: torch.Tensor, i: int, k: int) -> float:
        distances = sorted(float((points[i] - points[j]).norm()) for j in range(len(points)) if j != i)
        return distances[k - 1]

    def inside(x: torch.Tensor, points: torch.Tensor, k: int) -> int:
        return sum(float((x - points[i]).norm()) <= radius(points, i, k) for i in range(len(points)))

    return {
        "precision": float(np.mean([inside(x, real, 3) > 0 for x in drawn])),
        "recall": float(np.mean([inside(x, drawn, 3) > 0 for x in real])),
        "density": float(np.mean([inside(x, real, 5) for x in drawn])) / 5,
        "coverage": float(
            np.mean([bool(((drawn - real[i]).norm(dim=1) <= radius(real, i, 5)).any()) for i in range(len(real))])
        ),
    }


def test_precision_recall_density_and_coverage_are_what_their_definitions_say() -> None:
    real, drawn = gaussian(40, 2, 0), gaussian(30, 2, 1, 0.6, 0.4)
    found = vars(manifold(real, drawn))
    assert found == pytest.approx(naive(real, drawn))
    assert all(0 < value < 2 for value in found.values())


def test_equal_sets_are_perfect_and_distant_ones_share_nothing() -> None:
    real = gaussian(1500, 3, 0)  # more than one block of rows
    same, far = manifold(real, real), manifold(real, real + 100)
    assert (same.precision, same.recall, same.coverage) == (1.0, 1.0, 1.0)
    assert vars(far) == {"precision": 0.0, "recall": 0.0, "density": 0.0, "coverage": 0.0}


def test_samples_from_one_corner_are_precise_and_recall_little() -> None:
    real = gaussian(400, 2, 0)
    found = manifold(real, gaussian(400, 2, 1, 0.2))
    assert found.precision > 0.95
    assert found.recall < 0.4


def test_diversity_is_relative() -> None:
    images = torch.randint(0, 256, (50, 1, 8, 8), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    assert diversity(images, images) == pytest.approx(1.0)
    assert diversity(images // 2, images) == pytest.approx(0.5, abs=0.02)
    assert diversity(images[:1].expand(20, 1, 8, 8), images) == 0.0
    assert diversity(images[:1], images) == 0.0
