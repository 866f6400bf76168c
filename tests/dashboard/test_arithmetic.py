"""A - B + C on both pages."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

from selfsup_engine.exploring.latent import LatentSpace
from selfsup_engine.exploring.sampling import Sampler
from selfsup_engine.exploring.spot import Spot
from selfsup_engine.images import encode
from selfsup_engine.runs import Library, RunFolder

Visit = Callable[..., AppTest]
Says = Callable[[AppTest], str]

pytestmark = pytest.mark.usefixtures("whole_reruns")


@pytest.fixture
def shown(library: Library, gan_once: RunFolder) -> RunFolder:
    return RunFolder(Path(shutil.copytree(gan_once.path, library.gallery / "digits-gan")))


def test_the_sum_of_codes_is_where_it_says(visit: Visit, model: RunFolder) -> None:
    space = LatentSpace(model)
    labels, codes = space.exhibit.labels, space.exhibit.codes
    app = visit("latent", model=model.name, tool="Arithmetic", ta="l2", tb="l0", tc="i7", x="0.5", y="0.5")
    assert not app.exception and not app.error
    app.button(key="go-sum").click().run()
    wanted = codes[labels == 2].mean(0) - codes[labels == 0].mean(0) + codes[7]
    there = [float(app.query_params[name]) for name in "xy"]
    assert there == pytest.approx(wanted.tolist(), abs=1e-3)


def test_terms_are_chosen_and_stand_in_the_link(visit: Visit, model: RunFolder) -> None:
    app = visit("latent", model=model.name, tool="Arithmetic", x="0.5", y="0.5")
    assert [app.query_params[name] for name in ("ta", "tb", "tc")] == ["l1", "l0", "here"]
    app.selectbox(key="term-label-ta").set_value(2).run()
    app.selectbox(key="kind-tb").set_value("i").run()
    app.selectbox(key="kind-tc").set_value("l").run()
    near = LatentSpace(model).neighbours(torch.tensor([0.5, 0.5]), 1)[0]
    assert [app.query_params[name] for name in ("ta", "tb", "tc")] == ["l2", f"i{near}", "l0"]
    assert not app.exception
    assert "own" not in app.selectbox(key="kind-tc").options


def test_a_picture_of_ones_own_is_a_term_and_is_the_point_where_there_is_none(visit: Visit, model: RunFolder) -> None:
    app = visit("latent", model=model.name, tool="Your image")
    image = np.random.default_rng(0).integers(0, 256, (30, 30, 3), dtype=np.uint8)
    app.file_uploader(key="own-picture").set_value(("mine.png", encode(image, "png"), "image/png")).run()
    app.segmented_control(key="latent-tool").set_value("Arithmetic").run()
    app.selectbox(key="kind-tc").set_value("own").run()
    assert not app.exception
    assert app.query_params["tc"] == "own"
    elsewhere = visit("latent", model=model.name, tool="Arithmetic", tc="own")
    assert not elsewhere.exception and elsewhere.query_params["tc"] == "here"


def test_a_term_of_another_model_is_said(visit: Visit, model: RunFolder) -> None:
    app = visit("latent", model=model.name, tool="Arithmetic", ta="i99999")
    assert not app.exception
    assert "no pictures in this group" in app.error[0].value


def test_the_sum_of_samples_keeps_their_length(visit: Visit, shown: RunFolder) -> None:
    app = visit("gan", model=shown.name, tool="Arithmetic", ta="s1.1", tb="s1.2", tc="here", at="1.3")
    assert not app.exception and not app.error
    app.button(key="steer-sum").click().run()
    sampler = Sampler(shown)
    a, b, c = (sampler.z(Spot(1, i)) for i in (1, 2, 3))
    z = sampler.z(Spot.parse(app.query_params["at"]))
    assert float(torch.nn.functional.cosine_similarity(z, a - b + c, dim=0)) > 0.999
    assert float(z.norm()) == pytest.approx(float((a.norm() - b.norm() + c.norm()).abs()), rel=0.01)
    app.button(key="take-tb").click().run()
    assert app.query_params["tb"] == f"s{app.query_params['at']}"
