"""Whatever is brought, nothing outside the library's and the data's folders is opened: the interpreter itself is asked, file by file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from selfsup_engine.runs import ROOT

GUARD = """
import json, os, sys, sysconfig
from pathlib import Path
from random import Random
from tests.fuzzing import models, pictures, texts
from selfsup_engine.errors import UserError

place = Path(sys.argv[1])
(place / "outside").mkdir()
(place / "outside" / "secret.json").write_text("{}")
makers = {"zips": models.zips, "libraries": models.libraries, "states": texts.states, "links": texts.links, "own_sets": pictures.own_sets}
cases = {}
for name, make in makers.items():
    (place / "inside" / name).mkdir(parents=True)
    cases[name] = make(place / "inside" / name)

def bring_in(name, number):
    try:
        cases[name](Random(number))
    except UserError:
        pass

for name in cases:
    for number in range(6):  # imports, fonts and locales are read here
        bring_in(name, f"first {number}")
bases = [place / "inside", os.environ["SELFSUP_DATA"], os.environ["SELFSUP_RUNS"], ROOT_OF_PROJECT, sys.prefix, sys.base_prefix, "/proc/self", "/dev/null",
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
for name, count in CASES.items():
    for number in range(count):
        bring_in(name, f"places:{number}")
        if strange:
            print(name, number, *sorted(set(strange)))
            strange.clear()
"""
CASES = {"zips": 30, "libraries": 60, "states": 400, "links": 400, "own_sets": 60}


@pytest.mark.slow
def test_nothing_outside_is_opened(tmp_path: Path) -> None:
    guard = GUARD.replace("ROOT_OF_PROJECT", repr(str(ROOT))).replace("CASES", repr(CASES))
    done = subprocess.run(
        [sys.executable, "-c", guard, str(tmp_path)],
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
