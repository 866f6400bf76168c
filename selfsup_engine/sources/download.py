"""Fetches one file whose checksum is known, and leaves either all of it or nothing."""

from __future__ import annotations

import hashlib
import http.client
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import uuid4

TIMEOUT_S = 20.0
"""How long a server may be silent, at the start or midway."""
CHUNK_BYTES = 1 << 18


def fetch(urls: Sequence[str], path: Path, md5: str, on_bytes: Callable[[int], None]) -> None:
    """Downloads to `path` from the first of `urls` that gives the right file.

    Args:
        urls: mirrors of the same file.
        path: where it goes; the folder is made.
        md5: its checksum, in hex.
        on_bytes: called with the number of bytes that this file has so far.

    Raises:
        OSError: no mirror gave it; the message is the first one's reason, in plain words.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    reasons = []
    for url in urls:
        aside = path.with_name(f"{path.name}.{uuid4().hex}.part")
        try:
            with aside.open("wb") as file:
                got = _copy(url, file.write, on_bytes)
            if got == md5:
                aside.replace(path)
                return
            reasons.append("what arrived is not the expected file")
        except (OSError, http.client.HTTPException) as error:
            reasons.append(_in_words(error))
        finally:
            aside.unlink(missing_ok=True)
    raise OSError(reasons[0])


def has_md5(path: Path, md5: str) -> bool:
    """Whether the file exists, whole and unaltered."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, _md5).hexdigest() == md5


def _copy(url: str, write: Callable[[bytes], int], on_bytes: Callable[[int], None]) -> str:
    request = urllib.request.Request(url, headers={"User-Agent": "selfsup-studio"})
    digest, done = _md5(), 0
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
        while chunk := response.read(CHUNK_BYTES):
            write(chunk)
            digest.update(chunk)
            done += len(chunk)
            on_bytes(done)
    return digest.hexdigest()


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
    if isinstance(cause, OSError) and cause.filename:
        return f"{cause.filename} cannot be written: {cause.strerror}"
    return "no connection"
