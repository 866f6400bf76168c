"""A page's state as a file: it brings the page back, finds its models by their weights, and says which is missing and how to get it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import cache, sharing, views
from selfsup_engine.errors import UserError
from selfsup_engine.runs import Library, RunFolder

Visit = Callable[..., AppTest]


@pytest.fixture
def at_hand(library: Library, monkeypatch: pytest.MonkeyPatch) -> Library:
    monkeypatch.setattr(cache, "library", lambda: library)
    return library


def view_of(model: RunFolder) -> views.LatentView:
    assert model.run.result is not None
    view = views.LatentView(model=model.name, weights=model.run.result.weights, tool="Denoise")
    view.x, view.y, view.sigma = 0.5, -1.25, 0.2
    return view


def test_a_state_comes_back_from_its_file(at_hand: Library, model: RunFolder) -> None:
    view = view_of(model)
    shared = sharing.from_file(sharing.to_file(view, at_hand))
    assert views.PAGES[shared.page].model_validate(shared.view) == view
    (wanted,) = shared.models
    assert (wanted.name, wanted.weights) == (model.name, view.weights)
    assert wanted.request is not None and wanted.request.seed == model.run.seed and wanted.request.result is None


def test_a_path_of_this_machine_is_told_to_nobody(at_hand: Library, model: RunFolder) -> None:
    model.save(model.run.model_copy(update={"source": "npz:/srv/somebody/secret.npz"}))
    assert b"somebody" not in sharing.to_file(view_of(model), at_hand)


@pytest.mark.parametrize(
    "spoilt",
    [
        b"",
        b"\x89PNG",
        b"[]",
        b"[" * 100_000,
        b'{"format": "selfsup-studio/state/1", "page": "nowhere", "view": {}}',
        b'{"format": "selfsup-studio/state/2", "page": "latent", "view": {}}',
        b'{"format": "selfsup-studio/state/1", "page": "latent", "view": {"x": "nan"}}',
        b'{"format": "selfsup-studio/state/1", "page": "latent", "view": {}, "more": 1}',
        b" " * 300_000,
    ],
)
def test_what_is_no_state_is_refused(spoilt: bytes) -> None:
    with pytest.raises(UserError, match="no state of Selfsup Studio's"):
        sharing.from_file(spoilt)


def test_a_file_cannot_make_this_machine_read_its_own_paths(at_hand: Library, model: RunFolder) -> None:
    said = json.loads(sharing.to_file(view_of(model), at_hand))
    said["models"][0]["request"]["source"] = "folder:/etc"
    with pytest.raises(UserError):
        sharing.from_file(json.dumps(said).encode())


def test_a_model_is_found_by_name_if_its_weights_are_right_else_by_its_weights(
    model: RunFolder, deep_model: RunFolder
) -> None:
    assert model.run.result is not None and deep_model.run.result is not None
    both = [model, deep_model]
    flat, deep = model.run.result.weights, deep_model.run.result.weights
    assert sharing.find(both, model.name, flat) is model
    assert sharing.find(both, model.name, deep) is deep_model
    assert sharing.find(both, "renamed", deep) is deep_model
    assert sharing.find(both, model.name, "0123") is model
    assert sharing.find(both, "nowhere", "0123") is None


def open_file(app: AppTest, data: bytes) -> None:
    app.session_state["share"] = True  # a person opens it first
    app.run()
    app.file_uploader(key="open-state-0").upload("state.json", data, "application/json").run()


def test_what_is_shared_is_worked_out_when_it_is_opened(visit: Visit, model: RunFolder) -> None:
    def offered() -> bool:
        return "state-file" in {button.key for button in app.get("download_button")}

    app = visit("latent")
    assert not offered()
    app.session_state["share"] = True
    app.run()
    assert offered()


def test_opening_a_file_shows_its_page(visit: Visit, library: Library, model: RunFolder) -> None:
    view = view_of(model)
    app = visit("gan")
    open_file(app, sharing.to_file(view, library))
    assert not app.exception
    assert app.title[0].value == "Latent space"
    assert {name: app.query_params[name] for name in ("x", "y", "tool", "sigma")} == {
        "x": "0.5",
        "y": "-1.25",
        "tool": "Denoise",
        "sigma": "0.2",
    }


def test_where_the_model_is_missing_it_can_be_trained_from_what_the_file_says(
    visit: Visit, library: Library, model: RunFolder, deep_model: RunFolder
) -> None:
    request = model.run.model_copy(update={"result": None})
    app = visit("latent")
    data = sharing.to_file(view_of(model), library)
    library.gallery.joinpath(model.name).rename(library.gallery.parent / "gone")
    open_file(app, data)
    assert "which is not in this library" in app.warning[0].value
    app.button(key="train-missing-0").click().run()
    assert not app.exception
    (started,) = library.runs()
    assert (started.run.source, started.run.config, started.run.budget, started.run.seed) == (
        request.source, request.config, request.budget, request.seed
    )  # fmt: skip


def test_a_file_that_is_no_state_is_refused_on_the_page(visit: Visit, model: RunFolder) -> None:
    app = visit("latent")
    open_file(app, b"{}")
    assert not app.exception
    assert "no state of Selfsup Studio's" in app.error[0].value
