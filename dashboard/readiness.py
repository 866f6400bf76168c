"""Whether this server can do its work now, as a supervisor asks: what holds for the host, and what only the running server knows."""

from __future__ import annotations

import threading
import time

from dashboard import cache
from selfsup_engine import readiness, sources
from selfsup_engine.readiness import Check

KEPT = 2.0  # seconds for which an answer holds, however often it is asked for

_lock = threading.Lock()
_last: tuple[float, list[Check]] = -KEPT, []


def checks() -> list[Check]:
    """Everything that is looked at. Asked for at once again, it is not looked at anew."""
    global _last
    with _lock:
        at, found = _last
        if not found or time.monotonic() - at >= KEPT:
            found = [*readiness.checks(cache.host(), sources.data_root()), training(), engine()]
            _last = time.monotonic(), found
        return found


def training() -> Check:
    """The queue is looked after, and a worker can be started; or another server of the library does both."""
    well = cache.jobs().supervised()
    return Check("training", "" if well else "Nobody looks after the queue of runs: see the server's log, and restart.")


def engine() -> Check:
    """torch is there, and so is the device that it shall compute on."""
    warm = cache.warm_up()
    if warm.device or warm.problem:
        return Check("engine", "" if warm.device else warm.problem)
    return Check("engine", "It is still being loaded: a few seconds more.")


def answer() -> tuple[bool, dict[str, object]]:
    """Whether the server is ready, and that as JSON: `ok` or what is wrong, check by check."""
    found = checks()
    ready = not any(check.problem and check.needed for check in found)
    return ready, {"ready": ready, "checks": {check.name: check.problem or "ok" for check in found}}
