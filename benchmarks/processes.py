"""Processes of their own for what is measured: a module's last line as JSON, the Python that has the rivals, and how much memory a server takes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil

from selfsup_engine.runs import ROOT

Told = dict[str, Any]

RIVALS = os.environ.get("SELFSUP_RIVALS", str(ROOT / ".venv-bench" / "bin" / "python"))
"""A Python with benchmarks/requirements.txt on top of the project's own packages, as `make bench` builds it."""


def in_process(python: str, *arguments: str) -> Any:
    """What a module of the benchmarks, in a fresh process, says in its last line.

    Raises:
        SystemExit: it failed.
    """
    done = subprocess.run([python, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def versions(*names: str, python: str = RIVALS) -> dict[str, str]:
    """The versions of distributions in that Python; of those that it lacks none."""
    asked = "import importlib.metadata as m, json, sys\nfound = {}\nfor name in sys.argv[1:]:\n    try: found[name] = m.version(name)\n    except m.PackageNotFoundError: pass\nprint(json.dumps(found))"
    if not Path(python).exists():
        return {}
    done = subprocess.run([python, "-c", asked, *names], capture_output=True, text=True, check=True)
    found: dict[str, str] = json.loads(done.stdout)
    return found


def needed(*names: str) -> str:
    """The rivals' Python, and a word on where to get it if it lacks one of these.

    Raises:
        SystemExit: it does.
    """
    if missing := set(names) - set(versions(*names)):
        sys.exit(f"{RIVALS} has no {', '.join(sorted(missing))}. `make bench` installs what benchmarks need.")
    return RIVALS


def memory_of(process: int) -> tuple[float, float]:
    """MB of a process, and of it with all that it started: what each has to itself, with its share of what they have in common (PSS)."""
    found = [getattr(each.memory_full_info(), "pss", 0) / 1e6 for each in family(process)]
    return found[0], sum(found)


def cpu_of(process: int) -> float:
    """Seconds of CPU time that a process and its children have taken so far."""
    return sum(each.cpu_times().user + each.cpu_times().system for each in family(process))


def family(process: int) -> list[psutil.Process]:
    """A process with all that it started."""
    parent = psutil.Process(process)
    return [parent, *parent.children(recursive=True)]


def forget_peak() -> float:
    """Begins anew to note the most memory that this process has; gives what it has now, in MB. Linux alone can do so."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return psutil.Process().memory_info().rss / 1e6


def peak_memory() -> float:
    """MB: the most that this process has had since `forget_peak`."""
    said = Path("/proc/self/status").read_text(encoding="ascii")
    return int(said.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6
