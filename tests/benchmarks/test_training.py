"""The race is fair: everyone begins with the same weights, and a first step on the same images takes everyone to the same place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from benchmarks import contestants, training
from benchmarks.races import RACES, Race
from benchmarks.watch import Watch
from selfsup_engine.models.spec import preset_config, spec


def after(race: Race, name: str, steps: int, data: dict[str, Tensor], start: dict[str, Tensor]) -> dict[str, Tensor]:
    torch.manual_seed(0)
    watch = Watch((1e9,), steps)
    copies = {name: tensor.clone() for name, tensor in start.items()}
    model = contestants.CONTESTANTS[name](race, data, copies, watch, lambda model: 0.0)
    assert (watch.steps, watch.images) == (steps, steps * race.batch)
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}


@pytest.mark.parametrize(("name", "usual"), [("mlp", "tutorial"), ("vae", "tutorial"), ("dcgan", "examples")])
def test_a_step_of_either_side_is_the_same_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, usual: str, noise: Any
) -> None:
    """One batch is the whole set, so its order does not matter; random numbers are all alike, so neither does theirs."""
    small = {"width": 8} if name == "dcgan" else {"widths": (16, 8)}
    race = replace(RACES[name], batch=16, extra=dict(RACES[name].extra) | small, data="digits", folder=tmp_path)
    data = {"train": noise(16, size=race.size), "test": noise(8, size=race.size)}
    (tmp_path / "runs").mkdir()

    def alike(*shape: Any, **_: Any) -> Tensor:
        size = shape[0] if isinstance(shape[0], tuple | torch.Size) else shape
        return torch.linspace(-1, 1, size[1]).expand(size[0], size[1]).reshape(size).clone()

    torch.manual_seed(4)
    start = spec(race.family).model(preset_config(race.family, race.preset, race.changes)[1]).state_dict()
    monkeypatch.setattr(torch, "randn", alike)
    monkeypatch.setattr(torch, "randn_like", lambda like: alike(like.shape))
    theirs, ours = (after(race, each, 1, data, start) for each in (usual, "ours"))
    weights = [key for key in ours if key.endswith("weight") and ours[key].dim() > 1]
    assert weights
    for key in weights:
        step = (theirs[key] - start[key]).abs().mean()
        assert float(step) > 0.1 * race.rate  # units that rest do not move
        assert float((ours[key] - theirs[key]).abs().mean()) < 0.02 * float(step), key


def test_the_clock_stands_still_while_the_benchmark_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("benchmarks.watch.time.perf_counter", lambda: now[0])
    watch = Watch((1.0, 3.0))

    def look() -> float:
        now[0] += 100
        return 0.5

    watch.look = look
    with pytest.raises(contestants.Over):
        while True:
            now[0] += 0.75
            watch.step(8)
    assert watch.quality == {"1": 0.5, "3": 0.5}
    assert watch.wall == pytest.approx(3.0)
    assert (watch.steps, watch.images) == (4, 32)


def test_a_table_gives_medians_of_ratios_with_their_spread() -> None:
    work = RACES["mlp"].operations("ours") / 1e9

    def told(images: int, looks: float = 0.0, peak: float = 1.0) -> dict[str, Any]:
        return {"images": images, "wall": 10.0, "cpu": 5.0, "looks": looks, "quality": {"10": 0.25}, "peak": peak}

    results = training.Results(RACES["mlp"], {"tutorial": [told(100), told(200), told(100)]})
    results.told["ours"] = [told(450, 1.0, 200 * work), told(900, 1.0, 800 * work), told(540, 1.0, 200 * work)]
    row = results.table().splitlines()[-1]
    assert row.startswith("| ours | 60 | 5.00 (5.00 to 6.00) | 5.00 (5.00 to 6.00) |")
    assert row.endswith("| 50% | 10% | 0.25000 |")  # of the peaks beside each turn: 50, 25 and 60 %


def test_the_operations_are_those_that_torch_counts() -> None:
    from torch.utils.flop_counter import FlopCounterMode

    race = RACES["mlp"]
    model = spec(race.family).model(preset_config(race.family, race.preset, race.changes)[1])
    with FlopCounterMode(display=False) as counter:
        model(torch.zeros(4, 1, 28, 28)).sum().backward()
    assert race.operations("ours") == counter.get_total_flops() / 4
    race = RACES["dcgan"]
    model = spec(race.family).model(preset_config(race.family, race.preset, race.changes)[1])
    generator, discriminator = (
        nn.Sequential(*map(contestants.plain_layer, part)) for part in (model.generator, model.discriminator)
    )
    images = torch.zeros(4, 1, 32, 32)
    with FlopCounterMode(display=False) as counter:
        drawn = generator(torch.zeros(4, 100, 1, 1))
        (discriminator(images).sum() + discriminator(drawn.detach()).sum()).backward()
        discriminator(drawn).sum().backward()
    assert race.operations("examples") == counter.get_total_flops() / 4
