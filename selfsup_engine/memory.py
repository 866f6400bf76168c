"""How much memory things take, and how what is free goes back to the system. Needs neither torch nor Streamlit."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import sys
from collections.abc import Mapping
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

MB = 1_000_000
ARENAS = 2
"""Heaps that the C library keeps. Its usual eight for each core leave holes in as many, for one thread each that lived a moment."""
LARGE = 4_000_000
"""Bytes from which a block is the system's own, and goes back to it at once. Smaller ones are used again: a network's layer asks for some MB each
time, and to be given its pages anew took two thirds of a small network's time."""
KEPT = 8_000_000
"""Free bytes at the end of a heap that stay there until `trim`; of the C library's own accord each layer would give them back."""
BLOCK = 32 * 2**20
"""Bytes of the largest block that the GNU C library can be told to use again."""
_ARENA_MAX, _MMAP_THRESHOLD, _TRIM_THRESHOLD = -8, -3, -1  # as malloc.h has them
_PLAIN = (int, float, complex, bool, type(None), type, ModuleType, FunctionType, MethodType, BuiltinFunctionType)


def few_heaps() -> None:
    """From now on the C library shares its heaps among threads, and keeps no very large block. Does nothing where it is not the GNU one."""
    if libc := _glibc():
        libc.mallopt(_ARENA_MAX, ARENAS)
        libc.mallopt(_MMAP_THRESHOLD, LARGE)
        libc.mallopt(_TRIM_THRESHOLD, KEPT)


def keep_heap() -> None:
    """From now on the C library uses again what is freed, until `trim`. Does nothing where it is not the GNU one.

    A step of training asks for what the step before it has freed: a GAN's were 5,700 to 13,200 page faults each, and are 300.
    """
    if libc := _glibc():
        libc.mallopt(_MMAP_THRESHOLD, BLOCK)
        libc.mallopt(_TRIM_THRESHOLD, 2**31 - 1)


def give_back() -> None:
    """Lets go of what nobody holds any more, and gives it back to the system."""
    gc.collect()
    trim()


def trim() -> None:
    """Gives back to the system what is free, as far as the C library can."""
    if libc := _glibc():
        libc.malloc_trim(0)


def _glibc() -> Any:
    if sys.platform != "linux":
        return None
    with contextlib.suppress(OSError):
        libc = ctypes.CDLL(None)
        if hasattr(libc, "malloc_trim") and hasattr(libc, "mallopt"):
            return libc
    return None


def weight(*things: object) -> int:
    """Bytes of the arrays, tensors, texts and bytes in some things, and in what they hold, each counted once.

    All else of a thing is passed over: beside its arrays it does not count.
    """
    total, seen, waiting = 0, set[int](), list[object](things)
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or isinstance(thing, _PLAIN):
            continue
        seen.add(id(thing))
        match thing:
            case bytes() | bytearray() | str():
                total += len(thing)
            case np.ndarray():
                if isinstance(thing.base, np.ndarray):
                    waiting.append(thing.base)  # a view holds all of it
                else:
                    total += thing.nbytes
            case Mapping():
                waiting += [*thing.keys(), *thing.values()]
            case list() | tuple() | set() | frozenset():
                waiting += thing
            case _ if hasattr(thing, "untyped_storage"):  # a tensor, and this module does without torch
                storage = thing.untyped_storage()
                total += 0 if storage.data_ptr() in seen else storage.nbytes()
                seen.add(storage.data_ptr())
            case _:
                waiting += getattr(thing, "__dict__", {}).values()
    return total
