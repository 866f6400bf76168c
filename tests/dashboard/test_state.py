"""A page's view: into the address bar and back, and what a wrong link comes to."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import state, views
from dashboard.views import (
    ByExample,
    CompareView,
    InsideView,
    LatentView,
    LibraryView,
    ModelView,
    PhotoView,
    RunView,
    SamplerView,
    StepView,
    TrainView,
    View,
)

CLOSER = {"closer": "True", "looks": "0.25_-1.5_4_1.7_1"}
WRONG_LOOKS = ["1_2_3", "0_0_1e300__0", "nan_0_1__0", "1_1_1_1.x_0", "~" * 5]
NOT_CLOSER = {"closer": ["maybe"], "looks": WRONG_LOOKS}

LINKS: dict[type[View], dict[str, str]] = {
    TrainView: {"run": "digits-mlp-0102-030405", "data": "mnist", "family": "dcgan", "snap": "1024"} | CLOSER,
    LatentView: {
        "model": "fashion-2d",
        "weights": "0123456789abcdef",
        "x": "-1.25",
        "y": "3.1416",
        "zoom": "2.5",
        "cx": "0.5",
        "cy": "-0.25",
        "hide": "0.3.11",
        "density": "True",
        "lasso": "0.5_1~2_-1.5~0_0",
        "colour": "error",
        "back": "True",
        "a": "3",
        "b": "0",
        "how": "spherical",
        "tool": "Your image",
        "ga": "l3",
        "gb": "p0_0~1_0~0_1",
        "ta": "i5.9",
        "tb": "here",
        "tc": "own",
        "moves": "d00000017_-1~d48213377_1.5",
        "sigma": "0.15",
        "every": "True",
    },
    SamplerView: {
        "model": "fashion-gan",
        "weights": "0123456789abcdef",
        "at": "7.12~t_0.7~g0_1.5~z17_-0.3",
        "seed": "7",
        "first": "36",
        "near": "True",
        "method": "weights",
        "locked": "g0.t",
        "tool": "Your picture",
        "ga": "s7.12~~7.40~g0_1",
        "gb": "l0",
        "ta": "l3",
        "tb": "s1.2",
        "tc": "here",
        "shelf": "1.2~~3.4~g1_2",
        "pace": "slow",
        "spread": "0.8",
    },
    PhotoView: {
        "model": "restore",
        "weights": "0123456789abcdef",
        "photo": "china",
        "reference": "rocket",
        "operation": "recolour",
        "settings": '{"strength":0.5}',
        "beside": "classical",
        "seen": "gradients",
        "region": "0.25,0.5,0.5",
        "tool": "Figures",
    },
    CompareView: {
        "models": "fashion-2d@0123456789abcdef.fashion-16d",
        "order": "worst",
        "image": "7",
        "colour": "error",
        "on": "1",
        "looks": "~0.25_-1.5_4_1.7_1",
        "lasso": "0.5_1~2_-1.5~0_0",
        "seed": "7",
        "photo": "cat",
    },
    InsideView: {
        "model": "fashion-2d",
        "weights": "0123456789abcdef",
        "image": "17",
        "at": "7.12~t_0.7~g0_1.5",
        "photo": "china",
        "layer": "3",
        "unit": "41",
        "part": "learned",
    },
    LibraryView: {
        "q": "fashion mlp",
        "can": "latent.gan",
        "state": "ready.paused",
        "tag": "talk,best so far",
        "sort": "score",
        "sheet": "2",
    },
    RunView: {"run": "fashion-2d", "weights": "0123456789abcdef", "part": "Log", "snap": "300"} | CLOSER,
}
"""Links that say something about every field, none of it the default."""

WRONG: dict[type[View], dict[str, list[str]]] = {
    TrainView: {"run": ["x" * 65], "data": ["x" * 201], "family": ["x" * 33], "snap": ["-2", "first"]} | NOT_CLOSER,
    LatentView: {
        "model": ["x" * 65],
        "weights": ["0" * 17],
        "x": ["nan", "inf", "1e7", "left", ""],
        "y": ["-inf", "-1e7", "up"],
        "zoom": ["nan", "close"],
        "cx": ["inf", "left"],
        "cy": ["-1e7"],
        "hide": ["1,2", "1.", "-1", "1234", "all"],
        "density": ["perhaps"],
        "lasso": ["1_2~3_4", "a_b~c_d~e_f", "1_2~3_4~nan_5", "0_0~" * 600 + "0_0"],
        "colour": ["mauve", "LABEL", ""],
        "back": ["perhaps", ""],
        "a": ["-2", "100001", "1.5", "one"],
        "b": ["-2", "1e3", "0x10"],
        "how": ["bent"],
        "tool": ["Hammer", "interpolate"],
        "sigma": ["nan", "-0.1", "0.7"],
        "every": ["some"],
        "ga": ["x1", "lx", "p1_2"],
        "gb": ["i1,2", "here"],
        "ta": ["l", "there"],
        "tb": ["s7", "<b>"],
        "tc": ["p0,0;1,1"],
        "moves": ["d1_1", "g0_1", "d00000017_", "d00000017_1~x"],
    },
    SamplerView: {
        "model": ["x" * 65],
        "weights": ["0" * 17],
        "at": ["7", "7.12~x", "7.12~g0_nan", "a.b", "=", "9999999999.0", "x" * 6001],
        "seed": ["-1", "2147483648", "one"],
        "first": ["-36", "900000"],
        "near": ["perhaps"],
        "method": ["magic"],
        "locked": ["g0,t", "G0", "g0."],
        "tool": ["Hammer"],
        "shelf": ["1.2~~x", "1.2~g0_x"],
        "pace": ["hurried"],
        "spread": ["0", "1.6", "nan"],
        "ga": ["s7.1~~", "7.1"],
        "gb": ["l1234"],
        "ta": ["i"],
        "tb": ["s1.2~x"],
        "tc": ["hero"],
    },
    PhotoView: {
        "model": ["x" * 65],
        "weights": ["0" * 17],
        "photo": ["x" * 33],
        "reference": ["x" * 33],
        "operation": ["fly", "", "Enhance"],
        "settings": ["x" * 4001],
        "beside": ["nothing"],
        "seen": ["all"],
        "region": ["0.5", "0.5,0.5", "2,0,0", "0.12345,0,0", "a,b,c"],
        "tool": ["Hammer"],
    },
    CompareView: {
        "models": ["A", "a..b", "a@xyz", "a.b.c.d.e", "-a"],
        "order": ["Worst"],
        "image": ["-2", "100001"],
        "colour": ["mauve"],
        "on": ["-1", "8"],
        "looks": WRONG_LOOKS,
        "lasso": ["1_1", "a_b~1_1~2_2", "1_1~nan_1~2_2"],
        "seed": ["-1", "one"],
        "photo": ["x" * 33],
    },
    InsideView: {
        "model": ["x" * 65],
        "weights": ["0" * 17],
        "image": ["-2", "100001", "one"],
        "at": ["7", "7.12~x", "="],
        "photo": ["x" * 33],
        "layer": ["-2", "501", "first"],
        "unit": ["-2", "10001", "1.5"],
        "part": ["Layer", ""],
    },
    LibraryView: {
        "q": ["x" * 81],
        "can": ["latent,gan", "latent.", "../x"],
        "state": [".ready", "A"],
        "tag": ["x" * 251],
        "sort": ["best", "Newest"],
        "sheet": ["-1", "10001", "two"],
    },
    RunView: {"run": ["x" * 65], "weights": ["0" * 17], "part": ["Hammer", "log"], "snap": ["-2", "10000001", "last"]}
    | NOT_CLOSER,
}

kinds = pytest.mark.parametrize("kind", list(LINKS))


def page(name: str) -> None:
    """A page that loads its view, shows it to the test and saves it."""
    import streamlit as st

    from dashboard import state, views

    view = state.load(getattr(views, name))
    for field, value in st.session_state.get("set", {}).items():
        setattr(view, field, value)
    st.session_state["seen"] = view.model_dump()
    state.save(view)


def opened(kind: type[View], **link: str) -> AppTest:
    app = AppTest.from_function(page, kwargs={"name": kind.__name__}, default_timeout=30)
    app.query_params = dict(link)
    app.run()
    assert not app.exception
    return app


@kinds
def test_the_examples_speak_of_every_field(kind: type[View]) -> None:
    assert set(LINKS[kind]) == set(WRONG[kind]) == set(kind.model_fields)


@kinds
def test_a_link_gives_a_view_and_the_view_the_same_link(kind: type[View]) -> None:
    app = opened(kind, **LINKS[kind])
    assert app.query_params == LINKS[kind]
    assert app.session_state["seen"] == kind.model_validate(LINKS[kind]).model_dump()


@kinds
def test_defaults_are_left_out_of_the_link(kind: type[View]) -> None:
    app = opened(kind)
    assert app.query_params == {}
    assert app.session_state["seen"] == kind().model_dump()
    spelled_out = {name: str(value) for name, value in kind().model_dump().items() if value is not None}
    assert opened(kind, **spelled_out).query_params == {}


@pytest.mark.parametrize(
    ("kind", "field", "wrong"),
    [(kind, field, value) for kind, fields in WRONG.items() for field, values in fields.items() for value in values],
)
def test_a_wrong_field_falls_back_alone(kind: type[View], field: str, wrong: str) -> None:
    app = opened(kind, **LINKS[kind] | {field: wrong})
    expected = kind.model_validate({name: value for name, value in LINKS[kind].items() if name != field})
    assert app.session_state["seen"] == expected.model_dump()
    assert app.query_params == {name: value for name, value in LINKS[kind].items() if name != field}


@kinds
def test_what_no_field_is_called_is_forgotten(kind: type[View]) -> None:
    assert opened(kind, utm_source="mail", **LINKS[kind]).query_params == LINKS[kind]


@kinds
def test_a_view_is_kept_when_the_address_bar_is_empty(kind: type[View]) -> None:
    app = opened(kind, **LINKS[kind])
    app.query_params = {}  # as after a change of the page
    app.run()
    assert app.session_state["seen"] == kind.model_validate(LINKS[kind]).model_dump()
    assert app.query_params == LINKS[kind]


def test_a_link_wins_over_what_the_session_kept() -> None:
    app = opened(LatentView, **LINKS[LatentView])
    app.query_params = {"model": "another"}
    app.run()
    assert app.session_state["seen"] == LatentView(model="another").model_dump()


def test_the_kept_view_is_a_copy() -> None:
    app = opened(LibraryView, q="one")
    app.session_state["LibraryView"].q = "two"
    kept = app.session_state["LibraryView"]
    app.query_params = {}
    app.session_state["set"] = {"q": "three"}
    app.run()
    assert kept.q == "two"
    assert app.query_params == {"q": "three"}


def test_a_view_keeps_its_types_when_a_page_sets_it() -> None:
    view = LatentView()
    with pytest.raises(ValueError, match="a"):
        view.a = -5
    with pytest.raises(ValueError, match="tool"):
        view.tool = "Hammer"  # type: ignore[assignment]
    assert view == LatentView()


@pytest.mark.parametrize("value", [1 / 3, -1e-7, 123456.789, 1e6])
def test_a_place_in_a_link_is_short_near_and_stable(value: float) -> None:
    app = opened(LatentView)
    app.session_state["set"] = {"x": value}
    app.run()
    link = app.query_params["x"]
    assert len(link) <= 11
    assert float(link) == pytest.approx(value, rel=1e-4)
    assert opened(LatentView, x=link).query_params == {"x": link}


def test_what_is_remembered_can_be_forgotten() -> None:
    def script() -> None:
        import streamlit as st

        from dashboard import state

        seen: list[Any] = [state.remembered("a"), state.remembered("a", 7)]
        state.remember("a", 0)
        seen.append(state.remembered("a"))
        state.remember("a", None)
        state.remember("a", None)
        seen.append(state.remembered("a", 7))
        st.session_state["seen"] = seen

    assert AppTest.from_function(script).run().session_state["seen"] == [None, 7, 0, 7]


def test_each_view_belongs_to_one_page() -> None:
    kinds = {name for name, value in vars(views).items() if isinstance(value, type) and issubclass(value, View)}
    assert kinds - {View.__name__, StepView.__name__, ByExample.__name__, ModelView.__name__} == {
        kind.__name__ for kind in LINKS
    }


def test_what_is_kept_is_ahead_of_the_address_bar_until_that_says_something_else() -> None:
    def script() -> None:
        import streamlit as st

        from dashboard import state, views

        view = state.load(views.LibraryView)
        st.session_state["seen"] = view.q
        if (q := st.session_state.pop("keep", None)) is not None:
            view.q = q
            state.keep(view)
            return
        if (q := st.session_state.pop("again", None)) is not None:
            view.q = q
            state.rerun(view)
        state.save(view)

    app = AppTest.from_function(script)
    app.query_params = {"q": "one"}
    app.run()
    app.session_state["keep"] = "two"
    app.run()
    assert app.query_params == {"q": "one"}
    app.run()
    assert app.session_state["seen"] == "two" and app.query_params == {"q": "two"}
    app.session_state["again"] = "three"
    app.run()
    assert app.session_state["seen"] == "three" and app.query_params == {"q": "three"}
    app.session_state["keep"] = "four"
    app.run()
    app.query_params = {"q": "five"}  # the back button, or a link
    app.run()
    assert app.session_state["seen"] == "five" and app.query_params == {"q": "five"}


def test_a_click_that_carries_an_address_of_a_moment_ago_takes_nothing_back(monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(LibraryView, q="one")
    for word in ("two", "three"):
        app.session_state["set"] = {"q": word}
        app.query_params = {"q": "one"}  # the browser has not heard of anything else yet
        app.run()
    app.session_state["set"] = {}
    app.query_params = {"q": "one"}
    app.run()
    assert app.query_params == {"q": "three"}
    app.run()  # now it has
    app.query_params = {"q": "one"}
    app.run()
    assert app.query_params == {"q": "one"}
    app.session_state["set"] = {"q": "four"}
    app.run()
    app.session_state["set"] = {}
    monkeypatch.setattr(state, "LATE", 0.0)
    app.query_params = {"q": "one"}  # later: the back button
    app.run()
    assert app.query_params == {"q": "one"}
