"""The layers of a loaded model, whatever its family: found by watching it work, with their shapes, parameters and multiply-adds.

What a model can do says what goes through it: an image through an encoder and its code through the decoder, random numbers through a
generator and what it draws through the discriminator, a photo through a network that restyles. Every module without parts of its own
is listened to, so nothing here knows a family.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import prod
from typing import Any, Literal

import torch
from torch import Tensor, nn

from selfsup_engine.models.spec import Decodes, Encodes, Judges, Restyles, Samples

Shape = tuple[int, ...]
BENDS = (nn.ReLU, nn.SiLU)
"""What lets a value pass above zero, and next to nothing below. Not so LeakyReLU: what it lets through below still counts."""
_LEADING = (nn.Flatten, nn.Upsample)
"""What prepares for the layer that follows; all else that has no weights belongs to the layer before."""


@dataclass(frozen=True)
class Pass:
    """One way through a model: `part` is what it is called, `takes` whether an image (N, C, H, W) in [-1, 1] or numbers (N, D) go in."""

    part: str
    takes: Literal["image", "code"]
    run: Callable[[Tensor], Tensor]


def passes_of(model: nn.Module) -> tuple[Pass, ...]:
    """The ways through a model, in order: what comes out of one goes into the next."""
    found: list[Pass] = []
    if isinstance(model, Encodes):
        found.append(Pass("encoder", "image", model.encode))
    if isinstance(model, Decodes):
        found.append(Pass("decoder", "code", model.decode))
    if isinstance(model, Samples):
        found.append(Pass("generator", "code", model.generate))
    if isinstance(model, Judges):
        found.append(Pass("discriminator", "image", model.judge))
    if isinstance(model, Restyles):
        found.append(Pass("network", "image", model.restyle))
    return tuple(found)


@dataclass(frozen=True)
class Step:
    """One module at work: its name in words, the shape of what it gives for one input, and its parameters."""

    name: str
    gives: Shape
    parameters: int


@dataclass(frozen=True, eq=False)
class Layer:
    """A module with weights, and what belongs to it: what prepares its input, its normalisation, its bend.

    takes, gives: shapes for one input, (C, H, W) or (D,); macs: multiply-adds for one input, those of the weights alone (normalisations
    and bends take one or so for each number that flows); bends: whether it lets next to nothing pass below zero.
    """

    number: int
    part: str
    name: str
    steps: tuple[Step, ...]
    takes: Shape
    gives: Shape
    macs: int
    bends: bool
    module: nn.Module

    @property
    def parameters(self) -> int:
        """Numbers that training found."""
        return sum(step.parameters for step in self.steps)

    @property
    def units(self) -> int:
        """Numbers of a dense layer, or maps of a convolution."""
        return self.gives[0]


class _Heard(threading.local):
    """What the modules said since somebody began to listen in this thread: (module, shape in, out); None while nobody listens."""

    said: list[tuple[nn.Module, Shape, Tensor]] | None = None


class Anatomy:
    """A model that is listened to from now on; pages of other people may ask it at the same time."""

    def __init__(self, model: nn.Module, given: Tensor) -> None:
        """given: one input of the first pass, (1, ...). How large it is decides on the shapes and the multiply-adds of a model that takes
        any size."""
        self.passes = passes_of(model)
        self._heard = _Heard()
        for module in model.modules():
            if next(module.children(), None) is None:
                module.register_forward_hook(self._hear)
        found: list[Layer] = []
        self._last: dict[str, list[int]] = {}  # of each part, which of all that is said there closes a layer
        for way in self.passes:
            said, given = self._listen(way, given)
            groups = list(_layers(said))
            self._last[way.part] = [group[-1] for group in groups]
            for group in groups:
                found.append(_layer(len(found), way.part, [said[i] for i in group]))
        self.layers = tuple(found)

    def of_part(self, part: str) -> tuple[Layer, ...]:
        """The layers of one pass."""
        return tuple(layer for layer in self.layers if layer.part == part)

    def outputs(self, way: Pass, given: Tensor) -> tuple[list[Tensor], Tensor]:
        """What each layer of a pass gives for inputs (N, ...), and what comes out in the end."""
        said, out = self._listen(way, given)
        return [said[i][2] for i in self._last[way.part]], out

    def _hear(self, module: nn.Module, given: tuple[Any, ...], out: Tensor) -> None:
        if self._heard.said is not None:
            self._heard.said.append((module, tuple(given[0].shape), out))

    def _listen(self, way: Pass, given: Tensor) -> tuple[list[tuple[nn.Module, Shape, Tensor]], Tensor]:
        said = self._heard.said = []
        try:
            with torch.inference_mode():
                return said, way.run(given)
        finally:
            self._heard.said = None


def _layers(said: Sequence[tuple[nn.Module, Shape, Tensor]]) -> Iterator[list[int]]:
    """Which of the modules that spoke, by their places, make up a layer each."""
    numbers, layer = [], -1
    waiting = True  # for the weights of a layer that has begun
    for module, _, _ in said:
        weighs = _weighs(module)
        begins = (weighs or isinstance(module, _LEADING)) and not (waiting and layer >= 0)
        if begins or layer < 0:
            layer += 1
            waiting = True
        if weighs:
            waiting = False
        numbers.append(layer)
    for _, group in groupby(range(len(said)), numbers.__getitem__):
        yield list(group)


def _weighs(module: nn.Module) -> bool:
    """Whether it mixes its inputs by weights; a normalisation scales each by itself."""
    weight = getattr(module, "weight", None)
    return isinstance(weight, Tensor) and weight.ndim >= 2


def _layer(number: int, part: str, said: Sequence[tuple[nn.Module, Shape, Tensor]]) -> Layer:
    main, shape_in, out = next((one for one in said if _weighs(one[0])), said[0])
    steps = tuple(Step(named(m), tuple(o.shape[1:]), sum(p.numel() for p in m.parameters())) for m, _, o in said)
    return Layer(
        number,
        part,
        named(main),
        steps,
        said[0][1][1:],
        tuple(said[-1][2].shape[1:]),
        macs(main, shape_in[1:], tuple(out.shape[1:])),
        any(isinstance(module, BENDS) for module, _, _ in said),
        main,
    )


def macs(module: nn.Module, takes: Shape, gives: Shape) -> int:
    """Multiply-adds of one module for one input. As usual, those with the zeros of a padding count, and so do those of a transposed
    convolution that fall beyond the border."""
    match module:
        case nn.Linear():
            return module.in_features * prod(gives)
        case nn.Conv2d():
            return prod(gives) * module.in_channels // module.groups * prod(module.kernel_size)
        case nn.ConvTranspose2d():
            return prod(takes) * module.out_channels // module.groups * prod(module.kernel_size)
        case _:
            return 0


def named(module: nn.Module) -> str:
    """A module in words."""
    match module:
        case nn.Linear():
            return f"Linear, {module.in_features} to {module.out_features}"
        case nn.Conv2d() | nn.ConvTranspose2d():
            kind = "Conv" if isinstance(module, nn.Conv2d) else "Transposed conv"
            across, down = module.kernel_size
            stride = f", stride {module.stride[0]}" if module.stride[0] > 1 else ""
            return f"{kind} {across} x {down}, {module.in_channels} to {module.out_channels}{stride}"
        case nn.BatchNorm1d() | nn.BatchNorm2d():
            return "Batch norm"
        case nn.Upsample():
            return f"Resize to {module.size[0]} x {module.size[1]}" if isinstance(module.size, tuple) else "Resize"
        case nn.PixelShuffle():
            return f"Spread channels over {module.upscale_factor} x {module.upscale_factor} pixels"
        case nn.Flatten():
            return "As one list"
        case nn.Unflatten():
            return "As maps"
        case _:
            return type(module).__name__
