"""Adam's state as named tensors: there from the start, so that its names and shapes never change, and a run can go on exactly."""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn


def begin(adam: torch.optim.Optimizer) -> None:
    """Gives every parameter the state that Adam would make at its first step."""
    for group in adam.param_groups:
        for parameter in group["params"]:
            adam.state[parameter] = {
                "step": torch.zeros((), device=parameter.device),
                "exp_avg": torch.zeros_like(parameter),
                "exp_avg_sq": torch.zeros_like(parameter),
            }


def _tensors(network: nn.Module, adam: torch.optim.Optimizer, prefix: str) -> Iterator[tuple[str, Tensor]]:
    for name, parameter in network.named_parameters():
        for key, value in adam.state[parameter].items():
            yield f"{prefix}.{name}.{key}", value


def state(network: nn.Module, adam: torch.optim.Optimizer, prefix: str = "adam") -> dict[str, Tensor]:
    """The state of a network's optimiser, by name."""
    return dict(_tensors(network, adam, prefix))


def load_state(
    network: nn.Module, adam: torch.optim.Optimizer, tensors: Mapping[str, Tensor], prefix: str = "adam"
) -> None:
    """Takes up what `state` gave."""
    for name, value in _tensors(network, adam, prefix):
        value.copy_(tensors[name])
