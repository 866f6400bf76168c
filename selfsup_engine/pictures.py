"""Pictures of results, as (H, W, C) uint8 arrays: rows of images, and the map of a 2-D code. numpy only."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

PALETTE = (
    "#2f6bea",  # blue
    "#dba520",  # amber
    "#1fb981",  # green
    "#d3222b",  # red
    "#8259a5",  # purple
    "#35a6dc",  # sky
    "#ec6abf",  # pink
    "#975f53",  # brown
    "#228d91",  # teal
    "#e2661c",  # orange
    "#8580f0",  # periwinkle
    "#88914f",  # olive
)
"""Colours of classes, found by search: at least 2.2:1 against white and 3.5:1 against near black, and no two are closer
in OKLab than 0.06, be it a normal, a protanope or a deuteranope eye that looks (Tableau 10: 0.007). The same on every picture and chart."""


def side_by_side(rows: Sequence[NDArray[np.uint8]], gap: int = 2) -> NDArray[np.uint8]:
    """Rows of equally many images (N, C, H, W), one below the other with a transparent gap: (H', W', 4)."""
    count, _, height, width = rows[0].shape
    canvas = np.zeros((len(rows) * (height + gap) - gap, count * (width + gap) - gap, 4), np.uint8)
    for r, row in enumerate(rows):
        for i, image in enumerate(row):
            top, left = r * (height + gap), i * (width + gap)
            canvas[top : top + height, left : left + width, :3] = image.transpose(1, 2, 0)
            canvas[top : top + height, left : left + width, 3] = 255
    return canvas


def _disc(radius: float) -> list[tuple[int, int, float]]:
    """Offsets (dx, dy) of a dot's pixels, each with its coverage in (0, 1]."""
    reach = range(-int(radius) - 1, int(radius) + 2)
    covered = ((dx, dy, min(1.0, radius + 0.5 - float(np.hypot(dx, dy)))) for dy in reach for dx in reach)
    return [(dx, dy, strength) for dx, dy, strength in covered if strength > 0]


def draw_map(codes: NDArray[np.float32], labels: Sequence[int] | None, side: int = 360) -> NDArray[np.uint8]:
    """Codes (N, 2) as dots, coloured by label, on a transparent square (side, side, 4); the axes' scales are equal.

    The middle 99 % of the codes fill the picture, so that one stray point does not shrink the rest.
    """
    low, high = np.quantile(codes, 0.005, axis=0), np.quantile(codes, 0.995, axis=0)
    scale = side * 0.88 / max(float((high - low).max()), 1e-6)
    # Image rows run down, the second coordinate runs up.
    centred = (codes - (low + high) / 2) * np.array([scale, -scale]) + side / 2
    disc = _disc(max(0.9, side / 120 * min(1.0, 20 / np.sqrt(len(codes)))))
    reach = max(dx for dx, _, _ in disc)
    whole = ((centred >= reach) & (centred < side - 1 - reach)).all(
        axis=1
    )  # a dot that the rim cuts looks like a fault
    x, y = np.rint(centred[whole]).astype(int).T
    colours = np.array([[int(name[i : i + 2], 16) for i in (1, 3, 5)] for name in PALETTE], np.float64)[
        (np.zeros(len(codes), int) if labels is None else np.asarray(labels))[whole] % len(PALETTE)
    ]
    total, weight = np.zeros((side, side, 3)), np.zeros((side, side))
    for dx, dy, strength in disc:
        np.add.at(total, (y + dy, x + dx), strength * colours)
        np.add.at(weight, (y + dy, x + dx), strength)
    alpha = 1 - np.exp(-1.2 * weight)
    rgb = total / np.maximum(weight, 1e-9)[..., None]
    return np.concatenate([rgb, 255 * alpha[..., None]], axis=2).round().astype(np.uint8)


def heat(values: NDArray[np.floating], top: float) -> NDArray[np.uint8]:
    """Values (H, W) from 0 to `top` as colours from black over red and yellow to white: (3, H, W)."""
    share = np.clip(values / max(top, 1e-12), 0, 1)
    stops = np.linspace(0, 1, 4)
    channels = ((0, 190, 255, 255), (0, 30, 190, 255), (0, 60, 40, 255))
    return np.stack([np.interp(share, stops, levels) for levels in channels]).round().astype(np.uint8)


_SIGNED = np.array([(168, 208, 255), (47, 107, 234), (18, 24, 26), (214, 60, 48), (255, 205, 170)], np.float64)


def signed(values: NDArray[np.floating], top: float) -> NDArray[np.uint8]:
    """Values (..., H, W) from -`top` to `top` as colours from light blue over near black (zero) to light red: (..., 3, H, W)."""
    share = np.clip(values / max(top, 1e-12), -1, 1)
    stops = np.linspace(-1, 1, len(_SIGNED))
    channels = [np.interp(share, stops, levels) for levels in _SIGNED.T]
    picture: NDArray[np.uint8] = np.stack(channels, axis=-3).round().astype(np.uint8)
    return picture


def about_grey(values: NDArray[np.floating], top: float) -> NDArray[np.uint8]:
    """Coloured values (..., 3, H, W) from -`top` to `top` as a picture of the same shape in which mid-grey is zero."""
    picture: NDArray[np.uint8] = np.clip(127.5 + 127.5 * values / max(top, 1e-12), 0, 255).round().astype(np.uint8)
    return picture
