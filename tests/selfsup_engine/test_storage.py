from __future__ import annotations

import os
import time
from collections.abc import Callable

import pytest

from selfsup_engine import events, storage
from selfsup_engine.errors import UserError
from selfsup_engine.runs import TRASH_DAYS, Library, Run

Make = Callable[..., Run]


def test_a_size_is_counted_again_once_anything_has_changed(library: Library, make: Make) -> None:
    folder = library.create(make())
    first = storage.size_of(folder)
    assert first == folder.bytes_used() == folder.file("run.json").stat().st_size
    folder.append(events.Queued())
    grown = storage.size_of(folder)
    assert grown == folder.bytes_used() > first
    for step in (0, 1):
        folder.picture(step, "map").parent.mkdir(exist_ok=True)
        folder.picture(step, "map").write_bytes(bytes(1000))
        assert storage.size_of(folder) == grown + 1000 * (step + 1)
    folder.picture(0, "map").unlink()
    assert storage.size_of(folder) == grown + 1000


def test_the_trash_says_what_can_come_back_and_for_how_long(library: Library, make: Make) -> None:
    assert storage.trash(library) == []
    first, second, old = (library.create(make(seed=seed)) for seed in range(3))
    sizes = {folder.name: folder.bytes_used() for folder in (first, second)}
    for folder in (old, first, second):
        library.delete(folder)
    now = time.time()
    os.utime(library.root / ".trash" / first.name, (now - 86_400, now - 86_400))
    os.utime(library.root / ".trash" / old.name, (0, 0))
    found = storage.trash(library)
    assert [deleted.folder.name for deleted in found] == [
        second.name,
        first.name,
    ]  # the latest first, the old one is gone
    assert {deleted.folder.name: deleted.size for deleted in found} == sizes
    assert found[1].left == pytest.approx((TRASH_DAYS - 1) * 86_400, abs=60)
    assert found[1].folder.run.seed == 0


def test_an_emptied_trash_gives_nothing_back(library: Library, make: Make) -> None:
    kept, gone = library.create(make()), library.create(make())
    library.delete(gone)
    storage.empty_trash(library)
    assert storage.trash(library) == []
    assert [folder.name for folder in library.runs()] == [kept.name]
    with pytest.raises(UserError, match="for good"):
        library.restore(gone.name)
    storage.empty_trash(library)  # nothing is there
