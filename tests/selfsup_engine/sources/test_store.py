from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from selfsup_engine.errors import UserError
from selfsup_engine.sources import store
from selfsup_engine.sources.base import Arrays

ARRAYS = Arrays.split(
    np.random.default_rng(0).integers(0, 256, (20, 3, 8, 8), dtype=np.uint8), np.arange(20) % 2, ("a", "b")
)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "new" / "set.safetensors"
    store.write(path, ARRAYS, {"title": "Noise"})
    found = store.read(path, "noise", "CC0")
    assert np.array_equal(found.train, ARRAYS.train)
    assert found.train_labels is not None
    assert found.train_labels.dtype == torch.int64
    assert (found.name, found.licence, found.classes) == ("noise", "CC0", ("a", "b"))
    assert store.facts(path)["title"] == "Noise"
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("spoil", [lambda data: data[:-100], lambda data: b"", lambda data: b"\xff" * 64])
def test_a_damaged_file_is_a_user_error(tmp_path: Path, spoil: object) -> None:
    path = tmp_path / "set.safetensors"
    store.write(path, ARRAYS, {})
    path.write_bytes(spoil(path.read_bytes()))  # type: ignore[operator]
    for ask in (store.facts, lambda path: store.read(path, "noise", "")):
        with pytest.raises(UserError, match="damaged"):
            ask(path)


def test_another_layout_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "set.safetensors"
    store.write(path, ARRAYS, {})
    monkeypatch.setattr(store, "LAYOUT", "next")
    with pytest.raises(UserError, match="another version"):
        store.read(path, "noise", "")


def test_a_folder_that_cannot_be_made_is_a_user_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="SELFSUP_DATA"):
        store.write(tmp_path / "file" / "set.safetensors", ARRAYS, {})
