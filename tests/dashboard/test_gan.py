"""The GAN sampler: a sample is chosen, steered, kept, filmed, taken back, and stands in the link."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import steering, steering_tools
from dashboard.components.instrument import Played, Setting
from dashboard.components.pad import Place
from selfsup_engine.exploring import inversion
from selfsup_engine.exploring.sampling import Sampler
from selfsup_engine.exploring.spot import Spot
from selfsup_engine.images import encode
from selfsup_engine.runs import Library, RunFolder

Visit = Callable[..., AppTest]
Says = Callable[[AppTest], str]


@pytest.fixture
def shown(library: Library, gan_once: RunFolder) -> RunFolder:
    """A GAN in the gallery."""
    return RunFolder(Path(shutil.copytree(gan_once.path, library.gallery / "digits-gan")))


def link(app: AppTest, name: str) -> str:
    return str(app.query_params.get(name, ""))


def test_it_opens_on_a_sample_with_a_link_to_it(visit: Visit, shown: RunFolder, says: Says) -> None:
    app = visit("gan")
    assert not app.exception and not app.error
    assert link(app, "model") == shown.name
    assert link(app, "at") == str(Sampler(shown).opening)
    assert "learned from Small digits, 32 px" in says(app)
    assert app.button(key="undo").disabled and app.button(key="redo").disabled


def test_a_link_is_taken_at_its_word(visit: Visit, shown: RunFolder) -> None:
    wanted = {"model": shown.name, "at": "7.12~t_0.7~g0_1.5~z17_-0.3", "seed": "9", "first": "36", "locked": "g0.t"}
    wanted |= {
        "method": "weights",
        "tool": "Plane",
        "shelf": "1.2~~3.4~g1_2",
        "pace": "slow",
        "spread": "0.8",
        "near": "True",
    }
    app = visit("gan", **wanted)
    assert not app.exception and not app.warning
    assert {name: link(app, name) for name in wanted} == wanted


@pytest.mark.parametrize(("at", "instead"), [("1.2~g77_1", "1.2"), (str(Spot.of(np.zeros(7, np.float32))), "")])
def test_a_sample_of_another_model_gives_way_with_a_word(visit: Visit, shown: RunFolder, at: str, instead: str) -> None:
    app = visit("gan", model=shown.name, at=at, shelf=f"1.2~~{at}")
    assert not app.exception
    assert len(app.warning) == 2
    assert link(app, "at") == (instead or str(Sampler(shown).opening))
    assert link(app, "shelf") == "1.2"


def test_a_link_without_a_model_keeps_its_sample_and_a_wrong_one_is_said(visit: Visit, shown: RunFolder) -> None:
    app = visit("gan", at="0.7", seed="abc", shelf="x")
    assert link(app, "at") == "0.7"
    assert "The link is wrong about: seed, shelf." in app.toast[0].value


def test_a_link_with_too_many_samples_says_so(visit: Visit, shown: RunFolder) -> None:
    app = visit("gan", shelf="~~".join(f"1.{i}" for i in range(30)))
    assert "first ones of the link were left out" in app.warning[0].value
    assert link(app, "shelf") == "~~".join(f"1.{i}" for i in range(6, 30))


def test_without_a_gan_the_page_leads_to_training(visit: Visit, model: RunFolder) -> None:
    app = visit("gan")
    assert not app.exception
    assert "no trained model" in app.info[0].value


def test_each_page_lists_the_models_that_it_can_show(visit: Visit, shown: RunFolder, model: RunFolder) -> None:
    assert len(visit("gan").selectbox(key="gan-model").options) == 1
    assert len(visit("latent").selectbox(key="latent-model").options) == 1


def press(monkeypatch: pytest.MonkeyPatch, key: str, number: int) -> None:
    """Presses a picture of a sheet, once."""
    left = [number]

    def pressed(*images: Any, **about: Any) -> int | None:
        return left.pop() if about["key"] == key and left else None

    monkeypatch.setattr(steering, "picture_grid", pressed)
    monkeypatch.setattr(steering_tools, "picture_grid", pressed)


def test_a_press_on_the_sheet_chooses_and_locked_sliders_stay(
    visit: Visit, shown: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    press(monkeypatch, "sheet", 5)
    app = visit("gan", model=shown.name, at="0.1~t_0.9~g0_1~g1_2", seed="4", first="36", locked="g1")
    assert not app.exception
    assert link(app, "at") == "4.41~t_0.9~g1_2"


def test_a_hand_on_a_slider_steers_and_is_a_step_once_it_rests(
    visit: Visit, shown: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = visit("gan", model=shown.name, at="0.3")
    played = [Played(Setting((("g0", 1.25),), 0.8, ("g1",)), True, None, False)]

    def played_once(wanted: Setting, sliders: Any, draw: Any, *, key: str) -> Played:
        draw(wanted)
        return played.pop() if played else Played(wanted, False, None, False)

    monkeypatch.setattr(steering, "instrument", played_once)
    app.run()
    assert not app.exception
    assert (link(app, "at"), link(app, "locked")) == ("0.3~t_0.8~g0_1.25", "g1")
    app.button(key="undo").click().run()
    assert link(app, "at") == "0.3"
    app.button(key="redo").click().run()
    assert link(app, "at") == "0.3~t_0.8~g0_1.25"
    assert not app.exception


def test_what_is_drawn_is_the_sample_its_base_and_a_training_picture(
    visit: Visit, shown: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenes: list[Any] = []

    def keep(wanted: Setting, sliders: Any, draw: Any, *, key: str) -> Played:
        scenes.append((draw(wanted), sliders))
        return Played(wanted, False, None, False)

    monkeypatch.setattr(steering, "instrument", keep)
    visit("gan", model=shown.name, at="2.3~t_0.9~g0_2~s1_1")
    scene, sliders = scenes[-1]
    sampler = Sampler(shown)
    assert np.array_equal(scene.picture, sampler.images([Spot.parse("2.3~t_0.9~g0_2~s1_1")])[0])
    assert np.array_equal(scene.before, sampler.images([Spot.parse("2.3~t_0.9")])[0])
    assert scene.near_number == sampler.nearest(scene.picture[None])[0][0]
    assert scene.gauge == pytest.approx(float(sampler.opinion(scene.picture[None])[0]), abs=1e-3)  # type: ignore[index]
    assert len(scene.numbers) == 100
    assert [slider.id for slider in sliders] == [
        *(f"g{i}" for i in range(10)),
        "s1",
    ]  # what a link moves can be moved back


def test_a_slider_is_called_what_it_was_named(
    visit: Visit, shown: RunFolder, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[str] = []
    renamed = [("g0", "curl")]

    def once(wanted: Setting, sliders: Any, draw: Any, *, key: str) -> Played:
        names[:] = [slider.name for slider in sliders]
        return Played(wanted, False, renamed.pop() if renamed else None, False)

    monkeypatch.setattr(steering, "instrument", once)
    app = visit("gan", model=shown.name)
    app.run()
    assert not app.exception
    assert names[0] == "curl"
    renamed.append(("g0", "x" * 25))
    app.run()
    assert "at most 24 characters" in app.error[0].value


def test_keep_clear_undo(visit: Visit, shown: RunFolder) -> None:
    app = visit("gan", model=shown.name, at="1.5~g0_1")
    app.button(key="keep").click().run()
    assert link(app, "shelf") == "1.5~g0_1" and app.button(key="keep").disabled
    app.button(key="fill-shelf").click().run()
    assert link(app, "shelf") == "1.5~g0_1~~0.0~~0.1~~0.2~~0.3"
    app.button(key="unkeep").click().run()
    assert link(app, "shelf") == "0.0~~0.1~~0.2~~0.3"
    app.button(key="clear-shelf").click().run()
    assert link(app, "shelf") == ""
    app.button(key="undo").click().run()
    assert link(app, "shelf") == "0.0~~0.1~~0.2~~0.3"
    assert not app.exception


def test_a_full_shelf_lets_the_oldest_go_and_says_so(visit: Visit, shown: RunFolder) -> None:
    full = "~~".join(f"1.{i}" for i in range(steering_tools.MOST))
    app = visit("gan", model=shown.name, at="2.2", shelf=full)
    app.button(key="keep").click().run()
    assert link(app, "shelf") == full.removeprefix("1.0~~") + "~~2.2"
    assert "oldest was let go" in app.toast[0].value


def test_the_sheet_is_turned_and_other_seeds_are_found(visit: Visit, shown: RunFolder) -> None:
    app = visit("gan", model=shown.name)
    app.button(key="sheet-on").click().run()
    assert link(app, "first") == "36"
    app.button(key="sheet-back").click().run()
    assert link(app, "first") == "" and app.button(key="sheet-back").disabled
    app.number_input(key="gan-seed").set_value(77).run()
    assert link(app, "seed") == "77"
    app.button(key="other-seed").click().run()
    assert link(app, "seed") not in ("", "77")
    app.number_input(key="gan-seed").set_value(-5).run()
    assert "Seed is a whole number from 0" in app.error[0].value
    assert not app.exception


def test_the_nearest_training_pictures_are_shown_where_asked_for(visit: Visit, shown: RunFolder, says: Says) -> None:
    app = visit("gan", model=shown.name)
    assert "nearest to each" not in says(app)
    app.toggle(key="gan-near").set_value(True).run()
    assert "nearest to each" in says(app) and link(app, "near") == "True"


def test_a_variation_becomes_the_current_sample(
    visit: Visit, shown: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    press(monkeypatch, "alike", 3)
    app = visit("gan", model=shown.name, at="0.3", tool="More like this")
    assert not app.exception
    assert link(app, "at") == str(Sampler(shown).more_like(Spot(0, 3), 12, 0.5)[3])


def test_a_place_on_the_plane_becomes_the_current_sample(
    visit: Visit, shown: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = [Place(0.5, 0.5, True)]
    monkeypatch.setattr(steering_tools, "pad", lambda *about, **more: left.pop() if left else None)
    app = visit("gan", model=shown.name, at="0.3", tool="Plane", shelf="1.1~~1.2~~1.3")
    assert not app.exception
    corners = [Spot(1, 1), Spot(1, 2), Spot(1, 3)]
    assert link(app, "at") == str(Sampler(shown).on_plane(corners, 0.5, 0.5))


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.slow
def test_a_picture_of_ones_own_is_looked_for_and_judged(
    visit: Visit, shown: RunFolder, says: Says, monkeypatch: pytest.MonkeyPatch, own: bool
) -> None:
    monkeypatch.setattr(inversion, "CHECK_STEPS", 60)
    sampler = Sampler(shown)
    noise = np.random.default_rng(0).integers(0, 256, (1, 32, 32), dtype=np.uint8)
    image = sampler.images([Spot(3, 3)])[0] if own else noise
    app = visit("gan", model=shown.name, tool="Your picture")
    app.file_uploader(key="own-picture").upload("mine.png", encode(image.transpose(1, 2, 0)), "image/png").run()
    assert not app.exception
    assert ("It can draw that." in says(app)) is own
    assert ("This generator cannot draw that." in says(app)) is not own
    found = Spot.parse(link(app, "at"))
    assert found.code
    app.button(key="undo").click().run()
    assert link(app, "at") == str(sampler.opening)
    app.button(key="steer-own").click().run()
    assert link(app, "at") == str(found)


def test_a_file_that_is_no_picture_is_refused_in_a_sentence(visit: Visit, shown: RunFolder) -> None:
    app = visit("gan", model=shown.name, tool="Your picture")
    app.file_uploader(key="own-picture").upload("mine.png", b"nothing", "image/png").run()
    assert not app.exception
    assert "is not a picture that can be read" in app.error[0].value


def test_the_way_from_home_and_library_leads_here(visit: Visit, shown: RunFolder) -> None:
    for page in ("home", "library"):
        app = visit(page)
        app.button(key=f"explore-gallery-{shown.name}").click().run()
        assert not app.exception
        assert app.title[0].value == "GAN sampler"


def test_what_a_hand_passes_by_while_the_page_is_drawn_is_no_step(
    visit: Visit, shown: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = visit("gan", model=shown.name, at="0.3")
    hands = [((("g0", 2.0),), True, False), ((("g0", 1.0),), False, True), ((("g0", 0.5),), False, True)]

    def dragged(wanted: Setting, sliders: Any, draw: Any, **about: Any) -> Played:
        moves, rest, on = hands.pop() if hands else (wanted.moves, False, False)
        return Played(Setting(moves), rest, None, False, on)

    monkeypatch.setattr(steering, "instrument", dragged)
    for _ in range(3):
        app.run()
    assert link(app, "at") == "0.3~g0_2"
    app.button(key="undo").click().run()
    assert link(app, "at") == "0.3"
