"""The group that was circled on the map: who is in it, and what they have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import streamlit as st

from dashboard import latent_tools, markup
from dashboard.state import rerun
from dashboard.views import LatentView
from selfsup_engine.exploring import selection

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from selfsup_engine.exploring.latent import LatentSpace

STRIP = 24  # pictures that are shown of a group
MIX = 4  # kinds that are named


class Kinds(NamedTuple):
    """labels: (N,) int64, the kind of each image; classes: what the kinds are called; typical: the number of an image that stands for each, or
    nothing."""

    labels: NDArray[np.integer]
    classes: tuple[str, ...]
    typical: tuple[int, ...] = ()


def kinds(space: LatentSpace, view: LatentView) -> Kinds | None:
    """What sorts the points of the map, and filters them: the clusters where these colour it, else the labels, where there are any."""
    if view.colour == "cluster":
        found = space.clusters
        names = tuple(f"cluster {k + 1}" for k in range(len(found.centres)))
        return Kinds(found.labels.numpy(), names, tuple(found.typical.tolist()))
    classes = space.run.result.classes if space.run.result else ()
    labels = space.exhibit.labels
    return Kinds(labels.numpy(), tuple(classes)) if labels is not None and classes else None


def hidden(view: LatentView) -> tuple[int, ...]:
    """The kinds that the legend leaves out."""
    return tuple(int(number) for number in view.hide.split(".") if number)


def chosen(space: LatentSpace, view: LatentView) -> list[int]:
    """The numbers of the exhibit's images that are inside the outline and not filtered out, in rising order."""
    if not view.lasso:
        return []
    flat = space.plane.flat(space.exhibit.codes).numpy()
    within = selection.inside(flat, selection.vertices(view.lasso))
    sorts = kinds(space, view)
    if sorts and view.hide:
        within &= ~np.isin(sorts.labels, hidden(view))
    return np.flatnonzero(within).tolist()


def show(space: LatentSpace, view: LatentView) -> None:
    """How many are inside, what they are, how well they are drawn, and some of them; nothing where nothing is circled."""
    if not view.lasso:
        return
    numbers = chosen(space, view)
    with st.container(border=True, key="group"):
        with st.container(horizontal=True, vertical_alignment="center"):
            markup.show(f"<p><b>{len(numbers):,} inside</b></p>", markup.muted(about(space, view, numbers)))
            if st.button("Clear", icon=":material/close:", key="clear-group", help="Lets the group go (Escape)"):
                view.lasso = ""
                rerun(view, "fragment")
            if numbers:
                images = [space.exhibit.images[i].numpy() for i in numbers[: 10 * STRIP]]
                latent_tools.download(images, min(len(images), STRIP), f"{space.name}-group", "group-png")
        if numbers:
            # Evenly through the group: the first ones would be whatever the data set happens to begin with.
            some = [numbers[i] for i in np.linspace(0, len(numbers) - 1, min(STRIP, len(numbers))).round().astype(int)]
            strip = [(space.exhibit.images[i].numpy(), f"no. {i}") for i in some]
            markup.show(markup.shots(strip, width=44, classes="tight", captions=False))


def about(space: LatentSpace, view: LatentView, numbers: list[int]) -> str:
    """Their mix of kinds and their error beside everyone's, in one line."""
    if not numbers:
        return "No picture lies there. Circle some dots: press the loop on the map, or L."
    said = []
    sorts = kinds(space, view)
    if sorts:
        counts = np.bincount(sorts.labels[numbers], minlength=len(sorts.classes))
        order = [k for k in (-counts).argsort(kind="stable") if counts[k]]
        named = [f"{sorts.classes[k]} {counts[k] / len(numbers):.0%}" for k in order[:MIX]]
        rest = len(order) - MIX
        said.append(", ".join(named) + (f" and {rest} more" if rest > 0 else ""))
    errors = space.exhibit.errors
    said.append(f"mean error {float(errors[numbers].mean()):.4f}, of all {float(errors.mean()):.4f}")
    return "  ·  ".join(said)
