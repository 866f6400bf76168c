from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from selfsup_engine import exhibit
from selfsup_engine.errors import UserError


@pytest.fixture
def tensors(noise: Callable[..., Tensor]) -> dict[str, Tensor]:
    return {
        "codes": torch.randn(11, 3),
        "errors": torch.rand(11),
        "images": noise(11, channels=3, size=9),
        "labels": torch.arange(11) % 3,
    }


def test_what_was_written_is_read(tmp_path: Path, tensors: dict[str, Tensor]) -> None:
    exhibit.write(tmp_path, tensors)
    found = exhibit.read(tmp_path)
    assert torch.equal(found.images, tensors["images"])
    assert torch.equal(found.codes, tensors["codes"])
    assert torch.equal(found.errors, tensors["errors"])
    assert found.labels is not None
    assert torch.equal(found.labels, tensors["labels"])
    del tensors["labels"]
    exhibit.write(tmp_path, tensors)
    assert exhibit.read(tmp_path).labels is None


@pytest.mark.parametrize(
    "change",
    [
        {"codes": torch.zeros(10, 3)},
        {"codes": torch.zeros(11)},
        {"codes": torch.full((11, 3), torch.nan)},
        {"errors": torch.zeros(11, 2)},
        {"errors": torch.full((11,), torch.inf)},
        {"labels": torch.zeros(11, dtype=torch.float32)},
        {"labels": torch.zeros(3, dtype=torch.int64)},
        {"shape": torch.tensor([12, 3, 9, 9])},
        {"shape": torch.tensor([11, 2, 9, 9])},
        {"shape": torch.tensor([11, 3, 9])},
        {"shape": torch.tensor(3)},
        {"shape": torch.ones(4, 2)},
        {"shape": torch.tensor([-11, 3, 9, 9])},
        {"packed": torch.zeros(100, dtype=torch.uint8)},
        {"packed": torch.zeros(4, dtype=torch.bfloat16)},
    ],
)
def test_what_does_not_fit_is_a_user_error(
    tmp_path: Path, tensors: dict[str, Tensor], change: dict[str, Tensor]
) -> None:
    exhibit.write(tmp_path, tensors)
    save_file(load_file(tmp_path / exhibit.FILE) | change, tmp_path / exhibit.FILE)
    with pytest.raises(UserError):
        exhibit.read(tmp_path)


def test_a_missing_or_broken_file_is_a_user_error(tmp_path: Path, tensors: dict[str, Tensor]) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        exhibit.read(tmp_path)
    (tmp_path / exhibit.FILE).write_bytes(b"\x80\x04junk")
    with pytest.raises(UserError, match="cannot be read"):
        exhibit.read(tmp_path)
    exhibit.write(tmp_path, tensors)
    kept = load_file(tmp_path / exhibit.FILE)
    del kept["errors"]
    save_file(kept, tmp_path / exhibit.FILE)
    with pytest.raises(UserError, match="cannot be read"):
        exhibit.read(tmp_path)
