"""Every page opens, whatever the library holds and whatever the link says."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import words
from selfsup_engine.events import Check, Finished, Metrics, Queued, Started
from selfsup_engine.health import Finding
from selfsup_engine.runs import ROOT, Library, RunFolder

PAGES = ["compare", "gan", "gradients", "home", "inside", "train", "latent", "library", "run", "self_test"]
HOSTILE = "<script>alert(1)</script>"
STARTED = Started(step=0, device="CPU", threads=1, parameters=1)

every_page = pytest.mark.parametrize("page", PAGES)


def test_every_page_is_opened_here() -> None:
    assert sorted(PAGES) == sorted(path.stem for path in (ROOT / "pages").glob("*.py"))


@every_page
def test_a_page_opens_over_nothing(visit: Callable[..., AppTest], page: str) -> None:
    app = visit(page)
    assert not app.exception
    assert len(app.title) == 1


@every_page
def test_a_page_opens_with_a_model_of_the_gallery(
    visit: Callable[..., AppTest], model: RunFolder, deep_model: RunFolder, page: str
) -> None:
    app = visit(page)
    assert not app.exception
    assert not app.error


@every_page
@pytest.mark.parametrize("damage", ["", "{", '{"family": "autoencoder"}', "\x00\xff"])
@pytest.mark.slow
def test_a_page_opens_beside_a_damaged_run(
    visit: Callable[..., AppTest], library: Library, model: RunFolder, trained: RunFolder, page: str, damage: str
) -> None:
    for root in (library.root, library.gallery):
        (root / "broken").mkdir()
        (root / "broken" / "run.json").write_text(damage, "latin-1")
        (root / "empty").mkdir()
        (root / "stray.txt").touch()
    app = visit(page)
    assert not app.exception
    assert not app.error
    for link in ({"run": "broken"}, {"model": "broken"}, {"run": "empty"}, {"model": "empty"}):
        assert not visit(page, **link).exception


def test_a_damaged_run_is_said_where_it_is_asked_for(visit: Callable[..., AppTest], library: Library) -> None:
    (library.root / "broken").mkdir()
    (library.root / "broken" / "run.json").write_text("{")
    assert "cannot be read" in visit("train", run="broken").error[0].value
    assert "cannot be read" in visit("run", run="broken").error[0].value
    assert visit("train", run="broken").button(key="train").label == "Train"


NONSENSE = {
    "train": {"run": ["nobody", "../..", "x" * 65, "", "a/b"], "data": ["nonsense", "upload:1", "npz:/x", ""]},
    "latent": {
        "model": ["nobody", "../../gallery", "x" * 65, ""],
        "weights": ["0" * 16, "0" * 99],
        "x": ["nan", "1e7", "1e6", "left"],
        "y": ["inf", "-1e6", ""],
        "colour": ["mauve"],
        "back": ["perhaps"],
        "a": ["-2", "99999", "100001", "one"],
        "b": ["1.5", "99999"],
        "how": ["bent"],
        "tool": ["Hammer"],
        "sigma": ["-1", "0.1234", "many"],
        "every": ["some"],
    },
    "compare": {
        "models": ["nobody", "a..b", "flat.flat.flat", "flat@0123456789abcdef"],
        "image": ["99999", "-2"],
        "on": ["7", "8"],
        "lasso": ["1_1", "9_9~9_8~8_9"],
        "photo": ["nobody"],
    },
    "inside": {
        "model": ["nobody", "../..", "x" * 65],
        "image": ["-1", "99999", "one"],
        "at": ["7.12~g0_1", "=", "7.12~z101_1"],
        "photo": ["nobody", "own"],
        "layer": ["7", "8", "500", "-2"],
        "unit": ["31", "32", "10000"],
        "part": ["moves", "table", "x"],
    },
    "library": {
        "q": ["x" * 81, "*[(\\", "%"],
        "can": ["flying", "latent.flying", "a,b"],
        "state": ["asleep", "ready.asleep"],
        "tag": ["nothing,of it", "![](x)", ","],
        "sort": ["mood"],
        "sheet": ["7", "-1", "x"],
    },
    "run": {
        "run": ["nobody", "x" * 65, "../x", ""],
        "part": ["Log", "Settings", "Time machine", "Hammer"],
        "snap": ["5", "x"],
    },
    "gradients": {
        "model": ["nobody", "../..", "x" * 65],
        "photo": ["nobody", "own", "../x", ""],
        "reference": ["nobody", "own"],
        "operation": ["fly", "compose", "recolour", "style", "segment", "flatten"],
        "settings": ["{", "[]", '{"strength":9}', '{"surprise":1}', '{"operation":"fly"}', "null", "1"],
        "beside": ["classical", "x"],
        "seen": ["gradients", "x"],
        "region": ["1,1,1", "0,0,0", "0.5,0.5,0.5", "x"],
        "tool": ["Full size", "Teach a style", "x"],
    },
}


@pytest.mark.parametrize(
    ("page", "field", "value"),
    [(page, field, value) for page, fields in NONSENSE.items() for field, values in fields.items() for value in values],
)
def test_a_page_opens_whatever_the_link_says(
    visit: Callable[..., AppTest], model: RunFolder, page: str, field: str, value: str
) -> None:
    link = {"model": model.name} if page in ("latent", "inside") else {}
    app = visit(page, **link | {field: value})
    assert not app.exception
    assert len(app.title) == 1


LINKED = pytest.mark.parametrize(
    ("page", "field"),
    [
        ("train", "run"),
        ("latent", "model"),
        ("run", "run"),
        ("library", "tag"),
        ("gradients", "model"),
        ("gradients", "photo"),
        ("inside", "photo"),
    ],
)


@LINKED
@pytest.mark.parametrize("text", ["![](https://example.org/a.png)", "[Click](https://example.org)", "# Big", HOSTILE])
def test_a_link_puts_nothing_but_text_onto_a_page(
    visit: Callable[..., AppTest], says: Callable[[AppTest], str], model: RunFolder, page: str, field: str, text: str
) -> None:
    app = visit(page, **{field: text})
    assert not app.exception
    assert HOSTILE not in "".join(piece.value for piece in app.html)
    for said in (message.value for message in [*app.warning, *app.error]):
        assert not re.search(r"(?<!\\)\]\(", said)  # Streamlit reads messages as Markdown: a stranger's picture or link


@pytest.fixture
def hostile(library: Library, trained: RunFolder, model: RunFolder) -> RunFolder:
    """A run, and a gallery's model, that say scripts wherever somebody else's text can stand."""
    finding = Finding(level="problem", name=HOSTILE, message=HOSTILE, number=1.0, advice=HOSTILE)
    for folder in (trained, model):
        run = folder.run
        assert run.result is not None
        result = run.result.model_copy(update={"classes": (HOSTILE,) * 10, "licence": HOSTILE, "device": HOSTILE})
        said = {"title": HOSTILE, "note": HOSTILE, "preset": HOSTILE, "source": f"{HOSTILE}:x", "result": result}
        folder.save(run.model_copy(update=said))
        folder.file("events.jsonl").unlink(missing_ok=True)
        for event in (
            STARTED,
            Metrics(step=1, progress=0.5, elapsed=1, eta=1, rate=1, losses={HOSTILE: 0.5}),
            Check(step=1, losses={HOSTILE: 0.5, HOSTILE * 2: 0.5}, findings=(finding,), baselines={HOSTILE: 0.5}),
            Finished(step=1, reason="done"),
        ):
            folder.append(event)
    return trained


@pytest.mark.parametrize(
    ("page", "field"),
    [
        ("home", ""),
        ("train", "run"),
        ("latent", "model"),
        ("inside", "model"),
        ("compare", ""),
        ("run", "run"),
        ("library", ""),
    ],
)
def test_the_text_of_a_run_stays_text(
    visit: Callable[..., AppTest], hostile: RunFolder, says: Callable[[AppTest], str], page: str, field: str
) -> None:
    app = visit(page, **({field: hostile.name} if field else {}))
    assert not app.exception
    assert "&lt;script&gt;" in says(app)
    for piece in app.html:
        assert HOSTILE not in piece.value
    assert not any(piece.allow_html for piece in app.markdown)


def test_a_run_that_waits_with_a_hostile_name_is_text_on_the_home_page(
    visit: Callable[..., AppTest], put: Callable[..., RunFolder], says: Callable[[AppTest], str]
) -> None:
    put(Queued(), title=HOSTILE)
    app = visit("home")
    assert not app.exception
    assert "&lt;script&gt;" in says(app)
    assert HOSTILE not in says(app)


def test_home_shows_what_trains_what_waits_and_the_way_to_it(
    visit: Callable[..., AppTest], put: Callable[..., RunFolder], says: Callable[[AppTest], str]
) -> None:
    running = put(
        Queued(), STARTED, Metrics(step=70, progress=0.5, elapsed=9, eta=75, rate=900, losses={"mse": 0.1}), trains=True
    )
    waiting = put(Queued())
    app = visit("home")
    assert "step 70 · 1 min 15 s left" in says(app)
    assert [word in says(app) for word in ("training</span>", "waiting</span>")] == [True, True]
    next(button for button in reversed(app.button) if button.label == "Watch").click().run()
    assert not app.exception
    assert app.query_params["run"] == waiting.name
    assert app.button(key="pause")
    assert visit("train").query_params["run"] == running.name  # the page of training goes to what trains by itself


def test_home_goes_on_to_the_other_pages(visit: Callable[..., AppTest], model: RunFolder, trained: RunFolder) -> None:
    app = visit("home")
    assert app.header[-1].value == "Yours, latest first"
    next(button for button in app.button if button.label == "Explore").click().run()
    assert not app.exception
    assert app.title[0].value == "Latent space"
    assert app.query_params["model"] == model.name
    app = visit("home")
    app.button(key=f"open-{words.key(trained)}").click().run()
    assert not app.exception
    assert app.query_params["run"] == trained.name and app.button(key="way-latent")
    app = visit("home")
    next(button for button in app.button if button.label == "Train a model").click().run()
    assert app.title[0].value == "Train a model"


def test_a_run_of_the_same_name_as_a_gallerys_model_harms_no_page(
    visit: Callable[..., AppTest], library: Library, model: RunFolder
) -> None:
    copy = library.create(model.run, library.root / model.name)
    for file in model.path.iterdir():
        if file.is_file():
            copy.file(file.name).write_bytes(file.read_bytes())
    for page in PAGES:
        assert not visit(page).exception


def test_a_model_whose_file_lacks_figures_harms_no_page(visit: Callable[..., AppTest], trained: RunFolder) -> None:
    """Somebody's upload: `take_in` checks that scores are numbers, not which there are."""
    result = trained.run.result
    assert result is not None
    trained.save(trained.run.model_copy(update={"result": result.model_copy(update={"scores": {"mse": 0.5}})}))
    for page in PAGES:
        assert not visit(page).exception
    assert not visit("latent", model=trained.name).exception
    assert not visit("run", run=trained.name).exception


@pytest.mark.parametrize("losses", [[{}, {"mse": 0.5}], [{"mse": 0.5}, {"kl": 1.0}], [{"mse": 0.0}], [{"mse": -1.0}]])
def test_a_history_of_odd_figures_harms_no_page(
    visit: Callable[..., AppTest], trained: RunFolder, losses: list[dict[str, float]]
) -> None:
    trained.file("events.jsonl").unlink(missing_ok=True)
    trained.append(STARTED)
    trained.append(Metrics(step=0, progress=0.1, elapsed=1, eta=1, rate=1, losses={"mse": 0.5}))
    for step, figures in enumerate(losses):
        trained.append(Check(step=step, losses=figures, findings=()))
    trained.append(Finished(step=2, reason="stopped"))
    assert not visit("train", run=trained.name).exception
    assert not visit("run", run=trained.name).exception


def test_a_picture_that_is_none_harms_no_page(visit: Callable[..., AppTest], trained: RunFolder) -> None:
    trained.file("cover.png").write_bytes(b"")
    assert not visit("home").exception
    trained.file("cover.png").unlink()
    app = visit("run", run=trained.name)
    assert not app.exception
    assert "no picture yet" in "".join(piece.value for piece in app.html)


def test_a_model_whose_weights_are_damaged_is_said_to_be(
    visit: Callable[..., AppTest], model: RunFolder, trained: RunFolder
) -> None:
    for name in ("weights.safetensors", "exhibit.safetensors"):
        kept = trained.file(name).read_bytes()
        trained.file(name).write_bytes(kept[: len(kept) // 2])
        app = visit("latent", model=trained.name)
        assert not app.exception
        assert app.error
        trained.file(name).write_bytes(kept)
