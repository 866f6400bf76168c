"""Entrances of models: a run's zip, saved weights and test images, and a library's folder that somebody else wrote."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from pathlib import Path
from random import Random

from dashboard import words
from selfsup_engine import archive, exhibit, snapshots, tags
from selfsup_engine.errors import UserError
from selfsup_engine.exploring.timeline import Timeline
from selfsup_engine.kept_directions import KeptDirections
from selfsup_engine.models.saved import fits, load_model, read_tensors
from selfsup_engine.runs import Library, RunFolder
from selfsup_engine.sources import own, store
from selfsup_engine.training.jobs import Jobs
from selfsup_engine.training.line import SharedLine
from selfsup_engine.training.loop import train
from tests.conftest import build_run
from tests.fuzzing import mutations
from tests.fuzzing.harness import Case

HOSTILE = b"outside"


def trained(place: Path) -> tuple[Library, RunFolder]:
    """A finished run in a library, with snapshots, tags and a direction."""
    library = Library(place / "library", place / "gallery")
    folder = library.create(build_run(steps=20, source="shapes:size=28,channels=1,count=60"))
    for event in train(folder):
        folder.append(event)
    tags.give(library, folder, ["one", "two"])
    return library, folder


def zips(place: Path) -> Case:
    """A run's file, as the library's page takes it in."""
    _library, folder = trained(place)
    members = [(name, path.read_bytes()) for path, name in archive._kept(folder)]
    about = json.loads(dict(members)["run.json"])
    target = Library(place / "other", place / "gallery")
    before = {path.name for path in place.iterdir()} | {"other"}

    def case(random: Random) -> None:
        spoiled = list(members)
        if random.random() < 0.8:
            at = random.randrange(len(spoiled))
            name, content = spoiled[at]
            if name == "run.json":
                spoiled[at] = name, mutations.json_text(random, about)
            elif name.endswith(".safetensors"):
                spoiled[at] = name, mutations.tensors(random, content)
            else:
                spoiled[at] = name, mutations.data(random, content)
        prefix = random.choice(("", "", "a/", "../", "/etc/", "\0/"))
        made = mutations.zipped(random, [(prefix + name, content) for name, content in spoiled])
        for outcome in archive.take_in_many([(mutations.text(random, "run.zip"), io.BytesIO(made))], target):
            if outcome.folder is not None:
                assert outcome.folder.path.parent == target.root
                _look(target, outcome.folder)
                archive.export(outcome.folder, target)
                shutil.rmtree(outcome.folder.path)
        assert {path.name for path in place.iterdir()} <= before, "something was written beside the library"
        assert not [path for path in target.root.iterdir() if not path.name.startswith(".")], "half of a run was left"

    return case


def weights(place: Path) -> Case:
    """Weights, test images, a stored set and the state of a run, each as a file whose header lies."""
    _, folder = trained(place)
    names = list(folder.path.rglob("*.safetensors"))
    files = {path: path.read_bytes() for path in names}
    uploads = own.data_root() / "uploads"
    identity = own.keep(store_of(folder), "Mine").partition(":")[2]
    upload = (uploads / f"{identity}.safetensors").read_bytes()

    def case(random: Random) -> None:
        path = random.choice(names)
        spoiled = mutations.tensors(random, files[path])
        path.write_bytes(spoiled)
        (uploads / f"{identity}.safetensors").write_bytes(mutations.tensors(random, upload))
        try:
            for look in (
                lambda: load_model(folder),
                lambda: exhibit.read(folder.path),
                lambda: exhibit.read_codes(folder.path),
                lambda: read_tensors(path),
                lambda: fits(path, load_model(folder)),
                lambda: own.info(identity),
                lambda: own.load(identity),
                lambda: Timeline(folder).look(),
            ):
                with contextlib.suppress(UserError):
                    look()
        finally:
            path.write_bytes(files[path])

    return case


def store_of(folder: RunFolder) -> store.Arrays:
    """The test images of a run as a set."""
    pixels = exhibit.read(folder.path).images.numpy()
    return store.Arrays.split(pixels)


def libraries(place: Path) -> Case:
    """All that lies in a library beside the weights: run.json, events, tags, names, directions, the line, who works, and what is in the way."""
    library, folder = trained(place)
    outside = place / "outside"
    outside.mkdir()
    result = folder.run.result
    assert result is not None
    texts: dict[Path, bytes] = {
        folder.file("run.json"): folder.file("run.json").read_bytes(),
        folder.file("events.jsonl"): folder.file("events.jsonl").read_bytes(),
        folder.file("tags.json"): b'["a", "b"]',
        folder.file("worker"): b"1234:5",
        folder.file("control"): b"pause",
        library.root / ".line.json": json.dumps({"training": folder.name, "waiting": [folder.name]}).encode(),
        library.root / ".names" / f"{result.weights}.json": b'{"a0": "smile"}',
        library.root / ".directions" / f"{result.weights}.json": b"[]",
    }
    for path, content in texts.items():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)

    def case(random: Random) -> None:
        path = random.choice(list(texts))
        if path.name == "events.jsonl":
            lines = texts[path].splitlines()
            at = random.randrange(len(lines))
            lines[at] = mutations.json_text(random, json.loads(lines[at]))
            path.write_bytes(
                mutations.data(random, b"\n".join(lines)) if random.random() < 0.2 else b"\n".join([*lines, b""])
            )
        elif path.suffix == ".json":
            path.write_bytes(mutations.json_text(random, json.loads(texts[path])))
        else:
            path.write_bytes(
                mutations.data(random, texts[path])
                if random.random() < 0.5
                else mutations.text(random).encode(errors="replace")
            )
        name = mutations.text(random, folder.name)
        try:
            _look(library, folder)
            for ask in (library.find, library.restore):
                with contextlib.suppress(UserError):
                    ask(name)
            jobs = Jobs(library, _NoLauncher())  # type: ignore[arg-type]
            jobs.active()
            jobs.position(folder)
            try:
                jobs.tick()
            finally:
                jobs.close()
        finally:
            path.write_bytes(texts[path])
            folder.file("events.jsonl").write_bytes(texts[folder.file("events.jsonl")])
        assert not list(outside.iterdir())

    return case


class _NoLauncher:
    """Starts nothing; says what it was asked to start."""

    def warm(self) -> None: ...

    def close(self) -> None: ...

    def start(self, folder: Path) -> str:
        assert folder.parent.name == "library", folder
        return "none"

    def alive(self, handle: str) -> bool:
        return False

    def end(self, handle: str) -> str:
        return "ended"


def _look(library: Library, folder: RunFolder) -> None:
    """What the pages ask of a library before a model is opened."""
    for one in library.runs():
        words.title(one)
        words.one_line(one)
        words.standing(one.status().state)
        one.history()
        tags.of(library, one)
        one.bytes_used()
        snapshots.carried(one)
        if one.run.result:
            words.headline(one.run)
            library.names(one.run.result.weights)
            KeptDirections(library.root, one.run.result.weights).all()
    SharedLine(library.root).read()
    with contextlib.suppress(UserError):
        Timeline(folder).refresh()
