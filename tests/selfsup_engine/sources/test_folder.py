from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from selfsup_engine.errors import UserError
from selfsup_engine.sources import folder


def fill(root: Path, *names: str) -> None:
    for number, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (90, 70), (number, 0, 0)).save(root / name)


def test_subfolders_are_classes(tmp_path: Path) -> None:
    fill(tmp_path, *(f"{kind}/deep/{number}.png" for kind in ("cat", "dog") for number in range(5)))
    found = folder.read(tmp_path)
    assert found.classes == ("cat", "dog")
    assert found.train_labels is not None
    assert found.train.shape == (9, 3, 64, 64)
    assert np.array_equal(found.train[:, 0, 0, 0] >= 5, found.train_labels == 1)


@pytest.mark.parametrize(
    "names", [("a.png", "b.jpg", "c.PNG"), ("x/a.png", "x/b.png"), ("a.png", "x/b.png", "y/c.png")]
)
def test_other_folders_have_no_classes(tmp_path: Path, names: tuple[str, ...]) -> None:
    fill(tmp_path, *names)
    found = folder.read(tmp_path)
    assert found.classes == ()
    assert found.train_labels is None
    assert len(found.train) + len(found.test) == len(names)


def test_broken_and_hidden_files_are_left_out(tmp_path: Path) -> None:
    fill(tmp_path, "a.png", "b.png", "c.png", ".hidden/d.png")
    (tmp_path / "broken.png").write_bytes(b"<svg/>")
    (tmp_path / "notes.txt").write_text("not a picture")
    found = folder.read(tmp_path)
    assert len(found.train) + len(found.test) == 3


def test_an_empty_folder_is_a_user_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no pictures"):
        folder.read(tmp_path)


def test_too_few_readable_pictures_are_a_user_error(tmp_path: Path) -> None:
    fill(tmp_path, "a.png")
    (tmp_path / "broken.png").write_bytes(b"")
    with pytest.raises(UserError, match="1 can be read"):
        folder.read(tmp_path)
