"""Probes: on planted problems whose answer is known, and on real models."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from selfsup_engine.errors import UserError
from selfsup_engine.exploring import probing
from selfsup_engine.exploring.inside import Inside
from selfsup_engine.models.saved import read_tensors
from selfsup_engine.runs import RunFolder
from selfsup_engine.scores import knn_accuracy

Gallery = Callable[[str], Inside]


def clouds(centres: list[list[float]], labels: list[int], count: int = 400, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Points about some centres."""
    random = torch.Generator().manual_seed(seed)
    which = torch.arange(count) % len(centres)
    points = torch.tensor(centres)[which] + 0.3 * torch.randn(count, len(centres[0]), generator=random)
    return points, torch.tensor(labels)[which]


def test_what_a_line_can_part_is_parted() -> None:
    train, test = (clouds([[0, 0], [4, 0], [0, 4]], [0, 1, 2], seed=seed) for seed in (0, 1))
    assert probing.linear_probe(*train, *test) > 0.99
    far = [(1000 * points + 7, labels) for points, labels in (train, test)]
    assert probing.linear_probe(*far[0], *far[1]) > 0.99  # whatever the scale


def test_what_no_line_can_part_is_left_to_the_neighbours() -> None:
    corners, crossed = [[0.0, 0.0], [2.0, 2.0], [0.0, 2.0], [2.0, 0.0]], [0, 0, 1, 1]
    train, test = (clouds(corners, crossed, seed=seed) for seed in (0, 1))
    assert probing.linear_probe(*train, *test) < 0.7
    assert knn_accuracy(*train, *test) > 0.98


def test_noise_tells_nothing() -> None:
    random = torch.Generator().manual_seed(0)
    labels = torch.arange(600) % 3
    points = torch.randn(600, 4, generator=random)
    assert abs(probing.linear_probe(points[:300], labels[:300], points[300:], labels[300:]) - 1 / 3) < 0.1
    still = torch.ones(600, 4)
    assert probing.linear_probe(still[:300], labels[:300], still[300:], labels[300:]) == pytest.approx(1 / 3)


def test_wide_maps_are_averaged_over_squares_and_narrow_ones_kept() -> None:
    maps = torch.arange(2 * 256 * 16.0).reshape(2, 256, 4, 4)
    assert torch.equal(probing.flat(maps), torch.nn.functional.avg_pool2d(maps, 2).flatten(1))
    assert torch.equal(probing.flat(maps[:, :64]), maps[:, :64].flatten(1))
    assert probing.flat(torch.zeros(2, 2048)).shape == (2, 2048)


def test_the_untrained_network_is_the_one_before_the_first_step(trained_once: RunFolder) -> None:
    inside = Inside(trained_once)
    raw = probing.untrained(inside)
    kept = read_tensors(trained_once.path / "snapshots" / "00000000.safetensors")
    assert torch.equal(raw.layers[0].module.weight.half(), kept["encoder.1.weight"])
    assert not torch.equal(inside.layers[0].module.weight.half(), kept["encoder.1.weight"])


def test_every_layer_is_probed_and_training_shows(trained_once: RunFolder) -> None:
    inside, told = Inside(trained_once), []
    state = torch.get_rng_state()
    found = probing.probe(inside, told.append)
    assert torch.equal(torch.get_rng_state(), state)
    names = [probe.name for probe in found.probes]
    assert names == ["pixels", "Linear, 784 to 32", "Linear, 32 to 16", "the code, 2 numbers"]
    assert [probe.numbers for probe in found.probes] == [784, 32, 16, 2]
    assert found.learned_on + found.scored_on == len(inside.exhibit.images)
    assert found.probes[0].untrained_linear is None
    assert 0.05 < found.chance < 0.15 and found.probes[0].linear > 0.85
    code = found.probes[-1]
    assert code.untrained_knn is not None and code.knn > code.untrained_knn + 0.1
    assert told == sorted(told) and told[-1] == 1.0
    assert probing.probe(inside) == found


def test_where_there_is_nothing_to_probe_that_is_said(gallery: Gallery) -> None:
    with pytest.raises(UserError, match="no labels"):
        probing.probe(gallery("emoji-conv"))
    with pytest.raises(UserError, match="encodes no images"):
        probing.probe(gallery("fashion-gan"))
