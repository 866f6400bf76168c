"""A few short words by which a person finds runs again: tags.json beside run.json, a list of texts, which travels with the run.

A model of the gallery is read only, so what a person tags it with lies in the library, below `.tags`. Torch is not needed here.
"""

import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from selfsup_engine import files
from selfsup_engine.errors import UserError
from selfsup_engine.runs import Library, RunFolder

FILE = "tags.json"
MOST = 8  # tags of a run
LONGEST = 24  # characters of a tag


def normal(words: Iterable[str]) -> tuple[str, ...]:
    """Tags as they are kept: small letters, single spaces, each once, in the order given; a comma parts two of them.

    Raises:
        UserError: there are more than MOST, or one is longer than LONGEST characters or holds what cannot be seen.
    """
    tags: dict[str, None] = {}
    for word in ",".join(words).split(","):
        tag = " ".join(unicodedata.normalize("NFKC", word).lower().split()).lstrip("# ")
        if len(tag) > LONGEST:
            raise UserError(f"A tag has at most {LONGEST} characters. “{tag[:LONGEST]}…” has {len(tag)}.")
        if not tag.isprintable():
            raise UserError("A tag is made of letters, digits and signs that can be seen.")
        if tag:
            tags[tag] = None
    if len(tags) > MOST:
        raise UserError(f"A run has at most {MOST} tags. These are {len(tags)}.")
    return tuple(tags)


def read(path: Path) -> tuple[str, ...]:
    """The tags in a file; none where there is no file.

    Raises:
        UserError: it is not a list of tags.
    """
    try:
        said = json.loads(path.read_bytes())
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path.parent.name}: its tags cannot be read.") from error
    if not isinstance(said, list) or not all(isinstance(word, str) for word in said):
        raise UserError(f"{path.parent.name}: its tags are no list of words.")
    return normal(said)


def of(library: Library, folder: RunFolder) -> tuple[str, ...]:
    """What a run is tagged with; nothing where its file cannot be read."""
    try:
        return read(_place(library, folder))
    except UserError:
        return ()


def give(library: Library, folder: RunFolder, words: Iterable[str]) -> tuple[str, ...]:
    """Tags a run with just these; gives them as they are kept.

    Raises:
        UserError: they do not fit (see `normal`), the run is gone, or they cannot be written.
    """
    tags = normal(words)
    if not folder.file("run.json").exists():
        raise UserError(f"There is no run {folder.name!r} in the library any more.")
    try:
        files.write(_place(library, folder), json.dumps(tags, ensure_ascii=False) + "\n")
    except OSError as error:
        raise UserError(f"The tags cannot be kept ({error.strerror}). Free some space, or set SELFSUP_RUNS.") from error
    return tags


def in_use(tags: Iterable[Sequence[str]]) -> list[str]:
    """All tags of some runs, given the tags of each: the most frequent first, then by the alphabet."""
    times = Counter(tag for found in tags for tag in found)
    return sorted(times, key=lambda tag: (-times[tag], tag))


def _place(library: Library, folder: RunFolder) -> Path:
    if folder.path.parent == library.gallery:
        return library.root / ".tags" / folder.name / FILE
    return folder.file(FILE)
