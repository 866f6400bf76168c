"""Who waits for training, as a small file in the library that all servers on it share, and which one of them trains.

The runs' own events stay the truth: a line that is lost is made anew from them. What excludes others are locks of the system's, which
the system takes back from a process that dies.
"""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Literal

from filelock import FileLock, Timeout
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from selfsup_engine import files

VISITORS = ".visitors"
"""The folder of a library that has a library for each visitor of a public host in it; hidden there, as its trash is."""


def _in_the_library(name: str) -> str:
    """A folder of the library's or of a visitor's, and no way out of it: the file may be somebody else's work."""
    *whose, last = Path(name).parts or ("",)
    nobodys = whose and not (len(whose) == 2 and whose[0] == VISITORS and not whose[1].startswith("."))
    if nobodys or not last or last.startswith(".") or name != "/".join((*whose, last)) or "\0" in name:
        raise ValueError("no name of a run")
    return name


Name = Annotated[str, AfterValidator(_in_the_library)]


class Line(BaseModel):
    """Names of runs, by their folders below the library: the one that trains, the one that did last, and those that wait."""

    model_config = ConfigDict(extra="forbid")
    training: Literal[""] | Name = ""
    latest: Literal[""] | Name = ""
    waiting: list[Name] = []

    def in_turn(self) -> list[str]:
        """Those that wait, in the order in which they will train if none comes in between."""
        left, turns = giving_way(self.waiting, self.latest), list[str]()
        while left:
            turns.append(left[0])
            left = giving_way(left[1:], left[0])
        return turns


def owner_of(name: str) -> str:
    """Whose a run is: the folder that it lies in, which is the library's own unless it is a visitor's."""
    return name.rpartition("/")[0]


def giving_way(waiting: Sequence[str], latest: str) -> list[str]:
    """The runs that wait, once `latest` has had its turn: whose it was has their others wait behind everyone else's.

    So nobody who waits sees more than one turn of each other owner go before theirs, however many of them come. With one owner, first
    come, first served.
    """
    return sorted(waiting, key=lambda name: owner_of(name) == owner_of(latest))


class SharedLine:
    """The line of a library. One server at a time is its trainer, and starts what waits; all of them may put runs in and take them out."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._file = root / ".line.json"
        self._turn = FileLock(root / ".line.lock", thread_local=False)
        self._trainer = FileLock(root / ".trainer.lock", thread_local=False)

    @property
    def mine(self) -> bool:
        """This server is the trainer. It is no more where the library was deleted under it."""
        if self._trainer.is_locked and not Path(self._trainer.lock_file).exists():
            self._trainer.release()
        return self._trainer.is_locked

    def take(self) -> bool:
        """Becomes the trainer if none lives.

        Raises:
            OSError: the library cannot be written.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(Timeout):
            self._trainer.acquire(timeout=0)
        return self.mine

    def leave(self) -> None:
        """Lets another server be the trainer."""
        with contextlib.suppress(OSError):
            self._trainer.release(force=True)

    @contextlib.contextmanager
    def turn(self) -> Iterator[Line]:
        """The line, for whoever changes it, one at a time; `save` keeps the change.

        Raises:
            OSError: the library cannot be written.
        """
        with self._turn:
            yield self.read()

    def read(self) -> Line:
        """The line as it is now, to look at."""
        try:
            return Line.model_validate_json(self._file.read_bytes())
        except (OSError, ValidationError):
            return Line()

    def save(self, line: Line) -> None:
        """Keeps a line, within `turn`."""
        files.write(self._file, line.model_dump_json())
