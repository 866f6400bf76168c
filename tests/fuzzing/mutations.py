"""Ways in which valid input is spoiled: bytes, JSON, zips, safetensors and npy files, and texts that somebody might hope to smuggle in."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

NUMBERS = (
    0,
    1,
    -1,
    2,
    7,
    255,
    256,
    65535,
    65536,
    2**31 - 1,
    2**31,
    -(2**31),
    2**32 - 1,
    2**53,
    2**63 - 1,
    2**63,
    10**30,
)
FLOATS = (float("nan"), float("inf"), float("-inf"), 1e308, -1e308, 5e-324, -0.0, 0.5, 1e-9)
TEXTS = (
    "", " ", "\0", "\n", "a\0b", ".", "..", "../" * 9 + "etc/passwd", "/etc/passwd", "..\\..\\x", "C:\\x", "~", "~root/x", "%2e%2e%2f",
    "CON", "-rf", "a" * 300, "a" * 70_000, "Ωμέγα", "\u202egnp.exe", "a\u0300" * 40, "\ud800", "😀" * 60, "\ufeff", "\x1b[31m", "NaN",
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "[x](javascript:alert(1))", "![x](http://x/y.png)", "$\\frac{1}{0}$",
    "=1+1", "@SUM(A1)", "{{7*7}}", "${jndi:x}", "__proto__", "__class__", "'; DROP TABLE runs; --", "9" * 400, "1e999", "-1", "0x10",
    "true", "null", "folder:/etc", "npz:/etc/passwd", "patches:nowhere", "[" * 3_900, "upload:../../x", "٣", "\uff11\uff12", "²",
)  # fmt: skip
NAMES = (
    *TEXTS[5:12],
    "run.json/",
    "run.json",
    "./run.json",
    "a/../run.json",
    "x" * 5000,
    "previews/" * 400 + "a",
    "nul",
    "con/run.json",
)


def text(random: Random, valid: str = "") -> str:
    """A hostile text, or a valid one that was spoiled."""
    if not valid or random.random() < 0.4:
        return random.choice(TEXTS)
    letters = list(valid)
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(letters) + 1)
        match random.randrange(4):
            case 0:
                letters[at : at + random.randint(0, 4)] = []
            case 1:
                letters.insert(at, random.choice(TEXTS)[:40])
            case 2:
                letters[at : at + 1] = [random.choice("0123456789.,~_-eE+@:/\\ \t\n\0'\"<>{}[]()zZ²٣")]
            case _:
                letters *= random.randint(1, 3)
    return "".join(letters)[:100_000]


def data(random: Random, valid: bytes, others: Sequence[bytes] = ()) -> bytes:
    """Valid bytes with some flipped, cut, doubled, overwritten by a number of note, or going on as another file does."""
    spoiled = bytearray(valid)
    for _ in range(random.choice((1, 1, 1, 2, 4, 16))):
        at = random.randrange(len(spoiled) + 1)
        if random.random() < 0.5:
            at = min(at, random.randrange(64))  # a header is where the harm is
        match random.randrange(7):
            case 0:
                spoiled[at : at + 1] = bytes([random.randrange(256)])
            case 1 if at < len(spoiled):
                spoiled[at] ^= 1 << random.randrange(8)
            case 2:
                del spoiled[at:]
            case 3:
                order, size = random.choice(("<", ">")), random.choice("HIQ")
                number = struct.pack(order + size, random.choice(NUMBERS) % 2 ** (8 * struct.calcsize(size)))
                spoiled[at : at + len(number)] = number
            case 4:
                length = random.randrange(1, 64)
                spoiled[at:at] = spoiled[at : at + length] * random.randint(1, 8)
            case 5 if others:
                other = random.choice(others)
                spoiled[at:] = other[random.randrange(len(other) + 1) :]
            case _:
                spoiled[at:at] = random.randbytes(random.randrange(1, 32))
    return bytes(spoiled)


def value(random: Random) -> Any:
    """Anything that JSON, or what Python takes for JSON, can say."""
    match random.randrange(8):
        case 0:
            return random.choice(NUMBERS)
        case 1:
            return random.choice(FLOATS)
        case 2 | 3:
            return random.choice(TEXTS)
        case 4:
            return random.choice((None, True, False))
        case 5:
            return [value(random) for _ in range(random.randrange(4))]
        case 6:
            return {random.choice(TEXTS)[:80]: value(random) for _ in range(random.randrange(3))}
        case _:
            return [random.choice(NUMBERS)] * random.choice((3, 100, 3_000))


def structure(random: Random, valid: Any) -> Any:
    """A copy of what JSON says, in which one thing is another, is gone, is there twice, or is new."""
    if isinstance(valid, dict) and valid and random.random() < 0.85:
        spoiled, key = dict(valid), random.choice(list(valid))
        match random.randrange(12):
            case 0:
                del spoiled[key]
            case 1:
                spoiled[random.choice(TEXTS)] = value(random)
            case 2:
                spoiled[random.choice(list(valid))] = valid[key]
            case _:
                spoiled[key] = structure(random, valid[key])
        return spoiled
    if isinstance(valid, list | tuple) and valid and random.random() < 0.7:
        spoiled_list, at = list(valid), random.randrange(len(valid))
        match random.randrange(4):
            case 0:
                del spoiled_list[at]
            case 1:
                spoiled_list *= 2 if len(json.dumps(spoiled_list, default=str)) > 3_000 else random.choice((2, 100))
            case _:
                spoiled_list[at] = structure(random, valid[at])
        return spoiled_list
    if isinstance(valid, str) and random.random() < 0.5:
        return text(random, valid)
    if isinstance(valid, int | float) and random.random() < 0.5:
        return random.choice((*NUMBERS, *FLOATS, -valid, str(valid), valid + 0.5))
    return value(random)


def json_text(random: Random, valid: Any) -> bytes:
    """A JSON file of it, spoiled in its structure, in its bytes, or nested as deep as nobody reads."""
    chance = random.random()
    if chance < 0.04:
        depth = random.choice((50, 2_000, 100_000))
        opened, closed = random.choice((("[", "]"), ('{"a":', "}")))
        return (opened * depth + "1" + closed * depth * random.randrange(2)).encode()
    spoiled = structure(random, valid)
    for _ in range(random.choice((0, 0, 1, 3))):
        spoiled = structure(random, spoiled)
    written = json.dumps(spoiled, ensure_ascii=random.random() < 0.5).encode("utf-8", errors="surrogatepass")
    if chance < 0.2:
        return data(random, written)
    if chance < 0.25:
        return random.choice(
            (
                b"",
                b"\xef\xbb\xbf" + written,
                written.decode(errors="replace").encode("utf-16"),
                written * 2,
                b"9" * 5_000,
            )
        )
    return written


def zipped(random: Random, members: Sequence[tuple[str, bytes]]) -> bytes:
    """A zip of these files, with names, sizes, links and contents that no honest one has."""
    file = io.BytesIO()
    chosen = list(members)
    for _ in range(random.choice((0, 1, 1, 2))):
        if not chosen:
            break
        at = random.randrange(len(chosen))
        name, content = chosen[at]
        match random.randrange(7):
            case 0:
                chosen[at] = random.choice(NAMES), content
            case 1:
                chosen.append((name, content))
            case 2:
                del chosen[at]
            case 3:
                chosen.append((random.choice(NAMES), content))
            case _:
                chosen[at] = name, data(random, content)
    with zipfile.ZipFile(file, "w", random.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for name, content in chosen:
            entry = zipfile.ZipInfo(name.encode("utf-8", "replace").decode()[:9_000])
            if random.random() < 0.06:  # a link: what it holds is where it leads
                entry.create_system, entry.external_attr, content = 3, 0o120777 << 16, b"/etc/passwd"
            if random.random() < 0.03:
                content, entry.compress_type = bytes(4_000_000), zipfile.ZIP_DEFLATED
            if random.random() < 0.03:
                entry.compress_type = random.choice((zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
            archive.writestr(entry, content)
        if random.random() < 0.02:
            for number in range(300):
                archive.writestr(f"{number}.png", b"")
    spoiled = file.getvalue()
    if random.random() < 0.3:
        spoiled = _lying(random, bytearray(spoiled))
    return data(random, spoiled) if random.random() < 0.3 else spoiled


def _lying(random: Random, archive: bytearray) -> bytes:
    """A zip whose lists say other sizes, methods, flags or places than its files have."""
    signature = random.choice((b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"))
    places = [at for at in range(len(archive) - 46) if archive[at : at + 4] == signature]
    if places:
        at = random.choice(places) + random.randrange(4, 46)
        size = random.choice((2, 4))
        archive[at : at + size] = (random.choice(NUMBERS) % 2 ** (8 * size)).to_bytes(size, "little")
    return bytes(archive)


def tensors(random: Random, valid: bytes) -> bytes:
    """A safetensors file whose header lies about its length, names, types, shapes or places."""
    (length,) = struct.unpack_from("<Q", valid)
    header, body = json.loads(valid[8 : 8 + length]), valid[8 + length :]
    match random.randrange(6):
        case 0:
            return data(random, valid)
        case 1:
            return struct.pack("<Q", random.choice(NUMBERS) % 2**64) + valid[8:]
        case 2:
            written = json_text(random, header)
        case 3:
            entries = [entry for name, entry in header.items() if name != "__metadata__"]
            entry = random.choice(entries)
            entry["dtype"] = random.choice(
                ("F64", "F32", "F16", "BF16", "I64", "U8", "BOOL", "F8_E4M3", "C64", "X", "")
            )
            written = json.dumps(header).encode()
        case 4:
            header["__metadata__"] = value(random)
            written = json.dumps(header).encode("utf-8", errors="replace")
        case _:
            at = random.randrange(max(1, len(body)))
            fill = random.choice((b"\xff" * 64, b"\0" * 64, b"\x7f\x80\0\0" * 16))
            return valid[:8] + valid[8 : 8 + length] + body[:at] + fill + body[at + 64 :]
    return struct.pack("<Q", len(written)) + written + body


def array(random: Random, valid: bytes) -> bytes:
    """An npy file whose header lies."""
    start = valid.index(b"{")
    end = valid.index(b"\n", start)
    header = valid[start:end].decode()
    shapes = (
        "(-1,)",
        "(99999999999999999999,)",
        "(2,2,2,2,2,2,2,2)",
        "(0,28,28)",
        "(9,0,0,3)",
        "()",
        "(1e9,)",
        "(4,28,28)",
        "(True,28,28)",
    )
    kinds = (
        "'|O'",
        "'<U9'",
        "'|V8'",
        "'<M8[s]'",
        "'<f8'",
        "'>i8'",
        "'<c16'",
        "'<f2'",
        "[('a','<i4')]",
        "'|b1'",
        "'<i1'",
        "'<U99999999'",
    )
    match random.randrange(5):
        case 0:
            header = header[: header.index("(")] + random.choice(shapes) + header[header.index(")") + 1 :]
        case 1:
            header = header.replace(header.split("'descr': ")[1].split(", 'fortran")[0], random.choice(kinds))
        case 2:
            header = header.replace("False", random.choice(("True", "1", "__import__('os')", "[]")))
        case 3:
            header = text(random, header)
        case _:
            return data(random, valid)
    written = header.encode("latin1", errors="replace") + b"\n"
    return valid[:8] + struct.pack("<H", min(len(written), 65535)) + written + valid[end + 1 :]


def one_of(random: Random, *ways: Callable[[], bytes]) -> bytes:
    """What one of some ways makes."""
    return random.choice(ways)()
