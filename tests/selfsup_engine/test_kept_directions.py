"""Directions that a person keeps: named, renamed, let go, brought back, and taken along; what comes in is checked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from selfsup_engine import kept_directions
from selfsup_engine.errors import UserError
from selfsup_engine.halves import packed
from selfsup_engine.kept_directions import MOST, Kept, KeptDirections, name_and_vector, parse

WEIGHTS = "0123456789abcdef"


def direction(name: str = "sleeves", seed: int = 0, size: int = 6) -> Kept:
    axis = np.random.default_rng(seed).standard_normal(size).astype(np.float32)
    fields = name_and_vector(name, axis / np.linalg.norm(axis))
    return Kept(
        **fields, effect=2.5, chance=0.4, share=1.0, sizes=(30, 40), groups=("l0", "l1"), made="Shirt against Top"
    )  # type: ignore[arg-type]


@pytest.fixture
def kept(tmp_path: Path) -> KeptDirections:
    return KeptDirections(tmp_path, WEIGHTS)


def test_directions_are_kept_renamed_let_go_and_brought_back(kept: KeptDirections, tmp_path: Path) -> None:
    assert kept.all() == []
    one, other = direction(), direction("heel", 1)
    kept.keep(one)
    kept.keep(other)
    assert KeptDirections(tmp_path, WEIGHTS).all() == [one, other]
    assert KeptDirections(tmp_path, "ff").all() == []  # another model's
    kept.rename(one.id, "  long   sleeves ")
    assert [found.name for found in kept.all()] == ["long sleeves", "heel"]
    kept.delete(one.id)
    assert kept.all() == [other]
    kept.keep(one)
    assert kept.all() == [other, one]
    kept.keep(other.model_copy(update={"name": "heels"}))  # the same once more is one
    assert [found.name for found in kept.all()] == ["heels", "sleeves"]


def test_a_direction_is_called_by_a_number_that_follows_from_its_vector() -> None:
    assert direction("a", 3).id == direction("b", 3).id != direction("a", 4).id
    assert np.array_equal(direction().numbers, direction().numbers) and direction().numbers.shape == (6,)


@pytest.mark.parametrize("name", ["", "   ", "x" * 25])
def test_a_name_is_short_and_not_empty(kept: KeptDirections, name: str) -> None:
    with pytest.raises(UserError, match="1 to 24 characters"):
        direction(name)
    kept.keep(direction())
    with pytest.raises(UserError, match="1 to 24 characters"):
        kept.rename(direction().id, name)


def test_there_is_an_end_to_how_many_are_kept(kept: KeptDirections, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_directions, "MOST", 3)
    kept.keep(*(direction(seed=seed) for seed in range(3)))
    with pytest.raises(UserError, match="Delete some"):
        kept.keep(direction(seed=9))
    assert len(kept.all()) == 3


def test_a_damaged_file_is_as_none(kept: KeptDirections, tmp_path: Path) -> None:
    kept.keep(direction())
    (tmp_path / ".directions" / f"{WEIGHTS}.json").write_text("[{")
    assert kept.all() == []


@pytest.mark.parametrize("weights", ["", "../evil", "x" * 10])
def test_weights_that_are_none_are_refused(tmp_path: Path, weights: str) -> None:
    with pytest.raises(UserError, match="no weights"):
        KeptDirections(tmp_path, weights)


def test_they_go_out_as_a_file_and_come_in_again(kept: KeptDirections, tmp_path: Path) -> None:
    kept.keep(direction(), direction("heel", 1))
    other = KeptDirections(tmp_path / "other", WEIGHTS)
    other.keep(*parse(kept.export(), 6))
    assert other.all() == kept.all()
    with pytest.raises(UserError, match="another model's"):
        parse(kept.export(), 7)


def changed(**fields: Any) -> Callable[[dict[str, Any]], object]:
    return lambda one: [one | fields]


HOSTILE: dict[str, Callable[[dict[str, Any]], object]] = {
    "a foreign key": changed(evil=1),
    "a missing one": lambda one: [{key: value for key, value in one.items() if key != "share"}],
    "another's id": changed(id="d00000000"),
    "a path as id": changed(id="../../x"),
    "a long name": changed(name="x" * 25),
    "no name": changed(name=""),
    "a vector that is not of length 1": changed(vector=packed(np.full(6, 5, np.float32))),
    "a vector that is not finite": changed(vector=packed(np.full(6, np.inf, np.float32))),
    "a vector that is no text of one": changed(vector="<b>"),
    "a huge vector": changed(vector="A" * 9_000),
    "a share above 1": changed(share=1.5),
    "sizes below 1": changed(sizes=[0, 5]),
    "an effect beyond all": changed(effect=1e300),
    "text for a figure": changed(chance="much"),
    "a long group": changed(groups=["l" * 7_000, "l1"]),
    "too many": lambda one: [one] * (MOST + 1),
    "no list": lambda one: one,
    "a number": lambda one: 5,
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_files_are_refused(what: str) -> None:
    data = json.dumps(HOSTILE[what](direction().model_dump())).encode()
    with pytest.raises(UserError, match="holds no directions"):
        parse(data, 6)


@pytest.mark.parametrize(
    "data", [b"", b"[", b"\xff\xfe", b"[NaN]", b'[{"id": NaN}]', b"[" * 100_000, b" " * 1_000_001], ids=range(7)
)
def test_what_is_no_file_of_directions_is_refused(data: bytes) -> None:
    with pytest.raises(UserError, match="holds no directions"):
        parse(data, 6)


def test_not_a_number_is_no_figure() -> None:
    text = json.dumps([direction().model_dump()]).replace('"effect": 2.5', '"effect": NaN')
    with pytest.raises(UserError, match="holds no directions"):
        parse(text.encode(), 6)
