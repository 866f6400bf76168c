"""The network that sets are compared by: trained once for a data set, the same ever after, and it knows its pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from selfsup_engine import features, sources
from selfsup_engine.features import feature_net, fidelity_scores
from selfsup_engine.sources import ImageSet


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the networks are kept."""
    return tmp_path_factory.mktemp("place")


@pytest.fixture
def images(place: Path, monkeypatch: pytest.MonkeyPatch) -> ImageSet:
    monkeypatch.setenv("SELFSUP_DATA", str(place))
    return sources.load("shapes:size=32,count=600,channels=1").fitted(1, 32)


@pytest.mark.slow
def test_it_is_trained_once_for_a_data_set(images: ImageSet, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.random.get_rng_state()
    first = feature_net(images)
    assert torch.equal(torch.random.get_rng_state(), before)  # a run's own randomness is left alone
    assert first.name == "classifier"
    assert len(list((place / "features").glob("classifier-32-*.safetensors"))) == 1
    monkeypatch.setattr(features, "_train", lambda *args: pytest.fail("trained again"))
    again = feature_net(images)
    assert torch.equal(first.of(images.test), again.of(images.test))
    assert first.of(images.test).shape == (len(images.test), features.FEATURES)


@pytest.mark.slow
def test_it_tells_classes_apart(images: ImageSet) -> None:
    assert images.test_labels is not None
    net = feature_net(images)
    layers = net.layers.eval()
    answers = layers(images.test.float() / 127.5 - 1).argmax(1)
    chance = 1 / len(images.classes)
    assert float((answers == images.test_labels).float().mean()) > 2 * chance


@pytest.mark.slow
def test_without_labels_it_learns_rotations(images: ImageSet) -> None:
    bare = replace(images, train_labels=None, test_labels=None, classes=())
    assert feature_net(bare).name == "rotations"


@pytest.mark.slow
def test_scores_tell_real_images_from_noise(images: ImageSet) -> None:
    net = feature_net(images)
    half = len(images.train) // 2
    real, other = images.train[:half], images.train[half:]
    noise = torch.randint(0, 256, other.shape, generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    good, bad = fidelity_scores(net, real, other), fidelity_scores(net, real, noise)
    assert set(good) == {"frechet_classifier", "precision", "recall", "density", "coverage"}
    assert good["frechet_classifier"] < bad["frechet_classifier"] / 5
    assert good["precision"] > bad["precision"] + 0.3
    assert good["coverage"] > bad["coverage"] + 0.3
