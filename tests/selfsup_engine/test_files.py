from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from selfsup_engine import files
from selfsup_engine.errors import UserError
from selfsup_engine.runs import ROOT


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


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_files_that_belong_together_are_all_old_or_all_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    files.write_all({one: "old", two: "old"})
    filled = files._fill

    def second_fails(path: Path, data: bytes | str) -> None:
        if "two" in path.name:
            raise OSError(number, os.strerror(number))
        filled(path, data)

    monkeypatch.setattr(files, "_fill", second_fails)
    with pytest.raises(OSError, match=os.strerror(number)):
        files.write_all({one: "new", two: "new"})
    assert [one.read_text(), two.read_text(), names(tmp_path)] == ["old", "old", ["one", "two"]]


def test_what_was_deleted_is_not_brought_back(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        files.write(tmp_path / "gone" / "state", "x", make=False)
    assert names(tmp_path) == []


def test_what_a_killed_process_left_is_swept_up_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "run" / "previews").mkdir(parents=True)
    kept = ["run.json", ".names", ".worker.log", ".run.json.12345", "state.safetensors"]
    for name in kept:
        (tmp_path / "run" / name).write_text("kept")
    for left in (".state.safetensors.0123abcd", "previews/.00000001-map.png.89abcdef"):
        (tmp_path / "run" / left).write_text("half")
    with files.workplace(tmp_path) as busy:
        (busy / "file").touch()
        (tmp_path / ".incoming-dead").mkdir()
        files.sweep(tmp_path)
        assert names(tmp_path) == sorted([busy.name, "run"])
        assert (busy / "file").exists()
    assert names(tmp_path) == ["run"]
    assert names(tmp_path / "run") == sorted([*kept, "previews"])
    assert names(tmp_path / "run" / "previews") == []


def test_a_write_that_is_swept_up_in_the_middle_is_done_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled, swept = files._fill, []

    def fill(path: Path, data: bytes | str) -> None:
        filled(path, data)
        if not swept:
            swept.append(path)
            files.sweep(tmp_path)

    monkeypatch.setattr(files, "_fill", fill)
    files.write(tmp_path / "file", "whole")
    assert ((tmp_path / "file").read_text(), names(tmp_path)) == ("whole", ["file"])


def test_a_reader_on_windows_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace, asked = Path.replace, []

    def busy(self: Path, target: Path) -> Path:
        asked.append(self)
        if len(asked) < 3:
            raise PermissionError(errno.EACCES, "somebody reads it")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", busy)
    monkeypatch.setattr(files, "READERS_BLOCK", True)
    files.write(tmp_path / "file", "whole")
    assert (tmp_path / "file").read_text() == "whole"


def test_a_kill_in_the_middle_leaves_the_old_file(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from selfsup_engine import files\n"
        "files.write(Path(sys.argv[1]), 'old')\n"
        "files._rename = lambda *paths: os.kill(os.getpid(), 9)\n"
        "files.write(Path(sys.argv[1]), 'new')\n"
    )
    killed = subprocess.run([sys.executable, "-c", program, str(tmp_path / "file")], cwd=ROOT, check=False)
    assert killed.returncode == -9
    assert (tmp_path / "file").read_text() == "old"
    assert len(names(tmp_path)) == 2
    files.sweep(tmp_path)
    assert names(tmp_path) == ["file"]


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.ENOSPC, "The disk is full: free some space, then resume."),
        (errno.EDQUOT, "The disk is full: free some space, then resume."),
        (errno.EROFS, "cannot be written (Read-only file system): allow it, or name another folder"),
        (errno.EACCES, "SELFSUP_RUNS"),
        (errno.EIO, "cannot be written or read (Input/output error)"),
    ],
)
def test_what_the_disk_refuses_is_said_with_what_to_do(
    tmp_path: Path, disk: Callable[[int], None], number: int, says: str
) -> None:
    disk(number)
    with pytest.raises(UserError) as caught, files.told(tmp_path, "resume"):
        files.write(tmp_path / "deep" / "file", "x")
    assert says in str(caught.value)
    assert "deep" not in str(caught.value)
    disk(0)
    assert names(tmp_path) == []
