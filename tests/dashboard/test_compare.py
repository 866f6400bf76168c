"""The page of models side by side: what differs first, the same pictures, seeds and photo, and all of it in the link."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import compare_maps
from dashboard.components.latent_map import ALL, Look, Told
from selfsup_engine.exploring.comparing import Comparison
from selfsup_engine.exploring.latent import LatentSpace
from selfsup_engine.runs import Library, RunFolder

Visit = Callable[..., AppTest]
Says = Callable[[AppTest], str]


def hash_of(folder: RunFolder) -> str:
    assert folder.run.result is not None
    return folder.run.result.weights


def test_it_opens_on_what_there_is(visit: Visit, model: RunFolder, deep_model: RunFolder, says: Says) -> None:
    app = visit("compare")
    assert not app.exception and not app.error and not app.warning
    said = says(app)
    assert "PCA, 2 numbers: error" in said and "PCA, 6 numbers: error" in said
    assert said.index("What differs") < said.index("Scores") < said.index("The same pictures")
    assert "Code size</th><td>6</td><td>2</td>" in said  # in the order in which the gallery has them
    names = f"{deep_model.name}@{hash_of(deep_model)}.{model.name}@{hash_of(model)}"
    assert app.query_params["models"] == names


def test_without_a_model_it_shows_the_way_on(visit: Visit) -> None:
    app = visit("compare")
    assert not app.exception
    assert "no trained model" in app.info[0].value


def test_one_model_alone_is_held_against_pca(visit: Visit, model: RunFolder, says: Says) -> None:
    app = visit("compare", models=model.name)
    assert not app.exception
    assert "Choose a second model" in says(app) and "PCA, 2 numbers" in says(app)


def test_models_of_other_families_are_shown_by_what_they_can_do(
    visit: Visit,
    library: Library,
    model: RunFolder,
    gan_once: RunFolder,
    restyler: Callable[[str], RunFolder],
    says: Says,
) -> None:
    shutil.copytree(gan_once.path, library.gallery / "gan")
    restore = restyler("restore")
    app = visit("compare", models=f"flat.gan.{restore.name}", photo="chelsea", seed="5")
    assert not app.exception and not app.error
    said = says(app)
    assert "Samples of the same seed" in said and "The same photo" in said
    assert "blurred, " in said and ": restored, " in said
    assert "settings that not all of these families have" in app.expander[0].label
    assert "best" not in said  # they learned from different pictures


def test_a_link_is_taken_at_its_word(
    visit: Visit,
    model: RunFolder,
    deep_model: RunFolder,
    says: Says,
    monkeypatch: pytest.MonkeyPatch,
    whole_reruns: None,
) -> None:
    monkeypatch.setattr(compare_maps, "latent_map", lambda *about, lasso, pin, **more: Told(pin, ALL, lasso))
    wanted = {
        "models": f"{model.name}@{hash_of(model)}.{deep_model.name}@{hash_of(deep_model)}",
        "order": "worst",
        "image": "3",
        "colour": "error",
        "on": "1",
        "lasso": "-99_-99~99_-99~99_99~-99_99",
    }
    app = visit("compare", **wanted)
    assert not app.exception and not app.warning
    assert {name: app.query_params[name] for name in wanted} == wanted
    assert f"{len(Comparison([LatentSpace(model)]).images)} pictures circled on" in says(
        app
    ) and "error in the group" in says(app)
    app.button(key="compare-clear").click().run()
    assert "lasso" not in app.query_params


def test_a_circle_on_one_map_is_the_group_of_all(
    visit: Visit,
    model: RunFolder,
    deep_model: RunFolder,
    monkeypatch: pytest.MonkeyPatch,
    whole_reruns: None,
) -> None:
    lit: dict[str, object] = {}

    def circled(*about: object, key: str, lasso: str, **more: object) -> Told:
        lit[key] = more["lit"]
        return Told(None, ALL, "-99_-99~99_-99~99_99~-99_99" if key == "compare-map-1" else lasso)

    monkeypatch.setattr(compare_maps, "latent_map", circled)
    app = visit("compare")
    assert app.query_params["on"] == "1"
    everyone = list(range(len(Comparison([LatentSpace(deep_model)]).images)))
    assert lit == {"compare-map-0": everyone, "compare-map-1": None, "compare-map-2": everyone}


def test_what_is_seen_of_each_map_is_in_the_link(
    visit: Visit, model: RunFolder, deep_model: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = {"compare-map-1": Look(0.25, -1.5, 4.0, (1, 7), density=True)}
    given: dict[str, Look] = {}

    def looked_at(*about: object, key: str, look: Look, **more: object) -> Told:
        given[key] = look
        return Told(None, seen.get(key, look), "")

    monkeypatch.setattr(compare_maps, "latent_map", looked_at)
    app = visit("compare")
    assert app.query_params["looks"] == f"~{seen['compare-map-1']}"
    link = dict(app.query_params)
    seen.clear()
    visit("compare", **link)
    assert given == {
        "compare-map-0": ALL,
        "compare-map-1": Look(0.25, -1.5, 4.0, (1, 7), density=True),
        "compare-map-2": ALL,
    }


@pytest.mark.parametrize("wrong", ["1_2_3", "0_0_1e300__0", "nan_0_1__0", "~".join([""] * 10), "1_1_1_1.x_0"])
def test_looks_that_make_no_sense_are_left_out(visit: Visit, model: RunFolder, wrong: str) -> None:
    app = visit("compare", looks=wrong)
    assert not app.exception and "looks" not in app.query_params


def test_a_model_is_found_by_its_weights_whatever_it_is_called(visit: Visit, model: RunFolder) -> None:
    app = visit("compare", models=f"elsewhere@{hash_of(model)}")
    assert not app.warning
    assert app.query_params["models"] == f"{model.name}@{hash_of(model)}"


def test_a_missing_model_is_named_and_the_others_are_shown(visit: Visit, model: RunFolder, says: Says) -> None:
    app = visit("compare", models=f"nowhere@0123456789abcdef.{model.name}")
    assert "“nowhere” (weights 0123456789abcdef), which is not in this library" in app.warning[0].value
    assert "PCA, 2 numbers" in says(app)
    app.run()
    assert len(app.warning) == 1  # whatever is done meanwhile, until it is read
    app.button(key="missing-read-0").click().run()
    assert not app.warning


def test_a_picture_is_chosen_by_pressing_it(visit: Visit, model: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    from dashboard import compare_codes

    pressed = iter([2])
    monkeypatch.setattr(compare_codes, "picture_grid", lambda *about, **more: next(pressed, None))
    app = visit("compare", models=model.name, order="first")
    assert app.query_params["image"] == "2"


def test_the_same_request_differs_in_nothing(visit: Visit, library: Library, model: RunFolder, says: Says) -> None:
    twin = RunFolder(Path(shutil.copytree(model.path, library.root / "twin")))
    app = visit("compare", models=f"{model.name}.{twin.name}")
    assert "the same settings and seed" in says(app)


def test_a_press_on_a_map_chooses_the_nearest_picture(
    visit: Visit, model: RunFolder, deep_model: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    comparison = Comparison([LatentSpace(deep_model), LatentSpace(model)])
    pressed = iter([tuple(comparison.columns[1].flat[4].tolist())])

    def map_of(*about: object, key: str, pin: tuple[float, float], lasso: str, **more: object) -> Told:
        return Told(next(pressed, pin) if key == "compare-map-1" else pin, ALL, lasso)

    monkeypatch.setattr(compare_maps, "latent_map", map_of)
    app = visit("compare", image="1")
    assert not app.exception
    assert app.query_params["image"] == "4"


def test_all_can_be_taken_away_and_others_chosen(visit: Visit, model: RunFolder, deep_model: RunFolder) -> None:
    app = visit("compare", models=f"{deep_model.name}.{model.name}")
    app.multiselect(key="compare-models").set_value([]).run()
    assert not app.exception and "models" not in app.query_params
    app.multiselect(key="compare-models").set_value([model.name]).run()
    assert not app.exception
    assert app.query_params["models"] == f"{model.name}@{hash_of(model)}"


def test_one_more_model_leaves_the_picture_and_the_group_where_they_are(
    visit: Visit, library: Library, model: RunFolder, deep_model: RunFolder
) -> None:
    twin = RunFolder(Path(shutil.copytree(model.path, library.root / "twin")))
    app = visit("compare", models=f"{deep_model.name}.{model.name}", image="3", on="2", lasso="-9_-9~9_-9~9_9")
    app.multiselect(key="compare-models").set_value([deep_model.name, model.name, twin.name]).run()
    kept = {name: app.query_params.get(name) for name in ("image", "on", "lasso")}
    assert kept == {"image": "3", "on": "3", "lasso": "-9_-9~9_-9~9_9"}  # PCA's map is the last one still
    app.multiselect(key="compare-models").set_value([model.name]).run()
    assert "lasso" not in app.query_params


def test_the_same_code_is_drawn_by_all_that_have_as_many_numbers(
    visit: Visit, library: Library, model: RunFolder, deep_model: RunFolder, says: Says
) -> None:
    shutil.copytree(model.path, library.root / "twin")
    said = says(visit("compare", models=f"{model.name}.twin.{deep_model.name}", image="0"))
    row = said[said.index("The same code, ") : said.index("The same numbers mean")]
    assert row.count("<figure>") == 3  # the two and PCA of their size, not the one with six numbers
