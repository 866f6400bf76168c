"""A run's history as a curve along its steps, on an axis on which each doubling has the same width. Torch is not needed here."""

import math
from collections.abc import Sequence

from selfsup_engine import events

Points = list[tuple[int, float]]

MOST = 300  # points of a curve
FIRST = 16.0  # steps in the first unit of the axis


def place(step: float) -> float:
    """Where a step stands on the axis of steps: evenly for each doubling, and with room for 0."""
    return math.log2(1 + step / FIRST)


def curve(happened: Sequence[events.Event]) -> tuple[str, Points, Points]:
    """The first figure of a run's history: its name, and (step, value) of the training batches and of the held-out images, at most
    `MOST` of either, evenly along the axis of steps."""
    checks = [event for event in happened if isinstance(event, events.Check) and event.losses]
    metrics = [event for event in happened if isinstance(event, events.Metrics)]
    if not checks:
        return "", [], []
    name = next(iter(checks[0].losses))
    series = ([(e.step, e.losses[name]) for e in kind if name in e.losses] for kind in (metrics, checks))
    train, held_out = (_thinned(points) for points in series)
    return name, train, held_out


def _thinned(points: Points) -> Points:
    if len(points) <= MOST:
        return points
    apart = (place(points[-1][0]) - place(points[0][0])) / MOST
    kept = points[:1]
    for point in points[1:]:
        if place(point[0]) - place(kept[-1][0]) >= apart:
            kept.append(point)
    return kept
