"""Writing files so that a reader never meets half of one, whatever ends the writer; what to say where nothing can be written; and what files
take up."""

import contextlib
import errno
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from filelock import FileLock, Timeout

from selfsup_engine.errors import UserError
from selfsup_engine.limits import public

ASIDE = re.compile(r"\..+\.[0-9a-f]{8}")  # how a file is called until it takes its place
WORKPLACE = ".incoming-"
CLAIM = "claim"  # the file in a workplace that whoever works there has locked
FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
LOCKED = {errno.EROFS, errno.EACCES, errno.EPERM}
READERS_BLOCK = os.name == "nt"  # Windows renames onto no file that somebody has open
PATIENCE = (0.01, 0.03, 0.1, 0.3, 1.0)  # seconds


def write(path: Path, data: bytes | str, *, make: bool = True) -> None:
    """Writes beside the target, to the disk itself, and renames: the file is the old one or the new one, whatever happens meanwhile.

    Args:
        path: the file.
        data: all of its content.
        make: makes the folder where it is missing. False within a run: what is written into one that was deleted meanwhile must not
            bring half of it back.

    Raises:
        OSError: it cannot be written; the old file stands.
    """
    write_all({path: data}, make=make)


def write_all(contents: Mapping[Path, bytes | str], *, make: bool = True) -> None:
    """Writes files that belong together: as `write`, and the first takes its place only once all of them are on the disk."""
    asides = {path: path.with_name(f".{path.name}.{secrets.token_hex(4)}") for path in contents}
    try:
        for path, aside in asides.items():
            if make:
                path.parent.mkdir(parents=True, exist_ok=True)
            _fill(aside, contents[path])
        for path, aside in asides.items():
            try:
                _rename(aside, path)
            except (
                FileNotFoundError
            ):  # swept up by a process that just started; or the folder is gone, which this tells
                _fill(aside, contents[path])
                _rename(aside, path)
        for folder in {path.parent for path in contents}:
            _keep_names(folder)
    finally:
        for aside in asides.values():
            with contextlib.suppress(OSError):
                aside.unlink()


@contextlib.contextmanager
def workplace(root: Path) -> Iterator[Path]:
    """A folder below `root`, to make something in that then takes its place by a rename. It is gone afterwards, at the latest with the next
    `sweep`.

    Raises:
        OSError: it cannot be made.
    """
    root.mkdir(parents=True, exist_ok=True)
    made = tempfile.TemporaryDirectory(dir=root, prefix=WORKPLACE, ignore_cleanup_errors=True)
    with made as place, FileLock(Path(place) / CLAIM):
        yield Path(place)


def sweep(root: Path) -> None:
    """Clears away what a process that was killed left half-written anywhere below a folder: files of `write`, and workplaces. A write that
    goes on in another process meanwhile is done anew by that, and a workplace in use stays."""
    with contextlib.suppress(OSError):
        for path in root.rglob(".*"):
            if ASIDE.fullmatch(path.name) and path.is_file():
                with contextlib.suppress(OSError):
                    path.unlink()
            elif path.name.startswith(WORKPLACE) and path.is_dir():
                with contextlib.suppress(OSError, Timeout), FileLock(path / CLAIM, timeout=0):
                    shutil.rmtree(path, ignore_errors=True)


def _fill(path: Path, data: bytes | str) -> None:
    with path.open("wb") as file:
        file.write(data.encode() if isinstance(data, str) else data)
        file.flush()
        os.fsync(file.fileno())


def _rename(aside: Path, path: Path) -> None:
    for seconds in PATIENCE if READERS_BLOCK else ():
        try:
            aside.replace(path)
            return
        except PermissionError:
            time.sleep(seconds)
    aside.replace(path)


def _keep_names(folder: Path) -> None:
    """Has the disk itself know of a rename. Windows does not open folders, and needs no such thing."""
    with contextlib.suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def why_not(error: OSError, folder: Path, then: str = "try again") -> str:
    """Why something could not be written below a folder, and what to do; it says no path, since a page may show it. A visitor of a public
    host is not told to mend the host."""
    if public():
        why = "The disk of this host is full" if error.errno in FULL else "This host cannot keep anything at the moment"
        return f"{why}. Come back later, then {then}."
    if error.errno in FULL:
        return f"The disk is full: free some space, then {then}."
    named = Path(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else folder
    where = (folder if named.is_relative_to(folder) else named).name  # where it lies is nothing for a page
    if error.errno in LOCKED:
        return (
            f"{where} cannot be written ({error.strerror}): allow it, "
            f"or name another folder in the environment variable SELFSUP_RUNS, then {then}."
        )
    return f"{where} cannot be written or read ({error.strerror or error}). See to it, then {then}."


def cause(number: int) -> str:
    """An OSError's number in words."""
    return "the disk is full" if number in FULL else os.strerror(number).lower()


@contextlib.contextmanager
def told(folder: Path, then: str = "try again") -> Iterator[None]:
    """Turns a failure to write below a folder into a UserError that says what to do."""
    try:
        yield
    except OSError as error:
        raise UserError(why_not(error, folder, then)) from error


def stays_below(path: Path, folder: Path) -> bool:
    """Whether a file lies below a folder in truth, and not only by a link that leads out of it."""
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):  # a link to itself
        return False


def bytes_in(folder: Path | str) -> int:
    """Bytes of all files below a folder; what goes away while it is looked at counts for nothing."""
    total = 0
    with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):
                total += (
                    bytes_in(entry.path)
                    if entry.is_dir(follow_symlinks=False)
                    else entry.stat(follow_symlinks=False).st_size
                )
    return total
