"""Whatever is brought, nothing outside the library's and the data's folders is opened: the interpreter itself is asked, file by file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from selfsup_engine.runs import ROOT

GUARD = """
import os, sys, sysconfig
from pathlib import Path
from random import Random
from tests.fuzzing import models, pictures, texts
from selfsup_engine.errors import UserError

place = Path(sys.argv[1])
(place / "outside").mkdir()
(place / "outside" / "secret.json").write_text("{}")
inside = place / "inside"
inside.mkdir()
makers = {"zips": models.zips, "libraries": models.libraries, "states": texts.states, "links": texts.links, "own_sets": pictures.own_sets}
case = makers[sys.argv[2]](inside)
for number in range(6):  # imports, fonts and locales are read here
    try:
        case(Random(f"first {number}"))
    except UserError:
        pass
bases = [inside, os.environ["SELFSUP_DATA"], os.environ["SELFSUP_RUNS"], ROOT_OF_PROJECT, sys.prefix, sys.base_prefix, "/proc/self", "/dev/null",
         *sysconfig.get_paths().values()]
allowed = tuple(os.path.realpath(base) for base in bases)
strange = []

def hook(event, arguments):
    if event in ("open", "os.listdir", "os.scandir") and arguments and isinstance(arguments[0], (str, bytes)):
        path = os.path.realpath(os.fsdecode(arguments[0]))
        if not path.startswith(allowed):
            strange.append(f"{event} {path}")

sys.addaudithook(hook)
open(place / "outside" / "secret.json").close()
assert len(strange) == 1, "the guard sees nothing"
strange.clear()
for number in range(CASES):
    try:
        case(Random(f"places:{number}"))
    except UserError:
        pass
print("\\n".join(sorted(set(strange))))
"""
CASES = {"zips": 30, "libraries": 60, "states": 400, "links": 400, "own_sets": 60}


@pytest.mark.slow
@pytest.mark.parametrize("entrance", CASES)
def test_nothing_outside_is_opened(tmp_path: Path, entrance: str) -> None:
    guard = GUARD.replace("ROOT_OF_PROJECT", repr(str(ROOT))).replace("CASES", str(CASES[entrance]))
    done = subprocess.run(
        [sys.executable, "-c", guard, str(tmp_path), entrance],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={
            "SELFSUP_DATA": str(tmp_path / "data"),
            "SELFSUP_RUNS": str(tmp_path / "inside"),
            "SELFSUP_DEVICE": "cpu",
            "PATH": "/usr/bin",
            "OMP_NUM_THREADS": "1",
        },
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    assert done.stdout.strip() == ""
