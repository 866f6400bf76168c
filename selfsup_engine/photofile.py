"""Photos between files and tensors, at their own size and with what an editor must not lose: transparency and colour profile.

`images.opened` opens the file and refuses what is none. Other things that a file tells (place, time, camera, thumbnails) are not
carried on.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageFile

from selfsup_engine import files, images
from selfsup_engine.errors import UserError

if TYPE_CHECKING:
    import torch

Format = Literal["png", "jpeg", "webp"]

FORMATS: dict[str, Format] = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp"}
"""What a file name's end says of the format to write."""
LONGEST_SIDE: dict[Format, int] = {"png": 2**31 - 1, "jpeg": 65_500, "webp": 16_383}
"""Pixels; what libjpeg and libwebp can write."""
STRIP = 4_000_000  # pixels
QUALITY = 92
FULL_COLOUR_QUALITY = 90
"""From this JPEG quality on, colours have the full resolution (4:4:4); below, half of it each way (4:2:0)."""
EFFORT: dict[Format, dict[str, int]] = {"png": {"compress_level": 4}, "webp": {"method": 3}}
"""PNG: half the time of PIL's default, and files 3 to 7 % larger. WebP: two thirds of the memory for a photo with alpha, and as good."""


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo, and what its file said.

    The maths of this program takes `pixels` for sRGB. With a profile near sRGB, such as Display P3, it is off by little, and the
    result looks right, since the profile travels on with the pixels.
    """

    pixels: torch.Tensor
    """uint8 (3, H, W), upright, in the colours of `icc`."""
    alpha: torch.Tensor | None = None
    """uint8 (H, W), 255 is opaque; None where all of it is."""
    icc: bytes | None = None
    """The ICC profile of an RGB photo as its file holds it; None stands for sRGB."""
    name: str = ""
    format: str = ""
    """Of the file that it was read from, one of `images.FORMATS`."""
    was: tuple[str, ...] = ()
    """What is not any more as it was in the file, in plain words: "16 bits reduced to 8"."""


# ---------------------------------------------------------------------------------------------------------------- reading


def read(data: bytes | Path, name: str = "") -> Photo:
    """Reads a photo that nobody vouches for.

    RGB keeps its values and its profile. CMYK and Lab, and grey that has a profile of its own, are converted to sRGB; other grey is
    repeated into three channels. Of an animation the first frame counts.

    Args:
        data: the file's content, or its path.
        name: what messages call the photo; a path's own name when empty.

    Raises:
        UserError: not a picture in one of `images.FORMATS`, broken, cut short, or of more pixels than `images.most_pixels`.
    """
    name = name or (data.name if isinstance(data, Path) else "")
    return images.opened(data, lambda image: _photo(image, name), name)


def _photo(image: Image.Image, name: str) -> Photo:
    import torch

    was = list(_lost(image))
    # A camera's MPO is a JPEG with another one behind it, such as a preview.
    format = "JPEG" if image.format == "MPO" else str(image.format)
    icc, grey = image.info.get("icc_profile"), image.mode in ("1", "L", "LA")
    image = images.upright(image)
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        image, grey = images.from_deep(image), True
    elif image.has_transparency_data:
        image = image.convert("RGBA")
    alpha = _planes(image, "A")[0] if image.mode == "RGBA" else None
    image, icc, note = _coloured(image, grey, icc or None)
    return Photo(
        pixels=torch.from_numpy(_planes(image, "LLL" if image.mode == "L" else "RGB")),
        alpha=None if alpha is None or alpha.min() == 255 else torch.from_numpy(alpha),
        icc=icc,
        name=name,
        format=format,
        was=(*was, note) if note else tuple(was),
    )


def _coloured(image: Image.Image, grey: bool, icc: bytes | None) -> tuple[Image.Image, bytes | None, str]:
    """The picture in mode "L", "RGB" or "RGBA", the profile that its values are to be seen by, and a word on what was lost."""
    if image.mode in ("CMYK", "LAB"):
        return images.to_srgb(image), None, f"{'CMYK' if image.mode == 'CMYK' else 'Lab'} converted to sRGB"
    space = _space(icc) if icc else ""
    if grey and space == "GRAY":
        image = image.convert("L")
        image.info["icc_profile"] = icc  # lost on the way from 16 bits
        return images.to_srgb(image), None, "grey of its own colour profile converted to sRGB"
    if image.mode not in ("L", "RGB", "RGBA"):
        image = image.convert("L" if grey else "RGB")
    if icc and space != "RGB":
        return image, None, "a colour profile that does not fit left out"
    return image, icc, ""


def _lost(image: Image.Image) -> Iterator[str]:
    """What reading will change, told from the header: once it is loaded, a picture has forgotten it."""
    if image.format != "MPO" and getattr(image, "is_animated", False):
        yield "first page of several" if image.format == "TIFF" else "first frame of an animation"
    coding = str(image.tile[0].args) if isinstance(image, ImageFile.ImageFile) and image.tile else ""
    if ";16" in image.mode + coding:
        yield "16 bits reduced to 8"
    elif image.mode in ("I", "F"):
        yield "32 bits reduced to 8"
    with contextlib.suppress(Exception):  # broken EXIF data must not cost the picture
        if image.getexif().get(ExifTags.Base.Orientation) in range(2, 9):
            yield "turned upright"


def _space(icc: bytes) -> str:
    """The colour space that a profile is for, "RGB", "GRAY", "CMYK" and so on; empty if the profile is broken."""
    try:
        return ImageCms.ImageCmsProfile(io.BytesIO(icc)).profile.xcolor_space.strip()
    except (ImageCms.PyCMSError, OSError, ValueError):
        return ""


def _planes(image: Image.Image, bands: str) -> images.Pixels:
    """uint8 (C, H, W), some rows at a time, so that no second copy of all of them exists."""
    planes = np.empty((len(bands), image.height, image.width), np.uint8)
    rows = max(1, STRIP // image.width)
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(top + rows, image.height)))
        for plane, band in zip(planes, bands, strict=True):
            plane[top : top + rows] = np.asarray(strip.getchannel(band))
    return planes


# ---------------------------------------------------------------------------------------------------------------- writing


def write(photo: Photo, format: Format, quality: int = QUALITY) -> bytes:
    """A photo as the bytes of a file of its size: the same bytes for the same photo.

    The profile is written along. PNG is lossless; PNG and WebP carry transparency; JPEG has none, so what is transparent is laid on
    white.

    Args:
        photo: what to write.
        format: what kind of file.
        quality: 1 to 100, for JPEG and WebP.

    Raises:
        UserError: the photo is too long for the format.
    """
    longest = LONGEST_SIDE[format]
    if max(photo.pixels.shape) > longest:
        raise UserError(f"A {format.upper()} holds at most {longest:,} pixels a side. Choose PNG.")
    planes = [*photo.pixels] if photo.alpha is None else [*photo.pixels, photo.alpha]
    bands = [Image.fromarray(plane.numpy()) for plane in planes]
    file = io.BytesIO()
    if format == "jpeg":
        picture = Image.merge("RGB", bands[:3])
        if photo.alpha is not None:
            white = Image.new("RGB", picture.size, (images.WHITE,) * 3)
            picture = Image.composite(picture, white, bands[3])
        subsampling = "4:4:4" if quality >= FULL_COLOUR_QUALITY else "4:2:0"
        picture.save(file, "JPEG", quality=quality, subsampling=subsampling, icc_profile=photo.icc)
    else:
        picture = Image.merge("RGB" if photo.alpha is None else "RGBA", bands)
        picture.save(file, format.upper(), quality=quality, icc_profile=photo.icc, **EFFORT[format])
    return file.getvalue()


def save(photo: Photo, path: Path, quality: int = QUALITY) -> None:
    """Writes a photo to a file, which is whole or not there; the format is what the name ends in.

    Raises:
        UserError: the name ends in none of `FORMATS`, the photo is too long for the format, or the folder takes no file.
    """
    format = FORMATS.get(path.suffix.lower())
    if format is None:
        raise UserError(f"{path.name} does not say its format. Let the name end in {', '.join(FORMATS)}.")
    data = write(photo, format, quality)
    try:
        files.write(path, data)
    except OSError as error:
        raise UserError(f"{path.name} cannot be written: {error.strerror or error}. Choose another folder.") from error
