"""Who waits for training, as a small file in the library that all servers on it share, and which one of them trains.

The runs' own events stay the truth: a line that is lost is made anew from them. What excludes others are locks of the system's, which
the system takes back from a process that dies.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from filelock import FileLock, Timeout
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from selfsup_engine import files


def _in_the_library(name: str) -> str:
    """A folder's name, and no way out of the library: the file may be somebody else's work."""
    if name != Path(name).name or name.startswith(".") or "\0" in name:
        raise ValueError("no name of a run")
    return name


Name = Annotated[str, AfterValidator(_in_the_library)]


class Line(BaseModel):
    """Names of runs: the one that trains, and those that wait, first come first."""

    model_config = ConfigDict(extra="forbid")
    training: Literal[""] | Name = ""
    waiting: list[Name] = []


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
