"""Whether a host can serve the app now: what a supervisor asks every few seconds. Each check is quick, and says no path, for it may be asked by
anybody. Torch is not needed here.
"""

from pathlib import Path
from typing import NamedTuple

from selfsup_engine import host
from selfsup_engine.runs import Library

LEAST_DISK = 200_000_000  # bytes: a few runs with their training states
LEAST_MEMORY = 350_000_000  # bytes: Python and torch in one more process, with the usual training


class Check(NamedTuple):
    """What was looked at, and what is wrong with it and what to do; nothing is wrong where `problem` is empty. `needed`: the app cannot
    do without it; where it is false the app is only less of use."""

    name: str
    problem: str
    needed: bool = True


def checks(library: Library, data: Path) -> list[Check]:
    """The folders of runs and of data, room on the disk, memory for a training, and the gallery."""
    left, memory = min(host.disk_free(library.root), host.disk_free(data)), host.memory()
    models = library.shown()
    torn = [folder.name for folder in models if not folder.usable]
    return [
        Check("runs", _closed(library.root, "runs", "SELFSUP_RUNS")),
        Check("data", _closed(data, "data", "SELFSUP_DATA")),
        Check("disk", f"Only {left / 1e6:,.0f} MB are left on the disk: free some space." if left < LEAST_DISK else ""),
        Check(
            "memory",
            f"Only {memory.free / 1e6:,.0f} MB of memory are free: a training needs about {LEAST_MEMORY / 1e6:.0f} MB."
            if memory.free < LEAST_MEMORY
            else "",
            needed=False,
        ),
        Check(
            "gallery",
            f"Parts are missing of: {', '.join(torn)}. Fetch the project again."
            if torn
            else ""
            if models
            else "The trained models that come with the project are not there. Fetch the project again.",
        ),
    ]


def _closed(folder: Path, what: str, variable: str) -> str:
    if host.takes_files(folder):
        return ""
    return f"Nothing can be written into the folder of {what}. Allow it, or name another one in the environment variable {variable}."
