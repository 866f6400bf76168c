"""A Config as widgets: what the form shows is what the preset says, and what it gives back is that Config again."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from selfsup_engine.errors import UserError
from selfsup_engine.models.autoencoder import SPEC
from selfsup_engine.models.autoencoder_networks import AutoencoderConfig
from selfsup_engine.models.spec import check_config

FIELDS = sorted(AutoencoderConfig.model_fields)
presets = pytest.mark.parametrize("preset", list(SPEC.presets))


def page(preset: str, leave_out: tuple[str, ...]) -> None:
    import streamlit as st

    from dashboard import forms
    from selfsup_engine.models.autoencoder import SPEC

    st.session_state["values"] = forms.config_form(SPEC.presets[preset].config, "form", leave_out)


def form(preset: str = "mlp", leave_out: tuple[str, ...] = ()) -> AppTest:
    app = AppTest.from_function(page, kwargs={"preset": preset, "leave_out": leave_out}, default_timeout=30).run()
    assert not app.exception
    return app


def widget(app: AppTest, field: str) -> Any:
    return app.get_by_key(f"form-{field}")


@presets
def test_every_field_has_a_widget_at_the_presets_value_with_help(preset: str) -> None:
    app = form(preset)
    for field, about in AutoencoderConfig.model_fields.items():
        value = getattr(SPEC.presets[preset].config, field)
        shown = ", ".join(map(str, value)) if field == "widths" else value
        assert widget(app, field).value == shown, field
        assert widget(app, field).label == about.title
        assert about.description is not None
        assert about.description in widget(app, field).help


@presets
def test_what_the_form_gives_is_the_very_preset(preset: str) -> None:
    values = form(preset).session_state["values"]
    assert sorted(values) == FIELDS
    assert check_config("autoencoder", values) == SPEC.presets[preset].config


def test_ranges_come_from_the_config() -> None:
    app = form()
    for field, low, high in (("batch", 8, 4096), ("code", 2, 64), ("size", 28, 64), ("sigma", 0, 1), ("beta", 0, 100)):
        assert f"From {low} to {high}." in widget(app, field).help
    assert list(widget(app, "objective").options) == ["plain", "denoising", "variational"]


@pytest.mark.parametrize(("field", "value"), [("batch", 5000), ("code", 1), ("sigma", 1.5), ("learning_rate", 0.0)])
def test_a_number_out_of_its_range_is_kept_as_typed_and_refused_in_words(field: str, value: float) -> None:
    app = form()
    widget(app, field).set_value(value).run()
    assert not app.exception
    assert app.session_state["values"][field] == value
    with pytest.raises(UserError, match=field):
        check_config("autoencoder", app.session_state["values"])


def test_what_is_changed_comes_back_and_nothing_else() -> None:
    app = form()
    widget(app, "code").set_value(7)
    widget(app, "widths").set_value(" 64,32 , 16,")
    widget(app, "objective").set_value("variational")
    widget(app, "norm").set_value(True)
    widget(app, "learning_rate").set_value(5e-4)
    app.run()
    assert not app.exception
    changed = {"code": 7, "widths": (64, 32, 16), "objective": "variational", "norm": True, "learning_rate": 5e-4}
    assert check_config("autoencoder", app.session_state["values"]) == SPEC.presets["mlp"].config.model_copy(
        update=changed
    )


@pytest.mark.parametrize("typed", ["", ",", "wide", "64, -3", "64; 32", "1.5", "²", "9" * 5000, "1" * 40])
def test_widths_that_are_none_are_refused_in_words(typed: str) -> None:
    app = form()
    widget(app, "widths").set_value(typed)
    app.run()
    assert not app.exception
    with pytest.raises(UserError, match="widths"):
        check_config("autoencoder", app.session_state["values"])


def test_fields_can_be_left_out() -> None:
    app = form(leave_out=("size", "channels"))
    assert sorted(app.session_state["values"]) == sorted(set(FIELDS) - {"size", "channels"})
    with pytest.raises(KeyError):
        widget(app, "size")
