"""A map of the 2-D codes of a set of pictures, on which a person looks around, chooses a place and circles groups.

The browser's side is in `static/latent_map.js` (what it does) and `static/latent_map/` (where things are, how they look). A press, a drag
or the arrow keys choose a place anywhere, also where no point is. Mount it in a `st.fragment`: what is told reruns this.

What follows a hand is beside the map, not in it: `lens` draws under a drag, `courier` brings the pictures of points, each in a fragment of its
own. So a drag reruns the lens alone, and the place is told here once the hand lets go. Zoom, pan, filter, density and lasso act in
the browser at once and are told when they come to rest. Everything goes there as one blob (see `pack`), which is sent only when the
map itself changes.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from typing import Annotated, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import AfterValidator, Field, TypeAdapter

from dashboard import state
from dashboard.components.courier import courier
from dashboard.components.held import remember, settle
from dashboard.components.said import Coordinate, Turn, said
from dashboard.components.scripted import blob, scripted
from dashboard.views import in_link
from selfsup_engine.exploring import selection
from selfsup_engine.images import Pixels
from selfsup_engine.pictures import PALETTE

__all__ = ["Look", "Told", "latent_map", "pack"]

Point = tuple[float, float]

_POINT = TypeAdapter(tuple[Coordinate, Coordinate, Turn])
_HIDDEN = tuple[Annotated[int, Field(ge=0, le=999)], ...]
_LOOK = TypeAdapter(tuple[Coordinate, Coordinate, Coordinate, _HIDDEN, bool, Turn])
_LASSO = TypeAdapter(tuple[Annotated[str, Field(max_length=2_000), AfterValidator(selection.checked)], Turn])

_mount = scripted("latent_map")


class Look(NamedTuple):
    """What of the map is seen: the middle of the window in map units, the zoom against seeing all of it (0: all), hidden classes, and
    whether the density lies beneath the points."""

    x: float = 0.0
    y: float = 0.0
    zoom: float = 0.0
    hidden: tuple[int, ...] = ()
    density: bool = False

    @classmethod
    def parse(cls, text: str) -> "Look":
        """From what `str` gives, which a link's pattern has checked."""
        if not text:
            return cls()
        x, y, zoom, hidden, density = text.split("_")
        return cls(float(x), float(y), float(zoom), tuple(int(n) for n in hidden.split(".") if n), density == "1")

    def __str__(self) -> str:
        if self == Look():
            return ""
        return "_".join((*map(in_link, self[:3]), ".".join(map(str, self.hidden)), f"{self.density:d}"))


class Told(NamedTuple):
    """What the map says: where the pin stands, in map units, or None before there is one; what is seen; the outline of the lassoed
    group, as `selfsup_engine.exploring.selection` reads it, empty where there is none."""

    pin: Point | None
    look: Look
    lasso: str


ALL = Look()


def latent_map(
    points: npt.NDArray[np.floating],
    *,
    key: str,
    labels: npt.NDArray[np.integer] | None = None,
    classes: Sequence[str] = (),
    typical: Sequence[int] = (),
    values: npt.NDArray[np.floating] | None = None,
    value_name: str = "error",
    falling: bool = False,
    pin: Point | None = None,
    look: Look = ALL,
    lasso: str = "",
    marks: Sequence[tuple[str, float, float]] = (),
    background: bytes | None = None,
    background_extent: tuple[float, float, float, float] | None = None,
    pictures: Callable[[list[int]], Pixels] | None = None,
    lit: Sequence[int] | None = None,
    link: str = "",
    glide: bool = False,
    height: int = 480,
) -> Told:
    """Show `points` (N, 2) as a map; return where the pin stands, what is seen, and the outline of what is lassoed.

    All three are controlled: pass what the last run returned, as in `told = latent_map(..., pin=told.pin, look=told.look, lasso=told.lasso)`.
    A new choice in the browser wins over `pin`; without one, a `pin` other than what was returned moves it there. So do `look` and `lasso`.

    `labels` (N,) are indices into `classes` and give each class a colour and a chip that filters; `typical` are the numbers of
    points whose pictures stand on the chips. `values` (N,), where
    given, colour the points instead, from their 2nd to their 98th percentile; the high ones stand out, or, `falling`, the low ones. `marks` are named places. `background`
    is a PNG, WebP or JPEG under the points; `background_extent` is its (x0, y0, x1, y1), with y1 at the upper edge.
    The map is `height` pixels high, but no higher than wide. Points that are not finite are left out.

    `pictures` gives the images (K, C, S, S) uint8 of K points by their numbers, at most 256 at once: the browser asks for those that it lacks, under
    the pointer and, from near, in place of the dots. `lit` are the numbers of points that stand out while nothing is lassoed. Maps of one
    page with the same `link` show the same images in the same order: what is pointed at or lassoed in one stands out in the others. With
    `glide` points that have moved, as many as before, go there in 0.4 s. `lens(follows=key)` draws under the hand.
    """
    stamp = time.time_ns() // 1000
    chosen, seen, circled = said(key, "point", _POINT), said(key, "look", _LOOK), said(key, "lasso", _LASSO)
    here = settle(state.remembered(f"{key}:pin"), chosen and (chosen[:2], chosen[2]), pin, stamp=stamp)
    looked = seen and (Look(*seen[:5]), seen[5])
    sight = settle(state.remembered(f"{key}:look"), looked, look, stamp=stamp)
    group = settle(state.remembered(f"{key}:lasso"), circled, lasso, stamp=stamp)
    data = pack(
        points,
        labels=labels,
        classes=classes,
        values=values,
        background=background,
        lit=lit,
        typical=[int(number) for number in typical] if pictures is not None else [],
        value_name=value_name,
        falling=falling,
        marks=[(name, float(x), float(y)) for name, x, y in marks],
        background_extent=background_extent,
        height=height,
        key=key,
        link=link,
        glide=glide,
        pictured=pictures is not None,
        pin=here.placed,
        pin_stamp=here.stamp,
        look=sight.placed,
        look_stamp=sight.stamp,
        lasso=group.placed,
        lasso_stamp=group.stamp,
        palette=PALETTE,
    )
    _mount(key=key, data=data, on_point_change=lambda: None, on_look_change=lambda: None, on_lasso_change=lambda: None)
    if pictures is not None:
        courier(pictures, count=len(points), follows=key)
    remember({f"{key}:pin": here, f"{key}:look": sight, f"{key}:lasso": group})
    return Told(here.at, sight.at, group.at)


def pack(
    points: npt.NDArray[np.floating],
    *,
    labels: npt.NDArray[np.integer] | None = None,
    classes: Sequence[str] = (),
    values: npt.NDArray[np.floating] | None = None,
    background: bytes | None = None,
    lit: Sequence[int] | None = None,
    **header: Any,
) -> bytes:
    """Put a map into one blob: `header`, with what follows from the arrays (`n`, `labelled`, ...), and five parts without padding.

    ===========  =======================================================================================
    float32[2n]  points, little-endian: x, y, x, y, ...
    uint8[n]     labels, if `labelled`
    uint8[n]     values, if `value_range` is not null: 0 is its low end, 255 its high end
    uint8[n]     1 where a point is lit, if `lit`
    bytes        the background picture, if `background` is not null
    ===========  =======================================================================================

    `background` in the header is a digest, by which the browser knows what is still the same. `gaps` are the numbers of the points that
    were left out.
    """
    assert points.ndim == 2 and points.shape[1] == 2, f"points are (N, 2), not {points.shape}"
    assert labels is None or labels.shape == points.shape[:1], "one label per point"
    assert values is None or values.shape == points.shape[:1], "one value per point"
    assert len(classes) <= 256, "a label is one byte"
    assert labels is None or ((labels >= 0) & (labels < len(classes))).all(), "labels are indices into classes"
    assert background is None or header.get("background_extent") is not None, "a background has an extent"

    finite = np.isfinite(points).all(axis=1)  # a model that diverged gives codes that have no place
    xy = points[finite].astype("<f4").tobytes()
    label_bytes = labels[finite].astype(np.uint8).tobytes() if labels is not None else b""
    alight = np.isin(np.arange(len(points)), list(lit))[finite].astype(np.uint8).tobytes() if lit is not None else b""
    levels, value_range = _quantise(values[finite]) if values is not None else (b"", None)
    header |= {
        "n": int(finite.sum()),
        "labelled": labels is not None,
        "classes": list(classes),
        "value_range": value_range,
        "lit": lit is not None,
        "gaps": np.flatnonzero(~finite).tolist(),
        "background": background and _digest(background),
    }
    return blob(header, xy, label_bytes, levels, alight, background or b"")


def _quantise(values: npt.NDArray[np.floating]) -> tuple[bytes, tuple[float, float]]:
    """Values as bytes over their middle 96 %, so that a few outliers do not take the whole ramp."""
    known = values[np.isfinite(values)]
    low, high = (float(q) for q in np.quantile(known, (0.02, 0.98))) if known.size else (0.0, 1.0)
    share = (np.where(np.isfinite(values), values, high) - low) / ((high - low) or 1.0)
    return np.rint(255 * share.clip(0, 1)).astype(np.uint8).tobytes(), (low, high)


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=8).hexdigest()
