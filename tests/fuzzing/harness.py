"""Runs cases of hostile input in a process of their own, each within limits, and tells which of them did harm.

An entrance is a function of one of the modules beside this one, `module:function`. It is given an empty folder, makes valid input in it, and
returns what does one case: given random numbers, spoil the input and bring it in. The numbers follow from the case's number alone, so a
case is done again by

    python -m tests.fuzzing.harness MODULE:FUNCTION NUMBER

What may happen in a case is nothing, or a UserError. SELFSUP_FUZZ_CASES=20 does twenty times as many cases.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from selfsup_engine.errors import UserError
from selfsup_engine.runs import ROOT

Case = Callable[[Random], object]
Entrance = Callable[[Path], Case]

SECONDS = 5.0  # of computing that a case may take; the clock on the wall is other tests' business, too
PATIENCE = 60.0  # seconds on the wall after which a case hangs, whatever it waits for
MEMORY = 500_000_000  # bytes by which the process may grow
SAFETY = 3_000_000_000  # bytes beyond which the system gives no more, so that a bomb takes the case alone
MOST = 12  # failures that are told
MANY = float(os.environ.get("SELFSUP_FUZZ_CASES", "1"))


class _OvertimeError(BaseException):
    """Not caught by what catches every Exception."""


@dataclass(frozen=True)
class Report:
    """How many cases were done, and what went wrong, with how to do it again."""

    cases: int
    failures: tuple[str, ...]


def attack(entrance: str, cases: int, seconds: float = SECONDS) -> Report:
    """Does so many cases, those with the numbers from 0 on; one that ends the process costs itself alone."""
    failures: list[str] = []
    done, cases = 0, round(cases * MANY)
    with tempfile.TemporaryDirectory() as place:
        journal = Path(place) / "journal"
        while done < cases and len(failures) < MOST:
            command = [
                sys.executable,
                "-m",
                "tests.fuzzing.harness",
                entrance,
                str(done),
                str(cases),
                str(journal),
                str(seconds),
            ]
            journal.unlink(missing_ok=True)
            ended = subprocess.run(command, cwd=ROOT, env=_environment(Path(place)), capture_output=True, check=False)
            said = [json.loads(line) for line in journal.read_text().splitlines()] if journal.exists() else []
            failures += [line["failure"] for line in said if "failure" in line]
            if ended.returncode == 0:
                return Report(cases, tuple(failures))
            at = max((line["at"] for line in said if "at" in line), default=done)
            why = ended.stderr.decode(errors="replace")[-1500:]
            failures.append(f"{_again(entrance, at)}\nended the process ({ended.returncode}): {why}")
            done = at + 1
    return Report(done, tuple(failures))


def _environment(place: Path) -> dict[str, str]:
    own = {"SELFSUP_DATA": str(place / "data"), "SELFSUP_RUNS": str(place / "runs"), "SELFSUP_DEVICE": "cpu"}
    return os.environ | own | {"OMP_NUM_THREADS": "1", "HOME": str(place)}


def _again(entrance: str, number: int) -> str:
    return f"python -m tests.fuzzing.harness {entrance} {number}"


def _peak() -> int:
    """Bytes of memory that the process had at most, ever. What getrusage tells begins with what the process had that started this one, so it is asked
    only where there is nothing better."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _work(entrance: str, first: int, end: int, journal: Path, seconds: float) -> None:
    module, _, function = entrance.partition(":")
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as place, journal.open("a", buffering=1) as out:
        case: Case = getattr(importlib.import_module(f"tests.fuzzing.{module}"), function)(Path(place))
        signal.signal(signal.SIGPROF, _overtime)
        for number in range(4):
            _harm(case, Random(f"imports and caches {number}"), 0, PATIENCE)
        held, seen = _peak(), set[str]()
        resource.setrlimit(resource.RLIMIT_DATA, (held + SAFETY, resource.RLIM_INFINITY))
        for number in range(first, end):
            if number % 16 == 0 or end - first <= 16:
                out.write(json.dumps({"at": number}) + "\n")
            why = _harm(case, Random(f"{entrance}:{number}"), held, seconds)
            kind = why.rpartition("\n  File ")[2].partition("\n")[0]
            if why and kind not in seen and len(seen) < MOST:  # the same place again tells nothing new
                seen.add(kind)
                out.write(json.dumps({"failure": f"{_again(entrance, number)}\n{why}"}) + "\n")
            held = max(held, _peak() - MEMORY) if why else held


def _harm(case: Case, random: Random, held: int, seconds: float) -> str:
    """What a case did that it must not do; empty if nothing."""
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        case(random)
    except UserError as error:
        if tempfile.gettempdir() + os.sep in str(error) or str(ROOT) in str(error):
            return f"it tells where files lie: {traceback.format_exc()[-2000:]}"
    except (Exception, SystemExit, KeyboardInterrupt, _OvertimeError):  # noqa: BLE001 - this is what is looked for
        return "".join(traceback.format_exc()[-2500:])
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
    grown = _peak() - held
    return f"took {grown // 1_000_000} MB\n  File memory" if grown > MEMORY else ""


def _overtime(*_: object) -> None:
    raise _OvertimeError("it computes for too long")


if __name__ == "__main__":
    name, start, *rest = sys.argv[1:]
    if rest:
        _work(name, int(start), int(rest[0]), Path(rest[1]), float(rest[2]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            os.environ |= _environment(Path(folder))
            told = Path(folder) / "journal"
            _work(name, int(start), int(start) + 1, told, SECONDS)
            print("\n".join(json.loads(line).get("failure", "") for line in told.read_text().splitlines()))
