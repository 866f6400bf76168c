"""What a photo is after a file was made of it. How files of every kind are read: test_photofile_reading.py."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, ImageCms

from selfsup_engine import images, photofile
from selfsup_engine.errors import UserError
from selfsup_engine.photofile import Photo
from tests.made import chw, noise, saved

FORMATS: tuple[photofile.Format, ...] = get_args(photofile.Format)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def photo(height: int = 4, width: int = 6, alpha: bool = False, icc: bytes | None = None) -> Photo:
    return Photo(
        torch.from_numpy(noise(3, height, width)),
        alpha=torch.from_numpy(noise(height, width, seed=1)) if alpha else None,
        icc=icc,
    )


def smooth(height: int = 32, width: int = 48) -> Image.Image:
    y, x = np.mgrid[:height, :width]
    return Image.fromarray(np.stack([4 * x, 6 * y, 100 + 2 * x - y], axis=2).astype(np.uint8))


# ---------------------------------------------------------------------------------------------------------- round trips


@pytest.mark.parametrize("icc", [None, SRGB], ids=["plain", "profile"])
@pytest.mark.parametrize("alpha", [False, True], ids=["opaque", "alpha"])
def test_a_png_gives_back_all_of_a_photo(alpha: bool, icc: bytes | None) -> None:
    before = photo(alpha=alpha, icc=icc)
    after = photofile.read(photofile.write(before, "png"), "sea.png")
    assert torch.equal(after.pixels, before.pixels)
    assert (after.alpha is None) is (before.alpha is None)
    assert before.alpha is None or (after.alpha is not None and torch.equal(after.alpha, before.alpha))
    assert (after.icc, after.name, after.format, after.was) == (icc, "sea.png", "PNG", ())


@settings(deadline=None, max_examples=50)
@given(
    pixels=arrays.arrays(np.uint8, st.tuples(st.just(4), st.integers(1, 40), st.integers(1, 40))),
    alpha=st.booleans(),
)
def test_whatever_the_pixels_a_png_keeps_them(pixels: images.Pixels, alpha: bool) -> None:
    before = Photo(torch.from_numpy(pixels[:3]), torch.from_numpy(pixels[3]) if alpha else None)
    after = photofile.read(photofile.write(before, "png"))
    assert torch.equal(after.pixels, before.pixels)
    if alpha:
        opaque = torch.full_like(after.pixels[0], 255)
        assert np.array_equal(opaque if after.alpha is None else after.alpha, pixels[3])


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (3, 7)], ids=str)
def test_every_format_keeps_the_size_and_the_profile(format: photofile.Format, size: tuple[int, int]) -> None:
    after = photofile.read(photofile.write(photo(*size, icc=SRGB), format))
    assert tuple(after.pixels.shape) == (3, *size)
    assert (after.icc, after.format) == (SRGB, format.upper())


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_looks_like_the_photo(format: photofile.Format) -> None:
    before = torch.from_numpy(chw(smooth()).copy())
    after = photofile.read(photofile.write(Photo(before), format)).pixels
    assert (after.int() - before.int()).abs().max() <= (0 if format == "png" else 8)


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_photo_gives_the_same_bytes(format: photofile.Format) -> None:
    one, other = (photofile.write(photo(40, 60, alpha=True, icc=SRGB), format) for _ in range(2))
    assert hashlib.sha256(one).digest() == hashlib.sha256(other).digest()


def test_webp_carries_transparency_and_jpeg_lays_it_on_white() -> None:
    black = Photo(torch.zeros(3, 8, 8, dtype=torch.uint8), torch.full((8, 8), 51, dtype=torch.uint8))
    webp, jpeg = (photofile.read(photofile.write(black, format)) for format in ("webp", "jpeg"))
    assert webp.alpha is not None
    assert webp.alpha.unique().tolist() == [51]
    assert jpeg.alpha is None
    assert jpeg.pixels.unique().tolist() == [204]


def test_what_a_photo_was_read_from_is_not_changed_by_writing() -> None:
    before = photo(alpha=True)
    kept = before.pixels.clone()
    for format in FORMATS:
        photofile.write(before, format)
    assert torch.equal(before.pixels, kept)


def test_a_view_that_is_not_contiguous_is_written_as_it_looks() -> None:
    turned = photo(5, 9).pixels.transpose(1, 2)
    assert torch.equal(photofile.read(photofile.write(Photo(turned), "png")).pixels, turned)


@pytest.mark.parametrize(("quality", "sampled"), [(100, 1), (92, 1), (90, 1), (89, 2), (50, 2)])
def test_a_fine_jpeg_keeps_its_colours_at_full_resolution(quality: int, sampled: int) -> None:
    with Image.open(io.BytesIO(photofile.write(photo(), "jpeg", quality))) as image:
        assert image.layer[0][1:3] == (sampled, sampled)  # type: ignore[attr-defined]


@pytest.mark.parametrize(("format", "side"), [("webp", 16_384), ("jpeg", 65_501)])
def test_a_photo_too_long_for_a_format_is_refused(format: photofile.Format, side: int) -> None:
    long = Photo(torch.zeros(3, 1, side, dtype=torch.uint8))
    with pytest.raises(UserError, match=rf"{side - 1:,} pixels a side\. Choose PNG"):
        photofile.write(long, format)
    assert photofile.read(photofile.write(long, "png")).pixels.shape[2] == side
    longest = Photo(long.pixels[:, :, 1:])
    assert photofile.read(photofile.write(longest, format)).pixels.shape[2] == side - 1


# ---------------------------------------------------------------------------------------------------------------- saving


@pytest.mark.parametrize(
    ("name", "format"), [("a.png", "PNG"), ("a.jpg", "JPEG"), ("a.JPEG", "JPEG"), ("a.webp", "WEBP")]
)
def test_a_photo_is_saved_as_its_name_says(name: str, format: str, tmp_path: Path) -> None:
    path = tmp_path / "out" / name
    photofile.save(photo(), path)
    read = photofile.read(path)
    assert (read.name, read.format) == (name, format)
    assert [file.name for file in path.parent.iterdir()] == [name]


@pytest.mark.parametrize("name", ["a.gif", "a"])
def test_a_name_without_a_format_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"\.png, \.jpg"):
        photofile.save(photo(), tmp_path / name)


def test_a_photo_that_cannot_be_saved_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.png"
    photofile.save(photo(), path)
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UserError, match=r"a\.png cannot be written: No space left on device"):
        photofile.save(photo(9, 9), path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.slow
@pytest.mark.parametrize("format", FORMATS)
def test_twenty_four_megapixels_go_through(format: photofile.Format) -> None:
    large = smooth().resize((6000, 4000))
    read = photofile.read(saved(large, "JPEG", quality=92))
    assert tuple(photofile.read(photofile.write(read, format)).pixels.shape) == (3, 4000, 6000)
