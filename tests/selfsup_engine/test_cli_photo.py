"""The photo command: what it writes is what Python makes, a recipe gives it again, and each mistake is one clear line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from selfsup_engine import photofile
from selfsup_engine.exploring.retouching.operations import Enhance, Flatten
from selfsup_engine.exploring.retouching.recipe import means_of
from selfsup_engine.runs import Library, RunFolder
from tests.selfsup_engine.test_cli import answer, call, mistake

Restyler = Callable[[str], RunFolder]


@pytest.fixture(autouse=True)
def _at_home(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SELFSUP_RUNS", str(library.root))


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "mine.png"
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 4), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def pixels(path: Path) -> torch.Tensor:
    return photofile.read(path).pixels


def test_a_model_enhances_a_photo_as_in_python(restyler: Restyler, photo: Path, tmp_path: Path) -> None:
    folder, out = restyler("restore"), tmp_path / "out.png"
    made = answer("photo", folder.name, str(photo), "-o", str(out), "--operation", "enhance", "--strength", "0.5")
    assert made["size"] == [60, 40]
    assert pixels(out).equal(Enhance(strength=0.5).render(pixels(photo), means_of(folder)))
    alpha = photofile.read(out).alpha
    assert alpha is not None
    assert alpha.equal(photofile.read(photo).alpha)


def test_an_operation_that_needs_no_model_takes_a_dash(photo: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    call("photo", "-", str(photo), "-o", str(out), "--operation", "flatten", "--set", "scale=0.01")
    assert pixels(out).equal(Flatten(scale=0.01).render(pixels(photo), means_of(None)))


def test_a_recipe_gives_the_same_bytes(restyler: Restyler, photo: Path, tmp_path: Path) -> None:
    restyler("style")
    mask = tmp_path / "mask.png"
    Image.fromarray((np.arange(60) < 30).repeat(40).reshape(60, 40).T.astype(np.uint8) * 255).save(mask)
    first, again, recipe = tmp_path / "a.jpg", tmp_path / "b.jpg", tmp_path / "recipe.json"
    options = ("--operation", "style", "--mask", str(mask), "--recipe", str(recipe))
    call("photo", "style", str(photo), "-o", str(first), *options)
    call("photo", str(recipe), str(photo), "-o", str(again))
    assert first.read_bytes() == again.read_bytes()


def test_a_reference_photo_is_taken(photo: Path, tmp_path: Path) -> None:
    reference, out = tmp_path / "reference.png", tmp_path / "out.webp"
    Image.fromarray(np.full((30, 30, 3), (200, 120, 40), np.uint8)).save(reference)
    call("photo", "-", str(photo), "-o", str(out), "--operation", "recolour", "--reference", str(reference))
    assert out.stat().st_size > 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-", "PHOTO", "-o", "out.png"), "Say what to do"),
        (("-", "PHOTO", "-o", "out.txt", "--operation", "flatten"), "must end in"),
        (("-", "PHOTO", "-o", "out.png", "--operation", "flatten", "--set", "detail=1"), "detail is not a setting"),
        (("-", "PHOTO", "-o", "out.png", "--operation", "enhance"), "learned to restore"),
        (("-", "PHOTO", "-o", "out.png", "--operation", "recolour"), "takes a reference photo"),
        (("-", "TEXT", "-o", "out.png", "--operation", "flatten"), "not a picture"),
        (("nobody", "PHOTO", "-o", "out.png", "--operation", "enhance"), "nobody"),
        (("lost.json", "PHOTO", "-o", "out.png"), "cannot be read"),
        (("TEXT.json", "PHOTO", "-o", "out.png"), "not a recipe"),
    ],
)
def test_a_mistake_is_one_line_and_writes_nothing(
    photo: Path, tmp_path: Path, arguments: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "text.json").write_text("no recipe")
    names = {"PHOTO": str(photo), "TEXT": "text.jpg", "TEXT.json": "text.json"}
    assert said in mistake("photo", *(names.get(argument, argument) for argument in arguments))
    assert not (tmp_path / "out.png").exists()


def test_the_family_is_evaluated(restyler: Restyler) -> None:
    scores = answer("evaluate", restyler("restore").name)
    assert {"psnr", "input_psnr", "gradient_psnr"} <= set(scores)
    assert scores["psnr"] > 0
