"""What an operation came to, in figures: the verdict beside the classical operator, and the histograms before and after."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import streamlit as st

from dashboard import charts, markup, opened_photo

if TYPE_CHECKING:
    from torch import Tensor

    from dashboard.opened_photo import OpenedPhoto
    from dashboard.studio_canvas import Shown
    from selfsup_engine.exploring.retouching.verdicts import Verdict
    from selfsup_engine.field_statistics import FieldStatistics


def verdict(shown: Shown) -> None:
    """One line below the picture: which is better, and by how much; nothing where there is nothing to compare."""
    if shown.lacks or shown.mask is not None:  # inside a mask the figures of the whole say nothing
        return
    found: Verdict | None = opened_photo.once(
        ("verdict", *shown.key),
        lambda: shown.operation.verdict(shown.photo.small, shown.changed, shown.classical, shown.means),
        shown.photo,
        shown.reference,
    )
    if found is None:
        return
    theirs = type(shown.operation).classical_title
    figures = {"ours": found.ours, theirs: found.theirs, "untouched": found.floor}
    said = [f"{name} {round(value, 1) + 0.0:.1f} {found.unit}" for name, value in figures.items() if value is not None]
    word = ""
    if found.theirs is not None:
        apart = f"{abs(found.ours - found.theirs):.1f} {found.unit if found.unit != '%' else 'points'}"
        word = {
            True: f" Ours is better by {apart}.",
            False: f" {theirs} is better by {apart}.",
            None: " The two come to the same.",
        }[found.better]
    figure = found.figure[0].upper() + found.figure[1:]
    markup.show(markup.muted(f"{figure}: {'; '.join(said)}.{word}"))


def statistics(image: Tensor, key: tuple[object, ...], *photos: OpenedPhoto | None) -> FieldStatistics:
    """The statistics of a picture, measured once."""
    from selfsup_engine.field_statistics import FieldStatistics

    return opened_photo.once(("statistics", *key), lambda: FieldStatistics.of(image), *photos)


def figures(shown: Shown) -> None:
    """Histograms of the gradients' strengths and of the hues, before, after, and of the reference."""
    from selfsup_engine.field_statistics import STRENGTHS

    found = {"before": statistics(shown.photo.small, (shown.photo.fingerprint,), shown.photo)}
    mask = hash(shown.mask.tobytes()) if shown.mask is not None else 0
    found["after"] = statistics(shown.changed, (*shown.key, mask), shown.photo, shown.reference)
    if shown.reference is not None:
        found["reference"] = statistics(shown.reference.small, (shown.reference.fingerprint,), shown.reference)
    edges = STRENGTHS.tolist()
    middles = [(low * high) ** 0.5 for low, high in pairwise(edges)]
    strengths = {name: each.strength_histogram.tolist() for name, each in found.items()}
    hues = {name: each.hue.tolist() for name, each in found.items()}
    left, right = st.columns(2, gap="large")
    with left:
        markup.show(
            markup.eyebrow("Strength of the colour gradients"),
            markup.muted("Share of the pixels; further right are stronger edges, in OKLab's units a pixel."),
        )
        st.plotly_chart(charts.strengths(middles, strengths), key="photo-strengths", config={"displayModeBar": False})
    with right:
        markup.show(
            markup.eyebrow("Hues"),
            markup.muted("How much colour lies in each direction of OKLab: the further out, the more."),
        )
        st.plotly_chart(charts.rose(hues), key="photo-hues", config={"displayModeBar": False})
