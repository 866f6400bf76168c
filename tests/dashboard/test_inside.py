"""The inside page on real models of every family: what goes through them, each part, and what a link brings back."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from streamlit.testing.v1 import AppTest

from dashboard import inside as inside_page
from dashboard import inside_learned, inside_pictures, inside_table
from selfsup_engine.exploring.inside import Inside, Journey
from selfsup_engine.exploring.probing import Probe, Probed
from selfsup_engine.images import encode
from selfsup_engine.runs import ROOT, Library, RunFolder

Visit = Callable[..., AppTest]
Says = Callable[[AppTest], str]


@pytest.fixture
def gallery(library: Library) -> Callable[[str], RunFolder]:
    """A model of the real gallery, in the library."""

    def get(name: str) -> RunFolder:
        return RunFolder(Path(shutil.copytree(ROOT / "checkpoints" / "gallery" / name, library.gallery / name)))

    return get


OPENS = {
    "fashion-2d": [
        "encoder, layer 1 of 4",
        "Linear, 784 to 512",
        "1.1 M multiply-adds",
        "What its units look for",
        "dead units",
    ],
    "emoji-conv": [
        "Conv 3 x 3, 3 to 32, stride 2",
        "Its maps of this picture",
        "Its 32 filters of 3 x 3 x 3",
        "Its weights lie between",
    ],
    "fashion-gan": [
        "generator, layer 3 of 4",
        "Its 64 filters of 128 x 4 x 4",
        "the strongest of its 128 slices",
        "Samples to which it answers most",
    ],
    "restore": [
        "network, layer 1 of 5",
        "of 96 x 96 pixels costs 286.7 M",
        "Training patches to which it answers most",
    ],
}
PARTS = {"fashion-2d": 4, "emoji-conv": 4, "fashion-gan": 3, "restore": 2}


@pytest.mark.parametrize("name", OPENS)
def test_every_family_opens_with_something_on_it(
    visit: Visit, gallery: Callable[[str], RunFolder], says: Says, name: str
) -> None:
    folder = gallery(name)
    app = visit("inside")
    assert not app.exception and not app.error and not app.warning
    assert app.query_params["model"] == name
    assert app.query_params["weights"] == folder.run.result.weights  # type: ignore[union-attr]
    for said in OPENS[name]:
        assert said in says(app)
    assert len(app.segmented_control(key="inside-part").options) == PARTS[name]
    again = visit("inside", **app.query_params)
    assert again.query_params == app.query_params
    assert says(again) == says(app)


def test_what_a_number_moves_is_ordered_by_how_much(
    visit: Visit, gallery: Callable[[str], RunFolder], says: Says
) -> None:
    gallery("fashion-16d")
    app = visit("inside", part="moves", image="7")
    assert not app.exception
    shares = [float(share) for share in re.findall(r"<figcaption>number \d+ · ([\d.]+)%", says(app))]
    assert len(shares) == 16 and shares == sorted(shares, reverse=True) and shares[0] > 1
    assert app.query_params["image"] == "7"


def test_all_layers_stand_in_the_table_with_their_sums(
    visit: Visit, gallery: Callable[[str], RunFolder], says: Says
) -> None:
    gallery("fashion-2d")
    app = visit("inside", part="table")
    said = says(app)
    for number in ("401,920", "401,408", "1,133,586", "1,131,008"):
        assert number in said
    assert said.count("<details>") == 8


def test_the_table_as_a_file() -> None:
    layers = Inside(RunFolder(ROOT / "checkpoints" / "gallery" / "restore")).layers
    rows = inside_table.as_csv(layers).decode().splitlines()
    assert rows[0] == "part,layer,takes,gives,parameters,multiply-adds"
    assert rows[2] == 'network,"Conv 3 x 3, 64 to 64",64 x 48 x 48,64 x 48 x 48,36928,84934656'
    assert len(rows) == 6


def test_the_probes_are_worked_out_and_kept(visit: Visit, model: RunFolder, says: Says) -> None:
    app = visit("inside", model=model.name, part="learned")
    for _ in range(100):
        if "chance" in says(app):
            break
        app.run()
    assert not app.exception
    assert "The code, 2 numbers, tells" in says(app)
    assert "the same network before its first step" in says(app)
    assert "the code, 2 numbers" in says(visit("inside", model=model.name, part="learned"))  # at once


def test_pictures_without_labels_are_said_to_have_none(visit: Visit, gallery: Callable[[str], RunFolder]) -> None:
    gallery("emoji-conv")
    assert "have no labels" in visit("inside", part="learned").info[0].value


def test_another_model_starts_anew_and_keeps_the_part(visit: Visit, model: RunFolder, deep_model: RunFolder) -> None:
    app = visit("inside", model=model.name, part="table", layer="2", unit="3", image="4")
    assert (app.query_params["layer"], app.query_params["image"]) == ("2", "4")
    app.selectbox(key="inside-model").set_value(deep_model.name).run()
    assert not app.exception
    assert app.query_params["model"] == deep_model.name
    assert (app.query_params["part"], app.query_params["layer"]) == ("table", "0")
    assert "image" not in app.query_params


def test_a_press_goes_to_the_layer_and_a_links_unit_is_shown(
    visit: Visit, model: RunFolder, says: Says, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = visit("inside", model=model.name, part="table", layer="0", unit="3")
    monkeypatch.setattr(inside_page, "network", lambda items, **about: 2)
    app.run()
    assert (app.query_params["layer"], "part" in app.query_params) == ("2", False)
    assert "encoder, layer 3 of 3" in says(app)
    monkeypatch.setattr(inside_page, "network", lambda items, **about: None)
    assert "Unit 6 of 16" in says(visit("inside", model=model.name, layer="1", unit="5"))


def test_a_picture_of_ones_own_stays_out_of_the_link(visit: Visit, model: RunFolder) -> None:
    app = visit("inside", model=model.name, image="-1")
    assert "does not travel with a link" in app.warning[0].value
    assert "image" not in app.query_params


def test_a_picture_that_is_brought_goes_through_the_network(
    visit: Visit, model: RunFolder, says: Says, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def travel(self: Inside, given: torch.Tensor) -> Journey:
        seen.append(given)
        return real(self, given)

    real = Inside.travel
    monkeypatch.setattr(Inside, "travel", travel)
    app = visit("inside", model=model.name)
    dark = encode(np.zeros((40, 40, 3), np.uint8), "png")
    app.file_uploader(key="own-picture").set_value(("dark.png", dark, "image/png")).run()
    assert not app.exception
    assert app.query_params["image"] == "-1"
    assert seen[-1].shape == (1, 28, 28) and int(seen[-1].max()) == 0
    app.toggle(key="own-picture-invert").set_value(True).run()
    assert int(seen[-1].min()) == 255
    app.file_uploader(key="own-picture").set_value(("broken.png", b"none", "image/png")).run()
    assert "not a picture" in app.error[0].value
    assert not app.exception


def test_the_latent_page_leads_inside_its_model(visit: Visit, model: RunFolder, deep_model: RunFolder) -> None:
    app = visit("latent", model=model.name)
    app.button(key="look-inside").click().run()
    assert not app.exception
    assert app.title[0].value == "Inside"
    assert app.query_params["model"] == model.name


def test_the_photo_page_leads_inside_its_model_with_its_photo(
    visit: Visit, restyler: Callable[[str], RunFolder]
) -> None:
    folder = restyler("restore")
    app = visit("gradients", photo="rocket")
    app.button(key="look-inside").click().run()
    assert not app.exception
    assert (app.query_params["model"], app.query_params["photo"]) == (folder.name, "rocket")


def test_odd_labels_of_an_upload_harm_nothing(visit: Visit, model: RunFolder, says: Says) -> None:
    kept = load_file(model.file("exhibit.safetensors"))
    kept["labels"] = kept["labels"] * 10**12 - 5
    save_file(kept, model.file("exhibit.safetensors"))
    result = model.run.result
    assert result is not None
    model.save(model.run.model_copy(update={"result": result.model_copy(update={"weights": "0" * 16})}))
    app = visit("inside", model=model.name, part="learned")
    for _ in range(100):
        if "chance" in says(app):
            break
        app.run()
    assert not app.exception and not app.error
    assert "the five nearest pictures" in says(app) and "chance" in says(app)


@pytest.mark.parametrize(
    ("code", "before", "layers", "said"),
    [
        (0.73, 0.25, (0.75, 0.79), "it learned to keep that in few numbers"),
        (0.73, 0.25, (0.9, 0.7), "so that is what it learned without a label."),
        (0.26, 0.25, (0.9, 0.7), "nothing of that was learned"),
    ],
)
def test_the_verdict_follows_the_figures(code: float, before: float, layers: tuple[float, float], said: str) -> None:
    probes = (
        Probe("pixels", 784, 0.8, 0.7),
        Probe("Linear, 784 to 512", 512, layers[0], 0.7, layers[1], 0.7),
        Probe("the code, 2 numbers", 2, code - 0.1, code, before, before - 0.1),
    )
    found = inside_learned.verdict(Probed(probes, 0.1, 2700, 1800))
    assert found.endswith(f"{said}" + ("" if said.endswith(".") else "."))
    assert f"{code:.0%} of the pictures apart" in found and "784 bare pixel values 80%" in found


def test_pictures_of_what_flows() -> None:
    numbers = torch.tensor([0.0, 2.0, -2.0])
    tiles = inside_pictures.tiles(numbers)
    assert tiles.shape == (3, 3, 1, 1)
    red, blue = tiles[1, :, 0, 0], tiles[2, :, 0, 0]
    assert red[0] > red[2] and blue[2] > blue[0] and tiles[0].max() < 40
    assert inside_pictures.folded(numbers).shape == (3, 2, 2)
    maps = torch.zeros(4, 5, 5)
    maps[2, 1, 1] = 1.0
    assert np.array_equal(inside_pictures.folded(maps), inside_pictures.tiles(maps)[2])
    last = torch.full((1, 5, 5), 1.0)
    inside = SimpleNamespace(shape=(1, 5, 5), any_size=False)
    assert inside_pictures.small(inside, last).tolist() == np.full((1, 5, 5), 255).tolist()  # type: ignore[arg-type]
    assert inside_pictures.weights(torch.zeros(2, 3, 4, 4)).tolist() == np.full((2, 3, 4, 4), 128).tolist()
