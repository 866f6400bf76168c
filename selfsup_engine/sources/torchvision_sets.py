"""MNIST, Fashion-MNIST and Kuzushiji-MNIST, through torchvision, and CIFAR-10.

The first load downloads what is missing, has it checked, unpacked and parsed, and keeps the result as one file; every later load reads
that file and needs neither the network nor torchvision.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from selfsup_engine.errors import UserError
from selfsup_engine.images import Pixels
from selfsup_engine.limits import public
from selfsup_engine.sources import cifar, store
from selfsup_engine.sources.base import Arrays, ImageSet, Labels, Progress, SourceInfo, data_root
from selfsup_engine.sources.download import fetch, has_md5
from selfsup_engine.sources.torchvision_import import torchvision_datasets

_CLASS_NAMES = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST", "kmnist": "KMNIST"}
_DOWNLOAD_SHARE = 0.9


@dataclass(frozen=True)
class _Archive:
    path: Path
    urls: tuple[str, ...]
    md5: str


def is_local(info: SourceInfo) -> bool:
    """Whether the set, or everything that it is made of, is on this computer."""
    return _cache_path(info).is_file() or all((data_root() / file).is_file() for file in info.files)


def load(info: SourceInfo, progress: Progress) -> ImageSet:
    """The set, from this computer or from its home on the network.

    Raises:
        UserError: it can be neither read nor downloaded, or not be written.
    """
    cached = _cache_path(info)
    if not _is_good(cached):
        try:
            data_root().mkdir(parents=True, exist_ok=True)
            with _alone(cached, info, progress):
                if not _is_good(cached):  # another process may have made it while this one waited
                    store.write(cached, _first_load(info, progress), {"licence": info.licence})
        except OSError as error:
            raise store.not_kept(info.title, error) from error
    return store.read(cached, info.name, info.licence)


@contextlib.contextmanager
def _alone(cached: Path, info: SourceInfo, progress: Progress) -> Iterator[None]:
    """Waits until no other process fetches the same set; `progress` may end the wait."""
    lock = FileLock(cached.with_suffix(".lock"), thread_local=False)
    while True:
        try:
            lock.acquire(timeout=0.5)
            break
        except Timeout:
            progress(0.0, f"{info.title} is being fetched by another run")
    try:
        yield
    finally:
        lock.release()


def _cache_path(info: SourceInfo) -> Path:
    return data_root() / f"{info.name}.safetensors"


def _is_good(cached: Path) -> bool:
    try:
        store.facts(cached)
    except UserError:
        return False
    return True


def _first_load(info: SourceInfo, progress: Progress) -> Arrays:
    progress(0.0, f"Preparing {info.title}")
    if info.name == cifar.NAME:
        archive = _Archive(data_root() / cifar.FILE, (cifar.URL,), cifar.MD5)
        _download(info, [archive], progress)
        progress(_DOWNLOAD_SHARE, f"Unpacking {info.title}")
        return cifar.read(archive.path)
    dataset_class = getattr(torchvision_datasets(), _CLASS_NAMES[info.name])
    unpacked = _unpacked_before(info, dataset_class)
    if unpacked is not None:
        return unpacked
    archives = _archives(dataset_class)
    _download(info, archives, progress)
    progress(_DOWNLOAD_SHARE, f"Unpacking {info.title}")
    for archive in archives:
        archive.path.with_suffix("").unlink(missing_ok=True)  # torchvision trusts an unpacked file if only it exists
    return _parse(info, dataset_class, download=True)


def _unpacked_before(info: SourceInfo, dataset_class: Any) -> Arrays | None:
    try:
        return _parse(info, dataset_class, download=False)
    except Exception:  # noqa: BLE001 - an absent or half-unpacked set shows as anything from assert to IndexError
        return None


def _archives(dataset_class: Any) -> list[_Archive]:
    """What torchvision would download, and where it looks for it."""
    folder = data_root() / dataset_class.__name__ / "raw"
    return [
        _Archive(folder / file, tuple(f"{mirror}{file}" for mirror in dataset_class.mirrors), md5)
        for file, md5 in dataset_class.resources
    ]


def _download(info: SourceInfo, archives: list[_Archive], progress: Progress) -> None:
    """Fetches what is not there. torchvision would do so itself, but without a timeout and without saying how far it is."""
    before = 0

    def on_bytes(done: int) -> None:
        share = min(1.0, (before + done) / (info.download_mb * 1e6))
        progress(share * _DOWNLOAD_SHARE, f"Downloading {info.title}")

    for archive in archives:
        if not has_md5(archive.path, archive.md5):
            try:
                fetch(archive.urls, archive.path, archive.md5, on_bytes)
            except OSError as error:
                if error.errno is not None:  # the disk, not the network
                    raise
                raise _no_download(info, archives, str(error)) from error
        before += archive.path.stat().st_size


def _no_download(info: SourceInfo, archives: list[_Archive], reason: str) -> UserError:
    if public():
        return UserError(
            f"{info.title} is not on this host yet, and could not be downloaded. Choose digits or shapes, which are built in."
        )
    below = archives[0].path.parent.relative_to(data_root()).as_posix()
    place = "the data folder (SELFSUP_DATA)" + (f", under {below}" if below != "." else "")
    what = archives[0].path.name if len(archives) == 1 else f"the {len(archives)} .gz files"
    return UserError(
        f"{info.title} could not be downloaded: {reason}. Connect this computer to the internet and try again, or put {what} "
        f"into {place}, or choose digits or shapes, which are built in."
    )


def _parse(info: SourceInfo, dataset_class: Any, download: bool) -> Arrays:
    train, test = (dataset_class(data_root(), train=split, download=download) for split in (True, False))
    classes = tuple(name.partition(" - ")[0] for name in train.classes)  # MNIST's are "0 - zero" and so on
    arrays = Arrays(_pixels(train), _pixels(test), _labels(train), _labels(test), classes)
    if (len(arrays.train), len(arrays.test)) != (info.train, info.test):
        raise ValueError(f"{info.name}: {len(arrays.train)} and {len(arrays.test)} images")
    return arrays


def _pixels(dataset: Any) -> Pixels:
    return np.asarray(dataset.data, dtype=np.uint8)[:, None]


def _labels(dataset: Any) -> Labels:
    return np.asarray(dataset.targets, dtype=np.int64)
