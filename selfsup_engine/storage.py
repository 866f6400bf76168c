"""What the library takes up on the disk, and the trash: deleted runs, which can be brought back until it is emptied.

Torch is not needed here.
"""

import contextlib
import shutil
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from selfsup_engine import files
from selfsup_engine.runs import Library, RunFolder


def size_of(folder: RunFolder) -> int:
    """`RunFolder.bytes_used`, counted again only once the run has changed.

    Files are written beside their place and renamed, which the folder's time tells; only the events grow in place.
    """
    stamp: list[int] = []
    for name in ("", "previews", "snapshots", "events.jsonl"):
        try:
            about = (folder.path / name).stat()
            stamp += about.st_mtime_ns, about.st_size
        except OSError:
            stamp += -1, -1
    return _size_of(folder.path, *stamp)


@lru_cache(maxsize=4096)
def _size_of(path: Path, *stamp: int) -> int:
    return files.bytes_in(path)


@dataclass(frozen=True)
class Deleted:
    """A run in the trash, how many bytes it takes, and after how many seconds it goes for good."""

    folder: RunFolder
    size: int
    left: float


def trash(library: Library) -> list[Deleted]:
    """What was deleted and can be brought back by `Library.restore`, latest first. What lay there for too long goes now."""
    library.tidy()
    found = []
    for path in (library.root / ".trash").glob("*"):
        with contextlib.suppress(FileNotFoundError):  # brought back at this moment
            whole = library.keeps_deleted
            left = min(whole, path.stat().st_mtime + whole - time.time())  # the clock may have been set back
            found.append(Deleted(RunFolder(path), size_of(RunFolder(path)), left))
    return sorted(found, key=lambda deleted: deleted.left, reverse=True)


def empty_trash(library: Library) -> None:
    """Deletes for good what is in the trash: the one thing that cannot be undone."""
    shutil.rmtree(library.root / ".trash", ignore_errors=True)
