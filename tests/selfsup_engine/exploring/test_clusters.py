"""Clusters of codes: what belongs together is found, and found again."""

from __future__ import annotations

import torch

from selfsup_engine.exploring.clusters import k_means

GENERATOR = torch.Generator().manual_seed(0)
CENTRES = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
TRUTH = torch.tensor([0] * 50 + [1] * 30 + [2] * 20)
CODES = CENTRES[TRUTH] + 0.5 * torch.randn(100, 2, generator=GENERATOR)


def test_groups_that_lie_apart_are_found_the_largest_first() -> None:
    found = k_means(CODES, 3)
    assert torch.equal(found.labels, TRUTH)
    assert (found.centres - CENTRES).norm(dim=1).max() < 0.5
    for k in range(3):
        own = CODES[k == TRUTH]
        assert torch.equal(CODES[found.typical[k]], own[(own - found.centres[k]).norm(dim=1).argmin()])


def test_it_is_the_same_at_every_call() -> None:
    codes = torch.randn(300, 6, generator=GENERATOR)
    first, second = k_means(codes, 8), k_means(codes, 8)
    assert torch.equal(first.labels, second.labels) and torch.equal(first.centres, second.centres)
    sizes = first.labels.bincount()
    assert len(sizes) == 8 and (sizes.diff() <= 0).all()


def test_each_code_is_with_its_nearest_centre_and_each_centre_is_its_codes_mean() -> None:
    codes = torch.randn(300, 3, generator=GENERATOR)
    found = k_means(codes, 5)
    assert torch.equal(found.labels, torch.cdist(codes, found.centres).argmin(1))
    means = torch.stack([codes[found.labels == k].mean(0) for k in range(5)])
    assert torch.allclose(means, found.centres, atol=1e-4)


def test_no_more_clusters_than_codes_that_differ() -> None:
    assert len(k_means(torch.zeros(9, 2), 4).centres) == 1
    assert len(k_means(torch.tensor([[0.0], [0.0], [1.0]]), 3).centres) == 2
    assert len(k_means(torch.randn(2, 4), 10).centres) == 2
