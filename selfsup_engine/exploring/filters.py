"""What a layer's weights look like. Floats as the weights are; pictures are made of them elsewhere."""

from math import prod

import torch
from torch import Tensor, nn

from selfsup_engine.exploring.anatomy import Layer, Shape


def kernels(layer: Layer) -> Tensor | None:
    """The filters of a convolution, transposed or not: (units, channels, kH, kW). None of a layer that has none."""
    module = layer.module
    if isinstance(module, nn.ConvTranspose2d):
        return module.weight.detach().transpose(0, 1)
    return module.weight.detach() if isinstance(module, nn.Conv2d) else None


def strongest_slices(weights: Tensor) -> Tensor:
    """Of each filter (U, C, kH, kW) the slice with the largest norm: (U, kH, kW)."""
    norms = weights.flatten(2).norm(dim=2)
    return weights[torch.arange(len(weights)), norms.argmax(1)]


def as_pictures(layer: Layer, image: Shape) -> tuple[Tensor, bool] | None:
    """The weights of a dense layer beside a picture (C, H, W), as pictures (K, C, H, W): what each of its units looks for, where the
    picture comes in, or (then True) what each of its inputs draws, where the picture goes out. None where there is no picture."""
    module = layer.module
    if not isinstance(module, nn.Linear):
        return None
    weight = module.weight.detach()
    if layer.takes == image and module.in_features == prod(image):
        return weight.unflatten(1, image), False
    if layer.gives == image and module.out_features == prod(image):
        return weight.T.unflatten(1, image), True
    return None


def of_unit(layer: Layer, unit: int) -> Tensor | None:
    """The weights by which one unit listens: (channels, kH, kW) of a filter, (D,) of a dense unit. None where a unit is made of
    several, as a map that a dense layer gives is."""
    filters = kernels(layer)
    if filters is not None:
        return filters[unit] if len(filters) == layer.units else None
    weight = getattr(layer.module, "weight", None)
    return weight[unit].detach() if isinstance(weight, Tensor) and len(weight) == layer.units else None
