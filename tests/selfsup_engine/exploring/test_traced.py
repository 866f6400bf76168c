from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest
import torch
from torch import Tensor, nn

from selfsup_engine.exploring.traced import Traced
from selfsup_engine.models.spec import check_config, spec

MODELS: list[tuple[str, dict[str, Any]]] = [
    ("autoencoder", {"network": "mlp", "widths": (32, 16), "size": 28}),
    ("autoencoder", {"network": "mlp", "widths": (32, 16), "size": 28, "norm": True, "activation": "relu"}),
    ("autoencoder", {"network": "conv", "widths": (8, 12), "size": 33, "channels": 3, "norm": True}),
    ("autoencoder", {"network": "conv", "widths": (8, 12), "size": 28, "objective": "variational", "code": 5}),
    ("dcgan", {"width": 8, "size": 28, "norm": "none"}),
    ("dcgan", {"width": 8, "size": 64, "channels": 3}),
]


def asked(model: Any, config: Any) -> list[tuple[Callable[[Tensor], Tensor], tuple[int, ...]]]:
    """What a model can be asked, and the shape of one input."""
    image = config.channels, config.size, config.size
    if isinstance(config.model_dump().get("latent"), int):
        return [(model.generate, (model.latent_size,)), (model.judge, image)]
    return [(model.encode, image), (model.decode, (model.code_size,))]


@pytest.mark.parametrize(("family", "settings"), MODELS)
def test_it_gives_the_same_bits_for_any_number_of_inputs(family: str, settings: dict[str, Any]) -> None:
    torch.manual_seed(0)
    config = check_config(family, settings)
    model = cast(nn.Module, spec(family).model(config)).eval().requires_grad_(False)
    for of, shape in asked(model, config):
        traced = Traced(model, of)
        for count in (3, 1, 7):
            x = torch.rand(count, *shape) * 2 - 1
            with torch.inference_mode():
                assert torch.equal(traced(x), of(x))


def test_it_is_traced_once_however_many_ask_at_once() -> None:
    calls = []
    model = nn.Linear(4, 4)

    def of(x: Tensor) -> Tensor:
        calls.append(x.shape)
        return model(x)  # type: ignore[no-any-return]

    traced, x = Traced(model, of), torch.ones(2, 4)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: traced(x), range(32)))
    assert len(calls) == 1
    assert all(torch.equal(one, found[0]) for one in found)


def test_it_follows_the_weights() -> None:
    model = nn.Linear(2, 2, bias=False).requires_grad_(False)
    traced, x = Traced(model, model.forward), torch.ones(1, 2)
    traced(x)
    model.weight.fill_(3.0)
    assert traced(x).tolist() == [[6.0, 6.0]]
