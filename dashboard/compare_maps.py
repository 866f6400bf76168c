"""Maps of the same pictures beside each other: a group that is circled on one lights up on all, and each model says how it fares there."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from dashboard import forms, markup
from dashboard.components.latent_map import Look, latent_map
from dashboard.state import keep, rerun, save
from dashboard.views import Colour, CompareView
from selfsup_engine.exploring.selection import inside, vertices
from selfsup_engine.images import Pixels

if TYPE_CHECKING:
    from selfsup_engine.exploring.comparing import Comparison

COLOURS: dict[Colour, str] = {"label": "by label", "error": "by error"}
STRIP = 12  # pictures of a group that are shown
KINDS = 4  # labels of a group that are named


def maps(comparison: Comparison, titles: list[str], view: CompareView) -> None:
    """A map for each model and one for PCA, linked. A fragment: a circle on a map reruns this and nothing else."""
    st.header("Their maps")
    models = len(comparison.spaces)
    shown = range(models + 1)  # the maps of all PCAs are the same two components
    if not view.on < models + 1:
        view.on, view.lasso = 0, ""
    whole = [True]  # while the page is drawn, and not this fragment alone

    import torch

    @st.fragment
    def live() -> None:
        labels = comparison.labels
        if labels is not None and comparison.classes:
            view.colour = forms.following(
                "compare-colour",
                view.colour,
                lambda: forms.choice("Colour", COLOURS, view.colour, "compare-colour", hide_label=True),
            )
        by_label = labels is not None and bool(comparison.classes) and view.colour == "label"
        group = circled(comparison, view)
        on, lasso, news = view.on, view.lasso, False
        looks = [Look.parse(text) for text in view.looks.split("~")]
        looks = [*looks, *[Look()] * len(shown)][: len(shown)]
        for start in range(0, len(shown), 2):
            for place, k in zip(st.columns(2, gap="large"), shown[start : start + 2], strict=False):
                flat = comparison.columns[k].flat
                given = lasso if k == on else ""
                here = (float(flat[view.image, 0]), float(flat[view.image, 1]))  # of the picture at hand
                with place:
                    markup.show(markup.eyebrow(titles[k] if k < models else "PCA"))
                    told = latent_map(
                        flat.numpy(),
                        labels=labels.numpy() if by_label and labels is not None else None,
                        classes=comparison.classes if by_label else (),
                        values=None if by_label else comparison.columns[k].errors.numpy(),
                        value_name="squared error",
                        pin=here,
                        look=looks[k],
                        lasso=given,
                        lit=group if group and not given else None,
                        pictures=lambda numbers: comparison.images[numbers].numpy(),
                        link="compared",
                        height=400,
                        key=f"compare-map-{k}",
                    )
                looks[k] = told.look
                view.looks = "~".join(map(str, looks)).rstrip("~")
                if told.lasso != given and (told.lasso or k == on):
                    view.on, view.lasso, news = k, told.lasso, True
                keep(view)
                if (
                    told.pin is not None and told.pin != here
                ):  # pressed: the nearest picture is seen large, and marked on all maps
                    view.image = int((flat - torch.tensor(told.pin)).square().sum(1).argmin())
                    rerun(view)
        if news:
            rerun(view, "app" if whole[0] else "fragment")
        about_group(comparison, titles, group, view)
        save(view)

    live()
    whole[0] = False


def circled(comparison: Comparison, view: CompareView) -> list[int]:
    """The numbers of the pictures inside the outline."""
    if not view.lasso:
        return []
    found: list[int] = np.flatnonzero(inside(comparison.columns[view.on].flat.numpy(), vertices(view.lasso))).tolist()
    return found


def about_group(comparison: Comparison, titles: list[str], group: list[int], view: CompareView) -> None:
    """Who is in the group, and each model's error there beside its error over all."""
    if not view.lasso:
        markup.show(
            markup.muted(
                "The ring is the picture that is seen large above: press near another one. "
                "With the lasso in a map's corner circle a group: the same pictures light up on the other maps."
            )
        )
        return
    where = titles[view.on] if view.on < len(comparison.spaces) else "PCA"
    with st.container(border=True, key="compare-group"):
        with st.container(horizontal=True, vertical_alignment="center"):
            markup.show(
                f"<b>{len(group):,} pictures circled on {markup.escape(where)}</b> <span class='muted'>{markup.escape(mix(comparison, group))}</span>"
            )
            if st.button("Clear", icon=":material/close:", key="compare-clear"):
                view.lasso = ""
                rerun(view, "fragment")
        if not group:
            return
        strip: list[tuple[Pixels, str]] = [(comparison.images[i].numpy(), "") for i in group[:STRIP]]
        markup.show(markup.shots(strip, classes="fill many", captions=False))
        here = {t: float(c.errors[group].mean()) for t, c in zip(titles, comparison.columns, strict=True)}
        rows = {
            "error in the group": [f"{error:.4f}" for error in here.values()],
            "error over all": [f"{float(column.errors.mean()):.4f}" for column in comparison.columns],
        }
        best = min(range(len(here)), key=list(here.values()).__getitem__)
        markup.show(markup.table(titles, rows, {"error in the group": best}))


def mix(comparison: Comparison, group: list[int]) -> str:
    """Which classes a group is of, the most frequent first."""
    if comparison.labels is None or not comparison.classes or not group:
        return ""
    counts = Counter(comparison.labels[group].tolist()).most_common(KINDS)
    return ", ".join(f"{comparison.classes[label]} {count / len(group):.0%}" for label, count in counts)
