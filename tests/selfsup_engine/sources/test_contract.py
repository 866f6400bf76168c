"""What holds for every source."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from selfsup_engine import sources
from selfsup_engine.errors import UserError
from selfsup_engine.images import encode
from selfsup_engine.sources import own

BUILT_IN = ["digits", "photos", "shapes", "shapes:size=28,count=60,seed=3,channels=1"]
FROM_ARCHIVES = ["mnist", "fashion-mnist"]
OWN = ["npz", "folder", "patches", "upload"]


@pytest.fixture(params=BUILT_IN + FROM_ARCHIVES + OWN)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    name: str = request.param
    noise = np.random.default_rng(0).integers(0, 256, (20, 30, 24, 3), dtype=np.uint8)
    if name in FROM_ARCHIVES:
        request.getfixturevalue("archives")
    if name == "npz":
        np.savez(tmp_path / "set.npz", images=noise, labels=np.arange(20) % 4)
        return f"npz:{tmp_path / 'set.npz'}"
    if name == "folder":
        for number, pixels in enumerate(noise):
            folder = tmp_path / "pictures" / "ab"[number % 2]
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(folder / f"{number}.png")
        return f"folder:{tmp_path / 'pictures'}"
    if name == "patches":
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (150, 200, 3), dtype=np.uint8)).save(
            tmp_path / "photo.png"
        )
        return f"patches:{tmp_path / 'photo.png'}"
    if name == "upload":
        files = [(f"{number}.png", encode(pixels)) for number, pixels in enumerate(noise)]
        return own.save(own.prepare(files, size=20, channels=1), "Noise")
    return name


def test_a_source_keeps_its_word(source: str) -> None:
    info = sources.info(source)
    assert sources.is_local(source)
    first, again = sources.load(source), sources.load(source)
    assert first.name == again.name == info.name == source
    assert first.licence == info.licence
    for images, labels, count in (
        (first.train, first.train_labels, info.train),
        (first.test, first.test_labels, info.test),
    ):
        assert images.dtype == torch.uint8
        assert images.shape == (count, info.channels, info.size, info.size)
        assert images.is_contiguous()
        assert images.float().std() > 0
        if labels is not None:
            assert labels.dtype == torch.int64
            assert labels.shape == (count,)
            assert set(labels.tolist()) <= set(range(len(first.classes)))
    assert (first.train_labels is None) == (first.test_labels is None) == (not first.classes)
    assert torch.equal(first.train, again.train)
    assert torch.equal(first.test, again.test)
    fitted = first.fitted(3, 16)
    assert fitted.train.shape == (info.train, 3, 16, 16)
    assert fitted.train_labels is first.train_labels


@pytest.mark.parametrize("name", sources.SOURCES)
def test_the_catalogue_says_everything(name: str) -> None:
    info = sources.info(name)
    assert info.name == name
    assert info.title
    assert info.summary.endswith(".")
    assert info.licence
    assert (info.download_mb > 0) == bool(info.files) == (not sources.is_local(name))


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ("fashion_mnist", "Did you mean fashion-mnist?"),
        ("MNIST", "Did you mean mnist?"),
        ("", "Choose one of digits, shapes"),
        ("digits:size=3", "Choose one of"),
        ("npz:", "npz:PATH"),
        ("upload:../../etc/passwd", "There is no upload"),
        ("upload:0123456789abcdef", "Upload the pictures again"),
        ("folder:/nowhere/at/all", "There is no folder"),
        ("npz:/nowhere/at/all.npz", "There is no file"),
        ("shapes:size=99", "28 to 64"),
        ("shapes:colour=red", "no option 'colour'"),
        ("shapes:channels=2", "1 or 3"),
        ("shapes:count=-5", "whole number"),
    ],
)
def test_what_does_not_exist_is_answered_with_what_does(source: str, hint: str) -> None:
    for ask in (sources.info, sources.load):
        with pytest.raises(UserError, match=hint.replace("?", r"\?")):
            ask(source)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("digits", "digits"),
        ("upload:0123456789abcdef", "upload:0123456789abcdef"),
        ("folder:/srv/private/shoes", "elsewhere:shoes"),
        ("npz:~/sets/dogs.npz", "elsewhere:dogs"),
        ("patches:C:\\photos\\sea.jpg?side=640", "elsewhere:sea"),
        ("folder:/", "elsewhere:pictures"),
    ],
)
def test_a_source_can_be_told_without_its_place(source: str, told: str) -> None:
    assert sources.without_path(source) == told == sources.without_path(told)
    if told.startswith("elsewhere"):
        assert sources.is_own(told) and not sources.is_local(told)
        for ask in (sources.info, sources.load):
            with pytest.raises(UserError, match="on which this model was trained"):
                ask(told)
