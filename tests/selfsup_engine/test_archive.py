"""What comes in from outside: the library takes a whole model or stays as it was."""

from __future__ import annotations

import errno
import io
import json
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load, save

from selfsup_engine import archive, events, snapshots
from selfsup_engine.archive import export, take_in
from selfsup_engine.errors import UserError
from selfsup_engine.exploring.latent import LatentSpace
from selfsup_engine.kept_directions import Kept, KeptDirections, name_and_vector, written
from selfsup_engine.runs import Library, Run, RunFolder
from tests.made import unzipped, zipped

Members = dict[str, bytes]


@pytest.fixture
def members(trained: RunFolder) -> Members:
    trained.append(events.Finished(step=300, reason="done"))
    return unzipped(export(trained))


@pytest.fixture
def other(tmp_path: Path) -> Library:
    return Library(tmp_path / "other", tmp_path / "gallery")


def refused(data: bytes, library: Library, match: str | None = None) -> None:
    library.root.mkdir(exist_ok=True)
    before = sorted(library.root.parent.rglob("*"))
    with pytest.raises(UserError, match=match):
        take_in(data, library)
    assert sorted(library.root.parent.rglob("*")) == before


def test_a_run_goes_out_and_comes_in(trained: RunFolder, members: Members, other: Library) -> None:
    taken = take_in(zipped(members), other)
    assert taken.path.parent == other.root
    assert [folder.name for folder in other.runs()] == [taken.name]
    assert taken.run == trained.run
    assert taken.history() == trained.history()
    assert taken.status().state == "done"
    assert {path.name for path in taken.path.iterdir()} >= {"run.json", "cover.png", "previews", "events.jsonl"}
    assert not taken.file("state.safetensors").exists()
    assert len(snapshots.stored(taken)) == snapshots.CARRIED < len(snapshots.stored(trained))
    mine, theirs = LatentSpace(trained), LatentSpace(taken)
    assert torch.equal(mine.exhibit.codes, theirs.exhibit.codes)
    assert mine.decode(mine.exhibit.codes[:5]).tobytes() == theirs.decode(mine.exhibit.codes[:5]).tobytes()
    again = take_in(zipped(members), other)
    assert again.name != taken.name
    assert sorted(path.name for path in other.root.iterdir()) == sorted([taken.name, again.name])


def test_nothing_unfinished_goes_out(library: Library, make: Callable[..., Run]) -> None:
    with pytest.raises(UserError, match="no finished model"):
        export(library.create(make()))


@pytest.mark.parametrize(
    "name",
    ["../evil.png", "/etc/evil", "previews/../../evil.png", "state.safetensors", "snapshots/1.safetensors", "a.py"],
)
def test_foreign_members_are_refused(members: Members, other: Library, name: str) -> None:
    refused(zipped(members | {name: b"x"}), other, "not a model of Selfsup")


@pytest.mark.parametrize("name", sorted(archive.NEEDED))
def test_missing_members_are_refused(members: Members, other: Library, name: str) -> None:
    del members[name]
    refused(zipped(members), other, "not a model of Selfsup")


def test_what_is_no_zip_is_refused(members: Members, other: Library) -> None:
    whole = zipped(members)
    cut = len(whole) // 3
    for data in (b"", b"PK", pickle.dumps([1]), whole[:-50], whole[:cut] + os.urandom(400) + whole[cut + 400 :]):
        refused(data, other)


@pytest.mark.parametrize(("number", "word"), [(errno.ENOSPC, "The disk is full"), (errno.EROFS, "cannot be written")])
def test_a_disk_that_takes_no_more_is_not_the_zips_fault(
    members: Members, other: Library, disk: Callable[[int], None], number: int, word: str
) -> None:
    other.root.mkdir()
    disk(number)
    with pytest.raises(UserError, match=word):
        take_in(zipped(members), other)
    disk(0)
    assert list(other.root.iterdir()) == []


def test_a_bomb_is_refused_unopened(members: Members, other: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_BYTES", 2_000_000)
    refused(zipped(members | {"previews/00000000-map.png": bytes(3_000_000)}), other, "more than 2 MB")
    monkeypatch.setattr(archive, "MAX_MEMBERS", 3)
    refused(zipped(members), other, "unpacks to more")


def test_sizes_that_lie_are_refused(members: Members, other: Library) -> None:
    data = zipped(members | {"previews/00000000-map.png": bytes(1000)})
    size = (1000).to_bytes(4, "little")
    refused(data.replace(size, (10).to_bytes(4, "little")), other)


def run_with(**changes: Any) -> Callable[[Members], Members]:
    return lambda members: {"run.json": json.dumps(json.loads(members["run.json"]) | changes).encode()}


def weights_with(**tensors: torch.Tensor) -> Callable[[Members], Members]:
    return lambda members: {"weights.safetensors": save(load(members["weights.safetensors"]) | tensors)}


def exhibit_with(**tensors: torch.Tensor) -> Callable[[Members], Members]:
    return lambda members: {"exhibit.safetensors": save(load(members["exhibit.safetensors"]) | tensors)}


def nan_weights(members: Members) -> Members:
    tensors = load(members["weights.safetensors"])
    return {"weights.safetensors": save({name: tensor * torch.nan for name, tensor in tensors.items()})}


def config_with(**changes: Any) -> Callable[[Members], Members]:
    return lambda members: run_with(config=json.loads(members["run.json"])["config"] | changes)(members)


def few_classes(members: Members) -> Members:
    return run_with(result=json.loads(members["run.json"])["result"] | {"classes": ["0", "1"]})(members)


def snapshot_with(**tensors: torch.Tensor) -> Callable[[Members], Members]:
    return lambda members: {STEP_0: save(load(members[STEP_0]) | tensors)}


STEP_0 = "snapshots/00000000.safetensors"
HOSTILE: dict[str, Callable[[Members], Members]] = {
    "no json": lambda members: {"run.json": b"{"},
    "another json": lambda members: {"run.json": b"[]"},
    "an unknown key": run_with(shell="rm"),
    "an unknown family": run_with(family="os"),
    "never finished": run_with(result=None),
    "a setting out of range": config_with(batch=-1),
    "a giant network": config_with(widths=[2048] * 8, size=64),
    "another code": config_with(code=9),
    "another size": config_with(size=32),
    "too few classes": few_classes,
    "pickled weights": lambda members: {"weights.safetensors": pickle.dumps({"a": 1})},
    "pickled exhibit": lambda members: {"exhibit.safetensors": pickle.dumps({"a": 1})},
    "a lying header": lambda members: {"weights.safetensors": (2**60).to_bytes(8, "little") + b"{}"},
    "more weights": weights_with(more=torch.zeros(3)),
    "weights that are no numbers": nan_weights,
    "other codes": exhibit_with(codes=torch.zeros(359, 5)),
    "fewer codes": exhibit_with(codes=torch.zeros(3, 2)),
    "codes that are no numbers": exhibit_with(codes=torch.full((359, 2), torch.nan)),
    "labels of no class": exhibit_with(labels=torch.full((359,), 77)),
    "a pickled snapshot": lambda members: {STEP_0: pickle.dumps({"a": 1})},
    "more in a snapshot": snapshot_with(more=torch.zeros(3)),
    "a snapshot of another network": lambda members: {STEP_0: members["exhibit.safetensors"]},
    "a snapshot of no numbers": lambda members: {
        STEP_0: save({name: tensor * torch.nan for name, tensor in load(members[STEP_0]).items()})
    },
    "a snapshot from beyond its end": lambda members: {"snapshots/00000999.safetensors": members[STEP_0]},
    "too many snapshots": lambda members: {f"snapshots/{step:08d}.safetensors": members[STEP_0] for step in range(9)},
    "no cover": lambda members: {"cover.png": b"#!/bin/sh"},
    "no preview": lambda members: {"previews/00000000-map.png": b"#!/bin/sh"},
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE.keys())
def test_whatever_does_not_fit_is_refused(
    members: Members, other: Library, change: Callable[[Members], Members]
) -> None:
    refused(zipped(members | change(members)), other)


@pytest.mark.parametrize("preset", ["../../../../evil", "x" * 3000])
def test_what_a_run_calls_itself_is_no_path(members: Members, other: Library, preset: str) -> None:
    taken = take_in(zipped(members | run_with(preset=preset)(members)), other)
    assert taken.path.resolve().parent == other.root.resolve()
    assert other.find(taken.name).usable


@pytest.mark.parametrize("history", [b"", b"junk\n", events.Queued(at=1.0).model_dump_json().encode() + b"\n"])
def test_a_history_without_an_end_is_left_out(members: Members, other: Library, history: bytes) -> None:
    taken = take_in(zipped(members | {"events.jsonl": history}), other)
    assert taken.status().state == "done"
    assert taken.history() == []
    del members["events.jsonl"]
    assert take_in(zipped(members), other).status().state == "done"


def kept_one(numbers: int) -> Kept:
    fields = name_and_vector("sleeves", torch.eye(numbers)[0].numpy())
    return Kept(**fields, effect=2, chance=0.1, share=1, sizes=(5, 5), groups=("l0", "l1"))  # type: ignore[arg-type]


def weights_of(folder: RunFolder) -> str:
    assert folder.run.result is not None
    return folder.run.result.weights


def test_directions_go_along_with_their_model(trained: RunFolder, library: Library, other: Library) -> None:
    KeptDirections(library.root, weights_of(trained)).keep(kept_one(2))
    taken = take_in(export(trained, library), other)
    assert KeptDirections(other.root, weights_of(trained)).all() == [kept_one(2)]
    assert not taken.file("directions.json").exists()
    again = export(taken, other)
    with zipfile.ZipFile(io.BytesIO(again)) as file:
        assert file.namelist().count("directions.json") == 1
    take_in(again, other)
    assert len(KeptDirections(other.root, weights_of(trained)).all()) == 1


@pytest.mark.parametrize(
    "directions",
    [b"", b"[{}]", b"{", written([kept_one(3)]), json.dumps([kept_one(2).model_dump() | {"name": "x" * 99}]).encode()],
    ids=["nothing", "no fields", "no json", "another size", "a long name"],
)
def test_directions_that_do_not_fit_are_refused_with_the_model(
    members: Members, other: Library, directions: bytes
) -> None:
    refused(zipped(members | {"directions.json": directions}), other, "directions")


def test_directions_are_only_taken_in_for_the_weights_that_they_come_with(members: Members, other: Library) -> None:
    """Else a file could add to what is kept of any model."""
    run = json.loads(members["run.json"])
    run["result"]["weights"] = "4bc80ffa8f42b2c2"
    lying = members | {"run.json": json.dumps(run).encode(), "directions.json": written([kept_one(2)])}
    refused(zipped(lying), other, "other weights")


def test_no_place_on_a_disk_travels_with_a_run(trained: RunFolder, library: Library) -> None:
    trained.save(trained.run.model_copy(update={"source": "folder:/srv/private/shoes"}))
    with zipfile.ZipFile(io.BytesIO(export(trained))) as file:
        members = {name: file.read(name) for name in file.namelist()}
    assert b"/srv" not in members["run.json"] and b"elsewhere:shoes" in members["run.json"]
    members["run.json"] = members["run.json"].replace(b"elsewhere:shoes", b"folder:/etc")  # by who means harm
    taken = take_in(zipped(members), library)
    assert taken.run.source == "elsewhere:etc"


def test_what_a_link_leads_to_is_not_passed_on(trained: RunFolder, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    trained.file("tags.json").symlink_to(secret)
    with zipfile.ZipFile(io.BytesIO(export(trained))) as file:
        assert "tags.json" not in file.namelist()
