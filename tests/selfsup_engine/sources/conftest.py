from __future__ import annotations

import shutil
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def data_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test has an empty data folder of its own."""
    root = tmp_path / "data"
    monkeypatch.setenv("SELFSUP_DATA", str(root))
    return root


@pytest.fixture
def archives(shared: Path, data_root: Path) -> Path:
    """The data folder with the archives of MNIST and Fashion-MNIST, as if they were downloaded."""
    for folder in ("MNIST", "FashionMNIST"):
        (data_root / folder / "raw").mkdir(parents=True)
        for file in (shared / folder / "raw").glob("*.gz"):
            shutil.copyfile(file, data_root / folder / "raw" / file.name)
    return data_root
