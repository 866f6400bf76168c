"""Things that are made once and kept for as long as they fit into so many bytes: what was used last stays."""

from __future__ import annotations

import contextlib
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

from selfsup_engine import memory

LONG = 0.1  # seconds of making after which it is worth looking for memory that is free
FRESH = 10.0  # seconds for which the weight of a thing is believed: some are opened small, and grow with what is asked of them


class Bounded:
    """Safe to use from any thread: a thing is made once, and whoever asks for it meanwhile waits for that.

    What had to go and is still in somebody's hands is not made anew, but found there.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._things: OrderedDict[Hashable, tuple[Any, int, float]] = OrderedDict()  # (thing, bytes, weighed when)
        self._elsewhere: weakref.WeakValueDictionary[Hashable, Any] = weakref.WeakValueDictionary()
        self._lock = threading.Lock()
        self._making: dict[Hashable, threading.Lock] = {}

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What `make` gave for the key, or gives now."""
        with self._lock:
            if key in self._things:
                self._things.move_to_end(key)
                return self._things[key][0]
            turn = self._making.setdefault(key, threading.Lock())
        with turn:
            with self._lock:
                if key in self._things:
                    return self._things[key][0]
                thing = self._elsewhere.get(key)
            try:
                began = time.monotonic()
                thing = make() if thing is None else thing
                self._keep(key, thing)
                if time.monotonic() - began > LONG:
                    memory.trim()  # what it was made of is not needed any more
            finally:
                with self._lock:
                    self._making.pop(key, None)
            return thing

    def forget(self, key: Hashable) -> None:
        """Has it made anew when it is asked for next."""
        with self._lock:
            self._things.pop(key, None)
            self._elsewhere.pop(key, None)

    def clear(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._things.clear()
            self._elsewhere.clear()

    @property
    def bytes(self) -> int:
        """What is kept weighs so much, by what is known of it."""
        with self._lock:
            return sum(weight for _, weight, _ in self._things.values())

    def __len__(self) -> int:
        return len(self._things)

    def _keep(self, key: Hashable, thing: Any) -> None:
        weight, now = memory.weight(thing), time.monotonic()
        with self._lock:
            self._things[key] = thing, weight, now
            with contextlib.suppress(
                TypeError
            ):  # bytes, a tuple: whoever has it in hand keeps it alive, and it is made anew
                self._elsewhere[key] = thing
            old = [(name, one) for name, (one, _, at) in self._things.items() if now - at > FRESH]
        weighed = {name: (one, memory.weight(one), now) for name, one in old}
        with self._lock:
            for name, entry in weighed.items():
                if name in self._things and self._things[name][0] is entry[0]:
                    self._things[name] = entry
            total = sum(weight for _, weight, _ in self._things.values())
            while (
                total > self.limit and len(self._things) > 1
            ):  # the newest stays, however large: it is being looked at
                total -= self._things.popitem(last=False)[1][1]
