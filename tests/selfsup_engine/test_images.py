from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms

from selfsup_engine import images
from selfsup_engine.errors import UserError
from tests.made import noise, saved

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def same(one: Image.Image, other: Image.Image) -> bool:
    return one.mode == other.mode and np.array_equal(np.asarray(one), np.asarray(other))


def png_header(width: int, height: int) -> bytes:
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    header = struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    return b"\x89PNG\r\n\x1a\n" + header + struct.pack(">I", 100) + b"IDAT"


PHOTO = Image.fromarray(noise(40, 60, 3))


@pytest.mark.parametrize("format", images.FORMATS)
def test_every_allowed_format_opens_as_rgb(format: str) -> None:
    image = images.open_image(saved(PHOTO, format))
    assert (image.mode, image.size) == ("RGB", (60, 40))


@pytest.mark.parametrize("mode", ["1", "L", "LA"])
def test_grey_files_stay_grey(mode: str) -> None:
    assert images.open_image(saved(PHOTO.convert(mode), "PNG")).mode == "L"


def test_a_path_opens_too(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(saved(PHOTO, "PNG"))
    assert same(images.open_image(tmp_path / "a.png"), PHOTO)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<!doctype html><title>404</title>",
        b"\x89PNG\r\n\x1a\n",
        saved(PHOTO, "JPEG")[:900],
        saved(PHOTO, "PNG")[:900],
        saved(PHOTO, "WEBP")[:900],
        saved(PHOTO, "TIFF")[:900],
        saved(PHOTO, "PPM"),
        saved(PHOTO, "PDF"),
        png_header(40, 40),
    ],
    ids=["empty", "svg", "html", "magic", "jpeg", "png", "webp", "tiff", "ppm", "pdf", "header"],
)
def test_what_is_no_picture_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(UserError, match=r"^cat\.png is not a picture that can be read: .*PNG or JPEG"):
        images.open_image(data, "cat.png")


@pytest.mark.parametrize("side", [8_100, 100_000, 2**31 - 1])
def test_a_bomb_is_refused_by_its_header(side: int) -> None:
    with pytest.raises(UserError, match="megapixels"):
        images.open_image(png_header(side, side), "bomb.png")


def test_a_missing_file_is_a_user_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nothing\.png does not exist"):
        images.open_image(tmp_path / "nothing.png")


def test_exif_rotation_is_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned by 90 degrees
    assert images.open_image(saved(PHOTO, "JPEG", exif=exif)).size == (40, 60)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_is_laid_on_white(mode: str) -> None:
    if mode == "P":
        image, options = Image.new("P", (4, 4), 0), {"transparency": 0}
        image.putpalette([0, 0, 0, 255, 0, 0])
    else:
        image, options = Image.new(mode, (4, 4)), {}
    assert np.asarray(images.open_image(saved(image, "PNG", **options))).min() == 255


def test_sixteen_bits_are_scaled_not_cut() -> None:
    deep = Image.fromarray(np.array([[0, 257, 128 * 257, 65535]], dtype=np.uint16))
    assert np.asarray(images.open_image(saved(deep, "PNG"))).tolist() == [[0, 1, 128, 255]]


@pytest.mark.parametrize(("values", "expected"), [([0.0, 0.5, 1.0], [0, 128, 255]), ([0.0, 51.0, 255.0], [0, 51, 255])])
def test_float_pictures_are_scaled(values: list[float], expected: list[int]) -> None:
    image = Image.fromarray(np.array([values], dtype=np.float32))
    assert np.asarray(images.open_image(saved(image, "TIFF"))).tolist() == [expected]


def test_a_float_picture_with_nan_is_refused() -> None:
    with pytest.raises(UserError):
        images.open_image(saved(Image.fromarray(np.full((4, 4), np.nan, dtype=np.float32)), "TIFF"))


def test_a_colour_profile_is_applied_and_a_broken_one_ignored() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    renamed = srgb.replace("sRGB".encode("utf-16-be"), "GRBs".encode("utf-16-be"))
    swapped = renamed.replace(b"rXYZ", b"temp").replace(b"gXYZ", b"rXYZ").replace(b"temp", b"gXYZ")
    red = Image.new("RGB", (4, 4), RED)
    assert same(images.open_image(saved(red, "PNG", icc_profile=swapped)), Image.new("RGB", (4, 4), (0, 255, 0)))
    for ignored in (srgb, b"no profile"):
        assert same(images.open_image(saved(PHOTO, "PNG", icc_profile=ignored)), PHOTO)


def test_square_takes_the_middle_or_pads() -> None:
    image = Image.new("RGB", (90, 30), RED)
    image.paste(BLUE, (30, 0, 60, 30))
    middle, padded = (np.asarray(images.square(image, 30, crop)) for crop in ("centre", "pad"))
    assert (middle == BLUE).all()
    assert padded[0, 0].tolist() == list(WHITE)
    assert padded[15, 0].tolist() == list(RED)


@pytest.mark.parametrize("channels", [1, 3])
def test_to_pixels_brings_all_to_one_shape(channels: int) -> None:
    pixels = images.to_pixels([PHOTO, PHOTO.convert("L"), Image.new("RGB", (8, 8), RED)], channels, 16)
    assert pixels.shape == (3, channels, 16, 16)
    assert pixels.dtype == np.uint8
    assert set(pixels[2, 0].ravel()) == {255 if channels == 3 else 76}


def test_fit_gives_back_the_tensor_that_fits() -> None:
    pixels = torch.from_numpy(noise(3, 1, 8, 8))
    assert images.fit(pixels, 1, 8) is pixels


def test_fit_repeats_grey_and_weighs_colours() -> None:
    grey = torch.from_numpy(noise(3, 1, 8, 8))
    colour = images.fit(grey, 3, 8)
    assert all(torch.equal(colour[:, channel], grey[:, 0]) for channel in range(3))
    assert torch.equal(images.fit(colour, 1, 8), grey)
    red = torch.tensor([255, 0, 0], dtype=torch.uint8).view(1, 3, 1, 1).expand(1, 3, 8, 8)
    assert images.fit(red, 1, 8).flatten().tolist() == [76] * 64


@pytest.mark.parametrize(("had", "channels", "size"), [(1, 3, 32), (3, 1, 5), (3, 3, 16), (1, 1, 7)])
def test_fit_in_chunks_equals_fit_at_once(monkeypatch: pytest.MonkeyPatch, had: int, channels: int, size: int) -> None:
    pixels = torch.from_numpy(noise(7, had, 12, 12))
    whole = images.fit(pixels, channels, size)
    monkeypatch.setattr(images, "FIT_CHUNK_PIXELS", 1)
    assert whole.shape == (7, channels, size, size)
    assert whole.dtype == torch.uint8
    assert torch.equal(images.fit(pixels, channels, size), whole)


def test_fit_antialiases() -> None:
    stripes = torch.tensor([0, 255], dtype=torch.uint8).repeat(16).view(1, 1, 1, 32).expand(1, 1, 32, 32)
    inner = images.fit(stripes, 1, 4)[..., 1:-1].int()
    assert (inner - 128).abs().max() <= 8


def test_montage_fills_row_by_row() -> None:
    cells = np.arange(5, dtype=np.uint8).reshape(5, 1, 1, 1).repeat(2, 2).repeat(2, 3)
    grid = images.montage(cells, columns=3, gap=1, background=9)
    assert grid.shape == (5, 8, 1)
    assert grid[0, :, 0].tolist() == [0, 0, 9, 1, 1, 9, 2, 2]
    assert grid[3, :, 0].tolist() == [3, 3, 9, 4, 4, 9, 9, 9]
    assert (grid[2] == 9).all()


def test_enlarge_keeps_hard_pixels() -> None:
    assert images.enlarge(np.array([[1, 2]], dtype=np.uint8), 2).tolist() == [[1, 1, 2, 2], [1, 1, 2, 2]]


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 1), (5, 7, 3), (5, 7, 4)])
@pytest.mark.parametrize("format", ["png", "jpeg", "webp"])
def test_encode_takes_every_shape(shape: tuple[int, ...], format: str) -> None:
    with Image.open(io.BytesIO(images.encode(noise(*shape), format))) as image:  # type: ignore[arg-type]
        assert image.size == (7, 5)
        assert image.format == format.upper()


@pytest.mark.parametrize("format", ["png", "webp"])
def test_lossless_formats_keep_every_pixel(format: str) -> None:
    pixels = noise(9, 6, 4)
    with Image.open(io.BytesIO(images.encode(pixels, format, lossless=True))) as image:  # type: ignore[arg-type]
        assert np.array_equal(np.asarray(image), pixels)


@pytest.mark.parametrize("count", [1, 2, 5, 16, 30])
@pytest.mark.parametrize("channels", [1, 3])
def test_packed_images_come_back_exactly(count: int, channels: int) -> None:
    pixels = noise(count, channels, 6, 6)
    assert np.array_equal(images.unpack(images.pack(pixels), count, channels, 6), pixels)


def test_too_many_pixels_are_not_packed() -> None:
    side = 1 + int(images.MAX_PACKED_PIXELS**0.5)
    with pytest.raises(ValueError, match="do not go into one picture"):
        images.pack(np.zeros((1, 1, side, side), dtype=np.uint8))


@pytest.mark.parametrize(
    "data", [b"", b"no picture", images.pack(noise(4, 1, 6, 6))[:40], images.pack(noise(4, 1, 5, 5))]
)
def test_unpack_refuses_other_shapes(data: bytes) -> None:
    with pytest.raises(UserError, match="do not hold 4 images of 6 x 6"):
        images.unpack(data, 4, 1, 6)


def test_every_pixel_value_survives_the_way_to_floats_and_back() -> None:
    values = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    unit = images.to_unit(values)
    assert (unit.min().item(), unit.max().item()) == (-1, 1)
    assert unit.dtype == torch.float32
    assert np.array_equal(images.from_unit(unit), values.numpy())


def test_from_unit_rounds_and_clamps() -> None:
    unit = torch.tensor([-3.0, -1 + 0.6 / 127.5, 0.999, 7.0, float("inf"), float("-inf"), float("nan")])
    assert images.from_unit(unit).tolist() == [0, 1, 255, 255, 255, 0, 128]


def test_no_heavy_import() -> None:
    heavy = "{'torch', 'torchvision', 'sklearn', 'scipy'}"
    code = f"import sys, selfsup_engine.images, selfsup_engine.sources; print(*({heavy} & set(sys.modules)))"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("format", ["gif", "webp"])
def test_a_film_has_its_frames_pace_and_size(channels: int, format: Literal["gif", "webp"]) -> None:
    frames = np.zeros((6, channels, 8, 8), np.uint8)
    for i, frame in enumerate(frames):
        frame[:, i] = 40 * (i + 1)
    with Image.open(io.BytesIO(images.animate(frames, format, fps=20, side=20))) as film:
        assert (film.format, film.size, film.n_frames) == (format.upper(), (24, 24), 6)  # type: ignore[attr-defined]
        assert film.info["loop"] == 0
        for i in range(6):
            film.seek(i)
            film.load()
            assert film.info["duration"] == 50
            shown = np.asarray(film.convert("RGB")).astype(int)[::3, ::3]
            assert np.abs(shown - frames[i].transpose(1, 2, 0)).max() <= (2 if format == "gif" else 0)
