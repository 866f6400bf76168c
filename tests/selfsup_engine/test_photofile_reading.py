"""How files of every kind are read, or refused. How they are written: test_photofile.py."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from selfsup_engine import photofile
from selfsup_engine.errors import UserError
from tests.made import chw, noise, saved

FORMATS: tuple[photofile.Format, ...] = get_args(photofile.Format)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def smooth(height: int = 32, width: int = 48) -> Image.Image:
    y, x = np.mgrid[:height, :width]
    return Image.fromarray(np.stack([4 * x, 6 * y, 100 + 2 * x - y], axis=2).astype(np.uint8))


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, bits: int, colour: int, rows: bytes) -> bytes:
    """A PNG of a kind that PIL does not write."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    """A small ICC profile, version 2 (ICC.1:2001-04)."""
    table, body, start = b"", b"", 128 + 4 + 12 * len(tags)
    for tag, content in tags.items():
        table += tag + struct.pack(">II", start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    header = struct.pack(
        ">I4xI4s4s4s12x4s",
        start + len(body),
        0x02400000,
        b"scnr",
        space,
        b"Lab " if space == b"CMYK" else b"XYZ ",
        b"acsp",
    )
    header = header.ljust(68, b"\0") + struct.pack(">III", 0xF6D6, 0x10000, 0xD32D)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def cmyk_profile() -> bytes:
    """Cyan's ink is what makes it light: lightness is C, whatever the other inks say; all is grey."""
    curves = bytes(range(256))
    grid = b"".join(bytes([255 * (node >> 3), 128, 128]) for node in range(16))  # the first channel varies slowest
    matrix = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    return profile(
        b"CMYK", {b"A2B0": b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + matrix + 4 * curves + grid + 3 * curves}
    )


def grey_profile(gamma: float) -> bytes:
    white = b"XYZ " + bytes(4) + struct.pack(">III", 0xF6D6, 0x10000, 0xD32D)
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(256 * gamma))
    return profile(b"GRAY", {b"wtpt": white, b"kTRC": curve})


# ------------------------------------------------------------------------------------------------------------ odd kinds


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P"])
def test_grey_and_palettes_become_three_channels(mode: str) -> None:
    image = smooth().convert("L").convert(mode)
    read = photofile.read(saved(image, "PNG"))
    assert np.array_equal(read.pixels, chw(image))
    assert (read.alpha, read.was) == (None, ())


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_kept_apart_from_the_colours(mode: str) -> None:
    image = Image.fromarray(noise(4, 6, len(mode)), mode)
    read = photofile.read(saved(image, "PNG"))
    assert read.alpha is not None
    assert np.array_equal(read.alpha, np.asarray(image)[..., -1])
    assert np.array_equal(read.pixels[0], np.asarray(image)[..., 0])
    assert read.pixels.shape[0] == 3


@pytest.mark.parametrize("clear", [1, bytes([255, 0])], ids=["index", "list"])
def test_a_palette_with_a_clear_colour_has_alpha(clear: object) -> None:
    image = Image.new("P", (4, 2), 0)
    image.putpalette([9, 8, 7, 255, 0, 0])
    image.putpixel((3, 1), 1)
    read = photofile.read(saved(image, "PNG", transparency=clear))
    assert read.alpha is not None
    assert read.alpha.tolist() == [[255] * 4, [255, 255, 255, 0]]
    assert read.pixels[:, 0, 0].tolist() == [9, 8, 7]
    assert read.pixels[:, 1, 3].tolist() == [255, 0, 0]


@pytest.mark.parametrize(("mode", "clear"), [("1", 0), ("L", 0), ("RGB", (0, 0, 0))])
def test_a_clear_colour_of_other_modes_is_alpha_too(mode: str, clear: object) -> None:
    image = Image.new(mode, (2, 1))
    image.putpixel((1, 0), (255, 255, 255) if mode == "RGB" else 255)
    read = photofile.read(saved(image, "PNG", transparency=clear))
    assert read.alpha is not None
    assert read.alpha.tolist() == [[0, 255]]


@pytest.mark.parametrize(("colour", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)], ids=["grey", "RGB", "LA", "RGBA"])
def test_sixteen_bits_become_eight(colour: int, channels: int) -> None:
    values = np.array([0, 77, 128, 255], ">u2") * 257
    read = photofile.read(png(4, 1, 16, colour, b"\0" + values.astype(">u2").repeat(channels).tobytes()))
    assert read.pixels[:, 0].tolist() == [[0, 77, 128, 255]] * 3
    assert read.alpha is None if channels % 2 else read.alpha.tolist() == [[0, 77, 128, 255]]  # type: ignore[union-attr]
    assert read.was == ("16 bits reduced to 8",)


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_thirty_two_bits_become_eight(dtype: type) -> None:
    image = Image.fromarray(np.array([[0, 1]], dtype))
    read = photofile.read(saved(image, "TIFF"))
    assert read.pixels[:, 0].tolist() == [[0, 255 if dtype is np.float32 else 0]] * 3
    assert read.was == ("32 bits reduced to 8",)


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_cmyk_without_a_profile_becomes_srgb(format: str) -> None:
    image = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    read = photofile.read(saved(image, format, quality=100))
    assert (read.pixels.float().mean((1, 2)) - torch.tensor([255.0, 0, 0])).abs().max() < 3
    assert (read.icc, read.was) == (None, ("CMYK converted to sRGB",))


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_cmyk_goes_to_srgb_through_its_profile(format: str) -> None:
    image = Image.new("CMYK", (16, 16), (255, 255, 255, 255))  # black, were it not for the profile
    read = photofile.read(saved(image, format, quality=100, icc_profile=cmyk_profile()))
    assert read.pixels.min() > 250
    assert (read.icc, read.was) == (None, ("CMYK converted to sRGB",))


def test_lab_becomes_srgb() -> None:
    colour = Image.new("RGB", (4, 4), (200, 30, 90))
    lab = ImageCms.profileToProfile(
        colour, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    assert lab is not None
    read = photofile.read(saved(lab, "TIFF"))
    assert (read.pixels[:, 0, 0] - torch.tensor([200, 30, 90])).abs().max() <= 4
    assert (read.icc, read.was) == (None, ("Lab converted to sRGB",))


@pytest.mark.parametrize("mode", ["L", "LA", "I;16"])
def test_grey_with_a_profile_of_its_own_becomes_srgb(mode: str) -> None:
    values = np.array([[0, 64, 128, 255]])
    image = Image.fromarray((257 * values).astype(np.uint16) if mode == "I;16" else values.astype(np.uint8))
    read = photofile.read(saved(image.convert(mode), "PNG", icc_profile=grey_profile(1.0)))
    linear = [0, 137, 188, 255]  # the linear values through the curve of IEC 61966-2-1
    assert (read.pixels - torch.tensor(linear)).abs().max() <= 1
    assert read.icc is None
    assert read.was[-1] == "grey of its own colour profile converted to sRGB"


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L", "LA"])
@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_the_profile_of_rgb_stays_with_the_values_of_the_file(mode: str, format: str) -> None:
    other = SRGB.replace("sRGB".encode("utf-16-be"), "P3p3".encode("utf-16-be"))
    image = smooth().convert("L" if mode in ("L", "LA") else "RGB").convert(mode)
    read = photofile.read(saved(image, format, icc_profile=other))
    assert np.array_equal(read.pixels, chw(image))
    assert (read.icc, read.was) == (other, ())


@pytest.mark.parametrize("icc", [b"no profile", cmyk_profile(), grey_profile(2.2)], ids=["broken", "cmyk", "grey"])
def test_a_profile_that_is_none_of_rgb_does_not_cost_the_photo(icc: bytes) -> None:
    read = photofile.read(saved(smooth(), "PNG", icc_profile=icc))
    assert np.array_equal(read.pixels, chw(smooth()))
    assert (read.icc, read.was) == (None, ("a colour profile that does not fit left out",))


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_frame_counts(format: str) -> None:
    frames = [Image.new("RGB", (8, 4), colour) for colour in ("red", "blue", "lime")]
    film = saved(frames[0], format, save_all=True, append_images=frames[1:], lossless=True)
    read = photofile.read(film)
    assert np.array_equal(read.pixels, chw(frames[0]))
    assert (read.format, read.was) == (format, ("first frame of an animation",))


def test_of_many_pages_the_first_counts() -> None:
    read = photofile.read(saved(smooth(), "TIFF", save_all=True, append_images=[Image.new("RGB", (8, 8))]))
    assert np.array_equal(read.pixels, chw(smooth()))
    assert read.was == ("first page of several",)


def test_a_jpeg_with_a_second_picture_behind_it_is_a_jpeg() -> None:
    read = photofile.read(saved(smooth(), "MPO", save_all=True, append_images=[Image.new("RGB", (8, 8))]))
    assert (tuple(read.pixels.shape), read.format, read.was) == ((3, 32, 48), "JPEG", ())


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photo_comes_upright_and_stays_so(orientation: int, format: str) -> None:
    ways = (
        None,
        "FLIP_LEFT_RIGHT",
        "ROTATE_180",
        "FLIP_TOP_BOTTOM",
        "TRANSPOSE",
        "ROTATE_90",
        "TRANSVERSE",
        "ROTATE_270",
    )
    way = ways[orientation - 1]  # how the camera was held: what a viewer undoes
    held = smooth().transpose(Image.Transpose[way]) if way else smooth()
    exif = Image.Exif()
    exif[0x0112] = orientation
    read = photofile.read(saved(held, format, exif=exif, lossless=True, quality=100, subsampling=0))
    assert read.pixels.shape == (3, 32, 48)
    assert np.abs(read.pixels.int().numpy() - chw(smooth())).max() <= (4 if format == "JPEG" else 0)
    assert read.was == (() if orientation == 1 else ("turned upright",))
    for written in FORMATS:
        with Image.open(io.BytesIO(photofile.write(read, written))) as image:
            assert image.size == (48, 32)
            assert not image.getexif()


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0broken", b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x63\0\0"]
)
def test_exif_data_that_say_nonsense_do_not_cost_the_photo(exif: bytes) -> None:
    read = photofile.read(saved(smooth(), "JPEG", exif=exif))
    assert (tuple(read.pixels.shape), read.was) == ((3, 32, 48), ())


# -------------------------------------------------------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "its format is not known"),
        (b"Dear diary, today I took no photo.", "its format is not known"),
        (saved(smooth(), "JPEG")[:-200], "damaged or cut short"),
        (saved(smooth(), "PNG")[:-40], "damaged or cut short"),
        (saved(smooth(), "WEBP")[:-40], "damaged or cut short"),
    ],
    ids=["empty", "text", "jpeg", "png", "webp"],
)
def test_what_is_no_whole_picture_is_refused(data: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "cat.jpg"
    path.write_bytes(data)
    for file, name in ((data, "cat.jpg"), (path, "")):
        with pytest.raises(UserError, match=rf"^cat\.jpg is not .*{reason}.* Save it as PNG or JPEG"):
            photofile.read(file, name)


@pytest.mark.parametrize("brand", [b"heic", b"mif1", b"heix"])
def test_a_heic_photo_is_to_be_saved_as_jpeg(brand: bytes, tmp_path: Path) -> None:
    path = tmp_path / "IMG_1.HEIC"
    path.write_bytes(b"\0\0\0\x18ftyp" + brand + bytes(40))
    for file, name in ((path.read_bytes(), "IMG_1.HEIC"), (path, "")):
        with pytest.raises(UserError, match=r"IMG_1\.HEIC .* HEIC photo.*Save it as JPEG and try"):
            photofile.read(file, name)


@pytest.mark.parametrize("side", [8_001, 50_000])
def test_a_bomb_is_refused_by_its_header(side: int) -> None:
    bomb = png(side, side, 1, 0, bytes(1000))
    assert len(bomb) < 200
    with pytest.raises(UserError, match=r"bomb\.png has more than 53 megapixels. Make it smaller"):
        photofile.read(bomb, "bomb.png")


@settings(deadline=None, max_examples=100)
@given(data=st.data(), format=st.sampled_from(["PNG", "JPEG", "WEBP", "GIF", "TIFF"]))
def test_whatever_is_broken_in_a_file_only_a_user_error_comes_of_it(data: st.DataObject, format: str) -> None:
    spoilt = bytearray(saved(smooth(), format))
    for place in data.draw(st.lists(st.integers(0, len(spoilt) - 1), min_size=1, max_size=8)):
        spoilt[place] = data.draw(st.integers(0, 255))
    try:
        read = photofile.read(bytes(spoilt))
    except UserError:
        return
    assert read.pixels.dtype == torch.uint8
    assert read.pixels.ndim == 3
