"""What all operations on a photo share: how they report, and what is measured on a small copy.

A photo is a uint8 tensor (3, H, W) of sRGB on the CPU, and so is what an operation makes of it.
"""

from collections.abc import Callable

from selfsup_engine.scaling import MEASURED, enlarged, reduced

__all__ = ["MEASURED", "Progress", "enlarged", "part", "reduced", "silent"]

Progress = Callable[[float], None]
"""Called with the share done, in [0, 1]; may raise to give up."""


def silent(share: float) -> None:
    """A progress that nobody watches."""


def part(progress: Progress, start: float, end: float) -> Progress:
    """A progress for one part of a work, which goes from `start` to `end` of the whole."""
    return lambda share: progress(start + (end - start) * share)
