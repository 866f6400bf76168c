"""What a run will cost on this machine: measured on a few steps of the very network, not guessed."""

import math
import time
from dataclasses import dataclass

import torch

from selfsup_engine.device import Device, pick
from selfsup_engine.errors import UserError
from selfsup_engine.images import to_unit
from selfsup_engine.limits import public
from selfsup_engine.models.spec import Config, preset_config, spec
from selfsup_engine.runs import Budget
from selfsup_engine.sources import SOURCES

MEASURED_SECONDS = 0.3
STEPS, PATIENCE = 6, 2.0  # so many steps, unless they take longer than so many seconds
OVERHEAD_BYTES = 100_000_000
"""What training takes beside its network and its images: buffers, pictures, files. Python and torch are there before: in the process that
waits for the next run."""
USUAL = ("autoencoder", "fashion-mnist")  # the family and the source that the form proposes


@dataclass(frozen=True)
class Estimate:
    """parameters: a count; rate in images/s; steps and seconds of the whole budget; memory in bytes."""

    parameters: int
    rate: float
    steps: int
    seconds: float
    epochs: float
    memory_bytes: int


def parameter_count(family: str, config: Config) -> int:
    """Numbers that a network learns, counted without making them."""
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in spec(family).model(config).parameters())


def estimate(family: str, config: Config, images: int, budget: Budget, device: Device | None = None) -> Estimate:
    """Trains on random images for a third of a second, on a slow machine up to two, and scales up; nothing of it is kept.

    Args:
        images: how many the training set has.

    Raises:
        UserError: the configuration does not fit into this machine's memory.
    """
    device = device or pick()
    fixed = refuse_oversized(family, config, images, device)
    batch = max(2, min(config.batch, images))  # batch normalisation cannot do with one

    task = spec(family).task(config, device)
    noise = torch.randint(0, 256, (batch, config.channels, config.size, config.size), dtype=torch.uint8).to(
        device.torch
    )
    kept = 0

    def count(tensor: torch.Tensor) -> torch.Tensor:
        nonlocal kept
        kept += tensor.numel() * tensor.element_size()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
        task.step(to_unit(noise), 0, 0.0)  # the first step also warms up
    memory = fixed + 2 * kept
    _refuse(memory, device, "batch")
    fastest, began, steps = math.inf, time.perf_counter(), 0
    while (spent := time.perf_counter() - began) < MEASURED_SECONDS or (steps < STEPS and spent < PATIENCE):
        before = time.perf_counter()
        float(next(iter(task.step(to_unit(noise), steps, 0.0).values())))  # a GPU's step is done only now
        fastest, steps = min(fastest, time.perf_counter() - before), steps + 1
    per_step = fastest  # whatever else the machine does now, such as loading a worker, does not last
    total = budget.steps or max(1, int((budget.seconds or 0) / per_step))
    return Estimate(
        parameters=parameter_count(family, config),
        rate=batch / per_step,
        steps=total,
        seconds=budget.seconds or total * per_step,
        epochs=total * batch / images,
        memory_bytes=memory,
    )


def usual() -> Estimate:
    """What the training that is proposed to everybody costs here: the images need not be there for that.

    Raises:
        UserError: this machine has not even the memory for that.
    """
    family, source = USUAL
    _, config = preset_config(family, None, {})
    return estimate(family, config, SOURCES[source].train, Budget(seconds=spec(family).config.patience))


def refuse_oversized(family: str, config: Config, images: int, device: Device | None = None) -> int:
    """The bytes that the network and the image set take for certain; told from the config, in no time.

    Raises:
        UserError: this machine has not that much, or a public host gives nobody that much.
    """
    parameters = parameter_count(family, config)
    if (limits := public()) and parameters > limits.parameters:
        raise UserError(
            f"This network would learn {parameters:,} numbers. {limits.parameters:,} is the most on this public host, "
            f"{limits.why('parameters')}. Take narrower layers or smaller pictures."
        )
    if limits and config.size > limits.image_side:
        raise UserError(
            f"This model would see pictures of {config.size} px. {limits.image_side} px is the most on this public host, "
            f"{limits.why('image_side')}. Take smaller pictures."
        )
    learning = 16 * parameters  # weights, gradients and Adam's two moments
    fixed = learning + images * config.channels * config.size**2 + OVERHEAD_BYTES
    _refuse(fixed, device or pick(), "network and image set")
    return fixed


def _size(memory: int) -> str:
    return f"{memory / 1e9:.1f} GB" if memory >= 1e9 else f"{memory / 1e6:.0f} MB"


def _refuse(needed: int, device: Device, what: str) -> None:
    free = device.memory_bytes
    if needed > 0.9 * free:
        raise UserError(
            f"This {what} needs about {_size(needed)}, and {_size(free)} are free on this machine. "
            "Take narrower layers, smaller images or a smaller batch."
        )
