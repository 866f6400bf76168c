"""Pictures on their way between files, PIL, numpy and torch.

This is the one place where an untrusted picture is opened. Nothing here knows where pictures come from or what a model does with
them. Importing this file costs numpy and PIL; torch is imported by the functions that take or give tensors.
"""

from __future__ import annotations

import contextlib
import io
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from selfsup_engine.errors import UserError
from selfsup_engine.limits import public

if TYPE_CHECKING:
    import torch

Pixels = NDArray[np.uint8]
Crop = Literal["centre", "pad"]
Taken = TypeVar("Taken")

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
MAX_PIXELS = 53_000_000
MEMORY = 480_000_000
"""Bytes that opening a picture may take; what it takes for a pixel depends on what the file holds, see `most_pixels`."""
HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
MAX_PACKED_PIXELS = 80_000_000
"""Below PIL's warning of decompression bombs; nearly square sheets so stay within WebP's 16,383 pixels a side, too."""
FIT_CHUNK_PIXELS = 4_000_000
WHITE = 255


# ---------------------------------------------------------------------------------------------------------------- opening


def open_image(data: bytes | Path, name: str = "") -> Image.Image:
    """Opens a picture that nobody vouches for.

    The first frame counts. EXIF rotation is applied, colours are brought to sRGB, transparency is laid on white, deeper pixels
    are brought to 8 bits.

    Args:
        data: the file's content, or its path.
        name: what messages call the picture; a path's own name when empty.

    Returns:
        A loaded picture in mode "L" if the file is grey, else in mode "RGB".

    Raises:
        UserError: see `opened`.
    """
    return opened(data, lambda image: _plain(upright(image)), name)


def opened(data: bytes | Path, take: Callable[[Image.Image], Taken], name: str = "") -> Taken:
    """What `take` makes of a picture that nobody vouches for.

    Args:
        data: the file's content, or its path.
        take: is given the picture, whose header is read and is of a size that is allowed, and whose pixels are not read yet;
            what it raises counts as damage of the file. The picture is closed afterwards.
        name: what messages call the picture; a path's own name when empty.

    Raises:
        UserError: not a picture in one of `FORMATS`, broken, cut short, or of more pixels than `most_pixels`.
    """
    name = name or (data.name if isinstance(data, Path) else "The file")
    try:
        with Image.open(io.BytesIO(data) if isinstance(data, bytes) else data, formats=FORMATS) as image:
            width, height = image.size
            most = most_pixels(image)
            if width * height <= most:
                return take(image)
    except Image.DecompressionBombError:
        raise _too_large(name, MAX_PIXELS) from None
    except FileNotFoundError:
        raise UserError(f"{name} does not exist. Check the path.") from None
    except PermissionError:
        raise UserError(f"{name} may not be read. Change its permissions, or choose another file.") from None
    except MemoryError:
        raise UserError(f"{name} needs more memory than there is. Make it smaller and try again.") from None
    except (
        Exception
    ) as error:  # a broken file makes PIL's decoders raise nearly anything, from struct.error to IndexError
        reason, wanted = "the file is damaged or cut short", "PNG or JPEG"
        if isinstance(error, UnidentifiedImageError):
            reason = "its format is not known"
            if _is_heic(data):
                reason, wanted = "it is a HEIC photo, as phones take them", "JPEG"
        raise UserError(
            f"{name} is not a picture that can be read: {reason}. Save it as {wanted} and try again."
        ) from error
    raise _too_large(name, most)


def most_pixels(image: Image.Image) -> int:
    """How many pixels a picture may have, by what opening one was measured to take: 9 bytes a pixel of 8 bits of grey or RGB, 18 of
    anything else, and 24 of a WebP with transparency, whose decoder keeps several copies; on a public host, what that allows."""
    if image.format == "WEBP":
        a_pixel = 24 if image.mode == "RGBA" else 18
    elif image.format != "GIF" and image.mode in ("1", "L", "P", "RGB") and not image.has_transparency_data:
        a_pixel = 9
    else:
        a_pixel = 18
    limits = public()
    most = limits.megapixels * 1_000_000 if limits else MAX_PIXELS
    return min(most, MEMORY // a_pixel)


def _is_heic(data: bytes | Path) -> bool:
    """Whether a file starts like one of ISO/IEC 23008-12: the size of a box, "ftyp", and a brand."""
    if isinstance(data, bytes):
        start = data[:12]
    else:
        with data.open("rb") as file:
            start = file.read(12)
    return start[4:8] == b"ftyp" and start[8:12] in HEIC_BRANDS


def _too_large(name: str, most: int) -> UserError:
    limits = public()
    why = f", the most on this public host, {limits.why('megapixels')}" if limits else ""
    return UserError(f"{name} has more than {most // 1_000_000} megapixels{why}. Make it smaller and try again.")


def upright(image: Image.Image) -> Image.Image:
    """The picture itself, loaded, and turned as its EXIF data say."""
    image.load()
    with contextlib.suppress(Exception):  # broken EXIF data must not cost the picture
        ImageOps.exif_transpose(image, in_place=True)
    return image


def _plain(image: Image.Image) -> Image.Image:
    """Any of PIL's modes -> "L" or "RGB", opaque, 8 bits a channel."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return from_deep(image)
    grey = image.mode in ("1", "L", "LA", "La")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", rgba.size, (WHITE,) * 4), rgba)
        image.info = rgba.info
    if grey:
        return image.convert("L")
    return to_srgb(image)


def from_deep(image: Image.Image) -> Image.Image:
    """16- and 32-bit grey -> 8 bits. What counts as white is the file's depth; for floats, the first usual scale that holds them."""
    values = np.asarray(image, dtype=np.float32)
    if not np.isfinite(values).all():
        raise ValueError("not finite")
    if image.mode == "F":
        scales = [1.0, 255.0, 65535.0]
    elif image.mode == "I":
        scales = [65535.0, 2.0**31 - 1]
    else:
        scales = [65535.0]
    peak = float(values.max())
    white = next((scale for scale in scales if peak <= scale), max(scales[-1], peak))
    return Image.fromarray(np.rint(values.clip(0) * np.float32(255 / white)).astype(np.uint8))


def to_srgb(image: Image.Image) -> Image.Image:
    """Phones save in Display P3 and cameras in Adobe RGB; read as sRGB, their colours would look dull."""
    profile = image.info.get("icc_profile")
    if profile and image.mode in ("L", "RGB", "RGBA", "CMYK"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            opaque = image if image.mode != "RGBA" else image.convert("RGB")
            if "srgb" in ImageCms.getProfileDescription(source).lower():
                return opaque if opaque.mode == "RGB" else opaque.convert("RGB")
            converted = ImageCms.profileToProfile(opaque, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
            return converted if converted is not None else opaque.convert("RGB")
        except (ImageCms.PyCMSError, OSError, ValueError):  # a broken profile must not cost the picture
            pass
    return image if image.mode == "RGB" else image.convert("RGB")


# ---------------------------------------------------------------------------------------------------------------- shaping


def square(image: Image.Image, size: int, crop: Crop = "centre") -> Image.Image:
    """A picture as a square of `size` pixels a side (Lanczos): its middle ("centre"), or all of it on white ("pad")."""
    if image.size == (size, size):
        return image
    if crop == "pad":
        colour: int | tuple[int, int, int] = WHITE if image.mode == "L" else (WHITE, WHITE, WHITE)
        return ImageOps.pad(image, (size, size), Image.Resampling.LANCZOS, color=colour)
    return ImageOps.fit(image, (size, size), Image.Resampling.LANCZOS)


def to_pixels(images: Sequence[Image.Image], channels: int, size: int, crop: Crop = "centre") -> Pixels:
    """Pictures -> uint8 (N, `channels`, `size`, `size`); `channels` is 1 (Rec. 601 luma) or 3."""
    mode = {1: "L", 3: "RGB"}[channels]
    pixels_nchw = np.empty((len(images), channels, size, size), dtype=np.uint8)
    for row, image in zip(pixels_nchw, images, strict=True):
        pixels_hw_or_hwc = np.asarray(square(image.convert(mode), size, crop))
        row[:] = pixels_hw_or_hwc if channels == 1 else pixels_hw_or_hwc.transpose(2, 0, 1)
    return pixels_nchw


def fit(images_nchw: torch.Tensor, channels: int, size: int) -> torch.Tensor:
    """Images as a model wants them: so many channels, so many pixels a side.

    Resizes by antialiased bilinear interpolation; grey is repeated into RGB, RGB becomes grey by Rec. 601 luma. Works in chunks, so
    that a large set needs little more memory than its result.

    Args:
        images_nchw: uint8 (N, 1 or 3, H, W); H and W are each brought to `size`.
        channels: 1 or 3.
        size: pixels a side.

    Returns:
        uint8 (N, `channels`, `size`, `size`) on the same device; the very same tensor if it fits already.
    """
    import torch

    count, had, height, width = images_nchw.shape
    if height == width == size:
        if had == channels:
            return images_nchw
        if had == 1:
            return images_nchw.repeat(1, channels, 1, 1)
    fitted = images_nchw.new_empty((count, channels, size, size))
    step = max(1, FIT_CHUNK_PIXELS // (had * max(height * width, size * size)))
    for start in range(0, count, step):
        chunk = images_nchw[start : start + step].float()
        if channels == 1 and had == 3:
            chunk = 0.299 * chunk[:, 0:1] + 0.587 * chunk[:, 1:2] + 0.114 * chunk[:, 2:3]
        if (height, width) != (size, size):
            chunk = torch.nn.functional.interpolate(chunk, (size, size), mode="bilinear", antialias=True)
        fitted[start : start + step] = chunk.round_().clamp_(0, 255).to(torch.uint8)  # one channel broadcasts to three
    return fitted


def montage(images_nchw: Pixels, columns: int, gap: int = 0, background: int = WHITE) -> Pixels:
    """uint8 (N, C, H, W) -> one uint8 (H', W', C) grid, row by row, `gap` pixels between; empty cells show the background."""
    count, channels, height, width = images_nchw.shape
    rows = math.ceil(count / columns)
    cells = np.full((rows * columns, height + gap, width + gap, channels), background, dtype=np.uint8)
    cells[:count, :height, :width] = images_nchw.transpose(0, 2, 3, 1)
    grid = cells.reshape(rows, columns, height + gap, width + gap, channels).swapaxes(1, 2)
    whole = grid.reshape(rows * (height + gap), columns * (width + gap), channels)
    return whole[: whole.shape[0] - gap, : whole.shape[1] - gap]


def enlarge(image: Pixels, factor: int) -> Pixels:
    """(H, W) or (H, W, C) -> `factor` times as tall and wide, with hard pixels."""
    return image.repeat(factor, axis=0).repeat(factor, axis=1)


# --------------------------------------------------------------------------------------------------------------- encoding


def encode(
    image: Pixels, format: Literal["png", "jpeg", "webp"] = "png", *, quality: int = 90, lossless: bool = False
) -> bytes:
    """An image as the bytes of a file.

    Args:
        image: uint8 (H, W) or (H, W, C) with 1, 3 or 4 channels; JPEG, which has no transparency, shows the fourth on white.
        format: what kind of file. PNG is always lossless.
        quality: 1 to 100, for JPEG and lossy WebP.
        lossless: for WebP: keep every pixel as it is.
    """
    picture = Image.fromarray(image[..., 0] if image.ndim == 3 and image.shape[2] == 1 else image)
    file = io.BytesIO()
    if format == "png":
        picture.save(file, "PNG")
    elif format == "jpeg":
        # Halved colour resolution would smear the edges of enlarged pixels.
        (_plain(picture) if picture.mode == "RGBA" else picture).save(file, "JPEG", quality=quality, subsampling=0)
    else:
        picture.save(file, "WEBP", quality=quality, lossless=lossless, exact=lossless)
    return file.getvalue()


def animate(
    images_nchw: Pixels, format: Literal["gif", "webp"], *, fps: float = 25, loop: bool = True, side: int = 256
) -> bytes:
    """Images (N, C, H, W) uint8, C being 1 or 3, as a film of at least `side` pixels: a GIF (256 colours in all) or a lossless WebP.

    A GIF's clock counts hundredths of a second, so its pace is the nearest that this allows.
    """
    factor = -(-side // images_nchw.shape[-1])
    frames = [enlarge(image.transpose(1, 2, 0), factor) for image in images_nchw]
    pictures = [Image.fromarray(frame[..., 0] if frame.shape[2] == 1 else frame) for frame in frames]
    about: dict[str, Any] = {"lossless": True, "duration": round(1000 / fps), "loop": 0 if loop else 1}
    if format == "gif":
        about = {"duration": 10 * max(2, round(100 / fps)), "optimize": False} | ({"loop": 0} if loop else {})
        if images_nchw.shape[1] == 3:  # one palette for all frames: one for each would flicker
            some = images_nchw[:: max(1, len(images_nchw) // 64)]
            palette = Image.fromarray(montage(some, 8)).quantize(256, dither=Image.Dither.NONE)
            pictures = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    file = io.BytesIO()
    pictures[0].save(file, format.upper(), save_all=True, append_images=pictures[1:], **about)
    return file.getvalue()


def pack(images_nchw: Pixels) -> bytes:
    """Many small square images as one lossless PNG; `unpack` is the inverse.

    Lossless WebP is 4 to 11 % smaller and takes ten times as long.

    Args:
        images_nchw: uint8 (N, 1 or 3, S, S), N at least 1, of `MAX_PACKED_PIXELS` in all.

    Raises:
        ValueError: too many pixels for one picture.
    """
    count, _, size, _ = images_nchw.shape
    columns, rows = _sheet(count)
    if columns * rows * size * size > MAX_PACKED_PIXELS:
        raise ValueError(f"{count} images of {size} x {size} do not go into one picture")
    return encode(montage(images_nchw, columns, background=0))


def unpack(data: bytes, count: int, channels: int, size: int) -> Pixels:
    """What `pack` packed: uint8 (`count`, `channels`, `size`, `size`).

    Raises:
        UserError: the bytes are no such picture, or of another shape.
    """
    columns, rows = _sheet(count)
    refusal = f"The packed pictures do not hold {count} images of {size} x {size}. Fetch or export the file again."
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
            if image.size != (columns * size, rows * size):
                raise UserError(refusal)
            sheet = np.asarray(image.convert({1: "L", 3: "RGB"}[channels]))
    except UserError:
        raise
    except Exception as error:  # see open_image
        raise UserError(refusal) from error
    cells = sheet.reshape(rows, size, columns, size, channels).transpose(0, 2, 4, 1, 3)
    return np.ascontiguousarray(cells.reshape(rows * columns, channels, size, size)[:count])


def _sheet(count: int) -> tuple[int, int]:
    """Columns and rows of the squarest grid that holds `count` cells."""
    columns = math.isqrt(max(count, 1) - 1) + 1
    return columns, math.ceil(count / columns)


# ------------------------------------------------------------------------------------------------------------ pixel values


def to_unit(images: torch.Tensor) -> torch.Tensor:
    """uint8 -> float32 in [-1, 1], of the same shape; `from_unit` gives back every one of the 256 values."""
    return images.float().mul_(1 / 127.5).sub_(1.0)


def to_bytes(images: torch.Tensor) -> torch.Tensor:
    """Floats in [-1, 1] -> uint8 of the same shape, rounded and clamped; NaN, which has no colour, becomes mid-grey."""
    unit = images.detach().float().nan_to_num(0.0)
    return ((unit + 1.0) * 127.5).round_().clamp_(0, 255).byte()


def from_unit(images: torch.Tensor) -> Pixels:
    """`to_bytes`, as numpy."""
    pixels: Pixels = to_bytes(images).cpu().numpy()
    return pixels
