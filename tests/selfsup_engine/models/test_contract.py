"""What holds for every family, every preset, and for the autoencoder's every objective and network."""

from __future__ import annotations

import itertools
import math
from functools import partial
from typing import Any

import pytest
import torch

from selfsup_engine.device import pick
from selfsup_engine.errors import UserError
from selfsup_engine.events import Check, Finished
from selfsup_engine.images import to_unit
from selfsup_engine.models.saved import load_model
from selfsup_engine.models.spec import Config, capabilities, check_config, families, preset_config, spec
from selfsup_engine.runs import Budget, Library, Run
from selfsup_engine.training.loop import Training, train

SOURCES = {1: "shapes:size=28,count=200,channels=1", 3: "shapes:size=32,count=200"}
Case = tuple[str, str, dict[str, Any]]

SLIM = {
    ("color_gradient", "reference"): {"widths": [8, 16, 8]}
}  # its own widths are held in test_color_gradient.py, and take minutes
PRESETS: list[Case] = [
    (family, preset, SLIM.get((family, preset), {})) for family, found in families().items() for preset in found.presets
]
VARIANTS: list[Case] = [
    ("autoencoder", "mlp", {"objective": objective, "network": network, "norm": network == "conv", "widths": [8, 8]})
    for objective, network in itertools.product(("plain", "denoising", "variational"), ("mlp", "conv"))
]
VARIANTS += [
    ("dcgan", "reference", changes | {"width": 8})
    for changes in (
        {"size": 28, "augment": True, "average": 0.9, "schedule": "linear"},
        {"size": 32, "channels": 3, "objective": "hinge"},
        {"objective": "relativistic", "norm": "none", "penalty": 1.0, "latent": 8},
    )
]
VARIANTS.append(("autoencoder", "mlp", {"objective": "denoising", "noise": "patches", "norm": True, "widths": [8, 8]}))


@pytest.fixture(params=PRESETS + VARIANTS, ids=lambda case: "-".join(map(str, [*case[:2], *case[2].values()])))
def run(request: pytest.FixtureRequest) -> Run:
    family, preset, changes = request.param
    name, config = preset_config(family, preset, changes | {"batch": 32})
    return Run(
        family=family,
        preset=name,
        source=SOURCES[config.channels],
        config=config.model_dump(mode="json"),
        budget=Budget(steps=3),
    )


@pytest.mark.slow
def test_it_trains_and_what_it_saves_is_what_it_was(run: Run, library: Library) -> None:
    folder = library.create(run)
    live: list[Training] = []
    for happened in train(folder):
        if isinstance(happened, Check):
            assert all(map(math.isfinite, happened.losses.values()))
            assert happened.baselines
            for picture in happened.pictures.values():
                assert picture.dtype == "uint8"
                assert picture.ndim == 3
    assert isinstance(happened, Finished)

    config = check_config(run.family, folder.run.config)
    live.append(Training(folder, config, _images(run, config), lambda: "go"))  # takes up the last state
    assert live[0].step == 3
    live[0].check(1.0)  # as a run does before it saves: an average may take statistics of its own
    model: Any = live[0].task.model.eval()
    loaded: Any = load_model(folder)
    assert capabilities(loaded) == capabilities(model) == (folder.run.result.capabilities if folder.run.result else ())
    for (name, trained), (same, kept) in zip(model.state_dict().items(), loaded.state_dict().items(), strict=True):
        assert name == same
        assert torch.equal(trained, kept)
    images = to_unit(_images(run, config).test[:7])
    near = partial(torch.allclose, atol=1e-5)  # another layout in memory adds in another order
    with torch.inference_mode():
        if "samples" in capabilities(model):
            z = torch.randn(7, model.latent_size)
            drawn = model.generate(z)
            assert drawn.shape == images.shape
            assert drawn.abs().max() <= 1
            assert near(drawn, loaded.generate(z))
            assert len(model.first_layer(z)) == 7
            assert model.first_weights().shape == (model.first_layer(z).shape[1], model.latent_size)
        if "judges" in capabilities(model):
            opinions = model.judge(images)
            assert opinions.shape == (7,)
            assert near(opinions, loaded.judge(images))
        if "encodes" in capabilities(model):
            codes = model.encode(images)
            assert codes.shape == (7, model.code_size)
            assert near(codes, loaded.encode(images))
            if "decodes" in capabilities(model):
                drawn = model.decode(codes)
                assert drawn.shape == images.shape
                assert drawn.abs().max() <= 1
                assert near(drawn, loaded.decode(codes))


def test_its_report_is_complete(run: Run) -> None:
    config = check_config(run.family, run.config)
    task = spec(run.family).task(config, pick())
    images = _images(run, config)
    report = task.report(images)
    assert report.scores
    assert all(math.isfinite(score) for score in report.scores.values())
    kept = len(report.exhibit["images"])
    assert kept > 1
    assert report.exhibit["images"].shape == (kept, config.channels, config.size, config.size)
    assert report.exhibit["images"].dtype == torch.uint8
    assert report.exhibit["labels"].shape == (kept,)
    if "encodes" in capabilities(task.model):
        assert kept == len(images.test)
        assert report.exhibit["errors"].shape == (kept,)
        assert report.exhibit["codes"].shape[0] == kept
        assert report.exhibit["codes"].dtype == torch.float32
    assert report.cover.ndim == 3
    assert report.cover.dtype == "uint8"
    figures = task.evaluate(images.test)
    first = task.step(to_unit(images.train[:8]), 0, 0.0)
    assert set(figures) & set(first)  # at least one is seen on both splits
    assert all(math.isfinite(float(value)) for value in [*figures.values(), *first.values()])


@pytest.mark.slow
def test_its_state_is_all_there_is(run: Run) -> None:
    config = check_config(run.family, run.config)
    batches = to_unit(_images(run, config).train[:96]).split(32)
    torch.manual_seed(1)
    task = spec(run.family).task(config, pick())
    task.step(batches[0], 1, 0.1)
    kept = {name: tensor.clone() for name, tensor in task.state().items()}
    torch.manual_seed(2)
    other = spec(run.family).task(config, pick())
    other.load_state(kept)
    for trained in (task, other):
        trained.step(batches[1], 2, 0.2)
        trained.step(batches[2], 3, 0.3)
    ends, again = task.state(), other.state()
    assert set(ends) == set(again) == set(kept)
    assert all(torch.equal(ends[name], again[name]) for name in ends)
    assert any(not torch.equal(ends[name], kept[name]) for name in ends)


@pytest.mark.parametrize("family", families())
def test_its_config_speaks_for_itself(family: str) -> None:
    found = spec(family)
    for name, field in found.config.model_fields.items():
        assert field.title, name
        assert field.description, name
        assert field.description.endswith("."), name
    for config in (preset.config for preset in found.presets.values()):
        assert type(config).model_validate_json(config.model_dump_json()) == config
        assert check_config(family, config.model_dump(mode="json")) == config
    with pytest.raises(UserError, match="surprise"):
        check_config(family, {"surprise": 1})
    with pytest.raises(UserError, match=r"Batch size \(batch\) must be at least"):
        check_config(family, {"batch": 1})


def test_what_does_not_exist_is_answered_with_what_does() -> None:
    with pytest.raises(UserError, match=r"There are: .*autoencoder"):
        spec("oracle")
    with pytest.raises(UserError, match=r"There are: .*reference"):
        preset_config("autoencoder", "best", {})


def test_no_preset_named_is_the_first() -> None:
    assert preset_config("autoencoder", None, {})[0] == next(iter(spec("autoencoder").presets))


@pytest.mark.parametrize("family", families())
def test_every_family_has_its_reference(family: str) -> None:
    assert "reference" in spec(family).presets


def _images(run: Run, config: Config) -> Any:
    from selfsup_engine import sources

    return sources.load(run.source).fitted(config.channels, config.size)
