"""Each figure against a naive version of itself."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from selfsup_engine import scores
from selfsup_engine.images import to_unit
from selfsup_engine.scores import LinearBaseline, knn_accuracy, mse_per_image, nearest, psnr

Noise = Callable[..., Tensor]


def test_mse_is_the_mean_squared_difference_on_unit_pixels(noise: Noise) -> None:
    a, b = noise(3, size=5), noise(3, size=5, seed=1)
    for image in range(3):
        naive = 0.0
        for y in range(5):
            for x in range(5):
                naive += (int(a[image, 0, y, x]) / 255 - int(b[image, 0, y, x]) / 255) ** 2 / 25
        assert float(mse_per_image(a, b)[image]) == pytest.approx(naive, rel=1e-5)
    assert torch.equal(mse_per_image(to_unit(a), b), mse_per_image(a, to_unit(b)))
    assert mse_per_image(a, a).tolist() == [0.0] * 3


def test_psnr_is_decibels() -> None:
    assert psnr(0.01) == pytest.approx(20)
    assert psnr(1.0) == 0
    assert math.isfinite(psnr(0.0))


def test_the_linear_baseline_is_pca(noise: Noise) -> None:
    torch.manual_seed(0)
    # Decaying variances, as real images have them: a randomised decomposition finds these to the last digits.
    basis = torch.linalg.qr(torch.randn(64, 64)).Q * torch.logspace(0, -2, 64)
    images = (127 + 150 * (torch.randn(300, 64) @ basis.T)).clamp(0, 255).to(torch.uint8).reshape(300, 1, 8, 8)
    train, test = images[:200], images[200:]
    mean_mse, pca_mse = LinearBaseline.fit(train, 5).mse(test)
    pixels, held_out = train.flatten(1).double() / 255, test.flatten(1).double() / 255
    mean = pixels.mean(0)
    axes = torch.linalg.svd(pixels - mean, full_matrices=False).Vh[:5]
    rest = (held_out - mean) - (held_out - mean) @ axes.T @ axes
    assert mean_mse == pytest.approx(float((held_out - mean).square().mean()), rel=1e-5)
    assert pca_mse == pytest.approx(float(rest.square().mean()), rel=1e-4)
    assert pca_mse < mean_mse


def test_the_linear_baseline_leaves_the_random_state_alone(noise: Noise) -> None:
    torch.manual_seed(3)
    first = LinearBaseline.fit(noise(40), 4)
    drawn = torch.rand(1)
    torch.manual_seed(3)
    assert torch.equal(drawn, torch.rand(1))
    assert torch.equal(first.components, LinearBaseline.fit(noise(40), 4).components)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_fewer_images_than_components_are_no_trouble(noise: Noise, count: int) -> None:
    images = noise(count)
    mean_mse, pca_mse = LinearBaseline.fit(images, 16).mse(images)
    assert 0 <= pca_mse < 1e-6
    assert mean_mse >= pca_mse


def test_images_all_alike_have_no_error() -> None:
    alike = torch.full((20, 1, 8, 8), 7, dtype=torch.uint8)
    assert LinearBaseline.fit(alike, 3).mse(alike) == pytest.approx((0, 0), abs=1e-9)


@pytest.mark.parametrize("dimensions", [2, 6, 20])
def test_nearest_is_what_a_loop_finds(dimensions: int) -> None:
    generator = torch.Generator().manual_seed(0)
    points = torch.randn(60, dimensions, generator=generator)
    queries = torch.randn(4, dimensions, generator=generator)
    distances, indices = nearest(queries, points, 5)
    for q, query in enumerate(queries):
        ordered = sorted((math.dist(query.tolist(), point.tolist()), i) for i, point in enumerate(points))[:5]
        assert indices[q].tolist() == [i for _, i in ordered]
        assert distances[q].tolist() == pytest.approx([d for d, _ in ordered], rel=1e-3)
    assert nearest(queries, points[:3], 5)[1].shape == (4, 3)


def test_a_point_is_at_no_distance_from_itself_however_far_out() -> None:
    points = torch.tensor([1000.0, -1000.0]) + 1e-3 * torch.randn(50, 2, generator=torch.Generator().manual_seed(0))
    distances, _ = nearest(points, points, 1)
    assert distances.max() == 0


def test_knn_accuracy_is_what_a_loop_counts() -> None:
    generator = torch.Generator().manual_seed(0)
    codes, tests = torch.randn(80, 3, generator=generator), torch.randn(40, 3, generator=generator)
    labels = torch.randint(0, 4, (80,), generator=generator)
    truth = torch.randint(0, 4, (40,), generator=generator)
    right = 0
    for code, label in zip(tests, truth.tolist(), strict=True):
        order = sorted(range(80), key=lambda i: math.dist(code.tolist(), codes[i].tolist()))[:5]
        votes = [int(labels[i]) for i in order]
        most = max(votes.count(v) for v in votes)
        right += label == min(v for v in votes if votes.count(v) == most)
    assert knn_accuracy(codes, labels, tests, truth) == pytest.approx(right / 40)
    assert 0 < right < 40


def test_knn_finds_labels_that_the_codes_tell_apart() -> None:
    labels = torch.arange(100) % 4
    codes = torch.nn.functional.one_hot(labels, 4).float()
    assert knn_accuracy(codes, labels, codes, labels) == 1
    assert knn_accuracy(codes, labels, codes, (labels + 1) % 4) == 0


def test_points_that_lie_close_together_are_told_apart_with_a_tree_and_without(monkeypatch: pytest.MonkeyPatch) -> None:
    points = 3 + 1e-4 * torch.randn(300, 2, generator=torch.Generator().manual_seed(0))
    without = nearest(points[:50], points, 4)
    monkeypatch.setattr(scores, "TREE_POINTS", 0)
    distances, indices = nearest(points[:50], points, 4)
    assert torch.equal(without[1], indices)
    assert torch.allclose(without[0], distances, rtol=0, atol=1e-6)
