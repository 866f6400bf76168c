"""A Run (what to train, and once trained the record of it), its folder, and the library of folders. Torch is not needed here.

A run's folder is the checkpoint: run.json, weights.safetensors, exhibit.safetensors (its test images and their codes, so that it
can be explored without the data set), events.jsonl, cover.png, previews/, snapshots/, state.safetensors (to resume).
"""

import contextlib
import itertools
import json
import os
import re
import shutil
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from filelock import FileLock
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from selfsup_engine import events, files
from selfsup_engine.errors import UserError
from selfsup_engine.lines import one_line

if TYPE_CHECKING:
    from selfsup_engine.limits import Limits

ROOT = Path(__file__).resolve().parents[1]
GALLERY = ROOT / "checkpoints" / "gallery"
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
STATE = "state.safetensors"  # every tensor that learns, to go on from
TRASH_DAYS = 7  # how long a deleted run can be brought back


def runs_root() -> Path:
    """Where people's runs are kept: SELFSUP_RUNS, or checkpoints/runs/."""
    return Path(os.environ.get("SELFSUP_RUNS", "") or ROOT / "checkpoints" / "runs").expanduser()


class Budget(BaseModel):
    """How long to train: steps or seconds, one of the two."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    steps: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    seconds: Annotated[float, Field(gt=0, le=7 * 86_400)] | None = None

    @model_validator(mode="after")
    def _one_of_the_two(self) -> "Budget":
        if (self.steps is None) == (self.seconds is None):
            raise ValueError("give steps or seconds, one of the two")
        return self

    def progress(self, step: int, elapsed: float) -> float:
        """Share of the budget that is spent, in [0, 1]."""
        spent = step / self.steps if self.steps else elapsed / (self.seconds or 1.0)
        return min(1.0, spent)

    def __str__(self) -> str:
        return f"{self.steps} steps" if self.steps else f"{self.seconds:g} s"


class Result(BaseModel):
    """What training gave. scores are on [0, 1] pixels of the test split; weights is the first 16 digits of their SHA-256."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    scores: dict[str, float]
    steps: int
    seconds: float
    device: str
    parameters: int
    capabilities: tuple[str, ...]
    weights: str
    classes: tuple[str, ...] = ()
    licence: str = ""
    finished: datetime = Field(default_factory=lambda: datetime.now(UTC))


class Run(BaseModel):
    """The request; with `result`, the record. `config` holds every field of the family's Config."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    family: str
    preset: str
    source: str = Field(max_length=1000)
    config: dict[str, Any]
    budget: Budget
    seed: int = Field(0, ge=0, lt=2**31)
    title: Annotated[str, AfterValidator(one_line)] = Field("", max_length=80)
    note: str = Field("", max_length=2000)
    created: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))
    result: Result | None = None


class RunFolder:
    """One run on disk."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def in_gallery(self) -> bool:
        return self.path.parent == GALLERY

    @property
    def run(self) -> Run:
        """What run.json says.

        Raises:
            UserError: it is missing or not a run's.
        """
        try:
            return Run.model_validate_json((self.path / "run.json").read_bytes())
        except FileNotFoundError as error:
            raise UserError(f"There is no run {self.name!r} any more. The library lists those there are.") from error
        except (ValidationError, OSError) as error:
            raise UserError(
                f"{self.name}: its run.json cannot be read. Delete the run, or restore the file."
            ) from error

    def save(self, run: Run) -> None:
        files.write(self.path / "run.json", run.model_dump_json(indent=2) + "\n")

    def change(self, beside: Mapping[str, bytes] = {}, **fields: Any) -> None:
        """Changes fields of run.json, whoever else changes others at this moment, together with files `beside` it.

        Raises:
            UserError: the run is gone.
            OSError: it cannot be written; all of it is as it was.
        """
        with FileLock(self.path / ".run.lock") if self.path.exists() else contextlib.nullcontext():
            changed = self.run.model_copy(update=fields).model_dump_json(indent=2) + "\n"
            contents = {self.path / name: data for name, data in beside.items()}
            files.write_all(contents | {self.path / "run.json": changed.encode()}, make=False)

    def file(self, name: str) -> Path:
        return self.path / name

    def history(self) -> list[events.Event]:
        return events.read(self.path / "events.jsonl")

    def append(self, event: events.Event) -> None:
        events.append(self.path / "events.jsonl", event)

    def status(self) -> events.Status:
        """Where the run stands. Without events a model (of the gallery) is done, and a mere request waits for a person."""
        if known := events.status_in(self.path / "events.jsonl"):
            return known
        return events.Status(state="done", progress=1.0) if self.usable else events.Status(state="paused")

    @property
    def usable(self) -> bool:
        """There is a model to explore."""
        return (self.path / "weights.safetensors").exists() and (self.path / "exhibit.safetensors").exists()

    def picture(self, step: int, name: str) -> Path:
        """Where a preview of a step lies."""
        return self.path / "previews" / f"{step:08d}-{name}.png"

    @property
    def resumable(self) -> bool:
        """Training can go on. Not so a finished run, and not a model without its training state: one that was taken in."""
        return self.status().state != "done" and (self.run.result is None or (self.path / STATE).exists())

    def bytes_used(self) -> int:
        return files.bytes_in(self.path)


def _readable(root: Path) -> list[tuple[Run, RunFolder]]:
    found = []
    for path in root.glob("[!.]*/run.json"):
        folder = RunFolder(path.parent)
        with contextlib.suppress(UserError):
            if _stays(folder.path):
                found.append((folder.run, folder))
    return found


def _stays(folder: Path) -> bool:
    """Whether neither a run's folder nor anything in it is a link, which might lead anywhere."""
    try:
        with os.scandir(folder) as entries:
            return not folder.is_symlink() and not any(entry.is_symlink() for entry in entries)
    except OSError:
        return False


class Library:
    """The gallery, which is read only, and the person's runs. A folder whose run.json is damaged, or that holds
    a link, is in neither list: what else a page opens of a run lies in its folder."""

    owner = ""
    """Whose it is: empty for whoever runs the program, else a visitor's (see training/visitors.py)."""
    limits: "Limits | None" = None
    """What may be added to it; None: whatever there is room for."""
    keeps_deleted = TRASH_DAYS * 86_400.0
    """Seconds for which a deleted run can be brought back."""

    def __init__(self, root: Path | None = None, gallery: Path = GALLERY) -> None:
        self.root = root or runs_root()
        self.gallery = gallery

    def check_training(self, run: Run) -> None:
        """Whether a run may be trained in this library.

        Raises:
            UserError: it may not, and why.
        """

    def check_kept(self) -> None:
        """Whether one run more may be kept.

        Raises:
            UserError: it may not, and why.
        """

    def room_for(self, more: int) -> None:
        """Whether so many bytes more may be kept.

        Raises:
            UserError: they may not, and why.
        """

    def admitted(self, source: str) -> str:
        """The source of a run that comes from elsewhere, as far as it may be opened here."""
        return source

    def runs(self) -> list[RunFolder]:
        """The person's runs, newest first."""
        found = sorted(_readable(self.root), key=lambda pair: pair[0].created, reverse=True)
        return [folder for _, folder in found]

    def shown(self) -> list[RunFolder]:
        """The gallery's models, in the order of their names."""
        return sorted((folder for _, folder in _readable(self.gallery)), key=lambda folder: folder.name)

    def find(self, name: str) -> RunFolder:
        """By name, or by a path to a folder (for the CLI).

        Raises:
            UserError: nothing is there.
        """
        for root in (self.root, self.gallery):
            if NAME.fullmatch(name) and (root / name / "run.json").exists() and _stays(root / name):
                return RunFolder(root / name)
        raise UserError(
            f"There is no run {name[:64]!r} in the library. It may have been deleted; the library page lists all runs."
        )

    def free_path(self, run: Run) -> Path:
        """Where a run may go: named after its source, preset and time, whatever those hold."""
        slug = re.sub(r"[^a-z0-9]+", "-", f"{run.source.split(':')[0]}-{run.preset}".lower()).strip("-")[:45]
        stem = f"{slug or 'run'}-{run.created:%m%d-%H%M%S}"
        taken = 1
        while (path := self.root / (stem if taken == 1 else f"{stem}-{taken}")).exists():
            taken += 1
        return path

    def create(self, run: Run, path: Path | None = None) -> RunFolder:
        """A new folder for a run, at `free_path` or at `path`.

        Raises:
            UserError: `path` already holds a run, or nothing can be written there.
        """
        if path is not None and (path / "run.json").exists():
            raise UserError(f"{path.name} already holds a run. Give another folder, or resume that one.")
        with files.told(path or self.root):
            folder = RunFolder(self._new_folder(run) if path is None else path)
            try:
                folder.save(run)
            except OSError:
                with contextlib.suppress(OSError):
                    folder.path.rmdir()  # nothing is in it
                raise
        return folder

    def _new_folder(self, run: Run) -> Path:
        """Makes a folder that nobody else has made, another server on this library included."""
        while True:
            path = self.free_path(run)
            with contextlib.suppress(FileExistsError):
                path.mkdir(parents=True)
                return path

    def rename(self, folder: RunFolder, title: str) -> None:
        """Gives a run another title; its folder's name stays, so links to it go on working."""
        self._check_own(folder)
        title = one_line(title)
        if not title or len(title) > 80:
            raise UserError("A name has 1 to 80 characters.")
        with files.told(self.root):
            folder.change(title=title)

    def delete(self, folder: RunFolder) -> None:
        """Moves a run aside; `restore` brings it back. What was deleted longer ago than `keeps_deleted` goes for good."""
        self._check_own(folder)
        self.tidy()
        trash = self.root / ".trash"
        with files.told(self.root):
            trash.mkdir(exist_ok=True)
            shutil.rmtree(trash / folder.name, ignore_errors=True)
            folder.path.rename(trash / folder.name)
            os.utime(trash / folder.name)

    def tidy(self) -> None:
        """Lets go for good what was deleted longer ago than `keeps_deleted`."""
        for old in (self.root / ".trash").glob("*"):
            with contextlib.suppress(FileNotFoundError):  # brought back at this moment
                if time.time() - old.stat().st_mtime > self.keeps_deleted:
                    shutil.rmtree(old, ignore_errors=True)

    def _check_own(self, folder: RunFolder) -> None:
        if folder.path.parent == self.gallery:
            raise UserError("The gallery's models come with the project and stay as they are.")
        if folder.path.parent != self.root or not folder.path.exists():
            raise UserError(f"There is no run {folder.name!r} in the library any more.")

    def restore(self, name: str) -> RunFolder:
        """Undoes `delete`. A name that another run has taken meanwhile gets a number."""
        aside = self.root / ".trash" / name
        if not NAME.fullmatch(name) or not aside.exists():
            raise UserError("That run cannot be brought back: it is gone for good.")
        free = (f"{name[:58]}-{number}" for number in itertools.count(2))
        there = name if not (self.root / name).exists() else next(n for n in free if not (self.root / n).exists())
        with files.told(self.root):
            aside.rename(self.root / there)
        return RunFolder(self.root / there)

    # ---------------------------------------------------------------------------- what directions of a model are called

    def names(self, weights: str) -> dict[str, str]:
        """What a person called the directions of the model with these weights; empty where nothing was said or it cannot be read."""
        try:
            said = json.loads(self._names(weights).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return {str(key): one_line(str(name))[:24] for key, name in said.items()} if isinstance(said, dict) else {}

    def give_name(self, weights: str, direction: str, name: str) -> None:
        """Calls a direction something, or without a name what it was called at first; kept with the library, so also for a model
        of the gallery.

        Raises:
            UserError: the name is too long, or it cannot be written.
        """
        name = one_line(name)
        if len(name) > 24:
            raise UserError("A name of a direction has at most 24 characters.")
        named = {key: given for key, given in (self.names(weights) | {direction: name}).items() if given}
        with files.told(self.root):
            files.write(self._names(weights), json.dumps(named, indent=1))

    def _names(self, weights: str) -> Path:
        if not re.fullmatch("[0-9a-f]{1,64}", weights):
            raise UserError("This model has no weights yet. Train it first.")
        return self.root / ".names" / f"{weights}.json"


def open_folder(name: str, library: Library | None = None) -> RunFolder:
    """A run by its folder or by its name in the library."""
    with contextlib.suppress(OSError, RuntimeError):  # not what a path looks like
        path = Path(name).expanduser()
        if (path / "run.json").exists():
            return RunFolder(path)
    return (library or Library()).find(name)
