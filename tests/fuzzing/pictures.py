"""Entrances of pictures: a photo, a set of one's own as files and zips, an npz file, the archives of known data sets."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from selfsup_engine import images, photofile
from selfsup_engine.errors import UserError
from selfsup_engine.sources import npz, own, torchvision_sets
from selfsup_engine.sources.catalogue import SOURCES
from tests.fuzzing import mutations
from tests.fuzzing.harness import Case

POSING = (
    b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><image href='file:///etc/passwd'/></svg>",
    b"<!DOCTYPE html><script>alert(1)</script>",
    b"GIF89a<script>alert(1)</script>",
    b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj",
    b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) (r) file",
    b"#!/bin/sh\nrm -rf x",
    b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic",
    b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1miaf",
    b"\x7fELF\x02\x01\x01" + bytes(60),
    b"push graphic-context\nimage over 0,0 0,0 'https://example.org/x|id'\npop graphic-context",
    b"P6\n99999 99999\n255\n",
    b"qoif" + struct.pack(">II", 60_000, 60_000) + b"\x03\0",
    b"",
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"RIFF\xff\xff\xff\xffWEBPVP8X",
)


BOMBS = tuple(zlib.compress(bytes(size), 9) for size in (100, 3_000_000, 70_000_000))


def pictures(side: int = 16) -> list[bytes]:
    """A small picture in every format and mode that is read, with what it may carry along."""
    pixels = np.random.default_rng(0).integers(0, 256, (side, side, 4), dtype=np.uint8)
    colour = Image.fromarray(pixels[..., :3].copy())
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "<b>" * 20
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    frames = [colour.rotate(90), colour.rotate(180)]
    kinds: list[tuple[Image.Image, str, dict[str, Any]]] = [
        (colour, "PNG", {}),
        (Image.fromarray(pixels), "PNG", {"icc_profile": profile}),
        (colour.convert("P"), "PNG", {"transparency": 3}),
        (colour.convert("1"), "PNG", {}),
        (Image.fromarray(pixels[..., 0].astype(np.uint16) * 257), "PNG", {}),
        (colour, "PNG", {"save_all": True, "append_images": frames}),
        (colour, "JPEG", {"exif": exif, "icc_profile": profile}),
        (colour, "JPEG", {"progressive": True, "quality": 30}),
        (colour.convert("CMYK"), "JPEG", {}),
        (colour.convert("L"), "JPEG", {"comment": b"x" * 90}),
        (Image.fromarray(pixels), "WEBP", {"lossless": True, "exif": exif}),
        (colour, "WEBP", {"save_all": True, "append_images": frames}),
        (colour.convert("P"), "GIF", {"save_all": True, "append_images": frames, "disposal": 2}),
        (colour, "BMP", {}),
        (colour.convert("P"), "BMP", {}),
        (colour, "TIFF", {"compression": "tiff_lzw"}),
        (colour, "TIFF", {"compression": "jpeg"}),
        (colour.convert("F"), "TIFF", {}),
        (colour.convert("LAB"), "TIFF", {"compression": "tiff_deflate"}),
        (colour, "TIFF", {"save_all": True, "append_images": frames}),
    ]
    made = []
    for image, format, options in kinds:
        file = io.BytesIO()
        image.save(file, format, **options)
        made.append(file.getvalue())
    return made


def chunk(kind: bytes, content: bytes) -> bytes:
    """A part of a PNG, with the checksum that it has to have."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def lying_png(random: Random) -> bytes:
    """A PNG with true checksums, and a size, a depth or parts that are not so."""
    sides = (0, 1, 16, 7_999, 8_001, 65_535, 2**31 - 1, 2**32 - 1)
    header = struct.pack(">IIBBBBB", random.choice(sides), random.choice(sides), random.choice((1, 8, 16, 3)),
                         random.choice((0, 2, 3, 4, 6, 7)), 0, 0, random.choice((0, 1)))  # fmt: skip
    bomb = random.choice(BOMBS)
    more = random.choice((b"zTXt", b"iCCP", b"iTXt", b"tRNS", b"PLTE", b"eXIf", b"acTL", b"fcTL", b"gAMA", b"sPLT"))
    words = {b"iTXt": b"a\0\1\0\0\0", b"zTXt": b"a\0\0", b"iCCP": b"a\0\0"}.get(more, b"")
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(more, words + bomb if words else random.randbytes(26))
        + chunk(b"IDAT", bomb) + chunk(b"IEND", b"")
    )  # fmt: skip


def picture(random: Random, valid: list[bytes]) -> bytes:
    """What somebody calls a picture."""
    chance = random.random()
    if chance < 0.06:
        return random.choice(POSING)
    if chance < 0.1:
        return lying_png(random)
    return mutations.data(random, random.choice(valid), valid)


def photos(place: Path) -> Case:
    """A photo, as the studio and the explorers open it."""
    valid = pictures()

    def case(random: Random) -> None:
        given = picture(random, valid)
        name = mutations.text(random, "photo.png")
        opened, read = [], []
        for take, into in ((images.open_image, opened), (photofile.read, read)):
            try:
                into.append(take(given, name))
            except UserError as error:
                assert len(str(error)) < 1_000 + len(name), "a long story"
        assert all(image.mode in ("L", "RGB") for image in opened)
        for photo in read:
            assert photo.pixels.shape[0] == 3
            if photo.pixels[0].numel() < 10_000:
                photofile.write(photo, random.choice(("png", "jpeg", "webp")))

    return case


def own_sets(place: Path) -> Case:
    """Pictures of one's own, as files and zips."""
    valid = pictures()
    plain = [(f"{number}.png", images.encode(np.full((16, 16), number, np.uint8))) for number in range(17)]

    def case(random: Random) -> None:
        members = [*plain, (mutations.text(random, "spoiled.png"), picture(random, valid))]
        files = [(mutations.text(random, "set.zip"), mutations.zipped(random, members))]
        if random.random() < 0.5:
            files += random.sample(members, random.randrange(len(members)))
        if random.random() < 0.1:
            files.append(("in.zip", mutations.zipped(random, [("inner.zip", files[0][1])])))
        prepared = own.prepare(files, size=random.choice((16, 28)), channels=random.choice((1, 3)))
        assert all("/" not in name and len(name) <= 80 for name in prepared.names)
        if random.random() < 0.1:
            source = own.save(prepared, mutations.text(random, "My pictures"))
            own.info(source.partition(":")[2])

    return case


def npz_files(place: Path) -> Case:
    """An npz file."""
    random_pixels = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), dtype=np.uint8)
    kinds: list[dict[str, Any]] = [
        {
            "x_train": random_pixels[..., 0],
            "y_train": np.arange(6) % 2,
            "x_test": random_pixels[:2, ..., 0],
            "y_test": np.arange(2),
        },
        {"images": random_pixels / 255, "labels": np.arange(6), "classes": np.array(["a<b>", "b", "c", "d", "e", "f"])},
        {"rgb": random_pixels, "skin_tone": np.array([0, 0, 1, 0, 0, 0])},
        {"anything": random_pixels.astype(np.float32) / 255},
    ]
    valid = []
    for kind in kinds:
        members = []
        for name, values in kind.items():
            written = io.BytesIO()
            np.save(written, values, allow_pickle=False)
            members.append((f"{name}.npy", written.getvalue()))
        valid.append(members)
    objects = io.BytesIO()
    np.save(objects, np.array([print, {}], dtype=object), allow_pickle=True)
    path = place / "set.npz"

    def case(random: Random) -> None:
        members = list(random.choice(valid))
        at = random.randrange(len(members))
        name, content = members[at]
        members[at] = name, mutations.array(random, content)
        if random.random() < 0.05:
            members.append(
                (random.choice(("x_train.npy", "images.npy", "labels.npy", "other.npy")), objects.getvalue())
            )
        if random.random() < 0.1:
            values = np.full((6, 8, 8), random.choice(mutations.FLOATS), random.choice(("f2", "f4", "f8")))
            written = io.BytesIO()
            np.save(written, values)
            members = [("images.npy", written.getvalue())]
        path.write_bytes(mutations.zipped(random, members) if random.random() < 0.5 else _stored(members))
        arrays = npz.read(path)
        assert arrays.train.dtype == np.uint8 and arrays.train.shape[2] == arrays.train.shape[3]
        npz.info(path)

    return case


def _stored(members: list[tuple[str, bytes]]) -> bytes:
    import zipfile

    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


def downloads(place: Path) -> Case:
    """Unpacked archives of MNIST that lie where the right ones are looked for: IDX files whose heads lie."""
    import os

    root = Path(os.environ["SELFSUP_DATA"])
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True)
    pixels = struct.pack(">IIII", 2051, 4, 28, 28) + bytes(4 * 784)
    labels = struct.pack(">II", 2049, 4) + bytes(4)
    files = {f"{split}-{kind}": content for split in ("train", "t10k") for kind, content in
             (("images-idx3-ubyte", pixels), ("labels-idx1-ubyte", labels))}  # fmt: skip
    torchvision_sets.fetch = _no_network  # type: ignore[assignment]

    def case(random: Random) -> None:
        for name, content in files.items():
            (raw / name).write_bytes(mutations.data(random, content) if random.random() < 0.4 else content)
        torchvision_sets.load(SOURCES["mnist"], lambda share, what: None)

    return case


def _no_network(*_: object) -> None:
    raise OSError("no connection")
