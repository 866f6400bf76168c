"""Every command, and every mistake that a person can make with one."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from selfsup_engine import cli, device, events, readiness
from selfsup_engine.host import Memory
from selfsup_engine.images import encode as to_png
from selfsup_engine.readiness import Check
from selfsup_engine.runs import Library, Run, RunFolder
from selfsup_engine.training import estimate
from selfsup_engine.training.worker import CONTROL, claimed

SMALL = ["--set", "widths=[16]", "--set", "batch=64"]


@pytest.fixture(autouse=True)
def _at_home(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SELFSUP_RUNS", str(library.root))
    monkeypatch.setattr(cli, "Library", lambda: library)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    path.write_bytes(to_png(np.full((40, 30, 3), 90, np.uint8)))
    return path


def call(*words: str) -> Result:
    before = signal.getsignal(signal.SIGINT)
    try:
        return CliRunner().invoke(cli.main, list(words))
    finally:
        signal.signal(signal.SIGINT, before)


def answer(*words: str) -> dict[str, Any]:
    """What a command prints with --json, and nothing else."""
    result = call(*words, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def mistake(*words: str) -> str:
    """The one line that says what is wrong."""
    result = call(*words)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert isinstance(result.exception, SystemExit)
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("Error: ")
    return last


def test_train_runs_resume_evaluate(tmp_path: Path) -> None:
    made = answer("train", "autoencoder", "--data", "digits", "--steps", "9", "--seed", "3", *SMALL, "--title", "Nine")
    assert made["steps"] == 9
    assert made["scores"]["mse"] > 0
    folder = RunFolder(Path(made["run"]))
    assert (folder.run.title, folder.run.seed, folder.run.config["widths"]) == ("Nine", 3, [16])
    assert folder.status().state == "done"
    (row,) = answer("runs")["runs"]
    assert (row["name"], row["state"], row["source"]) == (folder.name, "done", "digits")
    assert folder.name in call("runs").stdout
    assert answer("evaluate", folder.name)["mse"] == pytest.approx(made["scores"]["mse"])
    assert answer("evaluate", str(folder.path), "--data", "shapes:size=28,count=60")["data"].startswith("shapes")
    assert "psnr" in call("evaluate", folder.name).stdout
    assert "cannot go on" in mistake("resume", folder.name)

    there = tmp_path / "there"
    said = call("train", "autoencoder", "--data", "digits", "--seconds", "0.2", "--out", str(there), *SMALL)
    assert said.exit_code == 0
    assert str(there) in said.stdout
    assert RunFolder(there).usable
    assert "already holds a run" in mistake("train", "autoencoder", "--data", "digits", "--out", str(there))


def test_resume_goes_on_where_a_run_was_left(library: Library, make: Callable[..., Run]) -> None:
    folder = library.create(make(steps=30))
    folder.append(events.Paused(step=0))
    folder.file(CONTROL).write_text("pause")  # a wish from before
    assert answer("resume", folder.name)["steps"] == 30
    assert folder.status().state == "done"


@pytest.mark.slow
def test_a_run_that_another_process_trains_is_left_to_it(library: Library, make: Callable[..., Run]) -> None:
    folder = library.create(make(steps=30))
    folder.append(events.Queued())
    with claimed(folder):
        assert "already, by another process" in mistake("resume", folder.name)
    assert answer("resume", folder.name)["steps"] == 30


def test_an_interrupted_download_is_a_pause(
    library: Library, make: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    from selfsup_engine.training import loop

    monkeypatch.setattr(loop, "load_images", lambda *_: iter(["stop"]))
    folder = library.create(make())
    assert answer("resume", folder.name)["state"] == "paused"
    assert "resume goes on" in call("resume", folder.name).stdout


def test_a_run_that_fails_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    from selfsup_engine.training import loop

    def broken(*_: object) -> None:
        raise KeyError("surprise")

    monkeypatch.setattr(loop, "load_images", broken)
    assert "Training broke off" in mistake("train", "autoencoder", "--data", "digits", "--steps", "5", *SMALL)


def test_fields_tells_every_setting() -> None:
    found = answer("fields", "autoencoder")
    assert found["fields"]["batch"]["minimum"] == 8
    assert found["presets"]["reference"]["widths"] == [128, 64, 32, 16, 8, 4]
    lines = call("fields", "autoencoder").stdout
    assert all(name in lines for name in [*found["fields"], *found["presets"]])


@pytest.mark.parametrize(("suffix", "kind"), [(".png", "PNG"), (".jpg", "JPEG"), (".JPEG", "JPEG"), (".webp", "WEBP")])
def test_encode_then_decode(trained: RunFolder, picture: Path, tmp_path: Path, suffix: str, kind: str) -> None:
    code = answer("encode", trained.name, str(picture))
    assert len(code["z"]) == 2
    assert 0 <= code["trust"] <= 1
    words = call("encode", trained.name, str(picture)).stdout.strip()
    assert [float(word) for word in words.split(",")] == pytest.approx(code["z"], rel=1e-4)
    target = tmp_path / "new" / f"drawn{suffix}"
    drawn = answer("decode", trained.name, f"--z={words}", "-o", str(target))
    assert drawn == {"file": str(target), "size": [28, 28, 1]}
    with Image.open(target) as image:
        assert (image.format, image.size) == (kind, (28, 28))


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """The usual training is measured by one step."""
    monkeypatch.setattr(estimate, "MEASURED_SECONDS", 0.0)
    monkeypatch.setattr(estimate, "STEPS", 1)


@pytest.mark.usefixtures("brief")
def test_doctor_says_what_works() -> None:
    facts = answer("doctor")
    assert facts["digits"] == "built in"
    assert facts["mnist"].startswith("downloads")
    assert facts["usual training"].startswith("30 s: ")
    assert facts["runs in order"] == facts["data in order"] == "yes"
    assert "not there" in facts["gallery in order"]
    assert facts["torch"] in call("doctor").stdout
    assert cli.installed("no-such-package") == "not installed"


@pytest.mark.usefixtures("brief")
@pytest.mark.parametrize(("needed", "code"), [(True, 1), (False, 0)])
def test_doctor_ends_with_1_where_something_needed_is_amiss(
    monkeypatch: pytest.MonkeyPatch, needed: bool, code: int
) -> None:
    monkeypatch.setattr(readiness, "checks", lambda *about: [Check("disk", "It is full.", needed)])
    assert call("doctor", "--check").exit_code == code
    assert answer("doctor")["disk in order"] == "It is full."


@pytest.mark.usefixtures("brief")
def test_doctor_says_so_where_not_even_the_usual_training_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "memory", lambda: Memory(10**8, 10**8))
    assert "Take narrower layers" in answer("doctor")["usual training"]


def test_an_empty_library_says_how_to_fill_it() -> None:
    assert answer("runs") == {"runs": []}
    assert "Train one" in call("runs").stdout


TRAIN = ("train", "autoencoder", "--data", "digits")


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("train", "oracle", "--data", "digits"), "There are: autoencoder"),
        ((*TRAIN, "--preset", "best"), "There are: mlp"),
        (("train", "autoencoder", "--data", "mnits"), "Did you mean mnist?"),
        (("train", "autoencoder"), "--data"),
        ((*TRAIN, "--set", "colour=3"), "colour is not a setting"),
        ((*TRAIN, "--set", "batch=1"), "Batch size (batch) must be at least 8"),
        ((*TRAIN, "--set", "batch=NaN"), "Batch size (batch) takes numbers that are finite"),
        ((*TRAIN, "--set", "sigma=NaN"), "(sigma) "),
        ((*TRAIN, "--set", "widths=wide"), "(widths): "),
        ((*TRAIN, "--set", "channels=2"), "channels is 1 (grey) or 3 (colour)"),
        ((*TRAIN, "--set", "batch"), "field=value"),
        ((*TRAIN, "--steps", "5", "--seconds", "5"), "cannot be trained: give steps or seconds, one of the two"),
        ((*TRAIN, "--steps", "0"), "steps must be at least 1"),
        ((*TRAIN, "--seconds", "-1"), "seconds must be above 0"),
        ((*TRAIN, "--seconds", "nan"), "seconds"),
        ((*TRAIN, "--steps", "many"), "'many' is not a valid integer"),
        ((*TRAIN, "--seed", "-1"), "seed must be at least 0"),
        ((*TRAIN, "--title", "x" * 81), "title: "),
        ((*TRAIN, "--steps", "1", "--out", "/dev/null/run"), "cannot be written"),
        (("train", "autoencoder", "--data", "folder:/nowhere/at/all"), "There is no folder"),
        (("resume", "nothing"), "There is no run 'nothing'"),
        (("evaluate", "nothing"), "There is no run 'nothing'"),
        (("evaluate", "../etc"), "There is no run"),
        (("fields", "oracle"), "There are: autoencoder"),
        (("dance",), "No such command"),
    ],
)
def test_a_mistake_is_one_clear_line(words: tuple[str, ...], hint: str, library: Library) -> None:
    assert hint in mistake(*words)
    assert library.runs() == []


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        (("--z=1", "-o", "a.png"), "code has 2 numbers"),
        (("--z=1,2,3", "-o", "a.png"), "code has 2 numbers"),
        (("--z=one,two", "-o", "a.png"), "--z takes numbers with commas"),
        (("--z=", "-o", "a.png"), "--z takes numbers with commas"),
        (("--z=nan,0", "-o", "a.png"), "all finite"),
        (("--z=1e99,0", "-o", "a.png"), "all finite"),
        (("--z=0,0", "-o", "a.gif"), "must end in .png, .jpg or .webp"),
        (("--z=0,0", "-o", "a"), "must end in .png, .jpg or .webp"),
        (("--z=0,0", "-o", "/dev/null/a.png"), "cannot be written"),
        (("--z=0,0",), "-o"),
        (("-o", "a.png"), "--z"),
    ],
)
def test_a_mistake_with_decode(trained: RunFolder, options: tuple[str, ...], hint: str) -> None:
    assert hint in mistake("decode", trained.name, *options)


def test_a_mistake_with_a_model_or_a_picture(trained: RunFolder, picture: Path, tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("no picture")
    assert "words.txt is not a picture" in mistake("encode", trained.name, str(words))
    assert "does not exist" in mistake("encode", trained.name, str(tmp_path / "none.png"))
    assert "There is no source" in mistake("evaluate", trained.name, "--data", "nothing")
    trained.file("weights.safetensors").write_bytes(b"broken")
    for command in (["evaluate"], ["encode"], ["decode"]):
        rest = {"encode": [str(picture)], "decode": ["--z=0,0", "-o", "a.png"]}.get(command[0], [])
        assert "is damaged" in mistake(*command, trained.name, *rest)
    trained.file("weights.safetensors").unlink()
    assert "has not been trained to an end" in mistake("evaluate", trained.name)
    trained.file("run.json").write_text("{")
    assert answer("runs") == {"runs": []}
    assert "run.json cannot be read" in mistake("evaluate", trained.name)


def test_the_gallery_is_not_trained(library: Library, trained: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    from selfsup_engine import runs

    monkeypatch.setattr(runs, "GALLERY", trained.path.parent)
    trained.append(events.Finished(step=3, reason="stopped"))
    assert "cannot go on" in mistake("resume", trained.name)
