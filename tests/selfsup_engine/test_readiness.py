from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from selfsup_engine import host, readiness
from selfsup_engine.runs import Library, Run


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def whole(library: Library, make: Callable[..., Run]) -> Library:
    """A library whose gallery has a model, as far as its files tell."""
    folder = library.create(make(), library.gallery / "digits")
    for name in ("weights.safetensors", "exhibit.safetensors"):
        folder.file(name).touch()
    return library


def problems(library: Library, data: Path) -> dict[str, str]:
    return {check.name: check.problem for check in readiness.checks(library, data) if check.problem}


def test_a_host_in_order_has_no_problems(whole: Library, data: Path) -> None:
    assert problems(whole, data) == {}
    assert [check.name for check in readiness.checks(whole, data)] == ["runs", "data", "disk", "memory", "gallery"]


def test_each_problem_says_what_to_do_and_no_path(
    whole: Library, data: Path, disk: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    (whole.gallery / "digits" / "weights.safetensors").unlink()
    disk(errno.EROFS)
    monkeypatch.setattr(host, "disk_free", lambda folder: 5_000_000)
    monkeypatch.setattr(host, "memory", lambda: host.Memory(10**9, 7_000_000))
    found = problems(whole, data)
    assert "SELFSUP_RUNS" in found["runs"]
    assert "SELFSUP_DATA" in found["data"]
    assert "5 MB" in found["disk"]
    assert "7 MB" in found["memory"]
    assert "digits" in found["gallery"]
    assert str(whole.root.parent) not in str(found)
    needed = {check.name for check in readiness.checks(whole, data) if check.needed}
    assert needed == {"runs", "data", "disk", "gallery"}  # without memory one can still look at models


def test_an_empty_gallery_is_a_problem(library: Library, data: Path) -> None:
    assert "not there" in problems(library, data)["gallery"]
