"""Components of ours: a folder beside this file with HTML and CSS, and a script in `static/` that every page shares."""

import hashlib
import json
import struct
from pathlib import Path
from typing import Any

import streamlit as st

from selfsup_engine.images import Pixels, encode

_HERE = Path(__file__).parent
_STATIC = _HERE.parent / "static"
_MOUNT = """export default async function (component) {
  const { EXPORT: mount } = await import(new URL("app/static/NAME.js?v=VERSION", document.baseURI));
  return mount(component);
}
"""
"""The inline script travels with every update, so it only fetches the rest, once."""

RAW = 64 * 64 * 3
"""Bytes of a picture up to which it travels as it is."""


def scripted(name: str, script: str = "") -> Any:
    """Registers the component of that name and gives what mounts it.

    Its folder holds NAME.html and NAME.css, and mount.js where the plain one is not enough. The script is static/NAME.js, with what
    lies in static/NAME/; a digest of it all is part of the addresses, so that no stale copy is used. Where it is a part of another
    component's `script`, which exports it by its name, both share one module, and what that remembers.
    """
    folder, shared = _HERE / name, script or name
    scripts = [
        *(_STATIC / f"{script}.js" for script in (shared, "blob", "asking")),
        *sorted((_STATIC / shared).glob("*.js")),
    ]
    version = hashlib.sha256(b"".join(path.read_bytes() for path in scripts)).hexdigest()[:12]
    own = folder / "mount.js"
    mount = own.read_text(encoding="utf-8") if own.exists() else _MOUNT
    mount = mount.replace("EXPORT", name if script else "default")
    return st.components.v2.component(
        name,
        html=(folder / f"{name}.html").read_text(encoding="utf-8"),
        css=(folder / f"{name}.css").read_text(encoding="utf-8"),
        js=mount.replace("NAME", shared).replace("VERSION", version),
    )


def blob(header: dict[str, Any], *parts: bytes) -> bytes:
    """A header and some pictures as one message: a uint32 (little-endian) with the header's length, the header as JSON in UTF-8 with
    the parts' lengths as `parts`, and the parts. Numbers may be NumPy's."""
    head = json.dumps(header | {"parts": [len(part) for part in parts]}, default=float).encode()
    return b"".join([struct.pack("<I", len(head)), head, *parts])


def bare(image: Pixels) -> bytes:
    """A small image (C, S, S) as its mere pixels, which a browser need not decode; a larger one as a PNG."""
    pixels = image.transpose(1, 2, 0)
    return pixels.tobytes() if pixels.size <= RAW else encode(pixels, "png")
