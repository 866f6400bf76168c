from __future__ import annotations

import numpy as np
import pytest

from selfsup_engine.sources import shapes


def test_factors_stay_in_their_ranges() -> None:
    drawn = shapes.factors(2000, seed=1)
    assert set(drawn["shape"]) == set(range(len(shapes.CLASSES)))
    assert 0 <= drawn["hue"].min() < drawn["hue"].max() < 1
    for axis in ("x", "y"):
        assert (drawn[axis] - drawn["radius"] > 0).all()
        assert (drawn[axis] + drawn["radius"] < 1).all()


def test_labels_are_the_factors_shapes() -> None:
    options = shapes.Options(count=100, seed=4)
    drawn, arrays = shapes.factors(100, seed=4), shapes.read(options)
    assert np.array_equal(np.concatenate([arrays.train_labels, arrays.test_labels]), drawn["shape"])


def test_a_seed_gives_its_own_scenes() -> None:
    one, same, other = (shapes.read(shapes.Options(count=20, seed=seed)).train for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("kind", range(len(shapes.CLASSES)), ids=shapes.CLASSES)
def test_a_shape_is_where_its_factors_say(kind: int) -> None:
    drawn = shapes.factors(200, seed=2)
    drawn["shape"] = kind
    pixels = shapes.draw(drawn, 48, channels=1)[:, 0].astype(float)
    weight = pixels - pixels.min(axis=(1, 2), keepdims=True)
    total = weight.sum(axis=(1, 2))
    centres = (np.arange(48) + 0.5) / 48
    assert np.allclose((weight.sum(axis=1) @ centres) / total, drawn["x"], atol=0.01)
    assert np.allclose((weight.sum(axis=2) @ centres) / total, drawn["y"], atol=0.01)
    border = np.concatenate([pixels[:, 0], pixels[:, -1], pixels[:, :, 0], pixels[:, :, -1]], axis=1)
    assert (border == border.min()).all()


@pytest.mark.parametrize(
    ("kind", "area"),
    [("circle", np.pi), ("triangle", 3 * np.sqrt(3) / 4), ("square", 2.0), ("ring", np.pi * (1 - 0.64**2))],
)
def test_antialiasing_keeps_the_area(kind: str, area: float) -> None:
    drawn = shapes.factors(100, seed=5)
    drawn["shape"] = shapes.CLASSES.index(kind)
    drawn["hue"] = 0.1
    pixels = shapes.draw(drawn, 64, channels=1)[:, 0].astype(float)
    covered = ((pixels - pixels.min()) / (pixels.max() - pixels.min())).mean(axis=(1, 2))
    assert np.allclose(covered / (area * drawn["radius"] ** 2), 1, atol=0.04)


def test_grey_is_the_luma_of_the_same_scene() -> None:
    drawn = shapes.factors(20)
    colour, grey = shapes.draw(drawn, 32).astype(float), shapes.draw(drawn, 32, channels=1).astype(float)
    luma = np.tensordot([0.299, 0.587, 0.114], colour, axes=(0, 1))
    assert np.abs(luma - grey[:, 0]).max() <= 1
