"""A recipe holds all there is, and gives the same bytes again; what is none is refused."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import torch

from selfsup_engine import photofile
from selfsup_engine.errors import UserError
from selfsup_engine.exploring.retouching import recipe as recipes
from selfsup_engine.exploring.retouching.operations import Enhance, Flatten, Recolour
from selfsup_engine.exploring.retouching.recipe import Recipe, fingerprint, follow, means_of, model_of
from selfsup_engine.photofile import Photo
from selfsup_engine.runs import Library, RunFolder

Restyler = Callable[[str], RunFolder]


def photo(seed: int = 0) -> torch.Tensor:
    return torch.randint(0, 256, (3, 60, 90), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))


def half() -> torch.Tensor:
    mask = torch.zeros(30, 45, dtype=torch.bool)
    mask[:, 20:] = True
    return mask


def test_a_recipe_gives_the_same_bytes_after_its_way_through_a_file(restyler: Restyler, library: Library) -> None:
    folder = restyler("restore")
    assert folder.run.result is not None
    recipe = Recipe(
        photo=fingerprint(photo()),
        operation=Enhance(strength=0.6, contrast=0.2),
        model=folder.name,
        weights=folder.run.result.weights,
        mask=recipes.packed_mask(half()),
    )
    again = recipes.read(recipe.model_dump_json())
    assert again == recipe
    mine = Photo(photo(), alpha=photo(3)[0], icc=b"profile", name="a.png")
    made = follow(mine, recipe, means_of(folder))
    same = follow(mine, again, means_of(model_of(again, library)))
    assert photofile.write(made, "png") == photofile.write(same, "png")
    assert made.alpha is mine.alpha and made.icc == mine.icc
    outside = ~half().repeat_interleave(2, 0).repeat_interleave(2, 1)
    assert made.pixels[:, outside].equal(mine.pixels[:, outside])
    assert not made.pixels.equal(mine.pixels)


def test_the_reference_travels_inside() -> None:
    recipe = Recipe(operation=Recolour(), reference=recipes.packed_reference(photo(1)))
    means = means_of(None, recipes.read(recipe.model_dump_json()).reference)
    assert means.reference is not None
    assert (means.reference.float() - photo(1).float()).abs().mean() < 12  # of noise, as a JPEG
    assert means_of(None).reference is None


def test_a_model_is_known_by_its_weights_whatever_it_is_called(restyler: Restyler, library: Library) -> None:
    folder = restyler("restore")
    assert folder.run.result is not None
    weights = folder.run.result.weights
    assert model_of(Recipe(operation=Enhance(), model="other", weights=weights), library).name == folder.name
    with pytest.raises(UserError, match="not in this library"):
        model_of(Recipe(operation=Enhance(), model="other", weights="0" * 16), library)
    with pytest.raises(UserError, match="trained on since"):
        model_of(Recipe(operation=Enhance(), model=folder.name, weights="0" * 16), library)


def test_a_model_that_does_not_work_on_photos_is_refused(trained: RunFolder) -> None:
    with pytest.raises(UserError, match="does not work on photos"):
        means_of(trained)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not a recipe"),
        ("{}", "not a recipe"),
        ('{"operation": {"operation": "fly"}}', "not a recipe"),
        ('{"operation": {"operation": "enhance", "strength": 7}}', "not a recipe"),
        ('{"version": 2, "operation": {"operation": "flatten"}}', "not a recipe"),
        ("x" * 5_000_000, "too large"),
    ],
)
def test_what_is_no_recipe_is_refused(text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        recipes.read(text)


@pytest.mark.parametrize("field", ["mask", "reference"])
@pytest.mark.parametrize("content", ["@@@", "aGVsbG8="])
def test_damaged_pictures_inside_are_said(field: str, content: str) -> None:
    recipe = recipes.read(json.dumps({"operation": {"operation": "flatten"}, field: content}))
    with pytest.raises(UserError, match=r"[Rr]ecipe's"):
        follow(Photo(photo()), recipe, means_of(None, recipe.reference))


def test_a_fingerprint_tells_pixels_and_shapes_apart() -> None:
    one = photo()
    assert fingerprint(one) == fingerprint(one.clone())
    assert fingerprint(one) != fingerprint(one.transpose(1, 2))
    other = one.clone()
    other[0, 0, 0] ^= 1
    assert fingerprint(one) != fingerprint(other)


def test_progress_reaches_the_end_and_may_give_up() -> None:
    said: list[float] = []
    follow(Photo(photo()), Recipe(operation=Flatten()), means_of(None), said.append)
    assert said[-1] == 1

    class GivenUpError(Exception):
        pass

    def give_up(share: float) -> None:
        raise GivenUpError

    with pytest.raises(GivenUpError):
        follow(Photo(photo()), Recipe(operation=Flatten()), means_of(None), give_up)
