"""The library page: find, rename, delete and bring back, take in and refuse."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.shelf import matches
from selfsup_engine import archive
from selfsup_engine.events import Check, Finished, Metrics, Paused, Queued, Started
from selfsup_engine.runs import Library, RunFolder

Visit = Callable[..., AppTest]
Put = Callable[..., RunFolder]
Says = Callable[[AppTest], str]

STARTED = Started(step=0, device="CPU", threads=1, parameters=1)


def headings(app: AppTest) -> list[str]:
    return [header.value for header in app.header]


def button(app: AppTest, label: str) -> Any:
    return next(button for button in app.button if button.label == label)


def names(library: Library) -> set[str]:
    return {path.name for path in library.root.iterdir() if not path.name.startswith(".")}


# ------------------------------------------------------------------------------------------------------------ search


def test_a_search_shows_what_matches_and_says_when_nothing_does(
    visit: Visit, put: Put, model: RunFolder, says: Says
) -> None:
    put(Paused(step=1), title="Shoes, second try", source="digits")
    put(Paused(step=1), title="Emoji", source="kmnist")
    app = visit("library")
    assert headings(app) == ["Yours (2)", "Gallery (1)"]
    app.text_input(key="library-q").set_value("TRY shoes").run()
    assert headings(app) == ["Yours (1)", "Gallery (0)"]
    assert "Shoes, second try" in says(app)
    assert "Nothing here matches “TRY shoes”." in says(app)
    assert app.query_params == {"q": "TRY shoes"}
    app.text_input(key="library-q").set_value("kmnist").run()
    assert headings(app) == ["Yours (1)", "Gallery (0)"]
    app.text_input(key="library-q").set_value("").run()
    assert headings(app) == ["Yours (2)", "Gallery (1)"]
    assert app.query_params == {}


def test_a_link_brings_a_search_back(visit: Visit, put: Put) -> None:
    put(Paused(step=1), title="Shoes")
    put(Paused(step=1), title="Emoji")
    app = visit("library", q="shoes")
    assert app.text_input(key="library-q").value == "shoes"
    assert headings(app)[0] == "Yours (1)"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("", True),
        ("  ", True),
        ("nice", True),
        ("DIGITS mlp", True),
        ("mlp autoencoder plain", True),
        ("nice conv", False),
        ("(", False),
    ],
)
def test_every_word_of_a_search_has_to_occur(put: Put, wanted: str, found: bool) -> None:
    assert matches(put(title="A nice one"), wanted) is found


# ---------------------------------------------------------------------------------------------------------- one run


def test_a_run_is_unfolded_and_closed(visit: Visit, trained: RunFolder, says: Says) -> None:
    trained.append(STARTED)
    trained.append(Metrics(step=5, progress=0.5, elapsed=1, eta=1, rate=1, losses={"mse": 0.1}))
    trained.append(Check(step=5, losses={"mse": 0.09}, findings=(), baselines={"mean image": 0.2}))
    trained.append(Finished(step=20, reason="done"))
    app = visit("library")
    button(app, "Details").click().run()
    assert not app.exception
    assert app.query_params == {"run": trained.name}
    result = trained.run.result
    assert result is not None
    for said in ("20 steps", f"{result.scores['mse']:.4f}", f"{result.scores['pca_mse']:.4f}", "CC0"):
        assert said in says(app)
    assert app.get("plotly_chart")
    app.button(key="close").click().run()
    assert app.query_params == {}
    assert not app.get("plotly_chart")


def test_what_each_number_of_a_variational_code_carries_is_drawn(visit: Visit, deep_model: RunFolder) -> None:
    app = visit("library", run=deep_model.name)
    assert not app.exception
    assert len(app.get("plotly_chart")) == 1


def test_the_gallery_can_neither_be_renamed_nor_deleted(visit: Visit, model: RunFolder) -> None:
    app = visit("library", run=model.name)
    labels = {button.label for button in app.button}
    assert {"Explore", "Close"} <= labels
    assert not {"Rename", "Delete", "Save"} & labels


def test_a_run_is_renamed_and_its_links_go_on_working(visit: Visit, trained: RunFolder, says: Says) -> None:
    app = visit("library", run=trained.name)
    next(field for field in app.text_input if field.label == "Name").set_value("  My   <i>best</i> ")
    button(app, "Save").click().run()
    assert not app.exception
    assert trained.run.title == "My <i>best</i>"
    assert app.query_params == {"run": trained.name}
    assert "My &lt;i&gt;best&lt;/i&gt;" in says(app)


def test_a_name_of_nothing_is_refused(visit: Visit, trained: RunFolder) -> None:
    app = visit("library", run=trained.name)
    next(field for field in app.text_input if field.label == "Name").set_value("   ")
    button(app, "Save").click().run()
    assert not app.exception
    assert app.error[0].value == "A name has 1 to 80 characters."
    assert trained.run.title == ""


def test_what_was_deleted_comes_back(visit: Visit, library: Library, trained: RunFolder, says: Says) -> None:
    app = visit("library", run=trained.name)
    app.button(key="delete").click().run()
    assert not app.exception
    assert names(library) == set()
    assert headings(app)[0] == "Yours (0)"
    assert "Deleted <b>Shapes" in says(app)
    assert app.query_params == {}
    app.button(key="undo").click().run()
    assert not app.exception
    assert names(library) == {trained.name}
    assert trained.usable
    assert headings(app)[0] == "Yours (1)"
    assert "Deleted" not in says(app)


def test_what_cannot_come_back_says_so(visit: Visit, library: Library, trained: RunFolder) -> None:
    app = visit("library", run=trained.name)
    app.button(key="delete").click().run()
    library.restore(trained.name)  # somebody in another tab was faster
    app.button(key="undo").click().run()
    assert not app.exception
    assert "cannot be brought back" in app.error[0].value
    assert names(library) == {trained.name}


def test_a_title_in_the_way_back_is_text(visit: Visit, trained: RunFolder, says: Says) -> None:
    trained.save(trained.run.model_copy(update={"title": "<script>alert(1)</script>"}))
    app = visit("library", run=trained.name)
    app.button(key="delete").click().run()
    assert "<b>&lt;script&gt;" in says(app)
    assert "<script>" not in says(app)


def test_what_trains_or_waits_is_not_deleted(visit: Visit, put: Put, says: Says) -> None:
    for folder in (put(Queued(), STARTED, trains=True), put(Queued())):
        app = visit("library", run=folder.name)
        assert not app.exception
        assert "Delete" not in {button.label for button in app.button}
        assert "stop it before it can be deleted" in says(app)


def test_a_run_leads_to_where_it_trains_and_a_model_to_its_space(
    visit: Visit, put: Put, trained: RunFolder, model: RunFolder
) -> None:
    paused = put(Queued(), STARTED, Paused(step=1))
    app = visit("library")
    button(app, "Watch").click().run()  # what is done cannot be watched
    assert not app.exception
    assert app.query_params["run"] == paused.name
    assert app.button(key="resume")
    app = visit("library")
    [button for button in app.button if button.label == "Explore"][-1].click().run()  # the gallery is last
    assert not app.exception
    assert app.query_params["model"] == model.name


def test_a_run_deleted_by_another_tab_is_said_to_be_gone(visit: Visit, library: Library, trained: RunFolder) -> None:
    app = visit("library", run=trained.name)
    library.delete(trained)
    app.button(key="delete").click().run()
    assert not app.exception
    assert f"no run “{trained.name}”" in app.warning[0].value
    assert app.query_params == {}


# ----------------------------------------------------------------------------------------------------------- uploads


def upload(app: AppTest, data: bytes) -> AppTest:
    uploader = next(field for field in app.file_uploader if (field.key or "").startswith("upload-"))
    return uploader.set_value(("model.zip", data, "application/zip")).run()


def test_an_exported_run_is_taken_in_and_unfolded(
    visit: Visit, library: Library, trained: RunFolder, says: Says
) -> None:
    trained.append(STARTED)
    trained.append(Finished(step=20, reason="done"))
    app = upload(visit("library"), archive.export(trained))
    assert not app.exception
    assert not app.error
    (new,) = names(library) - {trained.name}
    assert app.query_params == {"run": new}
    assert headings(app)[0] == "Yours (2)"
    assert library.find(new).usable
    app.run()  # the uploader is empty again: nothing is taken in twice
    assert len(names(library)) == 2
    assert not visit("latent", model=new).exception


def zipped(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive_:
        for name, content in files.items():
            archive_.writestr(name.replace("__", "."), content)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"no zip at all", "is not a zip, or it is damaged"),
        (b"", "is not a zip, or it is damaged"),
        (zipped(notes__txt=b"hello"), "is not a model of Selfsup Studio's"),
        (
            zipped(run__json=b"{", weights__safetensors=b"", exhibit__safetensors=b"", cover__png=b""),
            "run.json cannot be read",
        ),
    ],
)
def test_a_file_that_is_no_model_is_refused_and_leaves_nothing(
    visit: Visit, library: Library, trained: RunFolder, data: bytes, why: str
) -> None:
    app = upload(visit("library"), data)
    assert not app.exception
    assert why in app.error[0].value
    assert names(library) == {trained.name}
    assert list(library.root.glob(".incoming*")) == []
    assert headings(app)[0] == "Yours (1)"


def test_a_model_cut_short_is_refused(visit: Visit, library: Library, trained: RunFolder) -> None:
    data = archive.export(trained)
    app = upload(visit("library"), data[: len(data) // 2])
    assert not app.exception
    assert app.error
    assert names(library) == {trained.name}
