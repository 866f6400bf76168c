"""The process that trains: `python -m selfsup_engine.training.worker` loads torch, waits for one run, trains it, and ends.

Standard input carries one line, the run's folder; its end means that whoever started this process is gone, and then the run is
paused, to be taken up again later, rather than left running with nobody to watch it. Ending after each run gives all memory back.
"""

import contextlib
import os
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path

import psutil

from selfsup_engine import events
from selfsup_engine.errors import UserError
from selfsup_engine.runs import RunFolder

CONTROL = "control"  # the file in a run's folder that says what the person wants of it
WORKER = "worker"  # the file in a run's folder that names the process that trains it
_WISHES: dict[str, events.Wish] = {"pause": "pause", "stop": "stop"}


def wish_of(folder: RunFolder) -> events.Wish:
    """What the person wants of a running run, as `jobs` left it in the folder."""
    with contextlib.suppress(OSError):
        said = folder.file(CONTROL).read_text().strip()
        return _WISHES.get(said, "go")
    return "go"


def worker_of(folder: RunFolder) -> str:
    """The handle of the process that trains a run, or trained it last; empty if none ever did."""
    try:
        return folder.file(WORKER).read_text()
    except OSError:
        return ""


def handle_of(pid: int) -> str:
    """Names a process on this machine for good: its number alone is given to another one after its end."""
    return f"local:{pid}:{psutil.Process(pid).create_time():.2f}"


def recorded(folder: RunFolder, happening: Iterator[events.Event]) -> Iterator[events.Event]:
    """Appends each event to the run's events.jsonl as it happens. An error becomes a Failed event, with a log for the developers."""
    try:
        for event in happening:
            folder.append(event)
            yield event
    except UserError as error:
        reason = str(error)
    except OSError as error:
        reason = f"A file could not be written or read: {error.strerror or error}. Free some space, then resume."
    except Exception as error:  # noqa: BLE001 - whatever it is, it ends this run alone and is said in its file
        out_of_memory = isinstance(error, MemoryError) or "alloc" in str(error) or "out of memory" in str(error)
        advice = (
            "take a smaller batch or network"
            if out_of_memory
            else "resume, and if it happens again take other settings"
        )
        what = "The memory did not suffice" if out_of_memory else "Training broke off"
        reason = f"{what}; {advice}. Details are in error.log in the run's folder."
        with contextlib.suppress(OSError):
            folder.file("error.log").write_text(traceback.format_exc())
    else:
        return
    failed = events.Failed(reason=reason)
    with contextlib.suppress(OSError):
        folder.append(failed)
    yield failed


def main() -> None:
    """Waits for a run's folder on standard input and trains it."""
    with contextlib.suppress(OSError, AttributeError):
        os.nice(10)  # the page answers first
    import torch

    from selfsup_engine import sources
    from selfsup_engine.models.spec import families
    from selfsup_engine.training.loop import train

    families()  # everything a run imports is there before the click,
    torch.optim.SGD([torch.zeros(1)])  # so are the 800 modules that torch fetches for its first optimiser,
    with contextlib.suppress(UserError):
        sources.load("digits")  # and so is the set that scikit-learn takes seconds to give, the first time ever
    line = sys.stdin.readline().strip()
    if not line:
        return
    folder = RunFolder(Path(line))
    orphaned = threading.Event()

    def watch() -> None:
        sys.stdin.read()
        orphaned.set()

    threading.Thread(target=watch, daemon=True).start()
    for event in recorded(folder, train(folder, lambda: "pause" if orphaned.is_set() else wish_of(folder))):
        if isinstance(event, events.Paused) and orphaned.is_set():
            folder.append(event.model_copy(update={"by": "shutdown"}))


if __name__ == "__main__":
    main()
