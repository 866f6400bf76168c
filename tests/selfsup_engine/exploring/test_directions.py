"""Directions: found where a generator was built to have them, ranked, and named after what they change."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from selfsup_engine.exploring.directions import COUNT, found_in, ganspace, measures, sefa
from selfsup_engine.exploring.sampling import Sampler
from selfsup_engine.runs import RunFolder

SIDE = 32


class Blob:
    """Draws a bright square: number 0 of z makes it taller, 1 brighter, 2 moves it to the right; the rest does nothing."""

    latent_size = 20
    weights = torch.diag(torch.tensor([4.0, 3.0, 2.0] + [0.05] * 17))

    def first_layer(self, z: Tensor) -> Tensor:
        return z @ self.weights.T

    def first_weights(self) -> Tensor:
        return self.weights

    def generate(self, z: Tensor) -> Tensor:
        height, light, right = (z[:, i, None, None] for i in range(3))
        place = torch.linspace(-1, 1, SIDE)
        tall = torch.sigmoid(20 * (0.4 + 0.08 * height - place[None, :, None].abs()))
        wide = torch.sigmoid(20 * (0.4 - (place[None, None, :] - 0.06 * right).abs()))
        return (tall * wide * (1.2 + 0.25 * light) - 1)[:, None]


@pytest.mark.parametrize("method", ["activations", "weights"])
def test_what_a_generator_was_built_to_change_is_found_and_named(method: str) -> None:
    found = found_in(Blob())[method]
    assert [one.change for one in found] == sorted((one.change for one in found), reverse=True)
    named = {one.name: one.axis for one in found[:3]}
    (light,) = set(named) - {"Height", "To the right"}
    assert light in ("Brightness", "Contrast")  # of a bright thing on dark they are one
    for name, number in (("Height", 0), (light, 1), ("To the right", 2)):
        assert float(named[name][number]) > 0.9  # along it is more of it, never less
    assert all(one.name.startswith("Shape") for one in found[3:])
    assert [one.id for one in found] == [f"{method[0].replace('a', 'g').replace('w', 's')}{i}" for i in range(COUNT)]


def test_the_closed_form_is_the_singular_vectors() -> None:
    weights = torch.randn(64, 12, generator=torch.Generator().manual_seed(0))
    expected = torch.linalg.svd(weights).Vh[:5]
    assert torch.allclose((sefa(weights, 5) * expected).sum(1).abs(), torch.ones(5), atol=1e-4)


def test_directions_are_the_same_at_every_call_and_of_length_one(gan_once: RunFolder) -> None:
    first, again = Sampler(gan_once), Sampler(gan_once)
    for method in ("activations", "weights"):
        for one, other in zip(first.directions[method], again.directions[method], strict=True):
            assert one.id == other.id and one.name == other.name and torch.equal(one.axis, other.axis)
            assert float(one.axis.norm()) == pytest.approx(1, abs=1e-4)


def test_fewer_numbers_than_directions_give_as_many_as_there_are() -> None:
    class Small(Blob):
        latent_size = 3
        weights = torch.eye(3)

    assert len(ganspace(Small())) == 3 and len(sefa(Small.weights)) == 3


def test_measures_tell_what_they_are_called_by() -> None:
    images = torch.full((2, 3, SIDE, SIDE), -1.0)
    images[0, :, 4:28, 14:18] = 0.5  # tall
    images[1, 0, 14:18, 20:30] = 0.5  # wide, to the right, red
    found = measures(images)
    assert found["Height"][0] > found["Height"][1] and found["Width"][0] < found["Width"][1]
    assert found["To the right"][1] > found["To the right"][0]
    assert found["Red"][1] > found["Red"][0]
    assert {"Red", "Yellow"} & set(measures(images[:, :1])) == set()
