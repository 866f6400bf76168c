"""What happened to a run, in words: a short log out of its events. Draws nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from dashboard import words
from selfsup_engine import events
from selfsup_engine.runs import Run


class Line(NamedTuple):
    """When, in UTC; what; and whether it is "good", a "warning" or a "problem", or none of these."""

    at: datetime
    said: str
    kind: str = ""


def log(run: Run, happened: Sequence[events.Event]) -> list[Line]:
    """The story of a run, from the first line to the last. Figures and fetching are left out, and a finding is told once until it is
    over."""
    queued = bool(happened) and isinstance(happened[0], events.Queued)  # at the moment that it was asked for
    lines = [] if queued else [Line(run.created, "Asked for.")]
    found: set[str] = set()
    for event in happened:
        at = datetime.fromtimestamp(event.at, UTC)
        if isinstance(event, events.Check):
            now = {finding.name: finding for finding in event.findings}
            over = sorted(found - set(now))
            lines += [Line(at, f"Step {event.step:,}: no longer: {name}.", "good") for name in over]
            lines += [
                Line(at, f"Step {event.step:,}: {name}. {finding.message}", finding.level)
                for name, finding in now.items()
                if name not in found
            ]
            found = set(now)
        elif said := _said(event):
            kind = "problem" if isinstance(event, events.Failed) else ""
            lines.append(Line(at, said, kind))
    return lines


def _said(event: events.Event) -> str:
    match event:
        case events.Queued():
            return "Put into the queue."
        case events.Started(step=0):
            return f"Training began on {event.device}, with {words.number(event.parameters)} numbers to learn."
        case events.Started():
            return f"Training went on from step {event.step:,}, on {event.device}."
        case events.Paused(by="shutdown"):
            return f"Paused at step {event.step:,}, because the server went away."
        case events.Paused():
            return f"Paused at step {event.step:,}."
        case events.Finishing():
            return f"The last step was {event.step:,}; the model was scored."
        case events.Finished(reason="stopped"):
            return f"Stopped early at step {event.step:,}, and kept as it was."
        case events.Finished():
            return f"Finished, after {event.step:,} steps."
        case events.Failed():
            return f"Failed: {event.reason}"
        case _:
            return ""
