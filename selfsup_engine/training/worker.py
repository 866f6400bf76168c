"""The process that trains: `python -m selfsup_engine.training.worker` loads torch, waits for one run, trains it, and ends.

Standard input carries one line, the run's folder; its end means that whoever started this process is gone, and then the run is
paused, to be taken up again later, rather than left running with nobody to watch it. Ending after each run gives all memory back.

Whoever trains a run, this process or the command line, holds a lock in its folder: two never write into one.
"""

import contextlib
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from selfsup_engine import events, files, memory
from selfsup_engine.errors import UserError
from selfsup_engine.runs import RunFolder

CONTROL = "control"  # the file in a run's folder that says what the person wants of it
WORKER = "worker"  # the file in a run's folder that names the process that trains it
CLAIM = "claim"  # the file in a run's folder that the process that trains it has locked
GONE = "The run is gone: its folder was deleted or moved while it trained."
PATIENT = 10  # niceness, unless SELFSUP_NICENESS says another
LEAST = 19  # what is nicer than all
UNSAID = 64  # a worker that could not even write why it failed ends with this and the number of the OSError
_WISHES: dict[str, events.Wish] = {"pause": "pause", "stop": "stop"}


def wish_of(folder: RunFolder) -> events.Wish:
    """What the person wants of a running run, as `jobs` left it in the folder."""
    with contextlib.suppress(OSError):
        said = folder.file(CONTROL).read_text(errors="replace").strip()
        return _WISHES.get(said, "go")
    return "go"


def worker_of(folder: RunFolder) -> str:
    """The handle of the process that trains a run, or trained it last; empty if none ever did."""
    try:
        return folder.file(WORKER).read_text(errors="replace")
    except OSError:
        return ""


def handle_of(pid: int) -> str:
    """Names a process on this machine for good: its number alone is given to another one after its end."""
    return f"local:{pid}:{psutil.Process(pid).create_time():.2f}"


@contextlib.contextmanager
def claimed(folder: RunFolder, wait: Callable[[], bool] = lambda: False) -> Iterator[bool]:
    """Makes this process the only one that trains a run: gives False if another one is, once `wait` says not to wait for its end.
    The system ends the claim of a process that dies, however it does.

    Raises:
        OSError: the folder is gone, or cannot be written.
    """
    claim = FileLock(folder.file(CLAIM), thread_local=False)
    mine = False
    while not mine:
        folder.path.stat()  # a lock would make its folder anew
        with contextlib.suppress(Timeout):
            claim.acquire(timeout=0)
            mine = True
        if not mine:
            if not wait():
                break
            time.sleep(0.05)
    try:
        if mine:
            files.sweep(folder.path)
            files.write(folder.file(WORKER), handle_of(os.getpid()), make=False)
        yield mine
    finally:
        claim.release(force=True)


def is_claimed(folder: RunFolder) -> bool:
    """A living process trains the run, whoever started it and whatever the clock says."""
    if not folder.file(CLAIM).exists():
        return False
    claim = FileLock(folder.file(CLAIM), thread_local=False)
    try:
        claim.acquire(timeout=0)
    except Timeout:
        return True
    except OSError:  # a folder that cannot be written is trained by nobody
        return False
    claim.release(force=True)
    return False


def recorded(folder: RunFolder, happening: Iterator[events.Event]) -> Iterator[events.Event]:
    """Appends each event to the run's events.jsonl as it happens. An error becomes a Failed event, with a log for the developers.

    Raises:
        OSError: after that event, which could not even be written.
    """
    try:
        for event in happening:
            folder.append(event)
            yield event
    except UserError as error:
        reason = str(error)
    except OSError as error:
        reason = files.why_not(error, folder.path, "resume")
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
    failed = events.Failed(reason=GONE if gone(folder) else reason)
    unsaid: OSError | None = None
    try:
        if not gone(folder):
            folder.append(failed)
    except OSError as error:
        unsaid = error
    yield failed
    if unsaid and not gone(folder):
        raise unsaid


def gone(folder: RunFolder) -> bool:
    """The run was deleted: nothing is to be written there any more."""
    return not folder.file("run.json").exists()


def wish_or_end(folder: RunFolder) -> events.Wish:
    """`wish_of`.

    Raises:
        UserError: the run was deleted.
    """
    if gone(folder):
        raise UserError(GONE)
    return wish_of(folder)


def niceness() -> int:
    """How far training stands back, 0 to 19 as `nice` counts.

    Raises:
        UserError: SELFSUP_NICENESS says what it cannot mean.
    """
    said = os.environ.get("SELFSUP_NICENESS", "").strip() or str(PATIENT)
    if said.isascii() and said.isdecimal() and int(said) <= LEAST:
        return int(said)
    raise UserError(
        f"SELFSUP_NICENESS is {said!r}, but must be a number from 0 to {LEAST}. Correct it or unset it where this app is started, "
        "start it again, and resume."
    )


def give_way() -> None:
    """The page answers first, and training takes what it leaves."""
    with contextlib.suppress(
        OSError, AttributeError, UserError
    ):  # a setting that means nothing is told by the first run
        os.nice(niceness())
        if (
            os.getsid(0) == os.getpid()
        ):  # a session of its own: Linux first shares the cores among sessions, and only within each by niceness
            Path("/proc/self/autogroup").write_text(str(niceness()))


def main() -> None:
    """Waits for a run's folder on standard input and trains it."""
    give_way()
    import torch

    import selfsup_engine.training.loop  # noqa: F401
    from selfsup_engine import sources
    from selfsup_engine.models.spec import families

    files.sweep(sources.data_root())
    families()  # everything a run imports is there before the click,
    torch.optim.SGD([torch.zeros(1)])  # so is what torch fetches for its first optimiser,
    with contextlib.suppress(UserError):
        sources.load("digits")  # and so is the set that has to be drawn once, the first time ever
    line = sys.stdin.readline().strip()
    if not line:
        return
    orphaned = threading.Event()

    def watch() -> None:
        sys.stdin.read()
        orphaned.set()

    threading.Thread(target=watch, daemon=True).start()
    sys.exit(work(RunFolder(Path(line)), orphaned))


def trained(folder: RunFolder, control: Callable[[], events.Wish]) -> Iterator[events.Event]:
    """`train`, where it may.

    Raises:
        UserError: see `train` and `niceness`.
    """
    from selfsup_engine.training.loop import train

    niceness()
    yield from train(folder, control)


def work(folder: RunFolder, orphaned: threading.Event) -> int:
    """Trains a run once nobody else does; gives the code to end with."""
    try:
        with claimed(folder, wait=lambda: not orphaned.is_set()) as mine:
            last = next(reversed(folder.history()), None)
            if not mine or isinstance(last, events.Paused | events.Finished):
                return 0  # whoever trained it until now has left it so, and it no longer waits
            for event in recorded(
                folder, trained(folder, lambda: "pause" if orphaned.is_set() else wish_or_end(folder))
            ):
                if isinstance(event, events.Started | events.Check | events.Snapshot):
                    memory.trim()  # pictures and files were made, between which the steps need less
                if isinstance(event, events.Paused) and orphaned.is_set():
                    folder.append(event.model_copy(update={"by": "shutdown"}))
    except OSError as error:
        return 0 if gone(folder) else UNSAID + (error.errno or 0)
    return 0


if __name__ == "__main__":
    main()
