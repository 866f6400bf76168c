"""Maps of the same pictures beside each other: a group drawn on one lights up on all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard import forms
from dashboard.components.latent_map import latent_map
from dashboard.state import Colour, CompareView

if TYPE_CHECKING:
    from selfsup_engine.exploring.comparing import Comparison

COLOURS: dict[Colour, str] = {"label": "by label", "error": "by error"}


def maps(comparison: Comparison, titles: list[str], view: CompareView) -> None:
    """A map for each model and for PCA."""
    st.header("Their maps")
    labels = comparison.labels
    if labels is not None and comparison.classes:
        view.colour = forms.following(
            "compare-colour",
            view.colour,
            lambda: forms.choice("Colour", COLOURS, view.colour, "compare-colour", hide_label=True),
        )
    by_label = labels is not None and bool(comparison.classes) and view.colour == "label"
    for start in range(0, len(titles), 2):
        for place, k in zip(st.columns(2, gap="large"), range(start, len(titles)), strict=False):
            column = comparison.columns[k]
            with place:
                latent_map(
                    column.flat.numpy(),
                    labels=labels.numpy() if by_label and labels is not None else None,
                    classes=comparison.classes if by_label else (),
                    values=None if by_label else column.errors.numpy(),
                    value_name="squared error",
                    height=380,
                    key=f"compare-map-{k}",
                )
