"""What the library knows of each run, read once a rerun; and how that is searched, filtered and put into order. Draws nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from dashboard import explorers, words
from dashboard.views import LibraryView
from selfsup_engine import storage, tags
from selfsup_engine.errors import UserError
from selfsup_engine.events import Status
from selfsup_engine.runs import Library, Run, RunFolder


@dataclass(frozen=True)
class Entry:
    """A run in the library."""

    folder: RunFolder
    run: Run
    status: Status
    title: str
    tags: tuple[str, ...]

    @property
    def key(self) -> str:
        return words.key(self.folder)

    @cached_property
    def can(self) -> list[str]:
        """The pages that show it."""
        able = [explorer.page for explorer in explorers.EXPLORERS if explorer.suits(self.run)]
        return able if able and self.folder.usable else []

    @property
    def standing(self) -> str:
        return words.standing(self.status.state)

    @cached_property
    def size(self) -> int:
        """Bytes on the disk."""
        return storage.size_of(self.folder)

    @property
    def steps(self) -> int:
        return self.run.result.steps if self.run.result else self.status.step

    @cached_property
    def text(self) -> str:
        """What a search looks through."""
        run = self.run
        said = (self.folder.name, self.title, run.source, run.preset, run.family, str(run.config.get("objective")))
        return " ".join([*said, *self.tags]).lower()


def read(folders: Iterable[RunFolder], library: Library) -> list[Entry]:
    """Entries in the order of their runs, without those that cannot be read."""
    found = []
    for folder in folders:
        try:
            run, status, title = folder.run, folder.status(), words.title(folder)
        except UserError:
            continue  # deleted or damaged a moment ago
        found.append(Entry(folder, run, status, title, tags.of(library, folder)))
    return found


def parts(field: str, between: str = ".") -> list[str]:
    """What a field of the view names."""
    return [part for part in field.split(between) if part]


def matches(entry: Entry, view: LibraryView) -> bool:
    """Every word of the search occurs in what the run is called, made of or tagged with; and it passes each filter that is set."""
    can, standings, wanted = parts(view.can), parts(view.state), parts(view.tag, ",")
    return (
        all(word in entry.text for word in view.q.lower().split())
        and (not can or not set(can).isdisjoint(entry.can))
        and (not standings or entry.standing in standings)
        and set(wanted) <= set(entry.tags)
    )


def ordered(entries: Sequence[Entry], view: LibraryView) -> list[Entry]:
    """In the order that is asked for; as they came where that is the newest first."""
    match view.sort:
        case "name":
            return sorted(entries, key=lambda entry: entry.title.casefold())
        case "size":
            return sorted(entries, key=lambda entry: -entry.size)
        case "steps":
            return sorted(entries, key=lambda entry: -entry.steps)
        case "score":
            return sorted(entries, key=_rank)
        case _:
            return list(entries)


def _rank(entry: Entry) -> tuple[int, float]:
    """Models that have the same score beside each other, the best first; at the end those that have none."""
    head, result = words.headline(entry.run), entry.run.result
    if head is None or result is None:
        return len(words.HEADLINES), 0.0
    score = result.scores[head.score]
    return words.HEADLINES.index(head), score if head.smaller else -score


def grouped(entries: Sequence[Entry], view: LibraryView) -> list[tuple[str, list[Entry]]]:
    """Entries under what they are sorted by, in words: one group without words, unless by a score, which each kind of model has its own."""
    if view.sort != "score":
        return [("", list(entries))]
    return [(_said(head), list(group)) for head, group in groupby(entries, lambda entry: words.headline(entry.run))]


def _said(head: words.Headline | None) -> str:
    if head is None:
        return "Not scored"
    name = words.SCORES[head.score][0]
    return f"{name[0].upper()}{name[1:]}: {'smaller' if head.smaller else 'larger'} is better"
