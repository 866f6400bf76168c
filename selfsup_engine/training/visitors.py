"""The visitors of a public host: each has a library of their own below the host's, seen by nobody else and only for a while.

A visitor is known by a token that nobody can guess and that only their browser and the host know; on the disk stands its hash. So what
is listed, found, deleted, tagged or named is a visitor's own wherever it goes through their `Library`. Torch is not needed here.
"""

import contextlib
import hashlib
import re
import secrets
import shutil
import time
from collections.abc import Collection
from pathlib import Path

from selfsup_engine import files, sources
from selfsup_engine.errors import UserError
from selfsup_engine.limits import Limits
from selfsup_engine.runs import Library, Run, RunFolder
from selfsup_engine.sources import SourceInfo, own
from selfsup_engine.training.line import VISITORS, SharedLine, owner_of

TOKEN = re.compile(r"[A-Za-z0-9_-]{32,64}")
GONE = "upload:gone"  # the source of a run that came from elsewhere: its pictures are not this visitor's


def new_token() -> str:
    """What a visitor is known by from now on: 192 random bits."""
    return secrets.token_urlsafe(24)


class VisitorLibrary(Library):
    """What a visitor sees: the gallery, and runs of their own; and what they may add to these, within limits."""

    def __init__(self, host: Library, token: str, limits: Limits) -> None:
        assert TOKEN.fullmatch(token)
        self.owner = hashlib.sha256(token.encode()).hexdigest()[:32]
        super().__init__(host.root / VISITORS / self.owner, host.gallery)
        self.host = host
        self.limits: Limits = limits
        self.keeps_deleted = limits.hours * 3600

    def find(self, name: str) -> RunFolder:
        """As `Library.find`; another visitor's run is not there."""
        try:
            return super().find(name)
        except UserError as error:
            raise UserError(
                f"There is no run {name!r} of yours here. Runs are seen only in the browser that trained them, and go "
                f"{self.limits.hours:g} hours after they last changed."
            ) from error

    def free_path(self, run: Run) -> Path:
        """As `Library.free_path`, by a name that nobody guesses and that no other visitor's run has."""
        path = super().free_path(run)
        return path.with_name(f"{path.name[:47]}-{secrets.token_hex(8)}")

    def bytes_used(self) -> int:
        """Of this visitor's runs, trash and pictures."""
        return files.bytes_in(self.root) + sum(
            path.stat().st_size for path, whose in own.owned() if whose == self.owner
        )

    def in_line(self) -> int:
        """How many of this visitor's runs train or wait."""
        line, mine = SharedLine(self.host.root).read(), f"{VISITORS}/{self.owner}"
        return sum(owner_of(name) == mine for name in [line.training, *line.waiting])

    # ------------------------------------------------------------------------------------------------ what a visitor may add

    def full(self) -> str:
        """Why no new run can be started now, in words; empty where one can."""
        return self._busy() or self._crowded()

    def _busy(self) -> str:
        most = self.limits
        if (mine := self.in_line()) < most.at_once:
            return ""
        return (
            f"{mine} of your runs {'trains or waits' if mine == 1 else 'train or wait'} already, the most at once on this public host, "
            f"{most.why('at_once')}. Wait until one has finished, or stop one."
        )

    def _crowded(self) -> str:
        """Why this visitor can keep nothing more, in words; empty where they can."""
        most = self.limits
        if (mine := len(self.runs())) >= most.runs:
            return f"{mine} of your runs are kept, the most on this public host, {most.why('runs')}. Download and delete some in the library."
        return self._heavy(1)

    def _heavy(self, more: int) -> str:
        most = self.limits
        if (used := self.bytes_used()) + more <= most.visitor_mb * 1_000_000:
            return ""
        return (
            f"You keep {used // 1_000_000} MB here, and {most.visitor_mb} MB is the most on this public host, {most.why('visitor_mb')}. "
            f"Delete some of your runs in the library, and empty the trash there; pictures go {most.hours:g} hours after they were last trained on."
        )

    def room_for(self, more: int) -> None:
        """As `Library.room_for`: within what one visitor, and what all of them, may keep."""
        most = self.limits
        if heavy := self._heavy(more):
            raise UserError(heavy)
        everyone = files.bytes_in(self.host.root / VISITORS) + sum(path.stat().st_size for path, _ in own.owned())
        if everyone + more > most.disk_mb * 1_000_000:
            raise UserError(
                f"All visitors together keep {everyone // 1_000_000} MB, the most on this public host, {most.why('disk_mb')}. "
                f"Come back later: what has not changed goes after {most.hours:g} hours."
            )

    def check_training(self, run: Run) -> None:
        """As `Library.check_training`: for so long, on so many pictures, and not too many at once."""
        from selfsup_engine.models.spec import check_config
        from selfsup_engine.training.estimate import refuse_oversized

        most = self.limits
        if (run.budget.seconds or 0) > most.seconds or (run.budget.steps or 0) > most.steps:
            raise UserError(
                f"A run trains for {most.seconds} s or {most.steps:,} steps at the most on this public host, {most.why('seconds')}. "
                "Choose less."
            )
        if (about := self._about(run.source)) is None:
            raise UserError("The pictures of this run are not here, or not yours. Bring them on the train page.")
        if not self._fits(about):
            count = about.train + about.test
            field, has = (
                ("images", f"{count:,} pictures")
                if count > most.images
                else ("image_side", f"pictures of {about.size} px")
            )
            raise UserError(
                f"This set has {has}. {getattr(most, field):,} is the most on this public host, {most.why(field)}. "
                "Bring fewer or smaller pictures."
            )
        refuse_oversized(run.family, check_config(run.family, run.config), about.train)
        if busy := self._busy():
            raise UserError(busy)
        if run.source.startswith("upload:"):
            own.touch(run.source)

    def check_kept(self) -> None:
        """As `Library.check_kept`: not too many runs, and not too many bytes."""
        if crowded := self._crowded():
            raise UserError(crowded)
        self.room_for(1)

    def admitted(self, source: str) -> str:
        """As `Library.admitted`: a set that everyone has, or this visitor's own pictures; never a path of the host's."""
        about = self._about(source)
        return source if about and self._fits(about) else GONE

    def _about(self, source: str) -> SourceInfo | None:
        """What may be said of a source to this visitor."""
        kind = source.partition(":")[0]
        with contextlib.suppress(UserError):
            if kind in sources.SOURCES or (kind == "upload" and own.owner(source) == self.owner):
                return sources.info(source)
        return None

    def _fits(self, about: SourceInfo) -> bool:
        few = about.train + about.test <= self.limits.images and about.size <= self.limits.image_side
        return few or about.name in sources.SOURCES


# ------------------------------------------------------------------------------------------------------------ the host's side


def folders(host: Library) -> list[RunFolder]:
    """The runs of all visitors, in the order of their folders' names."""
    return [RunFolder(path.parent) for path in sorted((host.root / VISITORS).glob("*/[!.]*/run.json"))]


def expire(host: Library, hours: float, busy: Collection[str]) -> None:
    """Deletes for good what has not changed for so long: runs, trash and pictures, and what is left of a visitor who keeps none.

    Args:
        busy: the runs that train or wait, as the line names them; they stay, and so do their pictures.
    """
    too_old = time.time() - hours * 3600
    in_use = set()
    for name in busy:
        with contextlib.suppress(UserError):
            in_use.add(RunFolder(host.root / name).run.source)
    for place in (host.root / VISITORS).glob("*"):
        for path in [*place.glob("[!.]*"), *place.glob(".trash/*")]:
            if path.relative_to(host.root).as_posix() not in busy and _last_used(path) < too_old:
                shutil.rmtree(path, ignore_errors=True)
        if not any(place.glob("[!.]*")) and max(_last_used(path) for path in [place, *place.iterdir()]) < too_old:
            shutil.rmtree(place, ignore_errors=True)
    for path, _ in own.owned():
        with contextlib.suppress(OSError):
            if f"upload:{path.stem}" not in in_use and path.stat().st_mtime < too_old:
                path.unlink()


def _last_used(path: Path) -> float:
    """When a folder, or a run in it, last changed; now where it is just going away."""
    times = []
    for file in (path, path / "run.json", path / "events.jsonl"):
        with contextlib.suppress(OSError):
            times.append(file.stat().st_mtime)
    return max(times, default=time.time())
