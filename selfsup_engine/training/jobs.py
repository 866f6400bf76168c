"""Runs that train in another process: a bounded queue with fair turns, one run at a time, a worker kept warm.

All state lies in the library, in the runs' folders and in the line of those that wait; this object only moves it. So several servers
may work on one library: one of them trains, for all. Where a worker runs is behind `Launcher` (launcher.py). Torch is not needed here.
"""

import contextlib
import math
import shutil
import threading
import time
from collections.abc import Callable

from selfsup_engine import events, files
from selfsup_engine.errors import UserError
from selfsup_engine.events import Failed, Status
from selfsup_engine.runs import Library, Run, RunFolder
from selfsup_engine.training import visitors
from selfsup_engine.training.launcher import Launcher, LocalLauncher
from selfsup_engine.training.line import VISITORS, SharedLine, giving_way
from selfsup_engine.training.worker import CONTROL, WORKER, is_claimed, worker_of

CAPACITY = 8  # runs that may wait: a longer queue is a promise nobody keeps
TICK = 0.1  # seconds between two looks at the worker


def paused_by_shutdown(folder: RunFolder) -> bool:
    """The run waits for nobody: its worker left it because whoever had started it was gone."""
    last = next(reversed(folder.history()), None)
    return isinstance(last, events.Paused) and last.by == "shutdown"


class Jobs:
    """The queue over one library. Safe to call from any thread; `run_forever` supervises in a thread of its own."""

    def __init__(self, library: Library, launcher: Launcher | None = None, capacity: int = CAPACITY) -> None:
        self.library, self.capacity = library, capacity
        self.launcher = launcher or LocalLauncher(library.root / ".worker.log")
        self.line = SharedLine(library.root)
        self._lock = threading.RLock()
        self._current: tuple[RunFolder, str] | None = None
        self._unsaid: dict[str, Failed] = {}  # what could not be written yet, by the run's name in the line
        self._closed = threading.Event()
        self._looked = -math.inf  # when the last look of `run_forever` went well
        with contextlib.suppress(OSError):  # what cannot be written can be looked at, and `tick` tries again
            self._leads()

    def _named(self, folder: RunFolder) -> str:
        """How the line calls a run."""
        return folder.path.relative_to(self.library.root).as_posix()

    def _called(self, name: str) -> RunFolder:
        return RunFolder(self.library.root / name)

    def _holds(self, folder: RunFolder) -> bool:
        """The run lies in the library, or in a visitor's below it."""
        return folder.path.parent in (self.library.root, self.library.root / VISITORS / folder.path.parent.name)

    @property
    def trains_here(self) -> bool:
        """This server trains for the library. If not, another one that lives does."""
        return self.line.mine

    def supervised(self, within: float = 15.0) -> bool:
        """The thread of `run_forever` lives, and within so many seconds it could do all that was to be done, such as start a worker."""
        return time.monotonic() - self._looked < within

    def _leads(self) -> bool:
        """This server trains. When it begins to, it takes up what the last one left."""
        if not self.line.mine and not self._closed.is_set() and self.line.take():
            try:
                self._adopt()
            except BaseException:
                self.line.leave()
                raise
        return self.line.mine

    def _adopt(self) -> None:
        """Queued runs wait again, in their order, a run paused by its server's end goes on, a dead one is marked."""
        files.sweep(self.library.root)
        self._current = None
        with self.line.turn() as line:
            place = {name: number for number, name in enumerate(line.waiting)}
            queued: list[tuple[int, float, str]] = []
            line.waiting, line.training = [], ""
            for folder in [*reversed(self.library.runs()), *visitors.folders(self.library)]:
                status, name = folder.status(), self._named(folder)
                handle = worker_of(folder)
                if status.active and self._alive(folder, handle):
                    self._current = (folder, handle)
                    line.training = line.latest = name
                elif status.state == "queued":
                    queued.append((place.get(name, len(place)), folder.history()[-1].at, name))
                elif status.active:
                    self._bury(folder, "the server stopped")
                elif paused_by_shutdown(folder):
                    folder.append(events.Queued())
                    line.waiting.append(name)  # before those that were still waiting
            line.waiting += [name for _, _, name in sorted(queued)]
            self.line.save(line)

    def _alive(self, folder: RunFolder, handle: str) -> bool:
        return self.launcher.alive(handle) or is_claimed(folder)

    def start(self, run: Run, library: Library | None = None) -> RunFolder:
        """Puts a new run at the end of the queue.

        Args:
            library: whose it is to be: a visitor's, else the one that this queue is over.

        Raises:
            UserError: the queue is full, the library may not have the run trained, or its folder cannot be written.
        """
        library = library or self.library
        with self._lock:
            self._check_room()
            library.check_training(run)
            library.check_kept()
            folder = library.create(run)
            try:
                self._enqueue(folder)
            except UserError:
                shutil.rmtree(folder.path, ignore_errors=True)
                raise
            self._look()
        return folder

    def resume(self, folder: RunFolder, library: Library | None = None) -> None:
        """Puts a paused, stopped or failed run of a library (see `start`) at the end of the queue, to go on from its last state.

        Raises:
            UserError: the queue is full, the library may not have the run trained, nothing of the run is left to go on from, or nothing
                can be written.
        """
        self._resume(folder, library or self.library)

    def _resume(self, folder: RunFolder, library: Library, wish: str = "") -> None:
        with self._lock:
            if self.status(folder).active:
                return
            if folder.path.parent != library.root or not folder.resumable:
                raise UserError(f"{folder.name} cannot go on: it is done, or its training state was not kept.")
            self._check_room()
            library.check_training(folder.run)
            self._enqueue(folder, wish)
            self._look()

    def finish(self, folder: RunFolder, library: Library | None = None) -> None:
        """Has a paused or failed run end where it stands, with a model, once its turn comes.

        Raises:
            UserError: as `resume`.
        """
        self._resume(folder, library or self.library, "stop")

    def pause(self, folder: RunFolder) -> None:
        """Makes a run wait, its state saved and its memory given back, until it is resumed."""
        self._ask(folder, "pause")

    def stop(self, folder: RunFolder) -> None:
        """Ends a run now and keeps the model as it is."""
        self._ask(folder, "stop")

    def delete(self, folder: RunFolder, library: Library | None = None) -> None:
        """Deletes a run of a library (see `start`), which ends its training at the last saved state; `Library.restore`, then `resume`,
        brings both back.

        Raises:
            UserError: there is no such run in the library any more, or nothing can be written.
        """
        library = library or self.library
        with self._lock, files.told(library.root):
            if self._holds(folder) and self._named(folder) in self.line.read().waiting:
                self._ask(folder, "pause")
            elif folder.path.parent == library.root and folder.status().active:
                ours = self._current is not None and self._current[0].path == folder.path
                self.launcher.end(self._current[1] if self._current and ours else worker_of(folder))
                if ours:
                    self._current = None
                if folder.status().active:
                    folder.append(events.Paused(step=folder.status().step))
            library.delete(folder)
            with self.line.turn() as line:
                if line.training == self._named(folder):
                    line.training = ""
                    self.line.save(line)

    def position(self, folder: RunFolder) -> int:
        """1 for the run that trains next, 0 if it does not wait."""
        turns, name = self.line.read().in_turn(), self._named(folder)
        return turns.index(name) + 1 if name in turns else 0

    def status(self, folder: RunFolder) -> Status:
        """Where a run stands. One that says it trains, and whose process is gone without the trainer's knowing, is marked."""
        with self._lock:
            status = folder.status()
            if not self._holds(folder):
                return status  # of the gallery
            name = self._named(folder)
            if status.active and name not in self._unsaid:
                line = self.line.read()
                known = name in line.waiting or name == line.training
                if not known and folder.file("run.json").exists() and not self._alive(folder, worker_of(folder)):
                    self._bury(folder, "the training process is gone")
            unsaid = self._unsaid.get(name)
            return events.status([*folder.history(), unsaid]) if unsaid else folder.status()

    def active(self, library: Library | None = None) -> list[RunFolder]:
        """The run of a library (see `start`) that trains, then those that wait, in the order of their turns."""
        root = (library or self.library).root
        return [folder for folder in self._all_active() if folder.path.parent == root]

    def before(self, folder: RunFolder) -> int:
        """How many runs train or wait before one that waits, whosever they are."""
        paths = [other.path for other in self._all_active()]
        return paths.index(folder.path) if folder.path in paths else 0

    def _all_active(self) -> list[RunFolder]:
        line = self.line.read()
        training = self._called(line.training)
        current = [training] if line.training and self.status(training).active else []
        return [*current, *map(self._called, line.in_turn())]

    def _check_room(self) -> None:
        if len(self.line.read().waiting) >= self.capacity:
            raise UserError(f"{self.capacity} runs are waiting already. Wait until one has finished, or stop one.")

    def _enqueue(self, folder: RunFolder, wish: str = "") -> None:
        with files.told(folder.path), self.line.turn() as line:
            folder.file(CONTROL).unlink(missing_ok=True)
            if wish:
                files.write(folder.file(CONTROL), wish, make=False)
            line.waiting.append(self._named(folder))
            self.line.save(line)
            self._unsaid.pop(self._named(folder), None)
            folder.append(events.Queued())  # last: what stands in line and is not queued is passed over

    def _ask(self, folder: RunFolder, wish: str) -> None:
        with self._lock, files.told(folder.path), self.line.turn() as line:
            if (name := self._named(folder)) in line.waiting:  # never began: nothing to save
                folder.append(events.Paused(step=folder.status().step))
                line.waiting.remove(name)
                self.line.save(line)
            elif self.status(folder).active:
                files.write(folder.file(CONTROL), wish, make=False)

    def _bury(self, folder: RunFolder, how: str) -> None:
        step = folder.status().step
        self._unsaid[self._named(folder)] = Failed(
            reason=f"At step {step} {how}. Resume goes on from the last saved state."
        )
        self._say_unsaid()

    def _say_unsaid(self) -> None:
        """Writes how runs ended; what the disk does not take is kept here, and said again later."""
        for name, failed in list(self._unsaid.items()):
            folder = self._called(name)
            with contextlib.suppress(OSError):
                if folder.path.exists():
                    folder.append(failed)
                del self._unsaid[name]

    def tick(self) -> None:
        """One look: bury a worker that died, start the next run, or keep a worker warm for it. A server that does not train only looks whether it
        has to now."""
        with self._lock:
            self._say_unsaid()
            if self._current:
                folder, handle = self._current
                if self._alive(folder, handle):
                    return
                self._current = None
                self._ended(folder, self.launcher.end(handle))
            if self._leads() and not self._current:
                if self.line.read().waiting:
                    self._start_next()
                if not self._current:  # beside one that trains, it would cost 150 MB and the first seconds' processor
                    self.launcher.warm()

    def _ended(self, folder: RunFolder, how: str) -> None:
        # A run that was resumed before its last worker had quite gone waits again: nothing happened to it.
        if folder.path.exists() and self._named(folder) not in self.line.read().waiting:
            if folder.status().active:
                self._bury(folder, how)
            elif paused_by_shutdown(folder) and not self._closed.is_set():
                self._enqueue(folder)
        with contextlib.suppress(OSError), self.line.turn() as line:
            line.training = ""
            self.line.save(line)

    def _start_next(self) -> None:
        with self.line.turn() as line:
            line.waiting = giving_way(line.waiting, line.latest)
            while line.waiting and not self._current:
                folder = self._called(line.waiting[0])
                if folder.path.exists() and folder.status().state == "queued":
                    self._current = (folder, self.launcher.start(folder.path))
                    line.training = line.latest = line.waiting[0]
                line.waiting.pop(0)  # only now: if no process could be started, it still waits
            self.line.save(line)
        if self._current:
            files.write(self._current[0].file(WORKER), self._current[1], make=False)

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
                    self._looked = time.monotonic()
                except Exception as error:  # noqa: BLE001
                    on_error(error)
                    time.sleep(1)

        threading.Thread(target=supervise, name="jobs", daemon=True).start()

    def close(self, patience: float = 0.0) -> None:
        """Stops supervising and lets the workers go. With `patience` it waits so many seconds at most for the run in training to be paused:
        where a container ends with its first process, that is all the time it has."""
        self._closed.set()
        with self._lock:
            self.launcher.close()
            give_up = time.monotonic() + patience
            while self._current and self.launcher.alive(self._current[1]) and time.monotonic() < give_up:
                time.sleep(TICK)
            self.line.leave()
