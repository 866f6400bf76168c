"""The library page: find, sort, choose several, delete and bring back, tag, take along, take in and refuse."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import entries, shelf, words
from dashboard.views import LibraryView
from selfsup_engine import archive, tags
from selfsup_engine.events import Failed, Finished, Paused, Queued, Started
from selfsup_engine.runs import Library, Result, RunFolder

Visit = Callable[..., AppTest]
Put = Callable[..., RunFolder]
Says = Callable[[AppTest], str]

STARTED = Started(step=0, device="CPU", threads=1, parameters=1)
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def headings(app: AppTest) -> list[str]:
    return [header.value for header in app.header]


def button(app: AppTest, label: str) -> Any:
    return next(button for button in app.button if button.label == label)


def names(library: Library) -> set[str]:
    return {path.name for path in library.root.iterdir() if not path.name.startswith(".")}


def titles(app: AppTest, says: Says) -> list[str]:
    """What the cards are called, in their order."""
    return [piece.split(" <span")[0].split(">")[-1] for piece in says(app).split("<h3")[1:]]


def scored(**scores: float) -> Result:
    return Result(
        scores=scores, steps=int(100 * sum(scores.values())), seconds=1, device="CPU", parameters=1,
        capabilities=("samples",) if "frechet_floor" in scores else ("encodes", "decodes"), weights="0" * 16,
    )  # fmt: skip


@pytest.fixture
def several(library: Library, put: Put) -> dict[str, RunFolder]:
    """Runs of all standings, kinds and tags, by title, the newest first."""
    made = {
        "Good map": {"result": scored(mse=0.1, pca_mse=0.5)},
        "Poor map": {"result": scored(mse=0.2, pca_mse=0.5)},
        "Artist": {"result": scored(frechet_classifier=3.0, frechet_floor=1.0), "family": "dcgan"},
        "Half done": {},
        "Broken off": {},
    }
    folders = {}
    for age, (title, about) in enumerate(made.items()):
        end = (Finished(step=1, reason="done"), Finished(step=1, reason="stopped"), Finished(step=1, reason="done"),
               Paused(step=7), Failed(reason="no memory"))[age]  # fmt: skip
        folder = put(Queued(), STARTED, end, title=title, created=NOW - timedelta(hours=age), **about)
        if "result" in about:
            for name in ("weights.safetensors", "exhibit.safetensors"):
                folder.file(name).write_bytes(bytes(1000 * (age + 1)))
        folders[title] = folder
    tags.give(library, folders["Good map"], ["talk", "best"])
    tags.give(library, folders["Artist"], ["talk"])
    return folders


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
    assert "Nothing here is what you look for." in says(app)
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
        ("nice talk", True),
        ("nice conv", False),
        ("(", False),
    ],
)
def test_every_word_of_a_search_has_to_occur(library: Library, put: Put, wanted: str, found: bool) -> None:
    folder = put(title="A nice one")
    tags.give(library, folder, ["talk"])
    (entry,) = entries.read([folder], library)
    assert entries.matches(entry, LibraryView(q=wanted)) is found


# --------------------------------------------------------------------------------------------------- filters and order


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ({"can": "latent"}, {"Good map", "Poor map"}),
        ({"can": "gan"}, {"Artist"}),
        ({"can": "gan.latent"}, {"Good map", "Poor map", "Artist"}),
        ({"can": "flying"}, set()),
        ({"state": "ready"}, {"Good map", "Poor map", "Artist"}),
        ({"state": "paused.failed"}, {"Half done", "Broken off"}),
        ({"tag": "talk"}, {"Good map", "Artist"}),
        ({"tag": "talk,best"}, {"Good map"}),
        ({"tag": "talk", "can": "gan", "q": "art"}, {"Artist"}),
        ({"tag": "best", "can": "gan"}, set()),
    ],
)
def test_a_link_filters(several: dict[str, RunFolder], library: Library, link: dict[str, str], found: set[str]) -> None:
    view = LibraryView(**link)  # type: ignore[arg-type]
    assert {entry.title for entry in entries.read(library.runs(), library) if entries.matches(entry, view)} == found


def test_chips_filter_and_are_kept_in_the_link(visit: Visit, several: dict[str, RunFolder], says: Says) -> None:
    app = visit("library")
    assert headings(app)[0] == "Yours (5)"
    assert list(app.button_group(key="chips-can").options) == ["Latent space", "Draws samples"]
    assert list(app.button_group(key="chips-state").options) == ["ready", "paused", "failed"]
    app.button_group(key="chips-can").set_value(["gan"]).run()
    assert not app.exception
    assert titles(app, says) == ["Artist"]
    assert app.query_params == {"can": "gan"}
    app.button_group(key="chips-tag").set_value(["best"]).run()
    assert headings(app)[0] == "Yours (0)"
    app.button(key="show-all").click().run()
    assert headings(app)[0] == "Yours (5)" and app.query_params == {}
    assert app.button_group(key="chips-can").value == []


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("newest", ["Good map", "Poor map", "Artist", "Half done", "Broken off"]),
        ("name", ["Artist", "Broken off", "Good map", "Half done", "Poor map"]),
        ("steps", ["Artist", "Poor map", "Good map", "Half done", "Broken off"]),
        ("size", ["Artist", "Poor map", "Good map"]),
        ("score", ["Good map", "Poor map", "Artist"]),
    ],
)
def test_a_link_sorts(several: dict[str, RunFolder], library: Library, sort: Any, order: list[str]) -> None:
    found = entries.ordered(entries.read(library.runs(), library), LibraryView(sort=sort))
    assert [entry.title for entry in found][: len(order)] == order


def test_sorted_by_score_each_kind_of_model_stands_under_its_own(
    visit: Visit, several: dict[str, RunFolder], says: Says
) -> None:
    app = visit("library", sort="score")
    said = says(app)
    order = ["Error: smaller is better", "Good map", "Poor map", "features: smaller is better", "Artist", "Not scored"]
    places = [said.index(text) for text in order]
    assert places == sorted(places)
    assert "compare only on the same pictures" in said


def test_of_a_larger_better_score_the_largest_comes_first(library: Library, put: Put) -> None:
    for psnr in (20.0, 30.0, 25.0):
        put(title=str(psnr), result=scored(psnr=psnr, input_psnr=18.0))
    view = LibraryView(sort="score")
    found = entries.ordered(entries.read(library.runs(), library), view)
    assert [entry.title for entry in found] == ["30.0", "25.0", "20.0"]
    assert [said for said, _ in entries.grouped(found, view)] == ["PSNR: larger is better"]


def test_every_state_belongs_to_one_standing() -> None:
    found = sorted(state for states in words.STANDINGS.values() for state in states)
    assert found == sorted(words.STATES)


def test_many_runs_are_turned_over_sheet_by_sheet(
    visit: Visit, put: Put, says: Says, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "SHEET", 2)
    for number in range(5):
        put(Paused(step=1), title=f"Run {number}", created=NOW - timedelta(hours=number))
    app = visit("library")
    assert headings(app)[0] == "Yours (5)" and titles(app, says) == ["Run 0", "Run 1"]
    app.button(key="sheet-next").click().run()
    app.button(key="sheet-next").click().run()
    assert titles(app, says) == ["Run 4"] and app.query_params == {"sheet": "2"}
    assert "5 to 5 of 5" in says(app) and app.button(key="sheet-next").disabled
    app.text_input(key="library-q").set_value("run").run()
    assert titles(app, says) == ["Run 0", "Run 1"]  # what is looked for is looked for from the first on
    assert titles(visit("library", sheet="70"), says) == ["Run 4"]


# ----------------------------------------------------------------------------------------------------- several at once


def choose(app: AppTest, *folders: RunFolder) -> AppTest:
    if not any(box.key and box.key.startswith("pick-") for box in app.checkbox):
        app.button(key="select").click().run()
    for folder in folders:
        app.checkbox(key=f"pick-{words.key(folder)}").check().run()
    assert not app.exception
    return app


def test_several_are_deleted_and_one_undo_brings_all_of_them_back(
    visit: Visit, library: Library, several: dict[str, RunFolder], says: Says
) -> None:
    before = names(library)
    app = choose(visit("library", sort="name"), several["Good map"], several["Artist"], several["Broken off"])
    assert "<b>3 selected</b>" in says(app)
    app.button(key="delete-chosen").click().run()
    assert not app.exception
    assert names(library) == {several["Poor map"].name, several["Half done"].name}
    assert "in the trash" in says(app) and app.query_params == {"sort": "name"}
    app.switch_page("../pages/train.py").run()
    app.switch_page("../pages/library.py").run()  # the way back is still there
    app.button(key="undo").click().run()
    assert not app.exception
    assert names(library) == before
    assert "Deleted" not in says(app) and "in the trash" not in says(app)


def test_what_trains_is_said_and_left_and_so_is_the_gallery(
    visit: Visit, library: Library, put: Put, model: RunFolder, says: Says
) -> None:
    busy, done = put(Queued(), STARTED, title="Busy", trains=True), put(Paused(step=1), title="Idle")
    app = choose(visit("library"), busy, done, model)
    assert "1 of the gallery cannot be deleted." in says(app)
    assert "2 without a finished model cannot be downloaded." in says(app)
    app.button(key="delete-chosen").click().run()
    assert names(library) == {busy.name} and model.path.exists()
    assert "Busy is training: stop it first" in app.warning[0].value
    assert "Deleted <b>Idle</b>" in says(app)


def test_all_that_are_found_are_chosen_also_on_other_sheets(
    visit: Visit, several: dict[str, RunFolder], says: Says, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "SHEET", 2)
    app = choose(visit("library", state="ready"))
    app.button(key="select-all").click().run()
    assert "<b>3 selected</b>" in says(app)
    app.button(key="sheet-next").click().run()
    assert app.checkbox(key=f"pick-{words.key(several['Artist'])}").value
    app.checkbox(key=f"pick-{words.key(several['Artist'])}").uncheck().run()
    app.button(key="sheet-before").click().run()
    assert "<b>2 selected</b>" in says(app)
    assert app.checkbox(key=f"pick-{words.key(several['Good map'])}").value
    app.text_input(key="library-q").set_value("good").run()
    assert "<b>2 selected</b>" in says(app) and "1 selected before the filters hid it." in says(app)
    app.button(key="select-none").click().run()
    assert "<b>0 selected</b>" in says(app)
    app.button(key="select").click().run()
    assert not app.checkbox


def test_several_are_tagged_at_once(visit: Visit, library: Library, several: dict[str, RunFolder]) -> None:
    app = choose(visit("library"), several["Good map"], several["Poor map"])
    app.multiselect(key="tags-more").set_value(["talk"])
    app.multiselect(key="tags-less").set_value(["best"])
    button(app, "Save").click().run()
    assert not app.exception
    assert [tags.of(library, several[title]) for title in ("Good map", "Poor map")] == [("talk",), ("talk",)]


# ---------------------------------------------------------------------------------------------------------- the trash


def test_what_cannot_come_back_says_so(visit: Visit, library: Library, several: dict[str, RunFolder]) -> None:
    app = choose(visit("library"), several["Artist"], several["Poor map"])
    app.button(key="delete-chosen").click().run()
    library.restore(several["Artist"].name)  # somebody in another tab was faster
    app.button(key="undo").click().run()
    assert not app.exception
    assert "cannot be brought back" in app.warning[0].value and several["Artist"].name in app.warning[0].value
    assert len(names(library)) == 5


def test_one_of_the_trash_comes_back_and_emptying_it_asks(
    visit: Visit, library: Library, several: dict[str, RunFolder], says: Says
) -> None:
    for title in ("Artist", "Poor map", "Good map"):
        library.delete(several[title])
    app = visit("library")
    app.button(key=f"back-{several['Artist'].name}").click().run()
    assert not app.exception
    assert several["Artist"].path.exists()
    app.button(key="empty-trash").click().run()
    assert "2 runs go for good" in says(app) and app.button(key="empty-it")  # which the browser's tests press
    assert len(list((library.root / ".trash").iterdir())) == 2


def test_a_title_in_the_way_back_is_text(visit: Visit, trained: RunFolder, says: Says) -> None:
    trained.save(trained.run.model_copy(update={"title": "<script>alert(1)</script>"}))
    app = choose(visit("library"), trained)
    app.button(key="delete-chosen").click().run()
    assert "<b>&lt;script&gt;" in says(app)
    assert "<script>" not in says(app)


# --------------------------------------------------------------------------------------------------------- the ways on


def test_a_run_leads_to_where_it_trains_to_its_page_and_a_model_to_its_space(
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
    app = visit("library")
    app.button(key=f"open-gallery-{model.name}").click().run()
    assert not app.exception
    assert app.query_params["run"] == model.name and app.button(key="way-latent")


# ----------------------------------------------------------------------------------------------------------- uploads


def upload(app: AppTest, *files: bytes) -> AppTest:
    uploader = next(field for field in app.file_uploader if (field.key or "").startswith("upload-"))
    return uploader.set_value([(f"{i}.zip", data, "application/zip") for i, data in enumerate(files)]).run()


def test_an_exported_run_is_taken_in_and_offered(
    visit: Visit, library: Library, trained: RunFolder, says: Says
) -> None:
    trained.append(STARTED)
    trained.append(Finished(step=20, reason="done"))
    app = upload(visit("library"), archive.export(trained))
    assert not app.exception
    assert not app.error
    (new,) = names(library) - {trained.name}
    assert headings(app)[0] == "Yours (2)"
    assert library.find(new).usable
    app.run()  # the uploader is empty again: nothing is taken in twice
    assert len(names(library)) == 2
    app.button(key=f"brought-{new}").click().run()
    assert app.query_params["run"] == new
    assert not visit("latent", model=new).exception


def test_of_several_files_the_good_runs_are_taken_and_the_others_said(
    visit: Visit, library: Library, trained: RunFolder, says: Says, tmp_path: Path
) -> None:
    both = io.BytesIO()
    archive.export_many([trained, trained], both)
    app = upload(visit("library"), both.getvalue(), b"no zip at all", archive.export(trained))
    assert not app.exception
    assert "<b>3 models are in your library now.</b>" in says(app)
    (error,) = app.error
    assert error.value.startswith("**1.zip**") and "is not a zip" in error.value
    assert len(names(library)) == 4
    app.button(key="close-outcomes").click().run()
    assert not app.error and "in your library now" not in says(app)


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
