"""The examples in docs/ do what the docs say."""

from __future__ import annotations

import re
import sys
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


def example(name: str) -> str:
    """The Python of a page of the docs."""
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / name).read_text(encoding="utf-8"), re.DOTALL)
    return str(code)


@pytest.fixture
def tied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The family of the docs, as one more file beside the others."""
    (tmp_path / "tied.py").write_text(example("your-own-family.md"), encoding="utf-8")
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


@pytest.mark.slow
def test_the_engine_is_used_from_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SELFSUP_RUNS", str(tmp_path))
    code = example("engine.md")
    assert len([line for line in code.splitlines() if line.strip()]) <= 24
    compiled = compile(code, "docs/engine.md", "exec")
    namespace: dict[str, object] = {}
    run_compiled(compiled, namespace)
    assert "(9, 1, 28, 28)" in capsys.readouterr().out


def run_compiled(code: object, namespace: dict[str, object]) -> None:
    """The example as a module of its own."""
    import types

    assert isinstance(code, types.CodeType)
    types.FunctionType(code, namespace)()
