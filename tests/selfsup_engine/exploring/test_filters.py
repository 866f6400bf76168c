"""Weights as pictures: what a unit looks for, and what it draws."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from selfsup_engine.exploring import filters
from selfsup_engine.exploring.inside import Inside
from selfsup_engine.images import to_unit

Gallery = Callable[[str], Inside]


def test_a_picture_of_a_units_weights_is_what_it_looks_for(gallery: Gallery) -> None:
    inside = gallery("fashion-2d")
    layer = inside.layers[0]
    found = filters.as_pictures(layer, inside.shape)
    assert found is not None
    pictures, draws = found
    assert pictures.shape == (512, 1, 28, 28) and not draws
    image = to_unit(inside.exhibit.images[3])
    alike = (pictures[7] * image).sum() + layer.module.bias[7]
    out = inside.travel(inside.exhibit.images[3]).outputs[0]
    assert torch.allclose(nn.functional.silu(alike), out[7], atol=1e-3)
    assert torch.equal(filters.of_unit(layer, 7), pictures[7].flatten())  # type: ignore[arg-type]


def test_the_last_dense_layer_shows_what_the_units_before_it_draw(gallery: Gallery) -> None:
    inside = gallery("fashion-2d")
    found = filters.as_pictures(inside.layers[-1], inside.shape)
    assert found is not None
    pictures, draws = found
    assert pictures.shape == (512, 1, 28, 28) and draws
    module = inside.layers[-1].module
    one = torch.zeros(512)
    one[11] = 1.0
    assert torch.allclose(module(one) - module(torch.zeros(512)), pictures[11].flatten(), atol=1e-5)
    assert filters.as_pictures(inside.layers[1], inside.shape) is None


def test_filters_are_counted_by_what_they_give(gallery: Gallery) -> None:
    generator, discriminator = gallery("fashion-gan").layers[1], gallery("fashion-gan").layers[5]
    up, down = filters.kernels(generator), filters.kernels(discriminator)
    assert up is not None and down is not None
    assert (up.shape, down.shape) == ((128, 256, 4, 4), (128, 64, 4, 4))
    assert torch.equal(up[5, 9], generator.module.weight[9, 5])
    assert filters.kernels(gallery("fashion-2d").layers[0]) is None


def test_the_strongest_slice_is_the_one_of_the_largest_norm() -> None:
    weights = torch.randn(6, 5, 3, 3, generator=torch.Generator().manual_seed(1))
    found = filters.strongest_slices(weights)
    for unit in range(6):
        norms = [float(weights[unit, c].square().sum()) for c in range(5)]
        assert torch.equal(found[unit], weights[unit, norms.index(max(norms))])


def test_a_map_that_is_made_of_several_has_no_weights_of_its_own(gallery: Gallery) -> None:
    layers = gallery("emoji-conv").layers
    assert filters.of_unit(layers[5], 0) is None  # a dense layer's numbers, laid out as maps
    assert filters.of_unit(layers[9], 0) is None  # twelve filters for three channels
    assert filters.of_unit(layers[1], 0).shape == (32, 3, 3)  # type: ignore[union-attr]
