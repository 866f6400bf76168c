"""Pictures that a person uploads: from files and zips that nobody vouches for to a stored image set."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

import numpy as np

from selfsup_engine import images
from selfsup_engine.errors import UserError
from selfsup_engine.images import Crop, Pixels
from selfsup_engine.limits import public
from selfsup_engine.lines import one_line
from selfsup_engine.sources import store
from selfsup_engine.sources.base import OWN_LICENCE, Arrays, ImageSet, SourceInfo, data_root

MIN_IMAGES = 16
MAX_IMAGES = 5_000
MAX_PREPARED_BYTES = 400_000_000
MIN_SIDE = 16
ZIP = (b"PK\x03\x04", b"PK\x05\x06")  # how a zip begins, and an empty one
MAX_FILE_BYTES = 50_000_000
MAX_UNZIPPED_BYTES = 1_000_000_000


@dataclass(frozen=True, eq=False)
class Prepared:
    """Uploaded pictures, ready to be looked over and saved."""

    pixels: Pixels
    """uint8 (N, 1 or 3, S, S)."""
    names: tuple[str, ...]
    """The file name of each."""
    left_out: tuple[tuple[str, str], ...]
    """The file name of everything that is not among them, and why."""


class Keeper(Protocol):
    """Whose pictures are kept: a library."""

    owner: str

    def room_for(self, more: int) -> None:
        """Whether so many bytes more may be kept; raises a UserError if not."""


class _RefusedError(Exception):
    """Why one file is left out."""


def prepare(files: Sequence[tuple[str, bytes]], *, size: int, channels: int, crop: Crop = "centre") -> Prepared:
    """Opens pictures and zips of pictures, and brings them to one shape. Nothing is written to disk.

    Args:
        files: (name, content) of each upload.
        size: pixels a side that the images get.
        channels: 1 (grey) or 3 (RGB).
        crop: the pictures' middle, or all of them on white ("pad").

    Raises:
        UserError: fewer than `MIN_IMAGES` usable pictures.
    """
    limits = public()
    most = min(limits.images if limits else MAX_IMAGES, MAX_PREPARED_BYTES // (channels * size * size))
    why = f" on this public host, {limits.why('images')}" if limits else ""
    kept: dict[bytes, tuple[str, Pixels]] = {}
    left_out: list[tuple[str, str]] = []
    for name, content in _pictures(files):
        try:
            if len(kept) == most:
                raise _RefusedError(f"only the first {most} pictures are used{why}")
            if isinstance(content, _RefusedError):
                raise content
            pixels = _prepared(content, size, channels, crop)
            key = hashlib.blake2b(pixels.tobytes()).digest()
            if key in kept:
                raise _RefusedError(f"the same picture as {kept[key][0]}")
            kept[key] = name, pixels
        except _RefusedError as refused:
            left_out.append((name, str(refused)))
    if len(kept) < MIN_IMAGES:
        first = (
            f" The first that could not be used is {left_out[0][0]}: {left_out[0][1].rstrip('.')}." if left_out else ""
        )
        raise UserError(
            f"At least {MIN_IMAGES} different pictures are needed; {len(kept)} {'was' if len(kept) == 1 else 'were'} found.{first} Add more."
        )
    return Prepared(
        np.stack([pixels for _, pixels in kept.values()]), tuple(name for name, _ in kept.values()), tuple(left_out)
    )


def save(prepared: Prepared, title: str, keeper: Keeper | None = None) -> str:
    """Stores the pictures, a tenth of them as the test split, and returns their source string, `upload:ID`; see `keep`."""
    return keep(Arrays.split(prepared.pixels), title, keeper)


def keep(arrays: Arrays, title: str, keeper: Keeper | None = None) -> str:
    """Stores images without labels, and returns their source string, `upload:ID`.

    The ID comes from the pixels, so that the same images are stored once; of a visitor's from their name as well, so that nobody guesses
    it who has the same images.

    Args:
        keeper: whose they are to be, if not everyone's on this machine.

    Raises:
        UserError: the folder cannot be written to, or the keeper may keep no more.
    """
    whose = keeper.owner if keeper else ""
    digest = hashlib.sha256(whose.encode())
    for part in (arrays.train, arrays.test):
        digest.update(str(part.shape).encode() + np.ascontiguousarray(part).tobytes())
    identity = digest.hexdigest()[:16]
    _, channels, size, _ = arrays.train.shape
    facts = {
        "title": one_line(title)[:80] or "My pictures",
        "train": str(len(arrays.train)),
        "test": str(len(arrays.test)),
        "channels": str(channels),
        "size": str(size),
    }
    facts |= {"owner": whose} if whose else {}
    if keeper and not exists(identity):
        keeper.room_for(arrays.train.nbytes + arrays.test.nbytes)
    if not exists(identity) or not facts.items() <= store.facts(_path(identity)).items():
        store.write(_path(identity), arrays, facts)
    return f"upload:{identity}"


def exists(identity: str) -> bool:
    """Whether there is an upload of that ID."""
    return re.fullmatch("[0-9a-f]{16}", identity) is not None and _path(identity).is_file()


def owner(source: str) -> str:
    """The visitor whose an upload is, by its source string; empty for one of whoever runs the program.

    Raises:
        UserError: there is no such upload, or its file is damaged.
    """
    return store.facts(_existing(source.partition(":")[2])).get("owner", "")


def owned() -> list[tuple[Path, str]]:
    """The files of all uploads of visitors, and whose each is."""
    found = []
    for path in data_root().glob("uploads/*.safetensors"):
        with contextlib.suppress(UserError):
            if whose := store.facts(path).get("owner", ""):
                found.append((path, whose))
    return found


def touch(source: str) -> None:
    """Says that an upload is in use now."""
    with contextlib.suppress(OSError):
        os.utime(_path(source.partition(":")[2]))


def load(identity: str) -> ImageSet:
    """A stored upload.

    Raises:
        UserError: there is no such upload, or its file is damaged.
    """
    return store.read(_existing(identity), f"upload:{identity}", OWN_LICENCE)


def _existing(identity: str) -> Path:
    if not exists(identity):
        raise UserError(
            f"There is no upload {identity[:40]!r} here; it may have been cleared away. Upload the pictures again."
        )
    return _path(identity)


def info(identity: str) -> SourceInfo:
    """What the upload says about itself.

    Raises:
        UserError: there is no such upload, or its file is damaged.
    """
    path = _existing(identity)
    facts = store.facts(path)
    try:
        train, test, size, channels = (int(facts[key]) for key in ("train", "test", "size", "channels"))
        title, summary = facts["title"], f"{train + test} pictures that were uploaded."
    except (KeyError, ValueError) as error:
        raise store.damaged(path) from error
    return SourceInfo(f"upload:{identity}", title, summary, OWN_LICENCE, train, test, size, channels)


def _path(identity: str) -> Path:
    return data_root() / "uploads" / f"{identity}.safetensors"


def _prepared(content: bytes, size: int, channels: int, crop: Crop) -> Pixels:
    if not content:
        raise _RefusedError("the file is empty")
    if content.startswith(ZIP):
        raise _RefusedError("a zip inside a zip is not opened")
    try:
        picture = images.open_image(content, "it")
    except UserError as error:
        raise _RefusedError(str(error)) from error
    if min(picture.size) < MIN_SIDE:
        raise _RefusedError(f"smaller than {MIN_SIDE} x {MIN_SIDE} pixels")
    pixels: Pixels = images.to_pixels([picture], channels, size, crop)[0]
    return pixels


def _pictures(files: Sequence[tuple[str, bytes]]) -> Iterator[tuple[str, bytes | _RefusedError]]:
    """Every file's name and content, those inside zips included, or why it has none."""
    for name, content in files:
        if content.startswith(ZIP) or name.lower().endswith(".zip"):
            yield from _unzipped(name, content)
        else:
            yield _base_name(name), content


def _unzipped(zip_name: str, content: bytes) -> Iterator[tuple[str, bytes | _RefusedError]]:
    """A zip's files, read into memory one at a time. What counts is the bytes that come out, not what the zip declares."""
    room = MAX_UNZIPPED_BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for number, member in enumerate(archive.infolist()):
                name = _base_name(member.filename)
                if member.is_dir() or name.startswith(".") or "__MACOSX" in member.filename:
                    continue
                if room <= 0 or number >= 4 * MAX_IMAGES:
                    yield _base_name(zip_name), _RefusedError("it holds too much; its last files are left out")
                    return
                data = _member(archive, member)
                room -= MAX_FILE_BYTES if isinstance(data, _RefusedError) else len(data)
                yield name, data
    except Exception:  # noqa: BLE001 - a broken zip raises nearly anything
        yield _base_name(zip_name), _RefusedError("it is not a zip that can be read")


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes | _RefusedError:
    if member.flag_bits & 1:
        return _RefusedError("it is locked with a password")
    try:
        with archive.open(member) as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except Exception:  # noqa: BLE001 - so does a broken member
        return _RefusedError("it is damaged inside the zip")
    return data if len(data) <= MAX_FILE_BYTES else _RefusedError(f"larger than {MAX_FILE_BYTES // 10**6} MB")


def _base_name(name: str) -> str:
    """A path's last part: only shown, never opened, so where it points is of no matter."""
    return PurePosixPath(name.replace("\\", "/")).name[-80:] or "unnamed"
