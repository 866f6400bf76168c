"""Points of the map that a person drew a line around."""

import re

import torch
from torch import Tensor

from selfsup_engine.errors import UserError

CORNERS = 400  # of a polygon, at the most
_NUMBER = r"-?\d{1,7}(?:\.\d{1,6})?(?:e[-+]?\d{1,2})?"
_POLYGON = re.compile(rf"{_NUMBER},{_NUMBER}(?:;{_NUMBER},{_NUMBER}){{2,{CORNERS - 1}}}")


def parse_polygon(text: str) -> Tensor:
    """The corners (K, 2) of a polygon given as "x,y;x,y;...", three or more.

    Raises:
        UserError: it is no such text.
    """
    if not _POLYGON.fullmatch(text):
        raise UserError("What is lassoed is given by three corners or more, as in 0,0;1,0;0,1. Draw it again.")
    return torch.tensor([[float(number) for number in corner.split(",")] for corner in text.split(";")])


def inside(points: Tensor, polygon: Tensor) -> Tensor:
    """Which points (N, 2) lie within a polygon (K, 2): (N,) bool.

    A ray from the point crosses its sides an odd number of times (Shimrat, 1962); where it crosses itself, twice around is outside.
    """
    x, y = points.T
    within = torch.zeros(len(points), dtype=torch.bool)
    for (x0, y0), (x1, y1) in zip(polygon.tolist(), polygon.roll(-1, 0).tolist(), strict=True):
        if y0 != y1:
            crosses = (y0 <= y) != (y1 <= y)
            within ^= crosses & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    return within
