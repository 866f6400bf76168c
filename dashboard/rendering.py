"""One piece of work behind a page's back: watched, cancelled, and its result kept. The thread never touches Streamlit."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from typing import Generic, TypeVar

from selfsup_engine.errors import UserError

T = TypeVar("T")
_TURN = threading.Semaphore(1)
"""One at a time, whoever asks: a large photo takes a gigabyte while it is worked on, and both cores."""


class _CancelledError(Exception):
    pass


class _Course(Generic[T]):
    """What the thread and whoever watches it share; the thread holds nothing else of the `Rendering`."""

    share = 0.0
    result: T | None = None
    error = ""

    def __init__(self) -> None:
        self.cancelled = threading.Event()
        self.began = time.monotonic()

    def progress(self, share: float) -> None:
        if self.cancelled.is_set():
            raise _CancelledError
        self.share = share

    def run(self, work: Callable[[Callable[[float], None]], T]) -> None:
        try:
            while not _TURN.acquire(timeout=0.1):
                self.progress(0.0)
            try:
                self.began = time.monotonic()
                self.result = work(self.progress)
            finally:
                _TURN.release()
        except _CancelledError:
            pass
        except UserError as error:
            self.error = str(error)
        except MemoryError:
            self.error = "There is not enough memory for this photo. Take a smaller one."


class Rendering(Generic[T]):
    """`work` is given a progress to call with the share done in [0, 1]; that call ends it once it was cancelled, or once nobody has the
    Rendering any more: a visitor who has left waits for nothing."""

    def __init__(self, work: Callable[[Callable[[float], None]], T]) -> None:
        self._course: _Course[T] = _Course()
        weakref.finalize(self, self._course.cancelled.set)
        self._thread = threading.Thread(target=self._course.run, args=(work,), daemon=True)
        self._thread.start()

    @property
    def share(self) -> float:
        """How much of it is done, in [0, 1]."""
        return self._course.share

    @property
    def result(self) -> T | None:
        """What it came to; None before its end, or where it failed."""
        return self._course.result

    @property
    def error(self) -> str:
        """Why it failed, in words for a person; empty where it did not."""
        return self._course.error

    @property
    def active(self) -> bool:
        return self._thread.is_alive()

    @property
    def seconds_left(self) -> float | None:
        """At the pace so far; None before that can be told."""
        took, share = time.monotonic() - self._course.began, self.share
        return took * (1 - share) / share if share > 0.03 and took > 0.5 else None

    def cancel(self) -> None:
        """Ends it at its next word of progress; what it made so far is dropped."""
        self._course.cancelled.set()
