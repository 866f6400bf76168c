"""How many pages are drawn at once, so that a crowd that opens pages does not hold up those who drag a slider.

A page takes some tenths of a second of Python, a slider's picture a hundredth. Python runs one thread at a time and gives each its share, so
among eight pages the picture would wait for eight shares, and all eight pages would stand at the end. One after the other the first stands
soon, and the last no later. A part of a page that is drawn anew, as a slider's picture is, never waits here.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE = 1.0  # seconds: a page may open a large photo, and others do not wait for that
_slots = threading.BoundedSemaphore(max(1, (os.cpu_count() or 2) // 2))


@contextmanager
def in_turn() -> Iterator[None]:
    """Waits until fewer pages are being drawn, yet no longer than `PATIENCE`."""
    admitted = _slots.acquire(timeout=PATIENCE)
    try:
        yield
    finally:
        if admitted:
            _slots.release()
