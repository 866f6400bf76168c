"""A Config as widgets. Each field's kind, range, name and sentence of help come from the Config itself."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import streamlit as st

from dashboard import state
from selfsup_engine.images import Crop

if TYPE_CHECKING:
    from selfsup_engine.models.spec import Config

T = TypeVar("T")
U = TypeVar("U")

CROPS: dict[Crop, str] = {"centre": "cut out the middle", "pad": "fit whole on white"}


def choice(label: str, options: Mapping[T, str], current: T, key: str, *, hide_label: bool = False) -> T:
    """One of a few, side by side, by the words that stand for them; something is always chosen, and kept from page to page."""
    return st.segmented_control(
        label,
        list(options),
        default=current,
        required=True,
        format_func=options.__getitem__,
        key=key,
        label_visibility="collapsed" if hide_label else "visible",
        persist_state="session",
    )


def following(key: str, wanted: U, draw: Callable[[], T]) -> T:
    """What a keyed widget stands at, which shows what the view wants: where a link or the back button changed that, it gives way."""
    if state.held(key) is not None and state.remembered(f"shown:{key}") != wanted:
        state.hold(key, wanted)
    value = draw()
    state.remember(f"shown:{key}", value)
    return value


def standing(key: str, wanted: T) -> T:
    """What `following` will give for a widget that is drawn only further down in this run."""
    value = state.held(key)
    if value is None or state.remembered(f"shown:{key}") != wanted:
        return wanted
    there: T = value
    return there


def whole_number(label: str, low: int, high: int, value: int, key: str, **about: Any) -> int | None:
    """A whole number within limits; None, with the limits said, for another one.

    The limits are not the widget's own: beyond those it shows what was typed, and silently goes on with the number before it.
    """
    given = st.number_input(label, value=value, step=1, key=key, persist_state="session", **about)
    if given is None or not low <= given <= high:
        st.error(f"{label} is a whole number from {low:,} to {high:,}.")
        return None
    return int(given)


def config_form(preset: "Config", key: str, leave_out: tuple[str, ...] = ()) -> dict[str, Any]:
    """Widgets for every field, three abreast, set to a preset's values; gives what they stand at, right or wrong: the Config judges."""
    fields = {n: about for n, about in type(preset).model_json_schema()["properties"].items() if n not in leave_out}
    values: dict[str, Any] = {}
    columns = st.columns(3, gap="medium")
    for i, (name, about) in enumerate(fields.items()):
        with columns[i % 3]:
            values[name] = _widget(name, about, getattr(preset, name), f"{key}-{name}")
    return values


def hold_config(config: "Config", key: str) -> None:
    """Has `config_form` show these values when it is drawn next."""
    for name, value in config.model_dump().items():
        state.hold(f"{key}-{name}", ", ".join(map(str, value)) if isinstance(value, tuple) else value)


def _widget(name: str, about: dict[str, Any], value: Any, key: str) -> Any:
    label, text = about.get("title", name), about.get("description")
    if "enum" in about:
        return st.selectbox(
            label, about["enum"], index=about["enum"].index(value), help=text, key=key, persist_state="session"
        )
    match about.get("type"):
        case "boolean":
            return st.toggle(label, value, help=text, key=key, persist_state="session")
        case "integer":
            text = f"{text} From {about.get('minimum')} to {about.get('maximum')}."
            return st.number_input(label, value=value, step=1, help=text, key=key, persist_state="session")
        case "number":
            low, high = about.get("minimum", about.get("exclusiveMinimum")), about.get("maximum")
            span = f" From {low:g} to {high:g}." if low is not None and high is not None else ""
            return st.number_input(
                label,
                value=value,
                step=max(value / 4, 1e-4),
                format="%g",
                help=f"{text}{span}",
                key=key,
                persist_state="session",
            )
        case "array":
            words = st.text_input(
                label, ", ".join(map(str, value)), help=f"{text} Numbers with commas.", key=key, persist_state="session"
            )
            return tuple(word.strip() for word in words.split(",") if word.strip())
        case kind:
            raise TypeError(f"no widget for a field of type {kind}: {name}")
