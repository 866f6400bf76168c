"""A group that was circled on a map: its outline as a link says it, and who is inside. numpy only."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

MOST = 64  # corners of an outline

_NUMBER = r"-?\d{1,7}(\.\d{1,9})?(e-?\d{1,2})?"
_OUTLINE = re.compile(rf"{_NUMBER}_{_NUMBER}(~{_NUMBER}_{_NUMBER}){{2,{MOST - 1}}}")


def checked(text: str) -> str:
    """An outline as it is, such as "0.5_1~2_-1.5~0_0": its corners x_y in map units, at least three, or nothing.

    Raises:
        ValueError: it is none.
    """
    if text and not _OUTLINE.fullmatch(text):
        raise ValueError("not an outline")
    return text


def vertices(text: str) -> npt.NDArray[np.float64]:
    """The corners (K, 2) of an outline; (0, 2) where there is none."""
    corners = [corner.split("_") for corner in checked(text).split("~") if corner]
    return np.array(corners, np.float64).reshape(-1, 2)


def inside(points: npt.NDArray[np.floating], polygon: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
    """Which points (N, 2) lie inside a polygon (K, 2), whose last corner is joined to its first: (N,) bool.

    By the even-odd rule (Shimrat, 1962): a ray from the point crosses the outline an odd number of times. So the parts that a line that
    crosses itself goes around twice are outside. With fewer than three corners nothing is inside.
    """
    within = np.zeros(len(points), bool)
    if len(polygon) < 3:
        return within
    x, y = points[:, 0], points[:, 1]
    for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        if y0 == y1:
            continue  # no ray to the right crosses a level edge
        crosses = ((y0 > y) != (y1 > y)) & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
        within ^= crosses
    return within
