"""One piece of work behind a page's back: watched, cancelled, and its result kept. The thread never touches Streamlit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from selfsup_engine.errors import UserError

T = TypeVar("T")
_TURN = threading.Semaphore(1)
"""One at a time, whoever asks: a large photo takes a gigabyte while it is worked on, and both cores."""


class _CancelledError(Exception):
    pass


class Rendering(Generic[T]):
    """`work` is given a progress to call with the share done in [0, 1]; that call ends it once it was cancelled."""

    def __init__(self, work: Callable[[Callable[[float], None]], T]) -> None:
        self.share = 0.0
        self.result: T | None = None
        self.error = ""
        self._cancelled = threading.Event()
        self._began = time.monotonic()
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()

    def _run(self, work: Callable[[Callable[[float], None]], T]) -> None:
        try:
            while not _TURN.acquire(timeout=0.1):
                self._progress(0.0)
            try:
                self._began = time.monotonic()
                self.result = work(self._progress)
            finally:
                _TURN.release()
        except _CancelledError:
            pass
        except UserError as error:
            self.error = str(error)
        except MemoryError:
            self.error = "There is not enough memory for this photo. Take a smaller one."

    def _progress(self, share: float) -> None:
        if self._cancelled.is_set():
            raise _CancelledError
        self.share = share

    @property
    def active(self) -> bool:
        return self._thread.is_alive()

    @property
    def seconds_left(self) -> float | None:
        """At the pace so far; None before that can be told."""
        took = time.monotonic() - self._began
        return took * (1 - self.share) / self.share if self.share > 0.03 and took > 0.5 else None

    def cancel(self) -> None:
        """Ends it at its next word of progress; what it made so far is dropped."""
        self._cancelled.set()
