"""The latent page: a model is chosen, a point stands somewhere, and every tool draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from streamlit.testing.v1 import AppTest

from dashboard import explorer, selection, state, views
from dashboard.components.latent_map import Look, Told
from dashboard.components.lens import Glimpse
from dashboard.explorer import TOOLS
from selfsup_engine.exploring.latent import LatentSpace
from selfsup_engine.images import encode
from selfsup_engine.runs import Library, RunFolder

Visit = Callable[..., AppTest]
Says = Callable[[AppTest], str]

SAID = {
    "Interpolate": ["From A to B.", "A, real", "0.5", "B, real"],
    "Dimensions": ["<b>number 1</b>", "<b>number 2</b>"],
    "Grid": ["Decoded at even distances across"],
    "Your image": ["A photo of a shoe, a drawn digit, anything"],
    "Denoise": ["with noise", "through the code", "error after"],
    "Compress": ["as PNG", "as code", "numbers of its own"],
    "Directions": ["Group A", "Group B", "Effect size", "A clear direction.", "The picture at the point, moved"],
    "Arithmetic": ["= A - B + C", "Nearest real picture", "Trust "],
}


def photo() -> tuple[str, bytes, str]:
    pixels = np.random.default_rng(1).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    return ("photo.png", encode(pixels, "png"), "image/png")


def test_the_page_opens_with_the_first_model_of_the_gallery_and_a_link_to_it(
    visit: Visit, deep_model: RunFolder, model: RunFolder, trained: RunFolder, says: Says
) -> None:
    app = visit("latent")
    assert not app.exception
    assert app.selectbox(key="latent-model").value == deep_model.name
    assert len(app.selectbox(key="latent-model").options) == 3
    assert {"model", "weights", "x", "y"} <= set(app.query_params)
    assert app.query_params["model"] == deep_model.name
    for said in ("Nearest real pictures", "in 6 numbers a picture", "PCA with as many numbers"):
        assert said in says(app)


def test_a_link_chooses_the_model_and_the_place(visit: Visit, deep_model: RunFolder, model: RunFolder) -> None:
    app = visit("latent", model=model.name, x="0.5", y="-0.25")
    assert app.selectbox(key="latent-model").value == model.name
    assert (app.query_params["x"], app.query_params["y"]) == ("0.5", "-0.25")
    again = visit("latent", **app.query_params)
    assert again.query_params == app.query_params


def test_another_model_starts_from_its_own_middle(visit: Visit, deep_model: RunFolder, model: RunFolder) -> None:
    app = visit("latent", model=model.name, x="900", y="900", a="3", b="4")
    app.selectbox(key="latent-model").set_value(deep_model.name).run()
    assert not app.exception
    assert app.query_params["model"] == deep_model.name
    assert app.query_params["x"] != "900"
    assert (app.query_params["a"], app.query_params["b"]) != ("3", "4")
    assert app.query_params["weights"] == deep_model.run.result.weights  # type: ignore[union-attr]
    assert not app.warning


def test_models_of_one_title_are_told_apart(
    visit: Visit, library: Library, model: RunFolder, trained: RunFolder
) -> None:
    """As two runs of the same settings are: Streamlit knows an option by its text, and of two alike it takes the last."""
    first, second = model.name, trained.name
    app = visit("latent", model=first, x="0.5", y="0.5")
    app.run()
    assert app.query_params["model"] == first
    assert (app.query_params["x"], app.query_params["y"]) == ("0.5", "0.5")
    for name in (second, first):
        app.selectbox(key="latent-model").set_value(name).run()
        assert app.query_params["model"] == name


def test_a_link_to_a_missing_model_says_so_and_shows_another(visit: Visit, model: RunFolder) -> None:
    app = visit("latent", model="somebody-elses")
    assert not app.exception
    assert "somebody-elses" in app.warning[0].value
    assert "not in this library" in app.warning[0].value
    assert app.selectbox(key="latent-model").value == model.name


def test_a_link_to_other_weights_says_so(visit: Visit, model: RunFolder) -> None:
    weights = model.run.result.weights  # type: ignore[union-attr]
    assert not visit("latent", model=model.name, weights=weights).warning
    app = visit("latent", model=model.name, weights="0" * 16)
    assert "trained on since the link was made" in app.warning[0].value


def test_without_a_model_the_page_leads_to_training(visit: Visit) -> None:
    app = visit("latent")
    assert app.info[0].value == "There is no trained model yet."
    app.button[0].click().run()
    assert not app.exception
    assert app.title[0].value == "Train a model"


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("which", ["flat", "deep"])
def test_every_tool_draws(
    visit: Visit, model: RunFolder, deep_model: RunFolder, says: Says, which: str, tool: str
) -> None:
    app = visit("latent", model=which, tool=tool)
    assert not app.exception
    assert not app.error
    assert app.segmented_control(key="latent-tool").value == tool
    for said in SAID[tool]:
        assert said in says(app)


def test_a_tool_is_changed_by_a_click_and_stands_in_the_link(visit: Visit, model: RunFolder) -> None:
    app = visit("latent")
    app.segmented_control(key="latent-tool").set_value("Denoise").run()
    assert not app.exception
    assert app.query_params["tool"] == "Denoise"
    app.slider(key="sigma").set_value(0.0).run()
    assert not app.exception
    assert app.query_params["sigma"] == "0"
    app.segmented_control(key="latent-tool").set_value("Interpolate").run()
    assert "tool" not in app.query_params


@pytest.mark.parametrize(("field", "key"), [("back", "latent-back")])
def test_the_decodes_are_drawn_beneath(visit: Visit, model: RunFolder, field: str, key: str) -> None:
    app = visit("latent")
    app.toggle(key=key).set_value(True).run()
    assert not app.exception
    assert app.query_params[field] == "True"
    assert visit("latent", back="True", model=model.name).toggle(key=key).value is True


@pytest.mark.parametrize("colour", ["error", "trust", "cluster"])
def test_the_map_is_coloured_by_what_is_asked_for(
    visit: Visit, model: RunFolder, says: Says, monkeypatch: pytest.MonkeyPatch, colour: str
) -> None:
    shown: list[dict[str, Any]] = []
    monkeypatch.setattr(
        explorer, "latent_map", lambda *points, **about: (shown.append(about), Told(None, about["look"], ""))[1]
    )
    app = visit("latent", model=model.name, hide="1")
    assert shown[-1]["values"] is None and shown[-1]["classes"] == model.run.result.classes  # type: ignore[union-attr]
    app.segmented_control(key="latent-colour").set_value(colour).run()
    assert not app.exception
    assert app.query_params["colour"] == colour
    if colour == "cluster":
        assert "no label was used" in says(app)
        assert shown[-1]["values"] is None and shown[-1]["classes"][0] == "cluster 1"
        assert len(shown[-1]["typical"]) == len(shown[-1]["classes"])
        assert shown[-1]["look"].hidden == ()  # a cluster is not the class of the same number
    else:
        values = {"error": "squared error", "trust": "trust"}
        assert shown[-1]["value_name"] == values[colour] and len(shown[-1]["values"]) == len(shown[-1]["labels"])
        assert shown[-1]["look"].hidden == (1,)


def test_a_model_without_labels_is_coloured_by_error_at_first(visit: Visit, model: RunFolder, says: Says) -> None:
    kept = load_file(model.file("exhibit.safetensors"))
    del kept["labels"]
    save_file(kept, model.file("exhibit.safetensors"))
    app = visit("latent")
    assert not app.exception
    assert app.segmented_control(key="latent-colour").options == ["By error", "By trust", "By cluster"]
    assert app.segmented_control(key="latent-colour").value == "error"
    assert "no. " in says(app)


def test_swap_swaps_the_ends_in_the_link(visit: Visit, model: RunFolder, whole_reruns: None) -> None:
    app = visit("latent", model=model.name, a="3", b="7")
    app.button(key="swap").click().run()
    assert not app.exception
    assert (app.query_params["a"], app.query_params["b"]) == ("7", "3")
    app.button(key="swap").click().run()
    assert (app.query_params["a"], app.query_params["b"]) == ("3", "7")


def test_two_others_are_two_others(visit: Visit, model: RunFolder, whole_reruns: None) -> None:
    app = visit("latent", model=model.name, a="3", b="3")
    app.button(key="others").click().run()
    assert not app.exception
    assert app.query_params["a"] != app.query_params["b"]


def test_the_nearest_picture_becomes_an_end(visit: Visit, model: RunFolder, whole_reruns: None) -> None:
    app = visit("latent", model=model.name, a="3", b="7")
    app.button(key="as-a").click().run()
    app.button(key="as-b").click().run()
    assert not app.exception
    assert app.query_params["a"] == app.query_params["b"]


def test_a_place_that_the_map_sends_is_where_the_page_stands(
    visit: Visit, model: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        explorer,
        "latent_map",
        lambda *points, **about: Told((1.5, -0.5), Look(3.0, 4.0, 2.5, (1, 7), True), "0_0~9_0~9_9"),
    )
    app = visit("latent", model=model.name, x="0", y="0")
    assert not app.exception
    assert (app.query_params["x"], app.query_params["y"]) == ("1.5", "-0.5")
    seen = {name: app.query_params[name] for name in ("cx", "cy", "zoom", "hide", "density", "lasso")}
    assert seen == {"cx": "3", "cy": "4", "zoom": "2.5", "hide": "1.7", "density": "True", "lasso": "0_0~9_0~9_9"}


def test_a_link_hands_its_look_to_the_map_and_another_model_forgets_it(
    visit: Visit, deep_model: RunFolder, model: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[Look] = []

    def shown(*points: Any, pin: Any, look: Look, **about: Any) -> Told:
        looks.append(look)
        return Told(pin, look, "")

    monkeypatch.setattr(explorer, "latent_map", shown)
    app = visit("latent", model=model.name, cx="3", cy="4", zoom="2.5", hide="1.7", tool="Grid")
    assert looks[-1] == Look(3.0, 4.0, 2.5, (1, 7))
    app.selectbox(key="latent-model").select(deep_model.name).run()
    assert looks[-1] == Look()
    assert app.query_params["tool"] == "Grid"


EVERYTHING = "-1e3_-1e3~1e3_-1e3~1e3_1e3~-1e3_1e3"


def test_a_circled_group_is_described_and_let_go(
    visit: Visit, model: RunFolder, says: Says, whole_reruns: None
) -> None:
    app = visit("latent", model=model.name)
    assert "inside" not in says(app)
    app = visit("latent", model=model.name, lasso=EVERYTHING)
    space = LatentSpace(model)
    errors = space.exhibit.errors
    counts = space.exhibit.labels.bincount()  # type: ignore[union-attr]
    most = f"{model.run.result.classes[int(counts.argmax())]} {int(counts.max()) / len(errors):.0%}"  # type: ignore[union-attr]
    for said in (f"{len(errors)} inside", f"mean error {float(errors.mean()):.4f}", most):
        assert said in says(app)
    app.button(key="clear-group").click().run()
    assert not app.exception
    assert "lasso" not in app.query_params and "inside" not in says(app)


def test_who_is_chosen_is_inside_and_not_filtered_out(model: RunFolder) -> None:
    space = LatentSpace(model)
    labels = space.exhibit.labels
    assert labels is not None
    flat = space.plane.flat(space.exhibit.codes)
    x = float(flat[:, 0].median())
    right = f"{x:.6f}_-1e6~1e6_-1e6~1e6_1e6~{x:.6f}_1e6"
    view = views.LatentView(lasso=right)
    assert selection.chosen(space, view) == (flat[:, 0] > round(x, 6)).nonzero()[:, 0].tolist()
    view.hide = "0"
    assert selection.chosen(space, view) == ((flat[:, 0] > round(x, 6)) & (labels != 0)).nonzero()[:, 0].tolist()
    view.colour, view.hide = "cluster", "0"
    clusters = space.clusters.labels
    assert selection.chosen(space, view) == ((flat[:, 0] > round(x, 6)) & (clusters != 0)).nonzero()[:, 0].tolist()
    assert selection.chosen(space, views.LatentView()) == []


def test_a_hand_on_the_map_is_followed_by_the_lens_and_the_place_is_kept(
    visit: Visit, model: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    lenses: list[tuple[Callable[[Any], Glimpse], Callable[[Any], None]]] = []
    monkeypatch.setattr(explorer, "lens", lambda draw, came, **about: lenses.append((draw, came)))
    kept: list[views.LatentView] = []
    monkeypatch.setattr(explorer, "keep", lambda view: kept.append(view.model_copy()))
    visit("latent", model=model.name, x="0", y="0")
    space = LatentSpace(model)
    draw, came = lenses[-1]
    kept.clear()  # of what the page itself keeps
    for hand, place in ((None, (0.0, 0.0)), ((0.5, -0.25), (0.5, -0.25)), (None, (0.0, 0.0))):
        glimpse = draw(hand)
        code = torch.tensor([place])
        assert np.array_equal(glimpse.picture, space.decode(code)[0])
        assert glimpse.trust == pytest.approx(float(space.trust(code)[0]))
        assert np.array_equal(glimpse.near, space.exhibit.images[space.neighbours(code[0], 1)[0]].numpy())
    assert not kept  # it only passed by
    came((0.5, -0.25))
    assert [(view.x, view.y) for view in kept] == [(0.5, -0.25)]
    assert np.array_equal(draw(None).picture, space.decode(torch.tensor([[0.5, -0.25]]))[0])


def test_a_photo_of_ones_own_is_drawn_again_and_becomes_what_tools_work_on(
    visit: Visit, model: RunFolder, says: Says, whole_reruns: None
) -> None:
    app = visit("latent", model=model.name, tool="Your image")
    before = app.query_params["x"]
    app.file_uploader(key="own-picture").set_value(photo()).run()
    assert not app.exception
    assert "as it draws it again" in says(app)
    assert app.query_params["x"] != before
    for tool in ("Denoise", "Compress"):
        app.segmented_control(key="latent-tool").set_value(tool).run()
        assert not app.exception
        assert "your image" in says(app)


@pytest.mark.parametrize("data", [b"", b"no picture", photo()[1][:60]])
def test_a_file_that_is_no_picture_is_refused_in_a_sentence(visit: Visit, model: RunFolder, data: bytes) -> None:
    app = visit("latent", tool="Your image", model=model.name)
    app.file_uploader(key="own-picture").set_value(("photo.png", data, "image/png")).run()
    assert not app.exception
    assert app.error


def test_another_model_can_be_chosen_with_a_photo_in_place(
    visit: Visit, model: RunFolder, deep_model: RunFolder, says: Says
) -> None:
    app = visit("latent", model=model.name, tool="Your image")
    with pytest.MonkeyPatch.context() as patch:  # the upload is a fragment's rerun in a browser, the choice a page's
        rerun = explorer.st.rerun
        patch.setattr(explorer.st, "rerun", lambda scope="app": rerun())
        app.file_uploader(key="own-picture").set_value(photo()).run()
        assert not app.exception
    app.selectbox(key="latent-model").set_value(deep_model.name).run()
    assert not app.exception
    assert "as it draws it again" in says(app)


def test_a_photo_is_no_mark_on_the_map_of_another_model(
    visit: Visit,
    library: Library,
    model: RunFolder,
    trained: RunFolder,
    whole_reruns: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trained.save(trained.run.model_copy(update={"title": "Another"}))
    marks: list[Any] = []
    monkeypatch.setattr(
        explorer, "latent_map", lambda *points, **about: (marks.append(about["marks"]), Told(None, Look(), ""))[1]
    )
    app = visit("latent", model=model.name, tool="Your image")
    app.file_uploader(key="own-picture").set_value(photo()).run()
    assert "yours" in {name for name, _, _ in marks[-1]}
    app.segmented_control(key="latent-tool").set_value("Interpolate").run()
    app.selectbox(key="latent-model").set_value(trained.name).run()
    assert not app.exception
    assert app.query_params["model"] == trained.name
    assert "yours" not in {name for name, _, _ in marks[-1]}  # its code says nothing in another space


def test_a_photo_stays_until_it_is_taken_away(
    visit: Visit, model: RunFolder, says: Says, whole_reruns: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    marks: list[Any] = []
    monkeypatch.setattr(
        explorer, "latent_map", lambda *points, **about: (marks.append(about["marks"]), Told(None, Look(), ""))[1]
    )
    app = visit("latent", model=model.name, tool="Your image")
    app.file_uploader(key="own-picture").set_value(photo()).run()
    placed = app.query_params["x"], app.query_params["y"]
    for tool in ("Interpolate", "Your image"):  # the uploader goes out of sight, and is back with nothing in it
        app.segmented_control(key="latent-tool").set_value(tool).run()
        assert not app.exception
        assert "yours" in {name for name, _, _ in marks[-1]}
    assert not app.file_uploader(key="own-picture").value
    assert "as it draws it again" in says(app)
    assert (app.query_params["x"], app.query_params["y"]) == placed
    app.button(key="forget-photo").click().run()
    assert not app.exception
    assert "yours" not in {name for name, _, _ in marks[-1]}
    assert "as it draws it again" not in says(app)


def test_widgets_follow_a_link_and_the_back_button(
    visit: Visit, model: RunFolder, whole_reruns: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "LATE", 0.0)  # the person looked at it for a moment
    app = visit("latent", model=model.name, tool="Grid", colour="error")
    app.segmented_control(key="latent-tool").set_value("Denoise").run()
    assert app.query_params["tool"] == "Denoise"
    app.query_params["tool"] = "Grid"  # as the back button does
    app.run()
    assert app.segmented_control(key="latent-tool").value == "Grid"
    assert app.segmented_control(key="latent-colour").value == "error"


def test_both_ends_are_on_the_map_from_the_start(visit: Visit, model: RunFolder) -> None:
    app = visit("latent", model=model.name)
    assert {"a", "b"} <= set(app.query_params)


def test_the_pin_on_a_photo_of_ones_own_is_its_very_code(
    visit: Visit, deep_model: RunFolder, whole_reruns: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[Any] = []
    monkeypatch.setattr(explorer, "show_nearest", lambda space, view, code: shown.append((space, code)))
    app = visit("latent", model=deep_model.name, tool="Your image")
    app.file_uploader(key="own-picture").set_value(photo()).run()
    assert not app.exception
    space, code = shown[-1]
    assert torch.equal(code, space.encode(space.prepared(photo()[1]))[0])


def test_coming_back_to_a_model_places_the_photo_again(
    visit: Visit, model: RunFolder, deep_model: RunFolder, whole_reruns: None
) -> None:
    app = visit("latent", model=model.name, tool="Your image")
    app.file_uploader(key="own-picture").set_value(photo()).run()
    placed = app.query_params["x"], app.query_params["y"]
    for name in (deep_model.name, model.name):
        app.selectbox(key="latent-model").set_value(name).run()
        assert not app.exception
    assert (app.query_params["x"], app.query_params["y"]) == placed
