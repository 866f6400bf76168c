from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from selfsup_engine.runs import ROOT
from selfsup_engine.training.line import Line, SharedLine


def test_one_server_is_the_trainer_until_it_leaves(tmp_path: Path) -> None:
    first, second = SharedLine(tmp_path), SharedLine(tmp_path)
    assert (first.mine, first.take(), second.take(), second.mine) == (False, True, False, False)
    first.leave()
    assert (first.mine, second.take(), first.take()) == (False, True, False)


def test_a_killed_server_is_the_trainer_no_more(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from selfsup_engine.training.line import SharedLine\n"
        "line = SharedLine(Path(sys.argv[1])); print(line.take(), flush=True); sys.stdin.read()"
    )
    pipe = subprocess.PIPE
    other = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, stdin=pipe, stdout=pipe)
    assert other.stdout is not None
    assert other.stdout.readline() == b"True\n"
    mine = SharedLine(tmp_path)
    assert not mine.take()
    other.kill()
    other.communicate()
    assert mine.take()


def test_a_library_that_was_deleted_has_no_trainer(tmp_path: Path) -> None:
    line = SharedLine(tmp_path / "runs")
    assert line.take()
    shutil.rmtree(tmp_path / "runs")
    assert not line.mine
    assert line.take()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"waiting": [1]}', '{"surprise": 1}'])
def test_a_damaged_line_is_an_empty_one(tmp_path: Path, content: str) -> None:
    line = SharedLine(tmp_path)
    with line.turn() as said:
        said.waiting += ["a", "b"]
        line.save(said)
    assert SharedLine(tmp_path).read() == Line(waiting=["a", "b"])
    (tmp_path / ".line.json").write_text(content)
    assert line.read() == Line()


@pytest.mark.parametrize("name", ["../outside", "/etc", ".trash", "..", "a/b", "a\\u0000"])
def test_a_line_leads_nowhere_else(tmp_path: Path, name: str) -> None:
    (tmp_path / ".line.json").write_text(f'{{"training": "", "waiting": ["{name}"]}}')
    assert SharedLine(tmp_path).read() == Line()
    (tmp_path / ".line.json").write_text('{"training": "", "waiting": ["My_run 2"]}')
    assert SharedLine(tmp_path).read().waiting == ["My_run 2"]
