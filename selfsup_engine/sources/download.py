"""Fetches one file whose checksum is known. What was fetched of it before the connection broke off, or the process, is gone on from."""

from __future__ import annotations

import hashlib
import http.client
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

from selfsup_engine import files

TIMEOUT_S = 20.0
"""How long a server may be silent, at the start or midway."""
CHUNK_BYTES = 1 << 18
TRIES = 3
"""How often a mirror is asked that breaks off, as long as each time brings something."""


def fetch(urls: Sequence[str], path: Path, md5: str, on_bytes: Callable[[int], None]) -> None:
    """Downloads to `path` from the first of `urls` that gives the right file. One process at a time may do so.

    Until its checksum is seen to be right, the file is called `path`.part; it stays if the connection breaks off.

    Args:
        urls: mirrors of the same file.
        path: where it goes; the folder is made.
        md5: its checksum, in hex.
        on_bytes: called with the number of bytes that this file has so far.

    Raises:
        OSError: no mirror gave it, and then the message is the first one's reason, in plain words; or, with its number, the disk took
            no more.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    reasons = []
    for url in urls:
        for _ in range(TRIES):
            before = _size(part)
            try:
                _go_on(url, part, on_bytes)
                if has_md5(part, md5):
                    part.replace(path)
                    return
                part.unlink(missing_ok=True)
                reasons.append("what arrived is not the expected file")
                if not before:
                    break
            except (OSError, http.client.HTTPException) as error:
                if isinstance(error, OSError) and error.errno in files.FULL | files.LOCKED:
                    raise
                reasons.append(_in_words(error))
                if _size(part) <= before:
                    break
    raise OSError(reasons[0])


def has_md5(path: Path, md5: str) -> bool:
    """Whether the file exists, whole and unaltered."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, _md5).hexdigest() == md5


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _go_on(url: str, part: Path, on_bytes: Callable[[int], None]) -> None:
    """Fetches what is missing from `part`, or all of it from a server that gives no parts."""
    done = _size(part)
    headers = {"User-Agent": "selfsup-studio"} | ({"Range": f"bytes={done}-"} if done else {})
    try:
        response = urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # nothing is missing, if it is the right file at all
        raise
    with response:
        follows = getattr(response, "status", http.client.OK) == http.client.PARTIAL_CONTENT
        done = done if follows else 0
        expected = response.headers.get("Content-Length")
        whole = done + int(expected) if expected else None
        with part.open("ab" if follows else "wb") as file:
            while chunk := response.read1(CHUNK_BYTES):  # whatever has come: a slow server is heard, and can be left
                file.write(chunk)
                done += len(chunk)
                on_bytes(done)
    if whole is not None and done < whole:
        raise http.client.IncompleteRead(b"", whole - done)


def _md5() -> hashlib._Hash:
    return hashlib.md5(usedforsecurity=False)


def _in_words(error: OSError | http.client.HTTPException) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"the server answered {error.code}"
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, TimeoutError):
        return f"the server was silent for {TIMEOUT_S:.0f} seconds"
    if isinstance(cause, http.client.HTTPException):
        return "the connection broke off"
    return "no connection"
