"""Models on the same images: what differs in their requests, PCA as a model, errors, and which images are shown."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from selfsup_engine.exploring.comparing import Column, Comparison, Difference, Pca, differences
from selfsup_engine.exploring.latent import LatentSpace
from selfsup_engine.models.spec import preset_config
from selfsup_engine.runs import Budget, Run, RunFolder
from selfsup_engine.scores import LinearBaseline, mse_per_image

Make = Callable[..., Run]


@pytest.fixture(scope="module")
def comparison(trained_once: RunFolder, deep: RunFolder) -> Comparison:
    return Comparison([LatentSpace(trained_once), LatentSpace(deep)])


def test_only_what_differs_is_said_in_the_words_of_the_form(make: Make) -> None:
    one, other = make(steps=20, seed=3), make(steps=40, seed=3, code=5)
    assert differences([one, other]) == [
        Difference("Budget", ("20 steps", "40 steps")),
        Difference("Code size", ("2", "5")),
    ]
    assert differences([one, one.model_copy(update={"title": "another name"})]) == []


def test_a_setting_that_a_family_lacks_is_none(make: Make) -> None:
    config = preset_config("dcgan", None, {})[1].model_dump(mode="json")
    gan = Run(family="dcgan", preset="default", source="digits", config=config, budget=Budget(steps=20), seed=0)
    rows = {row.name: row.values for row in differences([make(), gan])}
    assert rows["Family"] == ("Autoencoder", "GAN")
    assert rows["Code size"] == ("2", None)
    assert "Data" not in rows and "Seed" not in rows


def test_pca_as_a_model_is_the_linear_baseline(comparison: Comparison) -> None:
    images = comparison.images
    pca = Pca(images, 4)
    drawn = torch.from_numpy(pca.decode(pca.encode(images)))
    expected = LinearBaseline.fit(images, 4).mse(images)[1]
    assert float(mse_per_image(images, drawn).mean()) == pytest.approx(expected, rel=0.02)  # bytes, not floats
    assert pca.code_size == 4 and pca.name == "PCA, 4 numbers"


def test_more_components_than_there_are_images_are_not_promised(comparison: Comparison) -> None:
    assert Pca(comparison.images[:5], 64).code_size == 5


def test_each_column_is_the_model_itself_on_images_that_fitted_no_pca(comparison: Comparison) -> None:
    kept = comparison.spaces[0].exhibit
    assert torch.equal(comparison.images, kept.images[1::2])
    assert comparison.labels is not None and kept.labels is not None
    assert torch.equal(comparison.labels, kept.labels[1::2])
    assert [column.model.name for column in comparison.columns[2:]] == ["PCA, 2 numbers", "PCA, 6 numbers"]
    for space, column in zip(comparison.spaces, comparison.columns, strict=False):
        again = torch.from_numpy(space.reconstruct(comparison.images))
        assert torch.equal(torch.from_numpy(column.drawn), again)
        torch.testing.assert_close(column.errors, mse_per_image(comparison.images, again))
        torch.testing.assert_close(column.flat, space.plane.flat(space.encode(comparison.images)))


def test_images_are_fitted_to_each_model(comparison: Comparison) -> None:
    coloured = torch.randint(0, 256, (3, 3, 40, 40), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    column = Column.of(comparison.spaces[0], coloured)
    assert column.seen.shape == column.drawn.shape == (3, 1, 28, 28)


@pytest.mark.parametrize("by", ["differ", "worst", "best"])
def test_images_are_ordered_by_the_models_errors_and_not_by_pcas(comparison: Comparison, by: str) -> None:
    errors = torch.stack([column.errors for column in comparison.columns[:2]])
    figure = (errors[0] - errors[1]).abs() if by == "differ" else errors.mean(0)
    found = figure[comparison.order(by, 7)]
    best = figure.sort(descending=by != "best").values[:7]
    torch.testing.assert_close(found, best)


def test_the_first_images_come_in_their_order(comparison: Comparison) -> None:
    assert comparison.order("first", 4) == [0, 1, 2, 3]
