from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from selfsup_engine.errors import UserError
from selfsup_engine.sources import npz

NHWC = np.random.default_rng(0).integers(0, 256, (20, 12, 12, 3), dtype=np.uint8)
NHW = NHWC[..., 0]


def saved(folder: Path, **arrays: Any) -> Path:
    np.savez(folder / "set.npz", **arrays)
    return folder / "set.npz"


@pytest.mark.parametrize(
    "images",
    [NHWC, NHWC.transpose(0, 3, 1, 2), NHWC / 255, (NHWC / np.float32(255)).astype(np.float32), NHWC.astype(np.int64)],
    ids=["nhwc", "nchw", "float64", "float32", "int64"],
)
@pytest.mark.parametrize("key", ["images", "rgb", "arr_0"])
def test_usual_layouts_mean_the_same(tmp_path: Path, images: Any, key: str) -> None:
    expected = npz.read(saved(tmp_path, x_train=NHWC, x_test=NHWC[:3]))
    assert np.array_equal(expected.train, NHWC.transpose(0, 3, 1, 2))
    found = npz.read(saved(tmp_path, **{key: images}))
    assert (len(found.train), len(found.test)) == (18, 2)
    assert {row.tobytes() for row in (*found.train, *found.test)} == {row.tobytes() for row in expected.train}


def test_grey_has_one_channel_and_booleans_are_black_and_white(tmp_path: Path) -> None:
    assert npz.read(saved(tmp_path, images=NHW)).train.shape == (18, 1, 12, 12)
    assert set(npz.read(saved(tmp_path, images=NHW > 99)).train.ravel()) == {0, 255}


def test_opacity_is_laid_on_white(tmp_path: Path) -> None:
    rgba = np.zeros((4, 8, 8, 4), dtype=np.uint8)
    rgba[:, :, 4:, 3] = 255
    found = npz.read(saved(tmp_path, images=rgba))
    assert found.train.shape == (3, 3, 8, 8)
    assert found.train[0, 0, 0].tolist() == [255] * 4 + [0] * 4


def test_the_middle_of_wide_images_is_taken(tmp_path: Path) -> None:
    wide = np.zeros((4, 10, 20), dtype=np.uint8)
    wide[:, :, 5:15] = 7
    assert set(npz.read(saved(tmp_path, images=wide)).train.ravel()) == {7}


def test_labels_and_their_names(tmp_path: Path) -> None:
    labels = np.arange(20, dtype=np.uint8)[:, None] % 2
    found = npz.read(saved(tmp_path, images=NHW, labels=labels, classes=np.array(["cat", "dog"])))
    assert found.classes == ("cat", "dog")
    assert found.train_labels is not None
    assert found.train_labels.dtype == np.int64
    assert npz.read(saved(tmp_path, images=NHW, labels=labels)).classes == ("0", "1")


def test_near_duplicates_are_dropped(tmp_path: Path) -> None:
    found = npz.read(saved(tmp_path, rgb=NHWC, alpha=NHW, skin_tone=np.arange(20) % 2 == 0, names=np.array(["a"] * 20)))
    assert len(found.train) + len(found.test) == 10


def test_pickled_objects_beside_the_images_are_left_alone(tmp_path: Path) -> None:
    assert len(npz.read(saved(tmp_path, images=NHW, notes=np.array([{}, None], dtype=object))).train) == 18


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": np.array([{}, None], dtype=object)}, "Python objects"),
        ({"images": np.full((4, 8, 8), np.nan)}, "not finite"),
        ({"images": np.full((4, 8, 8), np.inf)}, "not finite"),
        ({"images": NHW * 2.0}, "floats from 0 to 1"),
        ({"images": NHW.astype(np.int32) - 300}, "floats from 0 to 1"),
        ({"images": NHW.astype("U3")}, "does not hold numbers"),
        ({"images": NHW.astype(complex)}, "does not hold numbers"),
        ({"images": NHW.reshape(20, -1)}, r"shape \(20, 144\)"),
        ({"images": np.zeros((4, 8, 8, 5), np.uint8)}, "C being 1, 3 or 4"),
        ({"images": NHW[:, :4]}, "at least 8 x 8"),
        ({"images": NHW[:0]}, "no images"),
        ({"images": NHW[:1]}, "too few"),
        ({"numbers": np.arange(4)}, "known name"),
        ({"one": NHW, "two": NHW}, "known name"),
        ({"images": NHW, "labels": np.arange(19)}, "one whole number"),
        ({"images": NHW, "labels": np.arange(20) - 1}, "one whole number"),
        ({"images": NHW, "labels": np.linspace(0, 1, 20)}, "one whole number"),
        ({"x_train": NHW, "x_test": NHWC}, "differ"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        npz.read(saved(tmp_path, **arrays))


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 no zip", b"<html></html>"])
def test_another_kind_of_file_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "set.npz").write_bytes(data)
    with pytest.raises(UserError, match=r"not an \.npz file"):
        npz.read(tmp_path / "set.npz")


def test_a_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "set.npz", "w") as archive, archive.open("images.npy", "w") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": (10**9, 512, 512)}
        np.lib.format.write_array_header_1_0(file, header)
    with pytest.raises(UserError, match="more than 1000 MB"):
        npz.read(tmp_path / "set.npz")


@pytest.mark.parametrize(
    ("file", "count", "side"), [("noto_emoji64/noto_emoji64", 1688, 64), ("region_flags/region_flags", 351, 64)]
)
def test_real_files(shared: Path, file: str, count: int, side: int) -> None:
    info = npz.info(shared / f"{file}.npz")
    assert (info.train + info.test, info.size, info.channels) == (count, side, 3)
