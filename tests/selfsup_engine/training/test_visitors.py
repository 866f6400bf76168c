"""What a visitor of a public host sees, may do, and loses in time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from selfsup_engine import archive, events, files, tags
from selfsup_engine.errors import UserError
from selfsup_engine.kept_directions import KeptDirections
from selfsup_engine.limits import Limits
from selfsup_engine.runs import Library, Run, RunFolder
from selfsup_engine.sources import info, own
from selfsup_engine.sources.base import Arrays, data_root
from selfsup_engine.training.line import Line, SharedLine
from selfsup_engine.training.visitors import GONE, TOKEN, VISITORS, VisitorLibrary, expire, folders, new_token

Make = Callable[..., Run]


def visitor(library: Library, token: str = "a" * 32, **limits: float) -> VisitorLibrary:
    return VisitorLibrary(library, token, Limits.model_validate(limits))


def pictures(count: int = 20, size: int = 28, seed: int = 0) -> Arrays:
    return Arrays.split(np.random.default_rng(seed).integers(0, 256, (count, 1, size, size), dtype=np.uint8))


@pytest.fixture(autouse=True)
def _own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SELFSUP_DATA", str(tmp_path / "data"))


def line_up(library: VisitorLibrary, *folders: RunFolder) -> None:
    names = [folder.path.relative_to(library.host.root).as_posix() for folder in folders]
    SharedLine(library.host.root).save(Line(waiting=names))


def test_two_visitors_and_the_host_do_not_see_each_others_runs(library: Library, make: Make) -> None:
    anna, ben = visitor(library), visitor(library, "b" * 32)
    mine, of_the_host = anna.create(make()), library.create(make())
    assert [folder.name for folder in anna.runs()] == [mine.name]
    assert ben.runs() == []
    assert [folder.name for folder in library.runs()] == [of_the_host.name]
    assert [folder.path for folder in folders(library)] == [mine.path]
    for other in (ben, library):
        with pytest.raises(UserError):
            other.find(mine.name)
        with pytest.raises(UserError):
            other.rename(mine, "Mine now")
        with pytest.raises(UserError):
            other.delete(mine)
    with pytest.raises(UserError, match="only in the browser that trained them"):
        anna.find(of_the_host.name)
    assert VisitorLibrary(library, "a" * 32, Limits()).find(mine.name).path == mine.path


def test_trash_tags_names_and_directions_are_a_visitors_own(library: Library, make: Make, trained: RunFolder) -> None:
    anna, ben = visitor(library), visitor(library, "b" * 32)
    gallery = RunFolder(trained.path.rename(library.gallery / "flat"))
    tags.give(anna, gallery, ["mine"])
    anna.give_name("ab12", "g0", "smile")
    assert (tags.of(anna, gallery), tags.of(ben, gallery)) == (("mine",), ())
    assert (anna.names("ab12"), ben.names("ab12")) == ({"g0": "smile"}, {})
    assert KeptDirections(anna.root, "ab12")._path != KeptDirections(ben.root, "ab12")._path
    thrown = anna.create(make())
    anna.delete(thrown)
    with pytest.raises(UserError):
        ben.restore(thrown.name)
    assert anna.restore(thrown.name).name == thrown.name


def test_nobody_guesses_a_token_a_run_or_a_set_and_the_disk_does_not_tell_the_token(
    library: Library, make: Make
) -> None:
    token = new_token()
    assert TOKEN.fullmatch(token)
    assert token != new_token()
    anna = visitor(library, token)
    run = make()
    first, second = anna.create(run), anna.create(run)
    assert len(first.name.rpartition("-")[2]) == 16
    assert first.name[:-16] == second.name[:-16]
    assert anna.find(first.name).path == first.path
    anna_set, ben_set, local = (own.keep(pictures(), "Mine", whose) for whose in (anna, visitor(library), None))
    assert len({anna_set, ben_set, local}) == 3
    assert not any(token in str(path) for path in library.root.rglob("*"))


def test_a_run_of_a_long_name_still_has_one_that_can_be_found(library: Library, make: Make) -> None:
    anna = visitor(library)
    folder = anna.create(make().model_copy(update={"source": "x" * 60, "preset": "y" * 60}))
    assert anna.find(folder.name).path == folder.path


def test_a_visitors_pictures_are_theirs_alone(library: Library, make: Make) -> None:
    anna, ben = visitor(library), visitor(library, "b" * 32)
    source = own.keep(pictures(), "Mine", anna)
    assert anna.admitted(source) == source
    assert ben.admitted(source) == GONE
    anna.check_training(make(source=source))
    with pytest.raises(UserError, match="not here, or not yours"):
        ben.check_training(make(source=source))
    with pytest.raises(UserError):
        info(GONE)


@pytest.mark.parametrize("source", ["npz:/etc/passwd", "folder:/etc", "patches:/etc", "upload:../x", "nowhere"])
def test_no_path_of_the_host_is_opened_for_a_visitor(library: Library, make: Make, source: str) -> None:
    assert visitor(library).admitted(source) == GONE
    assert library.admitted(source) == source
    with pytest.raises(UserError, match="not here, or not yours"):
        visitor(library).check_training(make().model_copy(update={"source": source}))


def test_a_model_that_is_brought_loses_pictures_that_are_not_the_visitors(library: Library, trained: RunFolder) -> None:
    trained.append(events.Finished(step=300, reason="done"))
    whole = archive.export(trained)
    anna = visitor(library)
    assert archive.take_in(whole, anna).run.source == "digits"
    trained.save(trained.run.model_copy(update={"source": "npz:/etc/passwd"}))
    assert archive.take_in(archive.export(trained), anna).run.source == GONE
    assert [run.path.parent for run in anna.runs()] == [anna.root] * 2
    few = visitor(library, runs=2)
    with pytest.raises(UserError, match="2 of your runs are kept, the most on this public host, so that"):
        archive.take_in(whole, few)


@pytest.mark.parametrize(
    ("limits", "changes", "said"),
    [
        ({"seconds": 10}, {"steps": None, "seconds": 11}, "for 10 s or .* at the most on this public host, so that everyone's"),
        ({"steps": 10}, {"steps": 11}, "or 10 steps at the most on this public host, so that"),
        ({"parameters": 1000}, {}, "1,000 is the most on this public host, because memory and disk"),
        ({"images": 50}, {"source": "shapes:count=60,channels=1,size=28"}, "50 is the most on this public host, because"),
        ({"image_side": 30}, {"source": "shapes:count=60,channels=1,size=32"}, "30 is the most on this public host, because"),
    ],
)  # fmt: skip
def test_each_limit_of_a_run_bites_and_says_why(
    library: Library, make: Make, limits: dict[str, float], changes: dict[str, object], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setenv("SELFSUP_PUBLIC", ",".join(f"{name}={value}" for name, value in limits.items()))
    run = make(**changes)
    with pytest.raises(UserError, match=said):
        visitor(library, **limits).check_training(run)
    monkeypatch.setenv("SELFSUP_PUBLIC", "1")
    visitor(library).check_training(run)
    monkeypatch.delenv("SELFSUP_PUBLIC")
    library.check_training(run)


def test_every_preset_fits_the_usual_limits() -> None:
    from selfsup_engine.models.spec import families
    from selfsup_engine.training.estimate import parameter_count

    sizes = [28, 32, 48, 64]
    fitted = [
        (family, config)
        for family, known in families().items()
        for preset in known.presets.values()
        for channels in (1, 3)
        for size in sizes
        if (config := preset.fitted(family, channels, size))
    ]
    assert len(fitted) > 20
    assert max(parameter_count(family, config) for family, config in fitted) <= Limits().parameters


def test_so_many_runs_train_or_wait_at_once(library: Library, make: Make) -> None:
    anna, ben = visitor(library), visitor(library, "b" * 32)
    line_up(anna, anna.create(make()), anna.create(make()))
    assert (anna.in_line(), ben.in_line()) == (2, 0)
    with pytest.raises(
        UserError, match=r"2 of your runs train or wait already, the most at once .* so that nobody fills"
    ):
        anna.check_training(make())
    assert anna.full().startswith("2 of your runs")
    ben.check_training(make())
    assert ben.full() == ""


def test_so_many_runs_and_bytes_are_kept(library: Library, make: Make) -> None:
    anna = visitor(library, runs=2, visitor_mb=1, disk_mb=2)
    anna.check_kept()
    folder = anna.create(make())
    files.write(folder.file("weights.safetensors"), bytes(600_000))
    anna.check_kept()
    with pytest.raises(
        UserError, match="You keep 0 MB here, and 1 MB is the most on this public host, so that the disk"
    ):
        own.keep(pictures(600), "Mine", anna)
    assert own.owned() == []
    files.write(folder.file("state.safetensors"), bytes(500_000))
    with pytest.raises(UserError, match="You keep 1 MB"):
        anna.check_kept()
    ben = visitor(library, "b" * 32, visitor_mb=1, disk_mb=1)
    with pytest.raises(UserError, match="All visitors together keep 1 MB, the most on this public host, because"):
        ben.check_kept()
    anna.create(make())
    with pytest.raises(UserError, match="2 of your runs are kept"):
        anna.check_kept()


def age(path: Path, hours: float) -> None:
    then = time.time() - hours * 3600
    for file in (path, *path.rglob("*")):
        os.utime(file, (then, then))


def test_what_a_visitor_no_longer_changes_goes_and_nothing_else(library: Library, make: Make) -> None:
    anna, ben = visitor(library), visitor(library, "b" * 32)
    old, waits, thrown, new, of_the_host = (
        place.create(make(source=source))
        for place, source in ((anna, "digits"), (anna, "digits"), (anna, "digits"), (ben, "digits"), (library, "digits"))
    )  # fmt: skip
    used, unused, local = (
        own.keep(pictures(seed=seed), "Mine", whose) for seed, whose in ((0, anna), (1, anna), (2, None))
    )
    waits.save(waits.run.model_copy(update={"source": used}))
    anna.delete(thrown)
    for place in (library.root, data_root()):
        age(place, 25)
    new.append(events.Queued())
    expire(library, 24, {f"{VISITORS}/{anna.owner}/{waits.name}"})
    assert [run.name for run in anna.runs()] == [waits.name]
    assert [run.name for run in ben.runs()] == [new.name]
    assert [run.name for run in library.runs()] == [of_the_host.name]
    assert not old.path.exists()
    with pytest.raises(UserError):
        anna.restore(thrown.name)
    assert [own.exists(source[7:]) for source in (used, unused, local)] == [True, False, True]
    for _ in range(2):  # the runs, and next time the folder, which has just changed
        age(library.root, 25)
        expire(library, 24, ())
    assert list((library.root / VISITORS).iterdir()) == []


def test_a_set_that_is_trained_on_is_in_use(library: Library, make: Make) -> None:
    anna = visitor(library)
    source = own.keep(pictures(), "Mine", anna)
    age(data_root(), 25)
    anna.check_training(make(source=source))
    expire(library, 24, ())
    assert anna.admitted(source) == source
