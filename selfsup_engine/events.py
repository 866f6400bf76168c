"""What happens to a run, as a list that only grows: events.jsonl, one JSON object a line.

Whoever watches a run reads this file; nobody is told anything in another way. The state of a run is derived from it (`status`),
so a page that was reloaded, a second tab and a restarted server see the same. Torch is not needed here.
"""

import os
import time
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from selfsup_engine.files import write
from selfsup_engine.health import Finding


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)
    at: float = Field(default_factory=time.time, description="Seconds since 1970.")


class Queued(_Event):
    """The run waits for the worker."""

    kind: Literal["queued"] = "queued"


class Loading(_Event):
    """Images are being fetched; fraction in [0, 1]."""

    kind: Literal["loading"] = "loading"
    fraction: float
    message: str


class Started(_Event):
    """Training begins at `step`: 0, or where it was left."""

    kind: Literal["started"] = "started"
    step: int
    device: str
    threads: int
    parameters: int


class Metrics(_Event):
    """Mean figures of the training batches since the last Metrics. elapsed and eta in seconds of training, rate in images/s."""

    kind: Literal["metrics"] = "metrics"
    step: int
    progress: float
    elapsed: float
    eta: float
    rate: float
    losses: dict[str, float]


class Check(_Event):
    """A look at held-out images: the same figures, findings, and pictures by name: (H, W, C) uint8 arrays in memory, files on disk."""

    kind: Literal["check"] = "check"
    step: int
    losses: dict[str, float]
    findings: tuple[Finding, ...]
    baselines: dict[str, float] = Field(default_factory=dict, description="What simpler models reach, by name.")
    pictures: dict[str, Any] = Field(default_factory=dict, exclude=True, repr=False)


class Snapshot(_Event):
    """The weights at `step` were kept."""

    kind: Literal["snapshot"] = "snapshot"
    step: int


class Paused(_Event):
    """Training was left at `step` and goes on from there, exactly, when it is resumed."""

    kind: Literal["paused"] = "paused"
    step: int
    by: Literal["person", "shutdown"] = "person"


class Finishing(_Event):
    """The last step was taken; the model is being scored and saved."""

    kind: Literal["finishing"] = "finishing"
    step: int


class Finished(_Event):
    """The model is complete: its budget is spent, or it was stopped."""

    kind: Literal["finished"] = "finished"
    step: int
    reason: Literal["done", "stopped"]


class Failed(_Event):
    """The run ended without a model; `reason` says why and what to do."""

    kind: Literal["failed"] = "failed"
    reason: str


Event = Annotated[
    Queued | Loading | Started | Metrics | Check | Snapshot | Paused | Finishing | Finished | Failed,
    Field(discriminator="kind"),
]
_EVENT: TypeAdapter[Event] = TypeAdapter(Event)

Wish = Literal["go", "pause", "stop"]
"""What a person may want of a run in training."""

State = Literal["queued", "loading", "running", "finishing", "paused", "done", "stopped", "failed"]


class Status(BaseModel):
    """Where a run stands, in numbers that a page shows."""

    model_config = ConfigDict(frozen=True)
    state: State
    step: int = 0
    progress: float = 0.0
    eta: float = 0.0
    rate: float = 0.0
    message: str = ""

    @property
    def active(self) -> bool:
        """Something will still happen by itself."""
        return self.state in ("queued", "loading", "running", "finishing")


def append(path: Path, event: _Event) -> None:
    """Adds one line; a last line that a crash cut off is ended first, so that it spoils nothing but itself."""
    with path.open("ab+") as file:
        torn = file.tell() > 0 and file.seek(-1, os.SEEK_END) >= 0 and file.read(1) != b"\n"
        file.write(b"\n" * torn + event.model_dump_json().encode() + b"\n")


def read(path: Path) -> list[Event]:
    """All events so far. A last line that is still being written, or was cut off by a crash, is not there yet."""
    if not path.exists():
        return []
    events: list[Event] = []
    for line in path.read_text("utf-8", errors="replace").split("\n")[:-1]:
        try:
            events.append(_EVENT.validate_json(line))
        except ValidationError:
            continue  # a line cut off by a crash
    return events


def status(events: Sequence[Event]) -> Status:
    """The state that a list of events leads to."""
    latest: Metrics | None = None
    state: State = "queued"
    message, step = "", 0
    for event in events:
        match event:
            case Queued():
                state, message = "queued", ""
            case Loading():
                state, message = "loading", event.message
            case Started():
                state, message, step = "running", event.device, event.step
            case Metrics():
                latest, step = event, event.step
            case Paused():
                state, message, step = "paused", "", event.step
            case Finishing():
                state, message, step = "finishing", "", event.step
            case Finished():
                state, message, step = ("done" if event.reason == "done" else "stopped"), "", event.step
            case Failed():
                state, message = "failed", event.reason
            case _:
                pass
    if latest is None:
        return Status(state=state, step=step, message=message)
    return Status(state=state, step=step, progress=latest.progress, eta=latest.eta, rate=latest.rate, message=message)


def status_in(path: Path) -> Status | None:
    """The state that the events in a file lead to, which is read again only once it has changed; None where nothing has happened."""
    try:
        about = path.stat()
    except OSError:
        return None
    return _status_in(path, about.st_mtime_ns, about.st_size, about.st_ino)


@lru_cache(maxsize=4096)
def _status_in(path: Path, *stamp: int) -> Status | None:
    happened = read(path)
    return status(happened) if happened else None


def cut_after(path: Path, step: int) -> None:
    """Forgets what happened after `step`: training goes on from there and says it anew."""
    kept = [event for event in read(path) if getattr(event, "step", 0) <= step]
    write(path, "".join(event.model_dump_json() + "\n" for event in kept), make=False)
