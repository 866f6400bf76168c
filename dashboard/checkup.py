"""The self-test of a server: at most one at a time, whoever asks for it, and what came of it for everybody to see.

All of it is done in a hidden folder of the library that goes away at the end, or, should the server be killed meanwhile, when the next one
starts. No page is drawn here; that is `self_test`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from dashboard.trials import Bench, NotTried, Trial, trials
from selfsup_engine import files, sources
from selfsup_engine.errors import UserError
from selfsup_engine.runs import ROOT, Library

KEPT_WELL, KEPT_ILL = (
    120.0,
    15.0,
)  # seconds until it may be done anew: whoever asks all the time keeps no processor busy
VERDICTS = {True: "passed", False: "failed", None: "not tried"}

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """What came of one trial: `well` is None where it was not tried. `said` names no path: it is shown to anybody."""

    name: str
    well: bool | None
    said: str
    seconds: float
    picture: bytes | None = None


def attempt(trial: Trial, bench: Bench) -> Outcome:
    """Does one of them, and says what came of it, whatever that is."""
    began, well, picture = time.perf_counter(), None, None
    try:
        said, picture = trial.work(bench)
        well = True
    except NotTried as reason:
        said = str(reason)
    except UserError as error:
        well, said = False, without_paths(str(error), bench)
    except Exception as error:  # noqa: BLE001 - a defect is what this looks for
        _log.exception("self-test: %s", trial.name)
        well, said = False, f"It broke off with {type(error).__name__}. The server's log says where."
    return Outcome(trial.name, well, said, time.perf_counter() - began, picture)


def without_paths(text: str, bench: Bench) -> str:
    """An error's words for anybody's eyes."""
    places = {
        bench.temporary.root: "the folder of the self-test",
        bench.library.root: "the folder of runs",
        sources.data_root(): "the folder of data",
        ROOT: "the project's folder",
    }
    for place, said in places.items():
        text = text.replace(str(place), said)
    return text


class Checkup:
    """The self-test of a server: at most one at a time, whoever asks for it, and what came of it for everybody to see."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.began: datetime | None = None
        self.outcomes: tuple[Outcome, ...] = ()
        self.running = False
        self._ended = 0.0
        self._lock = threading.Lock()

    @property
    def well(self) -> bool:
        """Nothing failed."""
        return all(outcome.well is not False for outcome in self.outcomes)

    @property
    def rests(self) -> float:
        """Seconds until it may be done again; 0 if it may be done now."""
        if self.began is None or self.running:
            return 0.0
        return max(0.0, self._ended + (KEPT_WELL if self.well else KEPT_ILL) - time.monotonic())

    def start(self) -> None:
        """Begins in a thread of its own. While one goes on, or has just ended, that one has to do."""
        with self._lock:
            if self.running or self.rests:
                return
            self.running, self.began, self.outcomes = True, datetime.now(UTC), ()
        threading.Thread(target=self.work, name="self-test", daemon=True).start()

    def work(self) -> None:
        """All trials, one after the other; `outcomes` grows."""
        try:
            with files.workplace(self.library.root) as place:
                bench = Bench(self.library, Library(place / "runs", self.library.gallery))
                for trial in trials():
                    self.outcomes = (*self.outcomes, attempt(trial, bench))
        except OSError as error:
            said = f"No temporary folder can be made among the runs: {files.cause(error.errno or 0)}."
            self.outcomes = (*self.outcomes, Outcome(trials()[0].name, False, said, 0.0))
        finally:
            self._ended, self.running = time.monotonic(), False

    def report(self, facts: Mapping[str, str]) -> str:
        """What came of it as plain text, to be sent to whoever can help."""
        at = self.began.strftime("%Y-%m-%d %H:%M UTC") if self.began else "never"
        lines = ["Selfsup Studio, self-test", f"{at}", "", *(f"{name}: {said}" for name, said in facts.items()), ""]
        for outcome in self.outcomes:
            lines.append(f"{VERDICTS[outcome.well]:<10} {outcome.name} ({outcome.seconds:.1f} s): {outcome.said}")
        return "\n".join(lines) + "\n"
