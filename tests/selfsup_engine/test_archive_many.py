"""Several runs in one file: each is taken in as a whole or refused with a reason, and none harms another."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from selfsup_engine import archive, events, tags
from selfsup_engine.archive import Outcome, export, export_many, take_in, take_in_many
from selfsup_engine.errors import UserError
from selfsup_engine.runs import Library, Run, RunFolder
from tests.made import unzipped, zipped

Members = dict[str, bytes]


@pytest.fixture
def members(trained: RunFolder, library: Library) -> Members:
    """The files of a finished and tagged run."""
    trained.append(events.Finished(step=300, reason="done"))
    tags.give(library, trained, ["talk", "boots"])
    return unzipped(export(trained))


@pytest.fixture
def other(tmp_path: Path) -> Library:
    return Library(tmp_path / "other", tmp_path / "gallery")


def inside(folder: str, members: Members) -> Members:
    return {f"{folder}/{name}": content for name, content in members.items()}


def taken(data: bytes, library: Library, name: str = "runs.zip") -> list[Outcome]:
    outcomes = list(take_in_many([(name, io.BytesIO(data))], library))
    assert sorted(path.name for path in library.root.iterdir()) == sorted(o.folder.name for o in outcomes if o.folder)
    return outcomes


def test_several_runs_go_out_in_one_file_and_come_in(
    trained: RunFolder, members: Members, library: Library, other: Library
) -> None:
    second = library.create(trained.run.model_copy(update={"title": "Second"}), library.root / f"{trained.name}-2")
    for name, content in members.items():
        if name != "run.json":
            second.file(name).parent.mkdir(exist_ok=True)
            second.file(name).write_bytes(content)
    shown = RunFolder(library.gallery / trained.name)  # called as one of the person's own
    shown.path.mkdir()
    for name in archive.NEEDED:
        shown.file(name).write_bytes(trained.file(name).read_bytes())
    file = io.BytesIO()
    export_many([trained, second, shown], file)
    with zipfile.ZipFile(file) as packed:
        folders = {name.partition("/")[0] for name in packed.namelist()}
    assert folders == {trained.name, second.name, f"{trained.name}-3"}
    outcomes = taken(file.getvalue(), other)
    assert {outcome.name for outcome in outcomes} == folders
    assert [outcome.why for outcome in outcomes] == ["", "", ""]
    by_name = {outcome.name: outcome.folder for outcome in outcomes}
    first, titled = by_name[trained.name], by_name[second.name]
    assert first and titled and first.run == trained.run and titled.run.title == "Second"
    assert tags.of(other, first) == ("talk", "boots")
    assert first.history() == trained.history()


def test_what_goes_out_is_as_large_as_was_said(trained: RunFolder, members: Members) -> None:
    assert archive.size_to_export(trained) == sum(map(len, members.values())) < trained.bytes_used()


def test_runs_without_a_model_and_too_many_runs_do_not_go_out(
    trained: RunFolder, library: Library, make: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match="no finished model"):
        export_many([trained, library.create(make())], io.BytesIO())
    monkeypatch.setattr(archive, "MAX_RUNS", 2)
    with pytest.raises(UserError, match="at most 2 runs"):
        export_many([trained] * 3, io.BytesIO())


def test_several_files_come_in_each_by_itself(members: Members, other: Library) -> None:
    files = {"a.zip": zipped(members), "b.zip": b"no zip", "c.zip": zipped(inside("x", members)), "d.zip": zipped({})}
    outcomes = list(take_in_many([(name, io.BytesIO(data)) for name, data in files.items()], other))
    assert [(outcome.name, bool(outcome.folder)) for outcome in outcomes] == [
        ("a.zip", True),
        ("b.zip", False),
        ("x", True),
        ("d.zip", False),
    ]
    assert "not a zip, or it is damaged" in outcomes[1].why
    assert "not a model of Selfsup" in outcomes[3].why
    assert len(other.runs()) == 2


def without(name: str) -> Callable[[Members], Members]:
    return lambda members: {kept: content for kept, content in members.items() if kept != name}


def with_file(name: str, content: bytes) -> Callable[[Members], Members]:
    return lambda members: members | {name: content}


HOSTILE: dict[str, Callable[[Members], Members]] = {
    "no weights": without("weights.safetensors"),
    "no run.json": without("run.json"),
    "damaged weights": with_file("weights.safetensors", b"junk"),
    "a foreign file": with_file("evil.py", b"import os"),
    "a way out": with_file("../../evil.png", b"x"),
    "a way out through previews": with_file("previews/../../evil.png", b"x"),
    "a run inside a run": with_file("more/run.json", b"{}"),
    "no picture": with_file("cover.png", b"#!/bin/sh"),
    "no tags": with_file("tags.json", b'{"a": 1}'),
    "too many tags": with_file("tags.json", str([f"t{i}" for i in range(9)]).replace("'", '"').encode()),
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_bad_run_is_refused_and_the_good_one_beside_it_is_taken(
    members: Members, other: Library, change: Callable[[Members], Members]
) -> None:
    outcomes = taken(zipped(inside("bad", change(members)) | inside("good", members)), other)
    assert {outcome.name: bool(outcome.folder) for outcome in outcomes} == {"bad": False, "good": True}
    assert all(bool(outcome.why) != bool(outcome.folder) for outcome in outcomes)


@pytest.mark.parametrize("folder", ["..", "/etc", "\\..\\x", "a b", "<b>", "x" * 500])
def test_what_a_folder_is_called_leads_nowhere(members: Members, other: Library, folder: str) -> None:
    other.root.mkdir()
    before = set(other.root.parent.rglob("*"))
    outcomes = taken(zipped(inside(folder, members)), other)
    new = set(other.root.parent.rglob("*")) - before
    homes = [outcome.folder.path for outcome in outcomes if outcome.folder]
    assert all(any(path.is_relative_to(home) for home in homes) for path in new)
    assert all(len(outcome.name) <= 80 for outcome in outcomes)


def test_files_beside_the_runs_are_refused_by_name(members: Members, other: Library) -> None:
    extra = {"notes.txt": b"x", "__MACOSX/._run.json": b"x", "empty/": b""}
    outcomes = taken(zipped(inside("good", members) | extra), other)
    assert {outcome.name: bool(outcome.folder) for outcome in outcomes} == {
        "good": True,
        "notes.txt": False,
        "__MACOSX": False,
    }


def test_a_folder_that_was_packed_by_hand_is_taken(members: Members, other: Library) -> None:
    folders = {"mine/": b"", "mine/previews/": b""}
    assert [bool(outcome.folder) for outcome in taken(zipped(folders | inside("mine", members)), other)] == [True]


def limits(monkeypatch: pytest.MonkeyPatch, **values: int) -> None:
    for name, value in values.items():
        monkeypatch.setattr(archive, name, value)


def test_limits_hold_for_a_run_and_for_all(members: Members, other: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    size = sum(map(len, members.values()))
    data = zipped(inside("a", members) | inside("b", members))
    large = zipped(inside("a", members | {"previews/00000000-map.png": bytes(3_000_000)}) | inside("b", members))
    with monkeypatch.context() as patch:
        limits(patch, MAX_BYTES=size + 1_000_000)
        assert [bool(outcome.folder) for outcome in taken(large, other)] == [False, True]
    other = Library(other.root.parent / "second", other.gallery)
    for values in ({"MAX_BYTES_IN_ALL": 2 * size - 1}, {"MAX_RUNS": 1}, {"MAX_LIST": 100}):
        with monkeypatch.context() as patch:
            limits(patch, **values)
            (outcome,) = taken(data, other)
            assert outcome.folder is None and outcome.name == "runs.zip"
    with monkeypatch.context() as patch:
        limits(patch, MAX_MEMBERS=len(members) - 1)
        assert [bool(outcome.folder) for outcome in taken(data, other)] == [False, False]
    with monkeypatch.context() as patch:
        patch.setattr(archive.shutil, "disk_usage", lambda path: SimpleNamespace(free=1_000))
        assert "Free some space" in taken(data, other)[0].why


def test_nothing_is_opened_of_what_is_too_much(
    members: Members, other: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened(*about: Any, **more: Any) -> None:
        raise AssertionError("a file of it was opened")

    data = zipped(inside("a", members))
    monkeypatch.setattr(zipfile.ZipFile, "open", opened)
    monkeypatch.setattr(archive, "MAX_BYTES_IN_ALL", 1_000)
    assert "unpacks to more" in taken(data, other)[0].why


def test_a_lie_about_a_size_is_refused_for_its_run_alone(members: Members, other: Library) -> None:
    data = zipped(inside("a", members | {"previews/00000000-map.png": bytes(1000)}) | inside("b", members))
    lying = data.replace((1000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    assert lying != data
    assert [bool(outcome.folder) for outcome in taken(lying, other)] == [False, True]


def test_damage_in_one_run_spares_the_next(members: Members, other: Library) -> None:
    data = zipped(inside("a", members) | inside("b", members))
    middle = data.index(b"a/weights.safetensors") + 2_000
    damaged = data[:middle] + os.urandom(400) + data[middle + 400 :]
    assert [bool(outcome.folder) for outcome in taken(damaged, other)] == [False, True]


def test_one_run_is_still_taken_as_one(members: Members, other: Library) -> None:
    folder = take_in(zipped(members), other)
    assert tags.of(other, folder) == ("talk", "boots")
    with pytest.raises(UserError, match="not a model of Selfsup"):
        take_in(zipped(inside("a", members)), other)
