"""The page of training: the form starts the run that it describes, and a run shows what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import cache
from selfsup_engine import device, events
from selfsup_engine.errors import UserError
from selfsup_engine.events import Check, Failed, Finished, Finishing, Loading, Metrics, Paused, Queued, Started
from selfsup_engine.images import encode
from selfsup_engine.models.spec import check_config, spec
from selfsup_engine.runs import Budget, Library, Run, RunFolder
from selfsup_engine.sources import info
from selfsup_engine.training import estimate
from selfsup_engine.training.worker import CONTROL

Visit = Callable[..., AppTest]
Put = Callable[..., RunFolder]
Says = Callable[[AppTest], str]

STARTED = Started(step=0, device="CPU", threads=1, parameters=1)
HALF = Metrics(step=70, progress=0.5, elapsed=9.0, eta=75.0, rate=900.0, losses={"mse": 0.1})
CHECKED = Check(step=70, losses={"mse": 0.09}, findings=(), baselines={"mean image": 0.2})


def labels(app: AppTest) -> set[str]:
    """The buttons by which something can be done with a run."""
    known = {"Pause", "Stop", "Resume", "Finish", "Train on", "Explore its latent space", "Train another", "Train"}
    return {button.label for button in app.button} & known


def press(app: AppTest, label: str) -> None:
    next(button for button in app.button if button.label == label).click().run()


# -------------------------------------------------------------------------------------------------------------- form


def test_a_click_queues_the_run_that_the_form_describes(
    visit: Visit, library: Library, launcher: Any, says: Says
) -> None:
    app = visit("train", data="digits")
    app.segmented_control(key="budget-autoencoder").set_value("Steps").run()
    app.number_input(key="steps").set_value(77)
    app.number_input(key="seed").set_value(5)
    app.number_input(key="config-autoencoder-digits-mlp-code").set_value(3)
    app.text_input(key="config-autoencoder-digits-mlp-widths").set_value("64, 16")
    app.button(key="train").click().run()
    assert not app.exception
    (folder,) = library.runs()
    run = folder.run
    assert (run.family, run.preset, run.source, run.seed) == ("autoencoder", "mlp", "digits", 5)
    assert run.budget == Budget(steps=77)
    expected = spec("autoencoder").presets["mlp"].config.model_copy(update={"code": 3, "widths": (64, 16)})
    assert check_config(run.family, run.config) == expected
    assert launcher.started == [folder.path]
    assert folder.status().state == "queued"
    assert app.query_params["run"] == folder.name
    assert labels(app) == {"Pause", "Stop", "Train another"}
    assert "waiting</span>" in says(app)


@pytest.mark.parametrize(("label", "seconds"), [("30 s", 30), ("2 min", 120), ("10 min", 600)])
def test_a_budget_of_time_is_taken_as_it_is_said(visit: Visit, library: Library, label: str, seconds: int) -> None:
    app = visit("train", data="digits")
    app.segmented_control(key="budget-autoencoder").set_value(label).run()
    app.button(key="train").click().run()
    assert library.runs()[0].run.budget == Budget(seconds=seconds)


def test_a_preset_and_a_source_fill_the_form(visit: Visit, library: Library) -> None:
    app = visit("train", data="shapes")
    assert app.segmented_control(key="preset-autoencoder-shapes").value == "conv"
    assert list(app.segmented_control(key="preset-autoencoder-shapes").options) == ["Dense", "Convolutional"]
    assert app.number_input(key="config-autoencoder-shapes-conv-channels").value == 3
    app.button(key="source-digits").click().run()
    assert app.query_params == {"data": "digits"}
    app.segmented_control(key="preset-autoencoder-digits").set_value("reference").run()
    app.button(key="train").click().run()
    run = library.runs()[0].run
    assert run.preset == "reference"
    assert check_config(run.family, run.config) == spec("autoencoder").presets["reference"].config


def test_a_setting_that_does_not_fit_is_refused_in_words(visit: Visit, library: Library) -> None:
    app = visit("train", data="digits")
    app.text_input(key="config-autoencoder-digits-mlp-widths").set_value("wide").run()
    assert not app.exception
    assert "widths" in app.error[0].value
    assert "Train" not in labels(app)
    assert library.runs() == []


@pytest.mark.parametrize(("key", "value"), [("seed", -1), ("seed", 2**31), ("steps", 0), ("steps", 10_000_001)])
def test_a_number_out_of_range_is_said_and_nothing_can_be_started_with_it(visit: Visit, key: str, value: int) -> None:
    app = visit("train", data="digits")
    app.segmented_control(key="budget-autoencoder").set_value("Steps").run()
    app.number_input(key=key).set_value(value).run()
    assert not app.exception
    assert f"{key.title()} is a whole number from" in app.error[0].value
    assert "Train" not in labels(app)
    app.number_input(key=key).set_value(7).run()
    assert not app.error
    assert "Train" in labels(app)


def test_a_network_beyond_the_memory_is_refused_in_a_sentence(
    visit: Visit, library: Library, launcher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Small(device.Device):
        memory_bytes = 300_000_000  # type: ignore[assignment]

    picked = device.pick()
    monkeypatch.setattr(estimate, "pick", lambda: Small(**vars(picked)))
    app = visit("train", data="digits")
    app.text_input(key="config-autoencoder-digits-mlp-widths").set_value("2048, 2048, 2048").run()
    app.button(key="train").click().run()
    assert not app.exception
    assert [error.value for error in app.error] == [app.error[0].value]
    assert "are free on this machine. Take narrower layers" in app.error[0].value
    assert list(library.root.glob("[!.]*")) == []
    assert launcher.started == []
    assert "Train" in labels(app)


def test_a_full_queue_says_so_and_leaves_nothing(visit: Visit, library: Library, put: Put, says: Says) -> None:
    names = {put(Queued()).name, put(Queued()).name}  # the queue of these tests holds two
    app = visit("train")
    press(app, "Train another")
    app.button(key="train").click().run()
    assert not app.exception
    assert "2 runs are waiting already" in app.error[0].value
    assert {folder.name for folder in library.runs()} == names
    assert "Train" in labels(app)


def test_a_worker_that_cannot_be_started_is_said_in_a_sentence(
    visit: Visit, library: Library, launcher: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_process(folder: object) -> str:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(launcher, "start", no_process)
    app = visit("train", data="digits")
    app.button(key="train").click().run()
    assert not app.exception


def test_what_a_click_costs_stands_beside_it(visit: Visit, says: Says) -> None:
    app = visit("train", data="digits")
    for said in ("1 min 1 s", "2,000 steps", "9,000", "300 MB", "1.2 M"):
        assert said in says(app)


def test_the_cost_is_measured_on_the_very_network(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Any, ...]] = []

    def measure(*about: Any) -> estimate.Estimate:
        asked.append(about)
        raise UserError("no room")

    monkeypatch.setattr(cache, "estimate", measure)
    app = visit("train", data="digits")
    assert app.error[0].value == "no room"
    assert asked == [
        ("autoencoder", spec("autoencoder").presets["mlp"].config, info("digits").train, Budget(seconds=30))
    ]


def test_one_measurement_serves_everybody() -> None:
    config = spec("autoencoder").presets["mlp"].config.model_copy(update={"widths": (16,), "batch": 8})
    found = cache.estimate("autoencoder", config, 100, Budget(steps=10))
    assert (found.steps, found.parameters) == (10, estimate.parameter_count("autoencoder", config))
    assert cache.estimate("autoencoder", config, 100, Budget(steps=10)) == found


def pictures(count: int) -> list[tuple[str, bytes, str]]:
    draw = np.random.default_rng(0)
    return [
        (f"{i}.png", encode(draw.integers(0, 256, (20, 24, 3), dtype=np.uint8), "png"), "image/png")
        for i in range(count)
    ]


def test_ones_own_pictures_become_a_source(visit: Visit, library: Library, says: Says) -> None:
    app = visit("train", data="own")
    assert "Train" not in labels(app)
    files = [*pictures(16), ("notes.txt.png", b"no picture", "image/png")]
    app.file_uploader(key="own-files").set_value(files).run()
    assert not app.exception
    assert "16 pictures, as the model will see them" in says(app)
    assert app.expander[0].label == "1 left out"
    app.text_input(key="own-title").set_value("<b>Mine</b>").run()
    app.button(key="train").click().run()
    assert not app.exception
    run = library.runs()[0].run
    assert info(run.source).title == "<b>Mine</b>"
    assert (run.config["size"], run.config["channels"]) == (32, 3)
    assert "<b>Mine</b>" not in says(app)
    assert "&lt;b&gt;Mine&lt;/b&gt;" in says(app)


def test_too_few_pictures_are_refused_in_a_sentence(visit: Visit) -> None:
    app = visit("train", data="own")
    app.file_uploader(key="own-files").set_value(pictures(3)).run()
    assert not app.exception
    assert "At least 16 different pictures are needed; 3 were found." in app.error[0].value
    assert "Train" not in labels(app)


def test_pictures_that_were_cleared_away_leave_the_page_whole(visit: Visit) -> None:
    app = visit("train", data="own")
    app.session_state["kept:own-source"] = "upload:0123456789abcdef"
    app.run()
    assert not app.exception
    assert app.file_uploader(key="own-files")
    assert "There is no upload" in app.error[0].value


# ------------------------------------------------------------------------------------------------------------ a run

STATES: dict[str, tuple[tuple[events.Event, ...], bool, set[str], list[str]]] = {
    "queued": ((Queued(),), False, {"Pause", "Stop"}, ["waiting</span>", "It begins in a moment."]),
    "loading": (
        (Queued(), Loading(fraction=0.4, message="Downloading 12 of 30 MB")),
        True,
        {"Pause", "Stop"},
        ["loading</span>", "Downloading 12 of 30 MB"],
    ),
    "running": (
        (Queued(), STARTED, HALF, CHECKED),
        True,
        {"Pause", "Stop"},
        ["training</span>", "step 70", "budget 20 steps", "900 images/s", "1 min 15 s left", "0.0900", "0.2000"],
    ),
    "finishing": ((Queued(), STARTED, HALF, Finishing(step=140)), True, {"Pause", "Stop"}, ["scoring</span>"]),
    "paused": (
        (Queued(), STARTED, HALF, CHECKED, Paused(step=71)),
        False,
        {"Resume", "Finish"},
        ["paused</span>", "step 71"],
    ),
    "stopped": (
        (Queued(), STARTED, HALF, CHECKED, Finished(step=72, reason="stopped")),
        False,
        {"Train on"},
        ["stopped early</span>", "step 72"],
    ),
    "failed": (
        (Queued(), STARTED, HALF, CHECKED, Failed(reason="The memory did not suffice; take a smaller batch.")),
        False,
        {"Resume", "Finish"},
        ["failed</span>", "The memory did not suffice; take a smaller batch."],
    ),
    "done": ((Queued(), STARTED, HALF, CHECKED, Finished(step=140, reason="done")), False, set(), ["ready</span>"]),
}


@pytest.mark.parametrize("state", STATES)
def test_a_run_shows_what_can_be_done_with_it_and_says_where_it_is(
    visit: Visit, put: Put, says: Says, state: str
) -> None:
    happened, trains, buttons, words = STATES[state]
    folder = put(*happened, trains=trains)
    app = visit("train", run=folder.name)
    assert not app.exception
    assert folder.status().state == state
    assert labels(app) == {*buttons, "Train another"}
    for said in words:
        assert said in says(app)
    assert not app.button(key="pause").disabled if "Pause" in buttons else True


@pytest.mark.parametrize(
    ("last", "buttons"),
    [
        (Finished(step=300, reason="done"), {"Explore its latent space"}),
        (Finished(step=300, reason="stopped"), {"Explore its latent space", "Train on"}),
        (Paused(step=300), {"Explore its latent space", "Resume", "Finish"}),
        (Failed(reason="The disk is full."), {"Explore its latent space", "Resume", "Finish"}),
    ],
)
def test_what_has_a_model_can_be_explored(
    visit: Visit, trained: RunFolder, last: events.Event, buttons: set[str]
) -> None:
    for event in (STARTED, HALF, CHECKED, last):
        trained.append(event)
    app = visit("train", run=trained.name)
    assert not app.exception
    assert labels(app) == {*buttons, "Train another"}
    app.button(key="explore").click().run()
    assert not app.exception
    assert app.title[0].value == "Latent space"
    assert app.query_params["model"] == trained.name


@pytest.mark.parametrize("wish", ["pause", "stop"])
def test_a_wish_reaches_the_worker_and_cannot_be_wished_twice(
    visit: Visit, put: Put, whole_reruns: None, wish: str
) -> None:
    folder = put(Queued(), STARTED, HALF, trains=True)
    app = visit("train", run=folder.name)
    app.button(key=wish).click().run()
    assert not app.exception
    assert folder.file(CONTROL).read_text() == wish
    assert app.button(key="pause").disabled
    assert app.button(key="stop").disabled


def test_a_run_that_waits_is_paused_and_resumed_by_clicks(
    visit: Visit, put: Put, launcher: Any, whole_reruns: None
) -> None:
    folder = put(Queued())
    app = visit("train", run=folder.name)
    app.button(key="pause").click().run()
    assert not app.exception
    assert folder.status().state == "paused"
    assert labels(app) == {"Resume", "Train another"}
    app.button(key="resume").click().run()
    assert not app.exception
    assert folder.status().state == "queued"
    assert launcher.started == [folder.path]
    assert labels(app) == {"Pause", "Stop", "Train another"}


def test_a_run_that_cannot_go_on_says_why(visit: Visit, trained: RunFolder) -> None:
    trained.append(STARTED)
    trained.append(Finished(step=300, reason="stopped"))
    trained.file("state.safetensors").unlink()  # as after an upload
    app = visit("train", run=trained.name)
    app.button(key="resume").click().run()
    assert not app.exception
    assert "its training state was not kept" in app.error[0].value


def test_a_model_whose_history_was_not_kept_is_shown_once_and_not_for_ever_anew(
    visit: Visit, trained: RunFolder
) -> None:
    trained.file("events.jsonl").unlink(missing_ok=True)
    app = visit("train", run=trained.name)
    assert not app.exception
    app.button(key="open").click().run()
    assert not app.exception
    assert app.query_params["run"] == trained.name and app.button(key="delete")  # its own page


def test_the_place_in_the_queue_is_said(visit: Visit, put: Put, says: Says) -> None:
    put(Queued(at=1.0), STARTED, HALF, trains=True)
    first, second = put(Queued(at=2.0)), put(Queued(at=3.0))
    assert "1 run before it in the queue." in says(visit("train", run=first.name))
    assert "2 runs before it in the queue." in says(visit("train", run=second.name))


def test_another_run_can_be_started_while_one_trains(visit: Visit, put: Put, library: Library) -> None:
    running = put(Queued(), STARTED, HALF, trains=True)
    app = visit("train")
    assert app.query_params["run"] == running.name
    press(app, "Train another")
    assert not app.exception
    assert app.title[0].value == "Train a model"
    app.button(key="source-digits").click().run()
    app.button(key="train").click().run()
    assert not app.exception
    (newest, _) = library.runs()
    assert app.query_params == {"run": newest.name, "data": "digits"}
    assert newest.status().state == "queued"


def test_findings_are_said_and_their_absence_too(visit: Visit, put: Put, says: Says) -> None:
    from selfsup_engine.health import Finding

    finding = Finding(level="problem", name="Collapsed code", message="All alike.", number=1, advice="Another seed.")
    ill = put(STARTED, HALF, CHECKED.model_copy(update={"findings": (finding,)}), Paused(step=70))
    well = put(STARTED, HALF, CHECKED, Paused(step=70))
    assert "Collapsed code" in says(visit("train", run=ill.name))
    assert "Another seed." in says(visit("train", run=ill.name))
    assert "Healthy." in says(visit("train", run=well.name))


def test_the_previews_of_the_last_check_are_shown(visit: Visit, put: Put, says: Says) -> None:
    folder = put(STARTED, HALF, CHECKED, Paused(step=70))
    for name in ("reconstructions", "map"):
        folder.picture(70, name).parent.mkdir(exist_ok=True)
        folder.picture(70, name).write_bytes(encode(np.zeros((8, 8, 3), np.uint8), "png"))
    app = visit("train", run=folder.name)
    assert not app.exception
    assert 'alt="Held-out images above, redrawn below"' in says(app)
    assert 'alt="The map of codes: a dot for each held-out image"' in says(app)
    assert "step 70" in says(app)


def test_a_run_of_another_family_or_source_is_still_shown(visit: Visit, put: Put, make: Callable[..., Run]) -> None:
    folder = put(STARTED, HALF, CHECKED, Paused(step=70), family="unheard-of", source="gone:away", config={})
    for page, link in (("train", folder.name), ("run", folder.name)):
        assert not visit(page, run=link).exception


def test_a_run_that_trained_on_and_was_paused_can_be_finished_anew(visit: Visit, trained: RunFolder) -> None:
    trained.append(STARTED)
    trained.append(Paused(step=400))  # past the model that it has already
    assert {"Finish", "Resume"} <= set(labels(visit("train", run=trained.name)))
