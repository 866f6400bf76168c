"""Entrances of texts: links, states as files, recipes, directions, tags and names, settings, what a browser says, and command lines."""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import streamlit as st
import torch
from click.testing import CliRunner
from pydantic import ValidationError

from dashboard import direct, sharing, state, studio_controls, views
from dashboard.components import courier, darkroom, instrument, latent_map, lens, network, pad, picture_grid, timeline
from selfsup_engine import kept_directions, runs, sources, tags
from selfsup_engine.cli import main
from selfsup_engine.errors import UserError
from selfsup_engine.exploring import selection
from selfsup_engine.exploring.groups import Group
from selfsup_engine.exploring.retouching import recipe as recipes
from selfsup_engine.exploring.retouching.operations import OPERATIONS
from selfsup_engine.exploring.spot import Spot
from selfsup_engine.models.spec import check_config, families, preset_config
from selfsup_engine.photofile import Photo
from selfsup_engine.runs import Budget, Library, Run
from tests.fuzzing import mutations
from tests.fuzzing.harness import Case

LINKS: dict[str, tuple[str, ...]] = {
    "run": ("digits-mlp-1124-101010",),
    "data": ("fashion-mnist", "own", "shapes:size=48,count=6000,seed=3,channels=1"),
    "model": ("fashion-2d",),
    "weights": ("0123456789abcdef",),
    "models": ("a@1f.b@2e", "fashion-2d.mnist-2d"),
    "ga": ("l3", "p0.5_1~2_-1.5~0_0", "i3.4.5", "s7.12~~7.13~t_0.7"),
    "ta": ("l1", "here", "own"),
    "x": ("0.5", "-1e3"),
    "hide": ("1.2.3",),
    "lasso": ("0.5_1~2_-1.5~0_0",),
    "moves": ("d48213377_1.5~d00000017_-1",),
    "at": ("7.12~t_0.7~g0_1.5", "PAC4OgAA~z17_-0.3"),
    "shelf": ("7.12~~7.13",),
    "locked": ("g0.g1",),
    "settings": ('{"strength":0.5}', '{"palette":["#ff0000"]}'),
    "region": ("0.5,0.25,1",),
    "can": ("latent.gan",),
    "q": ("shoes",),
    "tag": ("one",),
}
"""A valid text for fields of links; those of the same kind are spoiled alike."""
KINDS = (views.TrainView, views.LibraryView, *views.PAGES.values())


def links(place: Path) -> Case:
    """What an address bar says, field by field, and what is made of it before a model is asked."""
    state.st = _Silent()  # type: ignore[attr-defined]
    studio_controls.st = _Silent()  # type: ignore[attr-defined]

    def case(random: Random) -> None:
        kind = random.choice(KINDS)
        fields = list(kind.model_fields)
        said = {
            name: mutations.text(random, random.choice(LINKS.get(name, ("1", "true", "label"))))
            for name in random.sample(fields, min(5, len(fields)))
        }
        state.st.query_params = said  # type: ignore[attr-defined]
        state.st.session_state = {}  # type: ignore[attr-defined]
        view = state.load(kind)
        state.keep(view)
        again = state.link(view)
        assert all(isinstance(name, str) and len(value) < 40_000 for name, value in again.items())
        assert kind.model_validate(again) == view, "a link does not bring the same back"
        if isinstance(view, views.ByExample):
            for field in (view.ga, view.gb, view.ta, view.tb, view.tc):
                if len(field) > 1 and field not in ("here", "own"):
                    group = Group.parse(field)
                    _ = group.numbers, group.spots, group.label
        if isinstance(view, views.LatentView | views.CompareView):
            assert np.isfinite(selection.inside(np.zeros((3, 2)), selection.vertices(view.lasso))).all()
        if isinstance(view, views.PhotoView):
            studio_controls.of_view(view)
            _ = list(map(float, view.region.split(","))) if view.region else []
        view.wanted() if hasattr(view, "wanted") else None

    return case


class _Silent:
    """Streamlit, where nobody looks."""

    query_params: dict[str, str]
    session_state: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: None


def words_of_a_person(place: Path) -> Case:
    """Names, tags, sources, samples, groups and outlines, each as a text of its own."""
    library = Library(place / "library", place / "gallery")
    folder = library.create(Run(family="autoencoder", preset="mlp", source="digits", config={}, budget=Budget(steps=1)))
    asks = (
        lambda text: tags.give(library, folder, [text]),
        lambda text: library.rename(folder, text),
        lambda text: library.give_name("ab" * 8, "g0", text),
        lambda text: kept_directions.checked(text),
        lambda text: library.find(text),
        lambda text: library.restore(text),
        lambda text: Spot.parse(text),
        lambda text: Group.parse(text),
        lambda text: selection.checked(text),
        lambda text: sources.info(text),
        lambda text: sources.is_local(text),
        lambda text: runs.open_folder(text, library),
        lambda text: sources.info("shapes:" + text),
        lambda text: sources.info("upload:" + text),
    )
    valid = [text for texts in LINKS.values() for text in texts]

    def case(random: Random) -> None:
        text = mutations.text(random, random.choice(valid))
        for ask in random.sample(asks, 4):
            try:
                ask(text)
            except UserError as error:
                assert len(str(error)) < 2_000, "a long story"
            except ValidationError:
                raise
            except ValueError as error:  # selection's, which a view takes for its own
                assert str(error) == "not an outline", error

    return case


def states(place: Path) -> Case:
    """A page's state as a file."""
    request = Run(family="autoencoder", preset="mlp", source="digits", config=_config(), budget=Budget(steps=9))
    model = {"name": "a", "title": "A", "weights": "0123456789abcdef", "request": request.model_dump(mode="json")}
    kinds = [
        {
            "page": page,
            "models": [model],
            "view": {name: random_text for name, (random_text, *_) in LINKS.items() if name in kind.model_fields},
        }
        for page, kind in views.PAGES.items()
    ]
    valid = [{"format": sharing.FORMAT} | kind for kind in kinds]

    def case(random: Random) -> None:
        shared = sharing.from_file(mutations.json_text(random, random.choice(valid)))
        view = views.PAGES[shared.page].model_validate(shared.view)
        state.link(view)
        for one in shared.models:
            if one.request is not None:
                assert not sources.is_own(one.request.source)
                check_config(one.request.family, one.request.config)

    return case


def _config() -> dict[str, Any]:
    return preset_config("autoencoder", "mlp", {})[1].model_dump(mode="json")


def recipe_files(place: Path) -> Case:
    """A recipe, read and followed on a small photo."""
    pixels = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (3, 24, 20), dtype=np.uint8))
    reference, mask = recipes.packed_reference(pixels), recipes.packed_mask(pixels[0] > 127)
    valid = [
        recipes.Recipe(operation=kind(), reference=reference, mask=mask, photo="0123456789abcdef").model_dump(
            mode="json"
        )
        for kind in OPERATIONS.values()
    ]

    def case(random: Random) -> None:
        recipe = recipes.read(mutations.json_text(random, random.choice(valid)))
        if random.random() < 0.1:
            recipe = recipe.model_copy(
                update={"mask": mutations.text(random, mask), "reference": mutations.text(random, reference)}
            )
        if recipe.model:
            with contextlib.suppress(UserError):
                recipes.model_of(recipe, Library(place / "library", place / "gallery"))
        made = recipes.follow(Photo(pixels), recipe, recipes.means_of(None, recipe.reference))
        assert made.pixels.dtype == torch.uint8 and made.pixels.shape[0] == 3

    return case


def direction_files(place: Path) -> Case:
    """Kept directions as a file, and the settings of models and runs as JSON."""
    axis = np.array([0.6, 0.8, 0.0], np.float32)
    made = kept_directions.Kept(
        **kept_directions.name_and_vector("smile", axis),
        effect=1.0,
        chance=0.1,
        share=0.5,
        sizes=(3, 4),
        groups=("l1", "l2"),
    )
    valid = json.loads(kept_directions.written([made, made.model_copy(update={"name": "<b>"})]))
    configs = [
        (name, preset.config.model_dump(mode="json"))
        for name, family in families().items()
        for preset in family.presets.values()
    ]
    place.joinpath(".names").mkdir()

    def case(random: Random) -> None:
        try:
            kept = kept_directions.KeptDirections(place, "ab" * 8)
            kept.keep(*kept_directions.parse(mutations.json_text(random, valid), 3))
            kept.export()
        except UserError:
            pass
        family, config = random.choice(configs)
        said = mutations.structure(random, config)
        if isinstance(said, dict):
            check_config(family, said)

    return case


def messages(place: Path) -> Case:
    """What a browser says to the components' pages; whoever speaks to the server by hand may say anything."""
    said: dict[str, Any] = {}
    kept: dict[str, Any] = {}
    state.held = lambda key: said.get("all")
    state.remembered = lambda key, default=None: kept.get(key, default)
    state.remember = kept.__setitem__
    logging.disable()
    for module in (courier, darkroom, instrument, latent_map, lens, network, pad, picture_grid, timeline):
        module._mount = lambda **_: None
    st.fragment = lambda function: function  # type: ignore[assignment]  # without a page it would not run at all
    image = np.zeros((1, 8, 8), np.uint8)
    images = np.zeros((6, 1, 8, 8), np.uint8)
    points = np.random.default_rng(0).normal(size=(6, 2))
    png = picture_grid.encode(np.full((8, 8), 255, np.uint8), "png")
    scene = instrument.Scene(image, image, image, 0, 0.5, [0.0])
    setting = instrument.Setting((("g0", 1.0),), 0.7, ("g1",))
    still = timeline.Still(0, png, points, {"mse": "1"})
    curve = timeline.Curve("mse", [(0, 1.0)], [(0, 1.0)])
    block = network.Block("encoder", "Linear", "Linear", (1, 8, 8), (2,), image)

    def seen_at(place: Any) -> lens.Glimpse:
        assert place is None or all(map(np.isfinite, place))
        return lens.Glimpse(image)

    def drawn(setting: instrument.Setting) -> instrument.Scene:
        assert all(np.isfinite(by) for _, by in setting.moves) and np.isfinite(setting.truncation)
        return scene

    def found(numbers: list[int]) -> Any:
        return images[numbers]

    past: dict[str, direct.Answer] = {}
    direct.address = lambda kind, answer: str(past.setdefault(kind, answer))

    def past_the_page(kind: str) -> None:
        acts[kind][0]()
        question = said["all"].get("asked") if isinstance(said["all"], dict) else said["all"]
        with contextlib.suppress(ValidationError):
            past.pop(kind)(json.dumps(question).encode(), 0.0)

    import base64

    painted = base64.b64encode(png).decode()
    acts: dict[str, tuple[Any, dict[str, Any]]] = {
        "map": (
            lambda: latent_map.latent_map(points, key="m", pin=(0.0, 0.0), pictures=found),
            {"point": [0.1, 0.2, 7], "look": [0.0, 0.0, 1.5, [1, 2], True, 7], "lasso": ["0_0~1_0~0_1", 7], "asked": [[1, 2], 7]},
        ),
        "lens": (lambda: lens.lens(seen_at, lambda place: None, follows="m"), {"at": [0.1, 0.2, 7]}),
        "courier": (lambda: courier.courier(found, count=6, follows="m"), {"asked": [[1, 2], 7]}),
        "instrument": (
            lambda: instrument.instrument(setting, [instrument.Slider("g0", "a", 1.0)], drawn, key="i"),
            {"set": [{"g0": 1.5}, 0.5, ["g1"], True, 7], "renamed": ["g0", "smile", 7], "refresh": 7},
        ),
        "lens, past the page": (lambda: past_the_page("lens"), {"asked": [0.1, 0.2, 7]}),
        "instrument, past the page": (lambda: past_the_page("instrument"), {"asked": [{"g0": 1.5}, 0.5, ["g1"], False, 7]}),
        "grid": (lambda: picture_grid.picture_grid(images, key="g", columns=3, label="x", names=["a"] * 6), {"picked": [3, 7]}),
        "pad": (lambda: pad.pad(png, key="p", label="x", marks=[], pin=None, stamp="x"), {"place": [0.5, 0.5, True, 7]}),
        "network": (lambda: network.network([block], key="n", label="x", selected=0), {"picked": [0, 7]}),
        "timeline": (lambda: timeline.timeline(-1, [still], key="t", curve=curve, captions={}), {"step": [0, 7]}),
        "darkroom": (
            lambda: darkroom.darkroom(png, png, key="d", size=(8, 8), hand="mask"),
            {"mask": [painted, 7], "points": [[[0.1, 0.2, "#ff0000"]], 7], "picked": [0.1, 0.2, 7], "dropped": ["a.png", painted, 7]},
        ),
    }  # fmt: skip

    def case(random: Random) -> None:
        act, valid = random.choice(list(acts.values()))
        kept.clear()
        said["all"] = None
        act()
        for _ in range(2):
            said["all"] = json.loads(json.dumps(mutations.structure(random, mutations.structure(random, valid))))
            _check(act())

    return case


def _check(told: Any) -> None:
    """What a page is told is of the kind that it is promised."""
    match told:
        case latent_map.Told(pin, look, lasso):
            assert pin is None or all(isinstance(v, float | int) and np.isfinite(v) for v in pin), pin
            assert isinstance(lasso, str) and selection.checked(lasso) == lasso
            assert np.isfinite([look.x, look.y, look.zoom]).all() and all(isinstance(n, int) for n in look.hidden)
        case instrument.Played(setting, rest, renamed, _, _):
            assert renamed is None or all(isinstance(word, str) and len(word) < 1_000 for word in renamed)
            assert isinstance(rest, bool) and all(len(name) < 100 for name in setting.locked)
        case pad.Place(x, y, _):
            assert 0 <= x <= 1 and 0 <= y <= 1
        case int():
            assert -1 <= told <= 10_000_000


def command_lines(place: Path) -> Case:
    """What somebody types after `python -m selfsup_engine`, in a folder of its own."""
    os.chdir(place)
    valid = [
        ["runs", "--json"],
        ["train", "autoencoder", "--data", "digits", "--steps", "0", "--set", "code=16"],
        ["train", "autoencoder", "--data", "nowhere", "--seconds", "1", "--seed", "3"],
        ["evaluate", "fashion-2d-not", "--data", "digits"],
        ["encode", "nobody", "shoe.jpg"],
        ["decode", "nobody", "--z", "0.1,-2", "-o", "drawn.png"],
        ["sample", "nobody", "-n", "64", "--seed", "7", "-o", "samples.png"],
        ["walk", "nobody", "--seeds", "1,2,3", "-o", "walk.gif"],
        ["photo", "-", "in.jpg", "-o", "out.png", "--operation", "flatten", "--set", "strength=0.8"],
        ["photo", "out.json", "in.jpg", "-o", "again.jpg"],
        ["timelapse", "nobody", "-o", "x.gif"],
        ["resume", "nobody"],
        ["fields", "autoencoder"],
    ]
    runner = CliRunner()

    def case(random: Random) -> None:
        words = list(random.choice(valid))
        for _ in range(random.choice((1, 1, 2, 3))):
            at = random.randrange(1, len(words)) if len(words) > 1 else 0
            match random.randrange(3):
                case 0:
                    words[at] = mutations.text(random, words[at])
                case 1:
                    words.insert(at, mutations.text(random, "--json"))
                case _ if len(words) > 1:
                    del words[at]
        if words and words[0] == "train":
            words += ["--steps", "0"]  # which is none, so nothing trains
        with _no_surrogates(words):
            ended = runner.invoke(main, words)
        if ended.exception is not None and not isinstance(ended.exception, SystemExit):
            raise ended.exception
        assert "Traceback" not in ended.output

    return case


@contextlib.contextmanager
def _no_surrogates(words: list[str]) -> Iterator[None]:
    """An argument is bytes: a lone surrogate in it stands for one, and NUL ends it."""
    words[:] = [word.replace("\0", "").encode("utf-8", "replace").decode() for word in words]
    yield
