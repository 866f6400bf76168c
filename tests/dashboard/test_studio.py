"""The colour-gradient studio: photos, operations and their settings, what a hand does on the picture, full size, recipes, styles."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest

from dashboard import studio_canvas, studio_choices, studio_full
from dashboard.components.darkroom import ColourPoint, Touched
from selfsup_engine import builtin_photos
from selfsup_engine.exploring.retouching import recipe as recipes
from selfsup_engine.exploring.retouching.operations import Flatten, Recolour
from selfsup_engine.exploring.retouching.recipe import Recipe
from selfsup_engine.images import encode
from selfsup_engine.runs import RunFolder

Visit = Callable[..., AppTest]
Restyler = Callable[[str], RunFolder]
pytestmark = pytest.mark.usefixtures("whole_reruns")


class Hand:
    """What stands in for the browser: `does` is done on the picture once, and all that it was given is kept."""

    def __init__(self) -> None:
        self.does: list[Touched] = []
        self.shown: dict[str, Any] = {}
        self.pictures: tuple[bytes, bytes] = b"", b""

    def __call__(self, before: bytes, after: bytes, **about: Any) -> Touched:
        self.pictures, self.shown = (before, after), about
        standing = Touched(about["mask"], tuple(about["points"]), None, None)
        return self.does.pop() if self.does else standing

    @property
    def after(self) -> np.ndarray:
        return np.asarray(Image.open(io.BytesIO(self.pictures[1])))


@pytest.fixture(autouse=True)
def hand(monkeypatch: pytest.MonkeyPatch) -> Hand:
    made = Hand()
    monkeypatch.setattr(studio_canvas, "darkroom", made)
    return made


def press(monkeypatch: pytest.MonkeyPatch, key: str, number: int) -> None:
    """A press on a picture of a sheet, once."""
    presses = {key: number}
    monkeypatch.setattr(studio_choices, "picture_grid", lambda images, *, key, **about: presses.pop(key, None))


def link(app: AppTest, name: str) -> str:
    return str(app.query_params.get(name, ""))


def settings(app: AppTest) -> Any:
    return json.loads(link(app, "settings") or "{}")


def test_it_opens_on_a_photo_and_says_where_no_model_is(visit: Visit, hand: Hand) -> None:
    app = visit("gradients")
    assert not app.exception
    assert "no model for this yet" in app.info[0].value
    assert "learned to restore" in app.warning[0].value
    assert hand.pictures[0] == hand.pictures[1]  # nothing was done


def test_a_model_enhances_and_its_sliders_are_in_the_link(visit: Visit, hand: Hand, restyler: Restyler) -> None:
    folder = restyler("restore")
    app = visit("gradients", photo="chelsea")
    assert not app.exception and not app.warning
    assert link(app, "model") == folder.name
    assert hand.pictures[0] != hand.pictures[1]
    assert hand.shown["size"] == (451, 300)
    app.slider(key="photo-enhance-strength").set_value(0.0).run()
    assert settings(app) == {"strength": 0.0}
    assert hand.pictures[0] == hand.pictures[1]
    app.button(key="photo-undo").click().run()
    assert settings(app) == {}
    assert app.slider(key="photo-enhance-strength").value == 0.7
    app.button(key="photo-redo").click().run()
    assert app.slider(key="photo-enhance-strength").value == 0.0
    app.button(key="photo-reset").click().run()
    assert settings(app) == {}
    assert not app.exception


@pytest.mark.parametrize(
    ("pretext", "operation"), [("restore", "enhance"), ("colorize", "recolour"), ("style", "style")]
)
def test_a_model_of_the_library_brings_its_operation(
    visit: Visit, hand: Hand, restyler: Restyler, pretext: str, operation: str
) -> None:
    folder = restyler(pretext)
    app = visit("gradients", model=folder.name)
    assert not app.exception and not app.warning
    assert app.session_state["photo-operation"] == operation
    assert link(app, "model") == folder.name
    assert hand.pictures[0] != hand.pictures[1]


def test_a_model_is_offered_as_soon_as_colours_are_to_come_from_one(
    visit: Visit, hand: Hand, restyler: Restyler
) -> None:
    folder = restyler("colorize")
    app = visit("gradients", operation="recolour", photo="coffee")
    app.segmented_control(key="photo-recolour-colours").set_value("model").run()
    assert not app.exception and not app.warning
    assert app.selectbox(key="photo-model-recolour").value == folder.name
    app.button(key="photo-undo").click().run()
    assert settings(app) == {}
    assert app.button(key="photo-undo").disabled


def test_the_left_says_whose_it_is(visit: Visit, hand: Hand) -> None:
    visit("gradients", operation="recolour", photo="coffee")
    assert hand.shown["names"] == ("before", "after")
    visit("gradients", operation="recolour", photo="coffee", beside="classical")
    assert hand.shown["names"] == ("Reinhard 2001", "after")


def test_the_classical_operator_is_there_at_once(visit: Visit, hand: Hand, says: Callable[[AppTest], str]) -> None:
    app = visit("gradients", operation="recolour", photo="coffee")
    photo = hand.pictures[0]
    assert "colours: ours" not in says(app)
    app.segmented_control(key="photo-beside").set_value("classical").run()
    assert hand.shown["names"][0] == "Reinhard 2001"
    assert hand.pictures[0] != photo
    assert "colours: ours" in says(app)
    app.segmented_control(key="photo-beside").set_value("photo").run()
    assert hand.pictures[0] == photo
    app.segmented_control(key="photo-tool").set_value("Figures").run()
    assert "colours: ours" in says(app)


def test_a_photo_is_not_its_own_reference(visit: Visit, hand: Hand) -> None:
    app = visit("gradients", operation="recolour", photo="flower")
    assert link(app, "reference") == "china"
    assert hand.pictures[0] != hand.pictures[1]


@pytest.mark.parametrize("operation", ["recolour", "style", "flatten", "segment", "compose"])
def test_operations_without_a_model_work_at_once(visit: Visit, hand: Hand, operation: str) -> None:
    app = visit("gradients", operation=operation, photo="coffee")
    assert not app.exception and not app.warning and not app.error
    assert hand.pictures[0] != hand.pictures[1]
    assert visit("gradients", operation=operation, seen="gradients", beside="classical").exception == app.exception


def test_a_link_is_taken_at_its_word(visit: Visit, hand: Hand) -> None:
    said = {
        "photo": "flower",
        "operation": "recolour",
        "settings": '{"colours":"palette","palette":["#102030","#e0a080"],"locked":["#0a0b0c"]}',
        "seen": "gradients",
        "tool": "Figures",
        "region": "0.5,0.5,0.5",
    }
    app = visit("gradients", **said)
    assert not app.exception and not app.warning
    assert {name: link(app, name) for name in said} == said
    assert hand.shown["mask"].any() and not hand.shown["mask"].all()
    first = hand.pictures
    visit("gradients", **said)
    assert hand.pictures == first


def test_each_operation_keeps_its_settings(visit: Visit) -> None:
    app = visit("gradients", operation="flatten")
    app.slider(key="photo-flatten-strength").set_value(0.5).run()
    app.segmented_control(key="photo-operation").set_value("segment").run()
    assert settings(app) == {}
    app.segmented_control(key="photo-operation").set_value("flatten").run()
    assert settings(app) == {"strength": 0.5}
    assert app.slider(key="photo-flatten-strength").value == 0.5
    assert not app.exception


def test_another_photo_is_pressed(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    press(monkeypatch, "photo-choice", list(builtin_photos.NAMES).index("rocket"))
    app = visit("gradients", operation="flatten")
    assert link(app, "photo") == "rocket"
    assert not app.exception


def test_a_dropped_photo_is_opened_and_what_is_none_is_refused(visit: Visit, hand: Hand) -> None:
    mine = encode(np.random.default_rng(0).integers(0, 256, (50, 80, 3), dtype=np.uint8))
    hand.does = [Touched(None, (), None, ("mine.png", mine))]
    app = visit("gradients", operation="flatten")
    assert not app.exception
    assert link(app, "photo") == "own"
    assert hand.shown["size"] == (80, 50)
    hand.does = [Touched(None, (), None, ("text.jpg", b"no picture at all"))]
    app.run()
    assert "not a picture" in app.error[0].value
    assert hand.shown["size"] == (80, 50)  # the one before stays
    assert not app.exception


def test_a_link_to_somebodys_own_photo_says_that_it_does_not_travel(visit: Visit) -> None:
    app = visit("gradients", photo="own")
    assert not app.exception
    assert "does not travel" in app.warning[0].value


def test_a_painted_mask_keeps_the_operation_inside(visit: Visit, hand: Hand) -> None:
    mask = np.zeros((400, 600), np.uint8)
    mask[:, 300:] = 255
    hand.does = [Touched(mask, (), None, None)]
    app = visit("gradients", operation="segment", photo="coffee")
    app.run()
    assert not app.exception
    before = np.asarray(Image.open(io.BytesIO(hand.pictures[0]))).astype(int)
    apart = np.abs(hand.after.astype(int) - before)
    assert apart[:, :280].max() <= 3  # two JPEGs of the same
    assert apart[:, 320:].mean() > 3
    app.segmented_control(key="photo-operation").set_value("flatten").run()
    assert np.array_equal(hand.shown["mask"], mask)  # it is the photo's, whatever is done there
    app.button(key="photo-no-mask").click().run()
    assert hand.shown["mask"] is None


def test_a_pressed_region_is_the_mask_and_in_the_link(visit: Visit, hand: Hand) -> None:
    app = visit("gradients", operation="flatten", photo="coffee")
    app.segmented_control(key="photo-hand-flatten").set_value("region").run()
    assert hand.shown["hand"] == "pick"
    assert hand.shown["overlay"]
    hand.does = [Touched(None, (), (300, 200), None)]
    app.run()
    assert link(app, "region") == "0.5008,0.5012,0.5"
    assert 0 < (hand.shown["mask"] > 0).mean() < 1
    hand.does = [Touched(None, (), None, None)]  # cleared on the picture
    app.run()
    assert link(app, "region") == ""
    assert hand.shown["mask"] is None
    assert not app.exception


def test_a_pressed_colour_is_locked_and_let_go_again(visit: Visit, hand: Hand) -> None:
    app = visit("gradients", operation="recolour", photo="coffee")
    app.segmented_control(key="photo-hand-recolour").set_value("lock").run()
    free = hand.after
    hand.does = [Touched(None, (), (20, 380), None)]
    app.run()
    (colour,) = settings(app)["locked"]
    coffee = np.asarray(Image.open(builtin_photos.read("coffee")))
    assert colour == "#" + bytes(coffee[380, 20].tolist()).hex()
    assert not np.array_equal(hand.after, free)
    app.button(key=f"photo-locked-{colour}").click().run()
    assert settings(app) == {}
    assert not app.exception


def test_compose_shows_the_photos_colours_and_takes_the_persons(visit: Visit, hand: Hand) -> None:
    app = visit("gradients", operation="compose", photo="flower")
    assert len(hand.shown["points"]) == 7
    assert hand.shown["hand"] == "points"
    assert settings(app) == {}
    first = hand.after
    hand.does = [Touched(None, (ColourPoint(0.25, 0.5, "#ff8800"), ColourPoint(0.75, 0.5, "#0044ff")), None, None)]
    app.run()
    assert settings(app)["points"] == [
        {"x": 0.25, "y": 0.5, "colour": "#ff8800"},
        {"x": 0.75, "y": 0.5, "colour": "#0044ff"},
    ]
    assert not np.array_equal(hand.after, first)
    assert not app.exception


def rendered(app: AppTest) -> AppTest:
    """Waits for the work behind the page's back."""
    app.button(key="render").click().run()
    give_up = time.monotonic() + 60
    while not any(button.label.startswith("Download") for button in app.get("download_button")):
        assert time.monotonic() < give_up
        time.sleep(0.1)
        app.run()
    return app


def test_full_size_is_rendered_and_its_recipe_gives_it_again(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[Any] = []
    real = studio_full.downloads
    monkeypatch.setattr(
        studio_full,
        "downloads",
        lambda photo, recipe, shown: (kept.append((photo, recipe)), real(photo, recipe, shown)),
    )
    app = rendered(visit("gradients", operation="recolour", photo="chelsea", region="0.5,0.5,0.5"))
    assert not app.exception
    photo, recipe = kept[-1]
    assert recipe.operation == Recolour()
    again = recipes.read(recipe.model_dump_json())
    chelsea = torch.from_numpy(np.asarray(Image.open(builtin_photos.read("chelsea"))).transpose(2, 0, 1).copy())
    assert recipe.photo == recipes.fingerprint(chelsea)
    from selfsup_engine.photofile import Photo

    made = recipes.follow(Photo(chelsea), again, recipes.means_of(None, again.reference))
    assert made.pixels.equal(photo.pixels)
    assert not photo.pixels.equal(chelsea)


def test_a_recipe_brings_the_page_to_where_it_was_made(visit: Visit, restyler: Restyler) -> None:
    reference = torch.full((3, 20, 30), 90, dtype=torch.uint8)
    recipe = Recipe(operation=Recolour(strength=0.4), reference=recipes.packed_reference(reference))
    app = visit("gradients", photo="rocket")
    app.file_uploader(key="recipe-file").set_value(
        ("recipe.json", recipe.model_dump_json().encode(), "application/json")
    ).run()
    assert not app.exception and not app.error
    assert link(app, "operation") == "recolour"
    assert link(app, "reference") == "own"
    assert settings(app) == {"strength": 0.4}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "not a recipe"),
        (Recipe(operation=Flatten(), model="lost", weights="0" * 16).model_dump_json(), "not in this library"),
        (Recipe(operation=Recolour(), reference="aGVsbG8=").model_dump_json(), "not a picture"),
    ],
)
def test_a_recipe_that_cannot_be_followed_says_why(visit: Visit, text: str, said: str) -> None:
    app = visit("gradients", operation="flatten")
    app.file_uploader(key="recipe-file").set_value(("recipe.json", text.encode(), "application/json")).run()
    assert not app.exception
    assert said in app.error[0].value
    assert link(app, "operation") == "flatten"  # nothing was done by halves


def test_a_style_is_taught_on_a_photo(visit: Visit, launcher: Any) -> None:
    app = visit("gradients", operation="flatten", tool="Teach a style")
    app.button(key="teach").click().run()
    assert not app.exception and not app.error
    (started,) = launcher.started
    run = RunFolder(started).run
    assert (run.family, run.preset, run.config["pretext"], run.budget.seconds) == (
        "color_gradient",
        "style",
        "style",
        30,
    )
    assert run.title == "Style of Astronaut"
    assert app.button(key="style-stop")


def test_one_more_colour_is_none_of_those_that_are_there() -> None:
    from dashboard.studio_controls import _another
    from selfsup_engine.pictures import PALETTE

    colours: list[str] = []
    for _ in PALETTE:
        colours.append(_another(colours))
    assert sorted(colours) == sorted(PALETTE)
    assert _another(colours) == "#808080"
