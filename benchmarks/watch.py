"""The clock of a race: counts what a training does, and looks at it at certain seconds while the clock stands still."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Over(Exception):  # noqa: N818
    """The time is up."""


class Watch:
    """Wall time, CPU time, steps and images of a training; at each of `marks` seconds it takes a look, while the clock stands still.

    The marks are wall time, or, with `threads`, the CPU time of one of so many: on a machine that does nothing else the two agree.
    """

    def __init__(self, marks: tuple[float, ...], steps: int = 0, threads: int = 0) -> None:
        self.marks, self.at_most, self.threads = list(marks), steps, threads
        self.steps = self.images = 0
        self.wall = self.cpu = self.own_looks = 0.0
        self.quality: dict[str, float] = {}
        self.look: Callable[[], float] = lambda: 0.0
        self._began = time.perf_counter(), time.process_time()

    def _pause(self) -> None:
        self.wall += time.perf_counter() - self._began[0]
        self.cpu += time.process_time() - self._began[1]

    def _go(self) -> None:
        self._began = time.perf_counter(), time.process_time()

    def _passed(self) -> float:
        if self.threads:
            return (self.cpu + time.process_time() - self._began[1]) / self.threads
        return self.wall + time.perf_counter() - self._began[0]

    def step(self, images: int) -> None:
        """Counts a step of so many images.

        Raises:
            Over: that was the last.
        """
        self.steps, self.images = self.steps + 1, self.images + images
        if self.at_most and self.steps >= self.at_most:
            self._pause()
            raise Over
        if self._passed() >= self.marks[0]:
            self._pause()
            self.quality[f"{self.marks.pop(0):g}"] = self.look()
            if not self.marks:
                raise Over
            self._go()

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Time that a loop spends on looks of its own: within the clock, and told apart."""
        began = time.perf_counter()
        yield
        self.own_looks += time.perf_counter() - began
