"""What the host grants this process: processors, memory, room on a disk. In a container that is the container's share and not the whole
machine, which is what most programs would ask. Torch is not needed here.
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil

GROUPS = Path("/sys/fs/cgroup")  # Linux keeps there what each group of processes may use
OURS = Path("/proc/self/cgroup")  # and tells here to which groups this process belongs


class Memory(NamedTuple):
    """Bytes: all that this process may ever use, and what is free of it now."""

    total: int
    free: int


def cores() -> int:
    """Processors this process may use. Affinity masks and the quota of a container give fewer than the machine has; of a quota's broken
    part no thread is made, it would wait most of the time."""
    granted = float(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    for group in _groups("cpu"):
        said = _words(group / "cpu.max") or [
            word for name in ("cpu.cfs_quota_us", "cpu.cfs_period_us") for word in _words(group / name)
        ]
        if len(said) == 2 and all(word.isdigit() for word in said):  # else "max", or -1
            granted = min(granted, int(said[0]) / int(said[1]))
    return max(1, int(granted))


def memory() -> Memory:
    """Memory of the machine, or of the container where that has less."""
    machine = psutil.virtual_memory()
    total, free = int(machine.total), int(machine.available)
    for group in _groups("memory"):
        limit = _number(group, "memory.max", "memory.limit_in_bytes")
        used = _number(group, "memory.current", "memory.usage_in_bytes")
        if limit is None or used is None or limit >= machine.total:  # the older kind says "no limit" by a number
            continue
        total, free = min(total, limit), min(free, limit - used + _given_back(group))
    return Memory(total, max(0, free))


def _given_back(group: Path) -> int:
    """Bytes of files that were read, are kept for the next time, and are given up as soon as memory runs short. Not those that a program runs
    from: it would only read them again."""
    with contextlib.suppress(OSError, ValueError):
        stat = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        read, again, run = (
            next((int(stat[name]) for name in names if name in stat), 0)
            for names in (
                ("total_inactive_file", "inactive_file"),
                ("total_active_file", "active_file"),
                ("total_mapped_file", "file_mapped"),  # the older layout's name first
            )
        )
        return max(0, read + again - run)
    return 0


def _groups(controller: str) -> Iterator[Path]:
    """The folders of the groups whose limits hold for this process, its own first, in either of the kernel's two layouts. Within a container
    its own group is mounted as the root, whatever path it has outside."""
    with contextlib.suppress(OSError):
        for line in OURS.read_text().splitlines():
            _, names, path = line.split(":", 2)
            if names and controller not in names.split(","):
                continue
            root = GROUPS / controller if names else GROUPS
            parts = [part for part in path.split("/") if part and part != ".."]
            for length in range(len(parts), -1, -1):
                if (group := root.joinpath(*parts[:length])).is_dir():
                    yield group


def _words(path: Path) -> list[str]:
    with contextlib.suppress(OSError):
        return path.read_text().split()
    return []


def _number(group: Path, *names: str) -> int | None:
    """The number in the first of some files that has one; "max" is none."""
    return next((int(word) for name in names for word in _words(group / name)[:1] if word.isdigit()), None)


def existing(folder: Path) -> Path:
    """The folder, or as long as that is not there the nearest one above it."""
    return next(place for place in (folder, *folder.absolute().parents) if place.exists())


def disk_free(folder: Path) -> int:
    """Bytes that are left on the disk of a folder, also before it is made."""
    return shutil.disk_usage(existing(folder)).free


def takes_files(folder: Path) -> bool:
    """A file can be written into a folder, or into the one that it would be made in. It is tried, with a file that has no name and leaves
    nothing: permissions alone say yes on a full or a read-only disk."""
    try:
        with tempfile.TemporaryFile(dir=existing(folder)) as file:
            file.write(bytes(4096))
            file.flush()
    except OSError:
        return False
    return True
