from __future__ import annotations

import errno
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from selfsup_engine import files, images, photofile
from selfsup_engine.errors import UserError
from selfsup_engine.limits import Limits, public
from selfsup_engine.sources import own, store


@pytest.mark.parametrize("said", ["", " ", "0"])
def test_unset_is_local_mode(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv("SELFSUP_PUBLIC", said)
    assert public() is None
    monkeypatch.delenv("SELFSUP_PUBLIC")
    assert public() is None


def test_one_setting_turns_it_on_and_sets_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SELFSUP_PUBLIC", "1")
    assert public() == Limits()
    monkeypatch.setenv("SELFSUP_PUBLIC", "seconds=60, hours=0.5")
    assert public() == Limits(seconds=60, hours=0.5)


@pytest.mark.parametrize("said", ["yes", "true", "seconds", "seconds=", "seconds=0", "second=5", "seconds=5;runs=2"])
def test_a_setting_that_means_nothing_is_not_local_mode(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv("SELFSUP_PUBLIC", said)
    with pytest.raises(UserError, match="SELFSUP_PUBLIC"):
        public()


def test_every_limit_has_a_name_and_a_reason() -> None:
    for name in Limits.model_fields:
        assert Limits.model_fields[name].title
        assert Limits().why(name).startswith(("so that ", "because "))


def picture(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.zeros((height, width, 3), np.uint8)).save(file, "png")
    return file.getvalue()


def test_photos_are_of_so_many_megapixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SELFSUP_PUBLIC", "megapixels=1")
    for read in (photofile.read, images.open_image):
        read(picture(1000, 1000), "small")
        with pytest.raises(UserError, match=r"more than 1 megapixels, the most on this public host, because memory is"):
            read(picture(1000, 1001), "large")
    monkeypatch.delenv("SELFSUP_PUBLIC")
    photofile.read(picture(1000, 1001), "large")


def test_a_set_of_ones_own_has_so_many_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SELFSUP_PUBLIC", "images=16")
    brought = []
    for shade in range(20):
        file = io.BytesIO()
        Image.new("L", (28, 28), shade).save(file, "png")
        brought.append((f"{shade}.png", file.getvalue()))
    prepared = own.prepare(brought, size=28, channels=1)
    assert len(prepared.pixels) == 16
    assert len(prepared.left_out) == 4
    assert "only the first 16 pictures are used on this public host, because" in prepared.left_out[0][1]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_a_visitor_is_not_told_to_mend_the_host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: int) -> None:
    error = OSError(number, "refused", str(tmp_path / "run.json"))

    def messages() -> list[str]:
        return [files.why_not(error, tmp_path), str(store.not_kept("a set", error))]

    assert not any("Come back later" in said for said in messages())
    monkeypatch.setenv("SELFSUP_PUBLIC", "1")
    for said in messages():
        assert "Come back later" in said
        assert str(tmp_path) not in said and "SELFSUP" not in said
