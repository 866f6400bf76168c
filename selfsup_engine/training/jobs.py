"""Runs that train in another process: a bounded first-come queue, one run at a time, a worker kept warm.

All state lies in the runs' folders; this object only moves it. Where a worker runs is behind `Launcher`. Torch is not needed here.
"""

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import psutil

from selfsup_engine import events, files
from selfsup_engine.errors import UserError
from selfsup_engine.events import Status
from selfsup_engine.runs import ROOT, Library, Run, RunFolder
from selfsup_engine.training.worker import CONTROL, WORKER, handle_of, worker_of

CAPACITY = 8  # runs that may wait: a longer queue is a promise nobody keeps
TICK = 0.1  # seconds between two looks at the worker


class Launcher(Protocol):
    """Where workers run. A handle is a short text that outlives this process."""

    def warm(self) -> None:
        """Has a worker ready, if it is not."""

    def start(self, folder: Path) -> str:
        """Has a worker train a run; gives its handle."""

    def alive(self, handle: str) -> bool:
        """The worker of that handle still runs."""

    def end(self, handle: str) -> str:
        """Makes sure that a worker is gone, and says in a few words how it ended."""

    def close(self) -> None:
        """Lets every worker go: a running run is paused first, by the worker."""


class LocalLauncher:
    """Workers as child processes of this one, which a closed pipe tells of its end."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self._warm: subprocess.Popen[str] | None = None
        self._busy: dict[str, subprocess.Popen[str]] = {}

    def warm(self) -> None:
        if self._warm is None or self._warm.poll() is not None:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            with self.log.open("a") as log:
                self._warm = subprocess.Popen(
                    [sys.executable, "-m", "selfsup_engine.training.worker"],
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    text=True,
                    cwd=ROOT,
                    start_new_session=True,  # Ctrl-C is for the server; the worker then pauses by itself
                )

    def start(self, folder: Path) -> str:
        self.warm()
        worker, self._warm = self._warm, None
        assert worker is not None and worker.stdin is not None
        handle = handle_of(worker.pid)
        self._busy[handle] = worker
        with contextlib.suppress(BrokenPipeError):  # it died while warm: `alive` will tell
            worker.stdin.write(f"{folder}\n")
            worker.stdin.flush()
        return handle

    def alive(self, handle: str) -> bool:
        if worker := self._busy.get(handle):
            return worker.poll() is None
        return process_of(handle) is not None

    def end(self, handle: str) -> str:
        worker = self._busy.pop(handle, None)
        if worker is None:
            if process := process_of(handle):
                process.kill()
            return "the training process is gone"
        if worker.poll() is None:
            worker.kill()
        code = worker.wait()
        if worker.stdin:
            with contextlib.suppress(OSError):
                worker.stdin.close()
        killed = "the training process was killed, most often because memory ran out"
        return killed if code == -9 else f"the training process ended by itself (code {code})"

    def close(self) -> None:
        for worker in [*self._busy.values(), *([self._warm] if self._warm else [])]:
            if worker.stdin:
                with contextlib.suppress(OSError):
                    worker.stdin.close()


def process_of(handle: str) -> psutil.Process | None:
    """The live process of a handle: of our worker, another server's, or one from before a restart; None if it has ended."""
    with contextlib.suppress(psutil.Error, ValueError):
        _, pid, created = handle.split(":")
        process = psutil.Process(int(pid))
        same = abs(process.create_time() - float(created)) < 0.1
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    return None


def paused_by_shutdown(folder: RunFolder) -> bool:
    """The run waits for nobody: its worker left it because whoever had started it was gone."""
    last = next(reversed(folder.history()), None)
    return isinstance(last, events.Paused) and last.by == "shutdown"


class Jobs:
    """The queue over one library. Safe to call from any thread; `run_forever` supervises in a thread of its own."""

    def __init__(self, library: Library, launcher: Launcher | None = None, capacity: int = CAPACITY) -> None:
        self.library, self.capacity = library, capacity
        self.launcher = launcher or LocalLauncher(library.root / ".worker.log")
        self._lock = threading.RLock()
        self._waiting: list[str] = []
        self._current: tuple[RunFolder, str] | None = None
        self._closed = threading.Event()
        self._adopt()

    def _adopt(self) -> None:
        """Takes up what an earlier server left: queued runs wait again, a run paused by its end goes on, a dead one is marked."""
        queued: list[tuple[float, str]] = []
        for folder in reversed(self.library.runs()):
            status = folder.status()
            handle = worker_of(folder)
            if status.active and self.launcher.alive(handle):
                self._current = (folder, handle)
            elif status.state == "queued":
                queued.append((folder.history()[-1].at, folder.name))
            elif status.active:
                self._bury(folder, "the server stopped")
            elif paused_by_shutdown(folder):
                self._enqueue(folder)  # before those that were still waiting
        self._waiting += [name for _, name in sorted(queued)]

    def start(self, run: Run) -> RunFolder:
        """Puts a new run at the end of the queue.

        Raises:
            UserError: the queue is full, or the run's folder cannot be written.
        """
        with self._lock:
            self._check_room()
            folder = self.library.create(run)
            self._enqueue(folder)
            self._look()
        return folder

    def resume(self, folder: RunFolder) -> None:
        """Puts a paused, stopped or failed run at the end of the queue, to go on from its last state.

        Raises:
            UserError: the queue is full, or nothing of the run is left to go on from.
        """
        with self._lock:
            if folder.status().active:
                return
            if folder.path.parent != self.library.root or not folder.resumable:
                raise UserError(f"{folder.name} cannot go on: it is done, or its training state was not kept.")
            self._check_room()
            self._enqueue(folder)
            self._look()

    def finish(self, folder: RunFolder) -> None:
        """Has a paused or failed run end where it stands, with a model, once its turn comes.

        Raises:
            UserError: as `resume`.
        """
        with self._lock:
            self.resume(folder)
            files.write(folder.file(CONTROL), "stop")

    def pause(self, folder: RunFolder) -> None:
        """Makes a run wait, its state saved and its memory given back, until it is resumed."""
        self._ask(folder, "pause")

    def stop(self, folder: RunFolder) -> None:
        """Ends a run now and keeps the model as it is."""
        self._ask(folder, "stop")

    def delete(self, folder: RunFolder) -> None:
        """Deletes a run, which ends its training at the last saved state; `Library.restore`, then `resume`, brings both back."""
        with self._lock:
            if folder.name in self._waiting:
                self._ask(folder, "pause")
            elif self._current and self._current[0].name == folder.name:
                self.launcher.end(self._current[1])
                self._current = None
                if folder.status().active:
                    folder.append(events.Paused(step=folder.status().step))
            self.library.delete(folder)

    def position(self, folder: RunFolder) -> int:
        """1 for the run that trains next, 0 if it does not wait."""
        with self._lock:
            return self._waiting.index(folder.name) + 1 if folder.name in self._waiting else 0

    def status(self, folder: RunFolder) -> Status:
        return folder.status()

    def active(self) -> list[RunFolder]:
        """The run that trains, then those that wait."""
        with self._lock:
            current = [folder for folder, _ in filter(None, [self._current]) if folder.status().active]
            return current + [RunFolder(self.library.root / name) for name in self._waiting]

    def _check_room(self) -> None:
        if len(self._waiting) >= self.capacity:
            raise UserError(f"{self.capacity} runs are waiting already. Wait until one has finished, or stop one.")

    def _enqueue(self, folder: RunFolder) -> None:
        folder.file(CONTROL).unlink(missing_ok=True)
        folder.append(events.Queued())
        self._waiting.append(folder.name)

    def _ask(self, folder: RunFolder, wish: str) -> None:
        with self._lock:
            if folder.name in self._waiting:  # never began: nothing to save
                self._waiting.remove(folder.name)
                folder.append(events.Paused(step=folder.status().step))
            elif folder.status().active:
                files.write(folder.file(CONTROL), wish)

    def _bury(self, folder: RunFolder, how: str) -> None:
        step = folder.status().step
        folder.append(events.Failed(reason=f"At step {step} {how}. Resume goes on from the last saved state."))

    def tick(self) -> None:
        """One look: bury a worker that died, start the next run, keep a worker warm."""
        with self._lock:
            if self._current:
                folder, handle = self._current
                if self.launcher.alive(handle):
                    return
                how = self.launcher.end(handle)
                self._current = None
                # A run that was resumed before its last worker had quite gone waits again: nothing happened to it.
                if folder.path.exists() and folder.name not in self._waiting:
                    if folder.status().active:
                        self._bury(folder, how)
                    elif paused_by_shutdown(folder) and not self._closed.is_set():
                        self._enqueue(folder)
            if self._closed.is_set():
                return
            while self._waiting and not self._current:
                folder = RunFolder(self.library.root / self._waiting[0])
                handle = self.launcher.start(folder.path) if folder.path.exists() else ""
                self._waiting.pop(0)  # only now: if no process could be started, it still waits
                if handle:
                    self._current = (folder, handle)
                    files.write(folder.file(WORKER), handle)
            self.launcher.warm()

    def _look(self) -> None:
        """`tick` at once, for whoever has just clicked. A process that cannot be started now is the supervisor's to try again."""
        with contextlib.suppress(OSError):
            self.tick()

    def run_forever(self, on_error: Callable[[Exception], None] = lambda error: None) -> None:
        """Supervises until `close`, in a daemon thread. One failed look (a full disk, say) does not end the supervision."""

        def supervise() -> None:
            while not self._closed.wait(TICK):
                try:
                    self.tick()
                except Exception as error:  # noqa: BLE001
                    on_error(error)
                    time.sleep(1)

        threading.Thread(target=supervise, name="jobs", daemon=True).start()

    def close(self) -> None:
        """Stops supervising and lets the workers go."""
        self._closed.set()
        with self._lock:
            self.launcher.close()
