from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from selfsup_engine import events
from selfsup_engine.errors import UserError
from selfsup_engine.runs import NAME, TRASH_DAYS, Budget, Library, Run, RunFolder, open_folder, runs_root

Make = Callable[..., Run]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"steps": 5, "seconds": 5},
        {"steps": 0},
        {"steps": 10**9},
        {"seconds": 0},
        {"seconds": -1},
        {"seconds": float("nan")},
        {"seconds": float("inf")},
        {"hours": 1},
    ],
)
def test_a_budget_is_steps_or_seconds_in_range(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Budget(**given)


def test_progress_is_the_spent_share() -> None:
    assert Budget(steps=200).progress(50, 1e9) == 0.25
    assert Budget(seconds=20).progress(10**9, 5) == 0.25
    assert Budget(steps=200).progress(300, 0) == 1
    assert (str(Budget(steps=200)), str(Budget(seconds=0.5))) == ("200 steps", "0.5 s")


def test_a_run_is_the_same_after_the_disk(library: Library, make: Make) -> None:
    run = make(seed=3)
    folder = library.create(run)
    assert folder.run == run
    assert library.find(folder.name).run == run
    assert not folder.usable
    assert folder.status().state == "paused"  # nobody has begun
    assert folder.bytes_used() == folder.file("run.json").stat().st_size


@pytest.mark.parametrize(
    "change", [{"surprise": 1}, {"seed": -1}, {"title": "x" * 81}, {"created": datetime(2024, 1, 1)}]
)
def test_a_run_out_of_range_is_refused(make: Make, change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Run.model_validate(make().model_dump() | change)


@pytest.mark.parametrize(
    "change",
    [
        {"source": "npz:/home/me/../../x.npz"},
        {"preset": "../../../evil"},
        {"preset": "/etc", "source": "../up"},
        {"preset": "x" * 500, "source": "Ä" * 900},
        {"preset": "", "source": ""},
    ],
)
def test_a_folders_name_is_safe_whatever_the_run_says(library: Library, make: Make, change: dict[str, Any]) -> None:
    run = make().model_copy(update=change)
    names = [library.create(run).name for _ in range(3)]
    assert len(set(names)) == 3
    for name in names:
        assert NAME.fullmatch(name)
        assert library.find(name).path.parent == library.root
    assert {path.name for path in library.root.parent.iterdir()} == {"runs", "gallery"}


@pytest.mark.parametrize("name", ["", "..", "../runs/{}", ".trash", "/etc", "{}/", "{}/../{}", "{}\n", "nothing"])
def test_find_takes_names_and_nothing_else(library: Library, make: Make, name: str) -> None:
    folder = library.create(make())
    with pytest.raises(UserError, match="There is no run"):
        library.find(name.replace("{}", folder.name))


def test_the_newest_run_comes_first(library: Library, make: Make) -> None:
    now = datetime.now(UTC)
    made = [library.create(make().model_copy(update={"created": now - timedelta(hours=h)})) for h in (2, 0, 1)]
    assert [folder.name for folder in library.runs()] == [made[i].name for i in (1, 2, 0)]
    library.rename(made[0], "touched")
    assert library.runs()[0].name == made[1].name


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"family": "autoencoder"}', b"\xff\xfe"])
def test_a_damaged_run_is_passed_over_and_says_so_when_asked(library: Library, make: Make, content: bytes) -> None:
    good, bad = library.create(make()), library.create(make())
    bad.file("run.json").write_bytes(content)
    (library.gallery / "broken").mkdir()
    (library.gallery / "broken" / "run.json").write_bytes(content)
    assert [folder.name for folder in library.runs()] == [good.name]
    assert library.shown() == []
    with pytest.raises(UserError, match="cannot be read"):
        assert bad.run
    library.delete(bad)  # can be cleared away all the same


def test_a_library_that_is_not_there_yet_is_empty(tmp_path: Path) -> None:
    assert Library(tmp_path / "none", tmp_path / "none").runs() == []
    assert Library(tmp_path / "none", tmp_path / "none").shown() == []


def test_a_run_is_renamed_and_its_link_stays(library: Library, make: Make) -> None:
    folder = library.create(make())
    library.rename(folder, "  My \n digits ")
    assert folder.run.title == "My digits"
    assert library.find(folder.name).run.title == "My digits"
    for title in ("", "  ", "x" * 81):
        with pytest.raises(UserError, match="1 to 80"):
            library.rename(folder, title)


def test_what_was_deleted_can_be_brought_back(library: Library, make: Make) -> None:
    folder = library.create(make())
    run = folder.run
    library.delete(folder)
    assert library.runs() == []
    with pytest.raises(UserError, match="There is no run"):
        library.find(folder.name)
    with pytest.raises(UserError, match="any more"):
        library.delete(folder)
    assert library.restore(folder.name).run == run
    with pytest.raises(UserError, match="cannot be brought back"):
        library.restore(folder.name)
    for name in ("../gallery", "", "nothing"):
        with pytest.raises(UserError, match="cannot be brought back"):
            library.restore(name)


def test_a_deleted_run_comes_back_beside_one_that_took_its_name(library: Library, make: Make) -> None:
    folder = library.create(make(seed=1))
    library.delete(folder)
    library.create(make(seed=2), library.root / folder.name)
    back = library.restore(folder.name)
    assert back.name == f"{folder.name[:58]}-2"
    assert (back.run.seed, folder.run.seed) == (1, 2)


def test_what_was_deleted_long_ago_goes_for_good(library: Library, make: Make) -> None:
    old, recent = library.create(make()), library.create(make())
    library.delete(old)
    long_ago = time.time() - (TRASH_DAYS + 1) * 86_400
    os.utime(library.root / ".trash" / old.name, (long_ago, long_ago))
    library.delete(recent)
    assert [path.name for path in (library.root / ".trash").iterdir()] == [recent.name]


def test_the_gallery_is_read_only(library: Library, make: Make) -> None:
    shown = RunFolder(library.gallery / "digits")
    shown.save(make())
    for name in ("weights.safetensors", "exhibit.safetensors"):
        shown.file(name).touch()
    before = shown.file("run.json").read_bytes()
    assert [folder.name for folder in library.shown()] == ["digits"]
    with pytest.raises(UserError, match="gallery"):
        library.delete(shown)
    with pytest.raises(UserError, match="gallery"):
        library.rename(shown, "mine")
    assert shown.file("run.json").read_bytes() == before
    assert library.find("digits").path == shown.path
    assert shown.status().state == "done"


def test_a_folder_that_holds_a_run_takes_no_other(library: Library, make: Make, tmp_path: Path) -> None:
    library.create(make(), tmp_path / "mine")
    with pytest.raises(UserError, match="already holds a run"):
        library.create(make(), tmp_path / "mine")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="cannot be written"):
        library.create(make(), tmp_path / "file" / "run")


def test_a_run_is_opened_by_folder_or_by_name(library: Library, make: Make) -> None:
    folder = library.create(make())
    assert open_folder(str(folder.path)).path == folder.path
    assert open_folder(folder.name, library).path == folder.path
    for name in ("nothing", "x" * 5000, "~nobody-of-that-name/run"):
        with pytest.raises(UserError, match="There is no run"):
            open_folder(name, library)


def test_where_runs_go_can_be_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SELFSUP_RUNS", str(tmp_path))
    assert runs_root() == tmp_path
    monkeypatch.setenv("SELFSUP_RUNS", "")
    assert runs_root().parts[-2:] == ("checkpoints", "runs")


def test_what_can_go_on(library: Library, trained: RunFolder, make: Make) -> None:
    folder = library.create(make())
    folder.append(events.Failed(reason="x"))
    assert folder.resumable  # from the start
    trained.append(events.Finished(step=300, reason="done"))
    assert not trained.resumable
    trained.append(events.Finished(step=300, reason="stopped"))
    assert trained.resumable
    trained.file("state.safetensors").unlink()
    assert not trained.resumable


def test_directions_can_be_called_something_and_stay_called_so(library: Library) -> None:
    assert library.names("0123abcd") == {}
    library.give_name("0123abcd", "g0", "  longer   sleeves ")
    library.give_name("0123abcd", "s3", "boots")
    assert Library(library.root).names("0123abcd") == {"g0": "longer sleeves", "s3": "boots"}
    assert library.names("ffff") == {} and library.runs() == []
    library.give_name("0123abcd", "s3", " ")  # as it was called at first
    assert library.names("0123abcd") == {"g0": "longer sleeves"}
    (library.root / ".names" / "0123abcd.json").write_text("[broken")
    assert library.names("0123abcd") == {}


@pytest.mark.parametrize(("weights", "name"), [("0123", "x" * 25), ("../etc", "boots"), ("", "boots")])
def test_a_name_that_does_not_fit_is_refused(library: Library, weights: str, name: str) -> None:
    with pytest.raises(UserError):
        library.give_name(weights, "g0", name)
    assert not (library.root / ".names").exists()


def test_a_run_with_a_link_in_it_is_in_no_list(library: Library, make: Callable[..., Run], tmp_path: Path) -> None:
    good, linked = library.create(make()), library.create(make(seed=1))
    (tmp_path / "secret.png").write_bytes(b"secret")
    linked.file("cover.png").symlink_to(tmp_path / "secret.png")
    (library.root / "whole").symlink_to(good.path)
    assert [folder.name for folder in library.runs()] == [good.name]
    for name in (linked.name, "whole"):
        with pytest.raises(UserError, match="There is no run"):
            library.find(name)
