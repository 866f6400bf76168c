"""The models that come along: each can be explored without its data, says whose data that was, and is as good as it says."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from dashboard.explorers import GAN, LATENT, PHOTO
from selfsup_engine import builtin_photos, photofile, snapshots
from selfsup_engine.exploring.latent import LatentSpace
from selfsup_engine.exploring.metrics import evaluate
from selfsup_engine.exploring.moment import Moment
from selfsup_engine.exploring.retouching.operations import Enhance, Recolour, Style
from selfsup_engine.exploring.retouching.recipe import means_of
from selfsup_engine.exploring.retouching.verdicts import restored
from selfsup_engine.exploring.sampling import Sampler
from selfsup_engine.exploring.timeline import Timeline
from selfsup_engine.health import collapsed_code
from selfsup_engine.models.spec import check_config
from selfsup_engine.runs import GALLERY, Library, Result, RunFolder
from selfsup_engine.scores import mse_per_image

MODELS = Library().shown()
ENCODERS = [folder for folder in MODELS if LATENT.shows(folder)]
GENERATORS = [folder for folder in MODELS if GAN.shows(folder)]
RESTYLERS = [folder for folder in MODELS if PHOTO.shows(folder)]
BEST = {"fashion-2d": (0.0235, 0.72), "mnist-2d": (0.034, 0.80)}
"""The error that a model may have at most, and the 5-NN accuracy that it must have at least."""


def result(folder: RunFolder) -> Result:
    found = folder.run.result
    assert found is not None
    return found


def named(name: str) -> RunFolder:
    return RunFolder(GALLERY / name)


def test_it_shows_what_the_family_can_do() -> None:
    configs = {folder.name: check_config(folder.run.family, folder.run.config).model_dump() for folder in MODELS}
    assert {"fashion-2d", "mnist-2d"} <= {name for name, config in configs.items() if config.get("code") == 2}
    assert configs["fashion-16d"]["code"] == 16
    assert configs["emoji-conv"]["network"] == "conv" and configs["emoji-conv"]["channels"] == 3
    assert configs["mnist-vae"]["objective"] == "variational"


@pytest.mark.parametrize(
    ("folders", "most"),
    [(ENCODERS, 24e6), (GENERATORS, 36e6), (RESTYLERS, 10e6)],
    ids=["encoders", "generators", "restylers"],
)
def test_it_is_small(folders: list[RunFolder], most: float) -> None:
    assert 0 < sum(folder.bytes_used() for folder in folders) < most


@pytest.mark.parametrize("folder", MODELS, ids=lambda folder: folder.name)
def test_a_card_is_complete(folder: RunFolder) -> None:
    run = folder.run
    assert run.title and run.note and result(folder).licence and result(folder).seconds > 0
    assert run.budget.steps in (None, result(folder).steps)
    assert folder.file("cover.png").exists() and folder.status().state == "done"
    assert folder.name in (GALLERY / "README.md").read_text()
    assert "/" not in run.source  # no path of the machine that it was trained on


@pytest.mark.parametrize("folder", ENCODERS, ids=lambda folder: folder.name)
def test_a_model_is_explored_without_its_data(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SELFSUP_DATA", str(tmp_path))
    space = LatentSpace(folder)
    kept = space.exhibit
    torch.testing.assert_close(space.encode(kept.images), kept.codes, rtol=1e-3, atol=1e-3)
    drawn = torch.from_numpy(space.reconstruct(kept.images))
    torch.testing.assert_close(mse_per_image(drawn, kept.images), kept.errors, rtol=0.02, atol=2e-4)
    assert not collapsed_code(kept.codes)
    assert float(kept.errors.mean()) == pytest.approx(result(folder).scores["mse"], rel=0.1)
    assert float(space.trust(kept.codes[:500]).median()) > 0.8
    assert float(space.trust(kept.codes.mean(0, keepdim=True) + 100 * kept.codes.std(0))[0]) < 0.2


@pytest.mark.parametrize("folder", ENCODERS, ids=lambda folder: folder.name)
def test_a_model_beats_the_linear_one_of_its_size(folder: RunFolder) -> None:
    scores = result(folder).scores
    assert scores["mse"] < scores["pca_mse"] < scores["mean_mse"]


@pytest.mark.parametrize("folder", GENERATORS, ids=lambda folder: folder.name)
@pytest.mark.slow
def test_a_generator_draws_without_its_data(folder: RunFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SELFSUP_DATA", str(tmp_path))
    sampler = Sampler(folder)
    drawn = sampler.sample(12, seed=1)
    assert len({image.tobytes() for image in drawn}) == 12
    assert len(sampler.directions["activations"]) == len(sampler.directions["weights"]) == 10
    assert sampler.exhibit.images.shape[0] >= 300


@pytest.mark.parametrize("folder", GENERATORS, ids=lambda folder: folder.name)
def test_a_generator_lies_between_real_images_and_simple_models(folder: RunFolder) -> None:
    scores = result(folder).scores
    if "frechet_classifier" in scores:
        assert (
            scores["frechet_floor"]
            < scores["frechet_classifier"]
            < min(scores["frechet_pixels"], scores["frechet_codes"])
        )
    else:  # without labels: few images, so that the floor is one of chance, and turns that are hard to tell of any blur
        assert scores["frechet_rotations"] < 3 * scores["frechet_floor"]
    assert scores["recall"] > 0.3 and scores["diversity"] > 0.8
    assert scores["frechet_default"] < scores["frechet_reference"]  # the rows of the race on its data


@pytest.mark.parametrize("name", ["mnist-2d", "mnist-gan", "restore", "style-canyon"])
def test_some_can_be_scrubbed_without_their_data(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each kind has one with steps on its way; in the order of time they come nearer to what the model is."""
    monkeypatch.setenv("SELFSUP_DATA", str(tmp_path))
    timeline = Timeline(named(name))
    assert len(timeline.steps) >= 6
    assert (timeline.steps[0], timeline.steps[-1]) == (0, result(named(name)).steps)
    first, *between, last = (timeline.moment(step) for step in snapshots.thinned(timeline.steps, 4))

    def way(moment: Moment) -> float:
        return float(np.square(moment.sheet.astype(float) - last.sheet).mean())

    assert way(first) > way(between[0]) > way(between[1]) > 0


@pytest.mark.parametrize("name", BEST)
def test_the_maps_are_as_good_as_they_must_be(name: str) -> None:
    scores = result(named(name)).scores
    most, least = BEST[name]
    assert scores["mse"] <= most
    assert scores["knn5"] >= least


@pytest.mark.slow
@pytest.mark.parametrize(("name", "data"), [("fashion-2d", "FashionMNIST"), ("mnist-2d", "MNIST")])
def test_a_card_is_true(name: str, data: str, shared: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shutil.copytree(shared / data, tmp_path / data)
    monkeypatch.setenv("SELFSUP_DATA", str(tmp_path))
    scores = evaluate(named(name))
    assert scores == pytest.approx(result(named(name)).scores, rel=2e-3)


def test_photos_are_restored_colorized_and_styled() -> None:
    pretexts = [folder.run.config["pretext"] for folder in RESTYLERS]
    assert {"restore", "colorize"} < set(pretexts)
    assert 2 <= pretexts.count("style") <= 3


@pytest.mark.parametrize("folder", RESTYLERS, ids=lambda folder: folder.name)
@pytest.mark.slow
def test_a_restyler_changes_photos_without_its_data(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SELFSUP_DATA", str(tmp_path))
    kind = {"restore": Enhance(), "colorize": Recolour(colours="model"), "style": Style()}[folder.run.config["pretext"]]
    means = means_of(folder)
    photo = photofile.read(builtin_photos.read("china")).pixels
    made = kind.render(photo, means)
    assert (made.float() - photo.float()).abs().mean() > 1
    assert {"CIFAR", "BSDS"}.isdisjoint(result(folder).licence.split())


def test_restoring_beats_the_best_unsharp_mask_by_far_on_photos_that_it_never_saw() -> None:
    model = means_of(named("restore")).model
    assert model is not None
    for name in ("china", "flower"):  # the only two of the built-in photos that it did not learn from
        verdict = restored(model, photofile.read(builtin_photos.read(name)).pixels)
        assert verdict.theirs is not None
        assert verdict.ours > verdict.theirs + 2
