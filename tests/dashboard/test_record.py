"""A run's page: all that is known of it, all that can be done with it, and where it leads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import explorers, words
from selfsup_engine import tags
from selfsup_engine.events import Check, Finished, Metrics, Paused, Queued, Started
from selfsup_engine.images import encode
from selfsup_engine.runs import Budget, Library, RunFolder

Visit = Callable[..., AppTest]
Put = Callable[..., RunFolder]
Says = Callable[[AppTest], str]

STARTED = Started(step=0, device="CPU", threads=1, parameters=1)


def labels(app: AppTest) -> set[str]:
    return {button.label for button in app.button}


def save(app: AppTest) -> Any:
    return next(button for button in app.button if button.label == "Save")


@pytest.fixture
def finished(trained: RunFolder) -> RunFolder:
    """A run with a history."""
    trained.append(STARTED)
    trained.append(Metrics(step=5, progress=0.5, elapsed=1, eta=1, rate=1, losses={"mse": 0.1}))
    trained.append(Check(step=5, losses={"mse": 0.09}, findings=(), baselines={"mean image": 0.2}))
    trained.append(Finished(step=20, reason="done"))
    return trained


# ----------------------------------------------------------------------------------------------------- what is to be seen


def linked(folder: RunFolder) -> dict[str, str]:
    """What the link to the page of a trained run says."""
    assert folder.run.result is not None
    return {"run": folder.name, "weights": folder.run.result.weights}


def test_a_run_says_all_that_is_known_of_it(visit: Visit, finished: RunFolder, says: Says) -> None:
    app = visit("run", run=finished.name)
    assert not app.exception
    result = finished.run.result
    assert result is not None
    for said in ("20 steps", f"{result.scores['mse']:.4f}", f"{result.scores['pca_mse']:.4f}", "CC0", "Latent space"):
        assert said in says(app)
    assert app.title[0].value == words.plain(words.title(finished))
    assert len(app.get("plotly_chart")) == 1
    assert app.query_params == linked(finished)


def test_each_part_has_a_link(visit: Visit, finished: RunFolder, says: Says) -> None:
    app = visit("run", run=finished.name, part="Log")
    assert "Finished, after 20 steps." in says(app) and not app.get("plotly_chart")
    app.button_group(key="run-part").set_value("Settings").run()
    assert not app.exception
    assert app.query_params == linked(finished) | {"part": "Settings"}
    assert '"learning_rate"' in app.json[0].value


def test_without_a_name_it_is_the_latest_run_or_the_gallerys_first(visit: Visit, model: RunFolder, put: Put) -> None:
    assert visit("run").query_params == linked(model)
    mine = put(Paused(step=1))
    assert visit("run").query_params == {"run": mine.name}


def test_what_each_number_of_a_variational_code_carries_is_drawn(visit: Visit, deep_model: RunFolder) -> None:
    app = visit("run", run=deep_model.name)
    assert not app.exception
    assert len(app.get("plotly_chart")) == 1


def test_previews_are_shown_from_the_first_to_the_last_and_no_more_than_fit(
    visit: Visit, finished: RunFolder, says: Says
) -> None:
    for path in finished.path.glob("previews/*"):
        path.unlink()
    for step in range(0, 200, 10):
        finished.picture(step, "map").parent.mkdir(exist_ok=True)
        finished.picture(step, "map").write_bytes(encode(np.zeros((8, 8, 3), np.uint8), "png"))
    said = says(visit("run", run=finished.name))
    assert "from step to step" in said and "step 0<" in said and "step 190<" in said
    assert said.count("<figcaption>step ") == 8


@pytest.mark.parametrize("name", ["nobody", "broken"])
def test_a_missing_or_damaged_run_says_so_and_leads_back(visit: Visit, library: Library, name: str) -> None:
    (library.root / "broken").mkdir()
    (library.root / "broken" / "run.json").write_text("{")
    app = visit("run", run=name)
    assert not app.exception
    assert len(app.error) == 1 and name in app.error[0].value
    assert "To the library" in {link.proto.label for link in app.get("page_link")}


def test_a_damaged_run_can_be_cleared_away_and_brought_back(visit: Visit, library: Library, says: Says) -> None:
    (library.root / "broken").mkdir()
    (library.root / "broken" / "run.json").write_text("{")
    app = visit("run", run="broken")
    app.button(key="delete").click().run()
    assert not app.exception
    assert "Deleted <b>broken</b>" in says(app) and not (library.root / "broken").exists()
    app.button(key="undo").click().run()
    assert not app.exception
    assert (library.root / "broken").exists()


# ---------------------------------------------------------------------------------------------------- what can be done


def test_the_gallery_can_neither_be_renamed_nor_deleted_nor_trained_on(visit: Visit, model: RunFolder) -> None:
    app = visit("run", run=model.name)
    assert {"Explore its latent space", "Train another like it"} <= labels(app)
    assert not {"Rename", "Delete", "Save", "Train on", "Resume"} & labels(app)


def test_a_model_leads_to_every_page_that_shows_it(
    visit: Visit, model: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    way = explorers.Way("latent", "Look inside", ":material/search:", "model")
    monkeypatch.setattr(explorers, "WAYS", (explorers.Way("library", "Compare", ":material/compare:", "q"),))
    app = visit("run", run=model.name)
    app.button(key="way-library").click().run()
    assert app.title[0].value == "Library" and app.query_params == {"q": model.name}
    app = visit("run", run=model.name)
    app.button(key=f"way-{way.page}").click().run()
    assert not app.exception
    assert app.title[0].value == "Latent space" and app.query_params["model"] == model.name


def test_a_run_is_renamed_and_its_links_go_on_working(visit: Visit, trained: RunFolder) -> None:
    app = visit("run", run=trained.name)
    next(field for field in app.text_input if field.label == "Name").set_value("  My   <i>best</i> ")
    save(app).click().run()
    assert not app.exception
    assert trained.run.title == "My <i>best</i>"
    assert app.query_params == linked(trained)
    assert app.title[0].value == words.plain("My <i>best</i>")


def test_a_name_of_nothing_is_refused(visit: Visit, trained: RunFolder) -> None:
    app = visit("run", run=trained.name)
    next(field for field in app.text_input if field.label == "Name").set_value("   ")
    save(app).click().run()
    assert not app.exception
    assert app.error[0].value == "A name has 1 to 80 characters."
    assert trained.run.title == ""


def test_a_run_is_tagged_and_what_is_no_tag_is_refused(
    visit: Visit, library: Library, trained: RunFolder, model: RunFolder
) -> None:
    tags.give(library, model, ["talk"])
    app = visit("run", run=trained.name)
    field = app.multiselect(key=f"tags-{words.key(trained)}")
    assert field.options == ["talk"]
    field.set_value(["Shoes,  and BOOTS", "talk"]).run()
    assert not app.exception and not app.error
    assert tags.of(library, trained) == ("shoes", "and boots", "talk")
    assert app.multiselect(key=f"tags-{words.key(trained)}").value == ["shoes", "and boots", "talk"]
    app.multiselect(key=f"tags-{words.key(trained)}").set_value(["x" * 30]).run()
    assert "at most 24 characters" in app.error[0].value
    app.run()
    assert app.multiselect(key=f"tags-{words.key(trained)}").value == ["shoes", "and boots", "talk"]


def test_what_is_deleted_here_comes_back_from_the_library(visit: Visit, library: Library, trained: RunFolder) -> None:
    app = visit("run", run=trained.name)
    app.button(key="delete").click().run()
    assert not app.exception
    assert app.title[0].value == "Library" and library.runs() == []
    app.button(key="undo").click().run()
    assert not app.exception
    assert trained.usable


def test_a_run_deleted_by_another_tab_is_said_to_be_gone(visit: Visit, library: Library, trained: RunFolder) -> None:
    app = visit("run", run=trained.name)
    library.delete(trained)
    app.run()
    assert not app.exception
    assert f"no run '{trained.name}'" in app.error[0].value


def test_what_trains_or_waits_is_shown_live_and_is_not_deleted(visit: Visit, put: Put, says: Says) -> None:
    half = Metrics(step=70, progress=0.5, elapsed=9, eta=75, rate=900, losses={"mse": 0.1})
    for folder, said in ((put(Queued(), STARTED, half, trains=True), "1 min 15 s left"), (put(Queued()), "queue")):
        app = visit("run", run=folder.name)
        assert not app.exception
        assert said in says(app)
        assert "Delete" not in labels(app)
        assert "stop it before it can be deleted" in says(app)
        app.button(key="watch").click().run()
        assert app.query_params["run"] == folder.name and app.button(key="pause")


def test_a_paused_run_is_resumed_here(visit: Visit, put: Put, whole_reruns: None) -> None:
    folder = put(Queued(), STARTED, Paused(step=1))
    app = visit("run", run=folder.name)
    app.button(key="resume").click().run()
    assert not app.exception
    assert folder.status().state == "queued"
    assert {"Pause", "Stop"} <= labels(app)


def test_what_has_no_training_state_is_not_offered_to_go_on(visit: Visit, trained: RunFolder) -> None:
    trained.append(STARTED)
    trained.append(Finished(step=300, reason="stopped"))
    assert "Train on" in labels(visit("run", run=trained.name))
    trained.file("state.safetensors").unlink()  # as after an upload
    app = visit("run", run=trained.name)
    assert not app.exception
    assert "Train on" not in labels(app)


# --------------------------------------------------------------------------------------------- another one like it


def test_another_like_it_is_trained_from_the_same_settings(visit: Visit, put: Put) -> None:
    folder = put(Paused(step=1), source="digits", budget=Budget(steps=777), seed=5)
    folder.save(
        folder.run.model_copy(update={"config": folder.run.config | {"widths": [48, 24], "learning_rate": 0.02}})
    )
    app = visit("run", run=folder.name)
    app.button(key="train-like").click().run()
    assert not app.exception
    assert app.title[0].value == "Train a model"
    assert (app.query_params["data"], app.number_input(key="seed").value) == ("digits", 5)
    assert app.button_group(key="budget-autoencoder").value == "Steps" and app.number_input(key="steps").value == 777
    app.button(key="train").click().run()
    assert not app.exception and not app.error
    other = next(other for other in Library(folder.path.parent).runs() if other.name != folder.name)
    theirs = {name: value for name, value in other.run if name not in ("created", "title")}
    assert theirs == {name: value for name, value in folder.run if name not in ("created", "title")}


def test_what_the_form_cannot_be_set_to_is_said(visit: Visit, put: Put) -> None:
    folder = put(Paused(step=1), source="npz:/nowhere/mine.npz", budget=Budget(seconds=77))
    app = visit("run", run=folder.name)
    app.button(key="train-like").click().run()
    assert not app.exception
    assert "its pictures, mine and its budget, 77 s" in app.toast[0].value
    folder = put(Paused(step=1), family="unheard-of")
    app = visit("run", run=folder.name)
    app.button(key="train-like").click().run()
    assert not app.exception
    assert "its kind of model, unheard-of" in app.toast[0].value
