"""What holds for every operation: strength, size, settings that speak for themselves, and what it lacks is said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from pydantic import ValidationError

from selfsup_engine.errors import UserError
from selfsup_engine.exploring.retouching.operation import Means, Operation
from selfsup_engine.exploring.retouching.operations import OPERATIONS, Compose, Recolour, Style, mixed
from selfsup_engine.exploring.retouching.recipe import means_of, packed_reference
from selfsup_engine.runs import RunFolder
from selfsup_engine.scaling import reduced

Restyler = Callable[[str], RunFolder]
PRETEXTS = {"enhance": "restore", "style": "style"}
ALL: list[tuple[str, dict[str, Any]]] = [(name, {}) for name in OPERATIONS]
ALL += [("recolour", {"colours": "palette"}), ("recolour", {"colours": "model"}), ("style", {"model": False})]
ODD = [(1, 1), (1, 400), (3, 2)]


def scene(height: int = 120, width: int = 160, seed: int = 0) -> torch.Tensor:
    """Areas of some colours with a little grain."""
    random = torch.Generator().manual_seed(seed)
    coarse = torch.randint(30, 220, (1, 3, 4, 5), generator=random).float()
    areas = torch.nn.functional.interpolate(coarse, size=(height, width), mode="nearest")[0]
    return (areas + 8 * torch.randn(3, height, width, generator=random)).round().clamp(0, 255).to(torch.uint8)


@pytest.fixture(params=ALL, ids=lambda case: "-".join([case[0], *map(str, case[1].values())]))
def case(request: pytest.FixtureRequest, restyler_once: Restyler) -> tuple[type[Operation], dict[str, Any], Means]:
    name, settings = request.param
    with_model = settings.get("model", True)
    pretext = "colorize" if settings.get("colours") == "model" else PRETEXTS.get(name)
    folder = restyler_once(pretext) if pretext and with_model else None
    settings = {key: value for key, value in settings.items() if key != "model"}
    return OPERATIONS[name], settings, means_of(folder, packed_reference(scene(seed=1)))


def test_strength_zero_is_the_photo(case: Any) -> None:
    kind, settings, means = case
    photo = scene()
    made = kind(**settings, strength=0).render(photo, means)
    assert (made.int() - photo.int()).abs().max() <= 1


def test_full_strength_changes_it_the_same_way_each_time_and_says_how_far_it_is(case: Any) -> None:
    kind, settings, means = case
    photo, said = scene(), list[float]()
    made = kind(**settings, strength=1).render(photo, means, said.append)
    assert made.shape == photo.shape
    assert made.dtype == torch.uint8
    assert (made.int() - photo.int()).abs().float().mean() > 0.05
    assert kind(**settings, strength=1).render(photo, means).equal(made)
    assert said == sorted(said)
    assert said[0] >= 0 and said[-1] <= 1


@pytest.mark.parametrize("size", ODD)
@pytest.mark.slow
def test_odd_photos_keep_their_size(case: Any, size: tuple[int, int]) -> None:
    kind, settings, means = case
    assert kind(**settings).render(scene(*size), means).shape == (3, *size)


@pytest.mark.parametrize("level", [0, 128, 255])
@pytest.mark.slow
def test_a_photo_of_one_grey_is_no_trouble(case: Any, level: int) -> None:
    kind, settings, means = case
    flat = torch.full((3, 40, 50), level, dtype=torch.uint8)
    try:
        assert kind(**settings).render(flat, means).shape == flat.shape
    except UserError as error:
        pytest.fail(f"it is refused: {error}")


@pytest.mark.slow
def test_a_preview_looks_like_the_full_photo(case: Any) -> None:
    kind, settings, means = case
    if kind is Compose:  # the photo's own colours are found anew in each
        settings = {"points": ({"x": 0.2, "y": 0.3, "colour": "#c04020"}, {"x": 0.9, "y": 0.6, "colour": "#2040c0"})}
    if kind in (OPERATIONS["enhance"], OPERATIONS["segment"]):
        return  # it acts on what a preview does not show
    photo = torch.nn.functional.interpolate(scene()[None].float(), size=(600, 800), mode="bicubic")[0].clamp(0, 255)
    photo = photo.round().to(torch.uint8)
    full, small = kind(**settings).render(photo, means), kind(**settings).render(reduced(photo, 300_000), means)
    apart = (reduced(full, 300_000).float() - small.float()).abs().mean()
    assert apart < 10


def test_the_classical_operator_stands_beside_where_there_is_one(case: Any) -> None:
    kind, settings, means = case
    photo = scene()
    operation = kind(**settings)
    beside = operation.classical(photo, means) if operation.compares(means) else None
    assert beside is None or (beside.shape == photo.shape and kind.classical_title)
    verdict = operation.verdict(photo, operation.render(photo, means), beside, means)
    if beside is not None:
        assert verdict is not None
        assert verdict.theirs is not None


@pytest.mark.parametrize("name", OPERATIONS)
def test_settings_speak_for_themselves(name: str) -> None:
    kind = OPERATIONS[name]
    assert kind.title and kind.lead.endswith(".")
    for field, about in kind.model_fields.items():
        if field != "operation":
            assert about.title, field
            assert about.description, field
            assert about.description.endswith("."), field
    assert set(kind.prepared_by) <= set(kind.model_fields)
    with pytest.raises(ValidationError):
        kind.model_validate({"strength": 2})
    with pytest.raises(ValidationError):
        kind.model_validate({"surprise": 1})


@pytest.mark.slow
def test_what_is_prepared_depends_on_nothing_but_what_it_says(case: Any) -> None:
    kind, settings, means = case
    photo, base = scene(), kind(**settings)
    prepared = base.prepare(photo, means)
    for field in ("strength", "grain", "fine", "keep_neutral", "detail"):
        if field in kind.model_fields and field not in kind.prepared_by:
            other = kind(**settings, **{field: 0.4})
            assert other.apply(photo, prepared).equal(other.render(photo, means))


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        (OPERATIONS["enhance"](), "restore"),
        (Recolour(), "reference photo"),
        (Recolour(colours="model"), "colorize or style"),
        (Style(), "reference photo"),
        (Compose(), "reference photo"),
    ],
)
def test_what_is_missing_is_said(operation: Operation, said: str) -> None:
    with pytest.raises(UserError, match=said):
        operation.render(scene(), Means())


def test_a_model_of_another_pretext_is_refused(restyler_once: Restyler) -> None:
    with pytest.raises(UserError, match="learned to restore"):
        OPERATIONS["enhance"]().render(scene(), means_of(restyler_once("style")))


def test_mixing_goes_from_one_picture_to_the_other() -> None:
    one, two = torch.zeros(3, 2, 2, dtype=torch.uint8), torch.full((3, 2, 2), 200, dtype=torch.uint8)
    assert mixed(one, two, 1).equal(two)
    assert mixed(one, two, 0).equal(one)
    assert (mixed(one, two, 0.25) == 50).all()
