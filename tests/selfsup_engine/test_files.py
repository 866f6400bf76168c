from __future__ import annotations

from pathlib import Path

import pytest

from selfsup_engine import files


def test_a_file_is_the_old_one_or_the_new_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "new" / "file"
    files.write(path, "old")
    files.write(path, b"\x00new")
    assert path.read_bytes() == b"\x00new"

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        files.write(path, "newer")
    assert path.read_bytes() == b"\x00new"
    assert [left.name for left in path.parent.iterdir()] == ["file"]
