from __future__ import annotations

import errno
import gzip
import hashlib
import http.client
import io
import socket
import struct
import sys
import tarfile
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock

from selfsup_engine import sources
from selfsup_engine.errors import UserError
from selfsup_engine.sources import cifar, torchvision_sets
from selfsup_engine.sources.torchvision_import import torchvision_datasets

DOWNLOADED = [name for name, info in sources.SOURCES.items() if info.files]


def refuse(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def urlopen(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)


class Answer(io.BytesIO):
    """All of a file, from a server that does not say how long it is."""

    status = 200
    headers = http.client.HTTPMessage()


def serve(monkeypatch: pytest.MonkeyPatch, answer: Callable[[str], bytes]) -> list[str]:
    asked: list[str] = []

    def urlopen(request: urllib.request.Request, timeout: float) -> Answer:
        assert timeout > 0
        asked.append(request.full_url)
        return Answer(answer(request.full_url))

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    return asked


def idx(array: np.ndarray[Any, np.dtype[np.uint8]]) -> bytes:
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return gzip.compress(header + array.tobytes())


@pytest.fixture
def small_mnist(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """MNIST with six and three images, whose archives are given by name."""
    random = np.random.default_rng(0)
    files = {}
    for split, count in (("train", 6), ("t10k", 3)):
        files[f"{split}-images-idx3-ubyte.gz"] = idx(random.integers(0, 256, (count, 28, 28), dtype=np.uint8))
        files[f"{split}-labels-idx1-ubyte.gz"] = idx(np.arange(count, dtype=np.uint8))
    mnist = torchvision_datasets().MNIST
    monkeypatch.setattr(mnist, "resources", [(name, hashlib.md5(data).hexdigest()) for name, data in files.items()])
    monkeypatch.setitem(sources.SOURCES, "mnist", replace(sources.SOURCES["mnist"], train=6, test=3))
    return files


def test_a_download_is_checked_unpacked_and_kept(
    monkeypatch: pytest.MonkeyPatch, small_mnist: dict[str, bytes], data_root: Path
) -> None:
    asked = serve(monkeypatch, lambda url: small_mnist[url.rsplit("/", 1)[1]])
    told: list[tuple[float, str]] = []
    found = sources.load("mnist", lambda share, what: told.append((share, what)))
    assert found.train.shape == (6, 1, 28, 28)
    assert found.classes == tuple("0123456789")
    assert len(asked) == 4
    assert [share for share, _ in told] == sorted(share for share, _ in told)
    assert {what for _, what in told} == {"Preparing MNIST", "Downloading MNIST", "Unpacking MNIST"}
    refuse(monkeypatch, AssertionError("asked again"))
    monkeypatch.setattr(torchvision_sets, "torchvision_datasets", None)
    assert sources.load("mnist").train.equal(found.train)
    assert not list(data_root.rglob("*.part"))


def test_a_half_unpacked_file_is_unpacked_anew(
    monkeypatch: pytest.MonkeyPatch, small_mnist: dict[str, bytes], data_root: Path
) -> None:
    raw = data_root / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name, data in small_mnist.items():
        (raw / name).write_bytes(data)
        (raw / name).with_suffix("").write_bytes(gzip.decompress(data)[:14])
    refuse(monkeypatch, AssertionError("nothing is missing"))
    assert sources.is_local("mnist")
    assert len(sources.load("mnist").train) == 6


def test_a_damaged_cache_is_made_anew(
    monkeypatch: pytest.MonkeyPatch, small_mnist: dict[str, bytes], data_root: Path
) -> None:
    serve(monkeypatch, lambda url: small_mnist[url.rsplit("/", 1)[1]])
    data_root.mkdir()
    (data_root / "mnist.safetensors").write_bytes(b"half a fi")
    assert len(sources.load("mnist").train) == 6


@pytest.mark.parametrize("name", DOWNLOADED)
def test_without_a_network_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch, name: str, data_root: Path) -> None:
    refuse(monkeypatch, urllib.error.URLError(socket.gaierror(-2, "Name or service not known")))
    info = sources.SOURCES[name]
    with pytest.raises(UserError) as caught:
        sources.load(name)
    message = str(caught.value)
    assert f"{info.title} could not be downloaded: no connection." in message
    assert "into the data folder (SELFSUP_DATA)" in message and str(Path(info.files[0]).parent).strip(".") in message
    assert str(data_root) not in message
    assert "digits or shapes" in message
    assert not sources.is_local(name)
    assert [file for file in data_root.rglob("*") if file.is_file() and file.suffix != ".lock"] == []


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TimeoutError("timed out"), "silent for 20 seconds"),
        (urllib.error.URLError(TimeoutError("timed out")), "silent for 20 seconds"),
        (urllib.error.HTTPError("http://x", 404, "Not Found", http.client.HTTPMessage(), None), "answered 404"),
        (http.client.IncompleteRead(b"half"), "broke off"),
        (ConnectionResetError(), "no connection"),
    ],
)
def test_what_went_wrong_is_said(monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str) -> None:
    refuse(monkeypatch, error)
    with pytest.raises(UserError, match=reason):
        sources.load("fashion-mnist")


def test_another_file_than_expected_is_not_kept(monkeypatch: pytest.MonkeyPatch, data_root: Path) -> None:
    serve(monkeypatch, lambda url: b"<html>Please log in to this network</html>")
    with pytest.raises(UserError, match="not the expected file"):
        sources.load("cifar10")
    assert [file for file in data_root.rglob("*") if file.is_file() and file.suffix != ".lock"] == []


def test_a_wait_for_another_process_that_fetches_the_same_set_can_be_left(data_root: Path) -> None:
    data_root.mkdir()
    told: list[str] = []

    def progress(share: float, what: str) -> None:
        told.append(what)
        raise KeyboardInterrupt

    with FileLock(data_root / "mnist.lock"), pytest.raises(KeyboardInterrupt):
        sources.load("mnist", progress)
    assert told == ["MNIST is being fetched by another run"]


def test_a_full_disk_is_not_taken_for_a_network_that_is_gone(
    monkeypatch: pytest.MonkeyPatch, small_mnist: dict[str, bytes], data_root: Path
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    serve(monkeypatch, lambda url: small_mnist[url.rsplit("/", 1)[1]])
    monkeypatch.setattr(torchvision_sets, "fetch", full)
    with pytest.raises(UserError, match="The disk is full: MNIST could not be kept"):
        sources.load("mnist")


def cifar_archive() -> tuple[bytes, np.ndarray[Any, np.dtype[np.uint8]]]:
    """CIFAR-10 with two images in each of its six files, as its home describes them, and these twelve images."""
    pixels = np.random.default_rng(0).integers(0, 256, (6, 2, 3, 32, 32), dtype=np.uint8)
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        names = [*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"]
        for number, (name, two) in enumerate(zip(names, pixels, strict=True)):
            data = b"".join(bytes([number + i]) + image.tobytes() for i, image in enumerate(two))
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return content.getvalue(), pixels


def test_cifar_is_read_without_torchvision_which_would_unpickle_it(
    monkeypatch: pytest.MonkeyPatch, data_root: Path
) -> None:
    archive, pixels = cifar_archive()
    monkeypatch.setattr(cifar, "MD5", hashlib.md5(archive).hexdigest())
    monkeypatch.setattr(torchvision_sets, "torchvision_datasets", None)
    assert serve(monkeypatch, lambda url: archive) == []
    found = sources.load("cifar10")
    assert np.array_equal(found.train, pixels[:5].reshape(10, 3, 32, 32))
    assert np.array_equal(found.test, pixels[5])
    assert found.train_labels is not None and found.test_labels is not None
    assert found.train_labels.tolist() == [0, 1, 1, 2, 2, 3, 3, 4, 4, 5] and found.test_labels.tolist() == [5, 6]
    assert found.classes[:3] == ("airplane", "automobile", "bird")
    assert sorted(file.name for file in data_root.iterdir()) == [cifar.FILE, "cifar10.lock", "cifar10.safetensors"]


def test_the_data_sets_import_beside_any_torch() -> None:
    assert torchvision_datasets() is sys.modules["torchvision.datasets"]


def test_the_catalogue_names_the_files_that_torchvision_wants() -> None:
    for name in set(DOWNLOADED) - {cifar.NAME}:
        dataset_class = getattr(torchvision_datasets(), torchvision_sets._CLASS_NAMES[name])
        wanted = [archive.path for archive in torchvision_sets._archives(dataset_class)]
        assert wanted == [sources.data_root() / file for file in sources.SOURCES[name].files]


def test_without_torchvision_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision.datasets", None)
    with pytest.raises(UserError, match="pip install torchvision"):
        sources.load("kmnist")


def test_real_archives_give_the_known_images(archives: Path) -> None:
    fashion = sources.load("fashion-mnist")
    assert fashion.train_labels is not None
    assert fashion.train_labels[:8].tolist() == [9, 0, 0, 3, 0, 2, 7, 2]
    assert fashion.classes[9] == "Ankle boot"
    assert fashion.train.float().mean().item() / 255 == pytest.approx(0.2860, abs=1e-4)
