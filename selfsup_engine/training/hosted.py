"""The queue of a public host: a turn has an end, and what nobody uses any more goes."""

import time

from selfsup_engine.errors import UserError
from selfsup_engine.limits import SLOW, Limits
from selfsup_engine.runs import Library
from selfsup_engine.training import visitors
from selfsup_engine.training.jobs import Jobs
from selfsup_engine.training.launcher import Launcher
from selfsup_engine.training.worker import CONTROL

TIDY_EVERY = 600  # seconds


class HostedJobs(Jobs):
    """`Jobs` within limits, for a library with visitors."""

    def __init__(self, library: Library, limits: Limits, launcher: Launcher | None = None) -> None:
        self.limits = limits
        self._turn = ("", 0.0)  # the handle of the worker that trains, and when it was first seen
        self._tidied = float("-inf")
        super().__init__(library, launcher, limits.queue)

    def _check_room(self) -> None:
        try:
            super()._check_room()
        except UserError as error:
            raise UserError(
                f"{self.capacity} runs of visitors are waiting already, the most on this public host, {self.limits.why('queue')}. "
                "Try again in a few minutes."
            ) from error

    def tick(self) -> None:
        """As `Jobs.tick`; a run that trains for too long is stopped, and keeps its model; one that does not heed that is ended."""
        super().tick()
        with self._lock:
            self._end_turn(time.monotonic())
            if self.trains_here and time.monotonic() - self._tidied > TIDY_EVERY:
                self._tidied = time.monotonic()
                line = self.line.read()
                visitors.expire(self.library, self.limits.hours, {line.training, *line.waiting})

    def _end_turn(self, now: float) -> None:
        if self._current is None:
            return
        folder, handle = self._current
        if self._turn[0] != handle:
            self._turn = handle, now
        spent = now - self._turn[1]
        if spent > self.limits.turn:
            self._current = None
            self.launcher.end(handle)
            self._ended(folder, f"its turn of {self.limits.turn // 60} min was over, and others wait")
        elif spent > self.limits.seconds + SLOW and not folder.file(CONTROL).exists():
            self._ask(folder, "stop")
