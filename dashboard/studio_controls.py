"""An operation's settings as widgets: sliders and choices from its fields, colours as swatches."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboard import forms, markup
from dashboard.views import PhotoView
from selfsup_engine.pictures import PALETTE

if TYPE_CHECKING:
    from selfsup_engine.exploring.retouching.operation import Operation

CHOICES = {"reference": "a photo", "palette": "a palette", "model": "a model"}
MOST_COLOURS = 12


def of_view(view: PhotoView) -> Operation:
    """The view's operation with its settings; what a link says wrongly falls back to the usual, with a word."""
    from pydantic import ValidationError

    from selfsup_engine.exploring.retouching.operations import OPERATIONS

    kind = OPERATIONS[view.operation]
    try:
        return kind.model_validate(json.loads(view.settings)) if view.settings else kind()
    except (ValidationError, ValueError, RecursionError):
        st.toast("The link's settings do not fit. The usual ones are shown.", icon=":material/link_off:")
        return kind()


def into_view(operation: Operation, view: PhotoView) -> None:
    """Keeps an operation's settings in the view, in short."""
    said = operation.model_dump(mode="json", exclude_defaults=True, exclude={"operation"})
    view.settings = json.dumps(said, separators=(",", ":")) if said else ""


def controls(operation: Operation) -> Operation:
    """Widgets for every setting; gives the operation as they stand."""
    about = type(operation).model_json_schema()
    values: dict[str, Any] = {}
    for name, field in about["properties"].items():
        if name != "operation":
            current = getattr(operation, name)
            values[name] = _widget(field, current, f"photo-{view_key(operation)}-{name}", values)
    return operation.model_copy(update={name: value for name, value in values.items() if value is not None})


def view_key(operation: Operation) -> str:
    return type(operation).__name__.lower()


def _widget(field: Mapping[str, Any], current: Any, key: str, before: Mapping[str, Any]) -> Any:
    """One setting; None where it is set elsewhere: on the picture, or not at all as the others stand."""
    title, text = field["title"], field["description"]
    if "enum" in field:
        options = {option: CHOICES.get(option, option) for option in field["enum"]}
        return forms.following(key, current, lambda: forms.choice(title, options, current, key))
    match field.get("type"):
        case "number":
            low, high = float(field["minimum"]), float(field["maximum"])
            return forms.following(
                key,
                current,
                lambda: st.slider(
                    title,
                    low,
                    high,
                    current,
                    (high - low) / 40,
                    key=key,
                    help=text,
                    format="%.2f" if high > 0.1 else "%.4f",
                ),
            )
        case "integer":
            low, high = int(field["minimum"]), int(field["maximum"])
            return forms.following(key, current, lambda: forms.whole_number(title, low, high, current, key, help=text))
        case "boolean":
            return forms.following(key, current, lambda: st.toggle(title, current, key=key, help=text))
        case "array" if title == "Palette" and before.get("colours") == "palette":
            return _palette(title, current, key, text)
    return None


def _palette(title: str, colours: Sequence[str], key: str, text: str) -> tuple[str, ...]:
    """Colours side by side, each of which can be changed, and one more or less."""
    markup.show(markup.eyebrow(title))
    kept = list(colours)
    with st.container(horizontal=True, gap="small", key=f"{key}-swatches"):
        for i, colour in enumerate(kept):
            kept[i] = _picker(colour, f"{key}-{i}", f"Colour {i + 1}", text)
        if st.button("", icon=":material/add:", key=f"{key}-more", help="One more", disabled=len(kept) >= MOST_COLOURS):
            kept.append(_another(kept))
        if st.button("", icon=":material/remove:", key=f"{key}-less", help="One less", disabled=len(kept) < 2):
            kept.pop()
    return tuple(kept)


def _another(colours: Sequence[str]) -> str:
    """A colour that is none of these: the next one of the palette of charts, grey where all are there."""
    return next((colour for colour in PALETTE if colour not in colours), "#808080")


def _picker(colour: str, key: str, label: str, text: str) -> str:
    def draw() -> str:
        return st.color_picker(label, colour, key=key, label_visibility="collapsed", help=text).lower()

    return forms.following(key, colour, draw)


def swatches(colours: Sequence[str], key: str, label: str) -> tuple[str, ...]:
    """Colours that were picked on the picture; a press takes one away."""
    if not colours:
        return ()
    markup.show(markup.eyebrow(label))
    kept = list(colours)
    with st.container(horizontal=True, gap="small", key=f"{key}-picked"):
        for colour in colours:
            markup.show(f"<span class='swatch' style='background:{markup.escape(colour)}'></span>")
            if st.button("", icon=":material/close:", key=f"{key}-{colour}", help=f"Take {colour} away"):
                kept.remove(colour)
    return tuple(kept)
