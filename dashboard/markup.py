"""Small pieces of HTML: pictures with hard pixels, figures, findings. Every text that is not ours is escaped here.

Not named html: the folder of the entry script is on the path, where it would hide the standard library's.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from selfsup_engine.health import Finding
from selfsup_engine.images import Pixels, encode

escape = html.escape

MIME = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"RIFF": "image/webp"}


def png(image_chw: Pixels) -> bytes:
    """An image (C, H, W) uint8 as the bytes of a PNG."""
    return encode(image_chw.transpose(1, 2, 0), "png")


def _source(picture: bytes | Path | Pixels) -> str:
    """A picture as the text of an <img>'s src: it travels with the page, without a request of its own."""
    data = picture if isinstance(picture, bytes) else _file(picture) if isinstance(picture, Path) else png(picture)
    mime = next((mime for start, mime in MIME.items() if data.startswith(start)), "")
    if not mime:  # no picture: whatever else the file holds stays where it is
        return "data:,"
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


def _file(path: Path) -> bytes:
    """A picture's file; nothing of one that is only a link, which might lead anywhere, or that cannot be read."""
    try:
        return b"" if path.is_symlink() else path.read_bytes()
    except OSError:
        return b""


def img(picture: bytes | Path | Pixels, alt: str, width: int | None = None, classes: str = "px") -> str:
    """One picture with hard pixels: PNG, JPEG or WebP bytes, a file, or (C, H, W) uint8. Without a width it fills its place."""
    size = f'style="width:{width}px;height:auto"' if width else 'style="width:100%;height:auto"'
    return f'<img class="{classes}" src="{_source(picture)}" alt="{escape(alt, quote=True)}" {size}>'


def shots(
    pictures: Sequence[tuple[bytes | Path | Pixels, str]],
    width: int | None = None,
    classes: str = "",
    captions: bool = True,
) -> str:
    """Pictures in a row that wraps, each with its caption below; class `fill` makes them share the width."""
    figures = (
        f"<figure>{img(picture, text, width)}{f'<figcaption>{escape(text)}</figcaption>' if captions else ''}</figure>"
        for picture, text in pictures
    )
    return f'<div class="shots {classes}">{"".join(figures)}</div>'


def cover(picture: Path | bytes | None, alt: str) -> str:
    """A picture for a card, or words where there is none yet."""
    if picture is None or (isinstance(picture, Path) and not picture.exists()):
        return f'<div class="cover"><span>{escape(alt)}</span></div>'
    return f'<div class="cover"><img src="{_source(picture)}" alt="{escape(alt, quote=True)}"></div>'


def facts(items: Mapping[str, str | tuple[str, str]]) -> str:
    """Figures with their names; a pair adds what the figure is to be compared with."""
    cells = []
    for name, value in items.items():
        main, beside = value if isinstance(value, tuple) else (value, "")
        small = f"<small>{escape(beside)}</small>" if beside else ""
        cells.append(f"<div><dt>{escape(name)}</dt><dd>{escape(main)}{small}</dd></div>")
    return f'<dl class="facts">{"".join(cells)}</dl>'


def table(columns: Sequence[str], rows: Mapping[str, Sequence[str]], best: Mapping[str, int] | None = None) -> str:
    """Rows of figures or words by name, a column for each of `columns`; `best` marks one cell of a row. It scrolls sideways where it is too wide."""
    head = "".join(f"<th scope='col'>{escape(column)}</th>" for column in columns)
    body = []
    for name, values in rows.items():
        marked = (best or {}).get(name)
        cells = (f"<td{' class=best' if i == marked else ''}>{escape(value)}</td>" for i, value in enumerate(values))
        body.append(f"<tr><th scope='row'>{escape(name)}</th>{''.join(cells)}</tr>")
    return (
        f"<div class='sheet'><table><thead><tr><th></th>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def gauge(share: float, label: str, mark: float | None = None) -> str:
    """A bar filled to a share in [0, 1], with a line at what it is held against."""
    percent = 100 * max(0.0, min(1.0, share))
    line = f'<b style="left:{100 * max(0.0, min(1.0, mark)):.1f}%"></b>' if mark is not None else ""
    return f'<div class="gauge" role="meter" aria-label="{escape(label, quote=True)}" aria-valuenow="{percent:.0f}"><i style="width:{percent:.1f}%"></i>{line}</div>'


def pill(text: str, kind: str = "") -> str:
    return f'<span class="pill {escape(kind, quote=True)}">{escape(text)}</span>'


def finding(found: Finding) -> str:
    return f'<p class="finding {found.level}"><b>{escape(found.name)}.</b> {escape(found.message)}<span>{escape(found.advice)}</span></p>'


def timeline(lines: Sequence[tuple[str, str, str]]) -> str:
    """What happened, line by line: when, what, and a kind that colours it as findings are."""
    items = (
        f'<li class="{escape(kind, quote=True)}"><time>{escape(when)}</time><span>{escape(said)}</span></li>'
        for when, said, kind in lines
    )
    return f'<ol class="timeline">{"".join(items)}</ol>'


def checklist(rows: Sequence[tuple[str, str, str, str, bytes | None]]) -> str:
    """What was looked at, line by line: a kind that colours it as findings are, its verdict, what it is, what came of it, and a picture."""
    items = (
        f'<li class="{escape(kind, quote=True)}">{pill(verdict)}<div><b>{escape(name)}</b><span>{escape(said)}</span></div>'
        f"{img(picture, f'what {name} gave') if picture else ''}</li>"
        for kind, verdict, name, said, picture in rows
    )
    return f'<ul class="checklist">{"".join(items)}</ul>'


def muted(text: str) -> str:
    return f'<p class="muted">{escape(text)}</p>'


def eyebrow(text: str) -> str:
    return f'<p class="eyebrow">{escape(text)}</p>'


class _Ready(NamedTuple):
    """What Streamlit takes as it is. It would look for an indentation in a mere string: 10 ms of all visitors' time for a sheet of pictures."""

    html: str

    def _repr_html_(self) -> str:
        return self.html


def show(*pieces: str) -> None:
    """Puts pieces made here onto the page."""
    st.html(_Ready("".join(pieces)))
