"""Where workers run, as processes that are started, looked after and ended. Torch is not needed here."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import IO, Protocol

import psutil

from selfsup_engine import files
from selfsup_engine.runs import ROOT
from selfsup_engine.training.worker import UNSAID, handle_of


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
            with self._open_log() as log:
                self._warm = subprocess.Popen(
                    [sys.executable, "-m", "selfsup_engine.training.worker"],
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    text=True,
                    cwd=ROOT,
                    start_new_session=True,  # Ctrl-C is for the server; the worker then pauses by itself
                )

    def _open_log(self) -> IO[str]:
        """What workers say goes nowhere where the disk takes nothing: that stops none of them."""
        with contextlib.suppress(OSError):
            self.log.parent.mkdir(parents=True, exist_ok=True)
            return self.log.open("a")
        return Path(os.devnull).open("a")

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
                with contextlib.suppress(psutil.Error):
                    if any("selfsup_engine" in word for word in process.cmdline()):  # the handle is a file's word
                        process.kill()
                        process.wait(5)
            return "the training process is gone"
        if worker.poll() is None:
            worker.kill()
        code = worker.wait()
        if worker.stdin:
            with contextlib.suppress(OSError):
                worker.stdin.close()
        if code > UNSAID:
            return f"nothing could be written any more: {files.cause(code - UNSAID)}"
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
