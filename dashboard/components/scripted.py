"""Components of ours: a folder beside this file with HTML and CSS, and a script in `static/` that every page shares."""

import hashlib
import json
import struct
from pathlib import Path
from typing import Any

import streamlit as st

_HERE = Path(__file__).parent
_STATIC = _HERE.parent / "static"
_MOUNT = """export default async function (component) {
  const { default: mount } = await import(new URL("app/static/NAME.js?v=VERSION", document.baseURI));
  return mount(component);
}
"""
"""The inline script travels with every update, so it only fetches the rest, once."""


def scripted(name: str) -> Any:
    """Registers the component of that name and gives what mounts it.

    Its folder holds NAME.html and NAME.css, and mount.js where the plain one is not enough. The script is static/NAME.js, with what
    lies in static/NAME/; a digest of it all is part of the addresses, so that no stale copy is used.
    """
    folder = _HERE / name
    scripts = [_STATIC / f"{name}.js", *sorted((_STATIC / name).glob("*.js")), _STATIC / "blob.js"]
    version = hashlib.sha256(b"".join(script.read_bytes() for script in scripts)).hexdigest()[:12]
    own = folder / "mount.js"
    mount = own.read_text(encoding="utf-8") if own.exists() else _MOUNT
    return st.components.v2.component(
        name,
        html=(folder / f"{name}.html").read_text(encoding="utf-8"),
        css=(folder / f"{name}.css").read_text(encoding="utf-8"),
        js=mount.replace("NAME", name).replace("VERSION", version),
    )


def blob(header: dict[str, Any], *parts: bytes) -> bytes:
    """A header and some pictures as one message: a uint32 (little-endian) with the header's length, the header as JSON in UTF-8 with
    the parts' lengths as `parts`, and the parts."""
    head = json.dumps(header | {"parts": [len(part) for part in parts]}).encode()
    return b"".join([struct.pack("<I", len(head)), head, *parts])
