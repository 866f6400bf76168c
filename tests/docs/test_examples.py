"""The examples in docs/ do what the docs say."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from selfsup_engine import models
from selfsup_engine.events import Finished, Paused
from selfsup_engine.exploring.latent import LatentSpace
from selfsup_engine.models.spec import families, preset_config, spec
from selfsup_engine.runs import ROOT, STATE, Budget, Library, Run
from selfsup_engine.training.loop import train
from tests.docs.reading import blocks


def examples(name: str) -> list[str]:
    """The Python of a page of the docs, block by block."""
    return blocks(ROOT / "docs" / name, "python")


@pytest.fixture
def tied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The family of the docs, as one more file beside the others."""
    (code,) = examples("your-own-family.md")
    (tmp_path / "tied.py").write_text(code, encoding="utf-8")
    monkeypatch.setattr(models, "__path__", [*models.__path__, str(tmp_path)])
    families.cache_clear()
    yield "tied"
    monkeypatch.undo()
    families.cache_clear()
    sys.modules.pop("selfsup_engine.models.tied", None)


def asked(steps: int) -> Run:
    preset, config = preset_config("tied", None, {"batch": 64, "learning_rate": 5e-3})
    settings = config.model_dump(mode="json")
    return Run(family="tied", preset=preset, source="digits", config=settings, budget=Budget(steps=steps))


def test_a_family_is_one_file(tied: str, library: Library) -> None:
    assert tied in families()
    assert spec(tied).presets["tied"].fitted(tied, 3, 32) is not None
    folder = library.create(asked(200))
    *_, last = train(folder)
    assert isinstance(last, Finished)
    result = folder.run.result
    assert result is not None and set(result.capabilities) == {"encodes", "decodes"}
    assert result.scores["mse"] < result.scores["mean_mse"] / 2
    space = LatentSpace(folder)
    assert space.decode(space.exhibit.codes[:2]).shape == (2, 1, 28, 28)


@pytest.mark.slow
def test_it_is_resumed_to_the_bit(tied: str, library: Library) -> None:
    whole, parts = (library.create(asked(2_000), library.root / name) for name in ("whole", "parts"))
    for _ in train(whole):
        pass
    *_, last = train(parts, control=lambda: "pause" if parts.file(STATE).exists() else "go")
    assert isinstance(last, Paused) and 0 < last.step < 2_000
    for _ in train(parts):
        pass
    images = LatentSpace(whole).exhibit.images[:5]
    assert torch.equal(LatentSpace(whole).encode(images), LatentSpace(parts).encode(images))


ENGINE = examples("engine.md")


def test_an_example_is_read_at_a_glance() -> None:
    assert len(ENGINE) == 4
    assert all(len([line for line in code.splitlines() if line.strip()]) <= 20 for code in ENGINE)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "said"),
    enumerate(["(9, 1, 28, 28)", "(13, 1, 32, 32)", "torch.Size([3, 400, 600])", "'PCA, 8 numbers': "]),
)
def test_the_engine_is_used_from_python(
    number: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SELFSUP_RUNS", str(tmp_path))
    run(ENGINE[number], "docs/engine.md")
    assert said in capsys.readouterr().out


def test_own_arrays_are_a_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _ = examples("your-own-data.md")
    run(code, "docs/your-own-data.md")
    (promised,) = re.findall(r"print\(.*\)  # (.*)", code)
    assert capsys.readouterr().out.replace("torch.Size([", "(").replace("])", ")").strip() == promised


def test_a_source_is_one_file() -> None:
    _, code = examples("your-own-data.md")
    names = run(code, "waves.py")
    images = names["load"](names["INFO"])  # type: ignore[operator]
    assert len(images.train) == 1800
    first, again = images.train[:200].float(), images.train[200:400].float()
    labels = images.train_labels[:200], images.train_labels[200:400]
    spectrum = [torch.fft.fft2(part - part.mean()).abs().flatten(1) for part in (first, again)]
    nearest = torch.cdist(*spectrum).argmin(1)
    assert (labels[1][nearest] == labels[0]).float().mean() > 0.9  # each direction looks like itself


@pytest.mark.slow
def test_a_source_of_the_docs_keeps_the_contract(tmp_path: Path) -> None:
    """The project with the file and the lines of the docs in it passes the contract test of sources."""
    shutil.copytree(ROOT / "selfsup_engine", tmp_path / "selfsup_engine", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    contract = tmp_path / "tests" / "selfsup_engine" / "sources" / "test_contract.py"
    contract.parent.mkdir(parents=True)
    for name in ("conftest.py", "test_contract.py"):
        shutil.copy(ROOT / "tests" / "selfsup_engine" / "sources" / name, contract.parent)
    contract.write_text(contract.read_text("utf-8").replace('BUILT_IN = ["digits"', 'BUILT_IN = ["waves"'), "utf-8")
    (tmp_path / "selfsup_engine" / "sources" / "waves.py").write_text(examples("your-own-data.md")[1], "utf-8")
    for block in blocks(ROOT / "docs" / "your-own-data.md", "diff"):
        file, _, change = block.partition("\n")
        patch(tmp_path / file, change)
    asked = [sys.executable, "-m", "pytest", str(contract), "-k", "waves or catalogue", "-p", "no:cacheprovider"]
    done = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert re.search(r"\b[2-9] passed", done.stdout), done.stdout


def patch(file: Path, change: str) -> None:
    """Puts the lines that begin with a plus below those before them, which must be there once."""
    text = file.read_text("utf-8")
    for hunk in change.strip("\n").split("\n\n"):
        before = "\n".join(line[1:] for line in hunk.splitlines() if line.startswith(" "))
        after = "\n".join(line[1:] for line in hunk.splitlines())
        assert text.count(f"{before}\n") == 1, f"{file.name} has changed: {before}"
        text = text.replace(f"{before}\n", f"{after}\n")
    file.write_text(text, "utf-8")


def run(code: str, name: str) -> dict[str, object]:
    """Runs an example as a module of its own; gives its names."""
    names: dict[str, object] = {"__name__": "example"}
    types.FunctionType(compile(code, name, "exec"), names)()
    return names
