"""Writing files so that a reader never meets half of one, and what files take up."""

import contextlib
import os
import secrets
from pathlib import Path


def write(path: Path, data: bytes | str) -> None:
    """Writes beside the target and renames: the file is the old one or the new one, whatever happens meanwhile."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with aside.open("wb") as file:
            file.write(data.encode() if isinstance(data, str) else data)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


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
