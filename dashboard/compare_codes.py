"""Models beside each other that encode and decode: the same pictures through their codes, and their maps, linked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from dashboard import cache, compare_maps, explorers, forms, markup
from dashboard.components.picture_grid import picture_grid
from dashboard.latent_tools import enlarged_png, error_map
from dashboard.state import rerun
from dashboard.views import CompareView, Order
from selfsup_engine.images import Pixels, encode, enlarge, fit
from selfsup_engine.pictures import side_by_side
from selfsup_engine.runs import RunFolder

if TYPE_CHECKING:
    from selfsup_engine.exploring.comparing import Comparison

SHOWN = 10
ORDERS: dict[Order, str] = {
    "differ": "most apart",
    "worst": "hardest",
    "best": "easiest",
    "first": "first",
}


def section(folders: list[RunFolder], view: CompareView) -> None:
    """The same pictures through each model and PCA, one of them large, and the maps."""
    with st.spinner("Showing them the same pictures…"):
        comparison = cache.comparison(folders)
    titles = [
        *explorers.titles(folders).values(),
        *(column.model.name for column in comparison.columns[len(folders) :]),
    ]
    st.header("The same pictures")
    with st.container(horizontal=True, vertical_alignment="center"):
        view.order = forms.following(
            "compare-order",
            view.order,
            lambda: forms.choice("Which", ORDERS, view.order, "compare-order", hide_label=True),
        )
        markup.show(
            markup.muted(
                f"{len(comparison.images):,} pictures that {titles[0]} kept and never trained on; PCA was fitted to as many others."
            )
        )
    numbers = comparison.order(view.order, SHOWN)
    if not 0 <= view.image < len(comparison.images):
        view.image = numbers[0]
    left, right = st.columns([5, 3], gap="large")
    with left:
        pictures(comparison, titles, numbers, view)
    with right:
        large(comparison, titles, view)
    compare_maps.maps(comparison, titles, view)


def pictures(comparison: Comparison, titles: list[str], numbers: list[int], view: CompareView) -> None:
    """A row for the pictures themselves, to press, and one for each model with its errors."""
    markup.show(markup.eyebrow("As they are: press one to see it large"))
    pressed = picture_grid(
        comparison.images[numbers].numpy(),
        key="compare-pictures",
        columns=len(numbers),
        label="The pictures: press one to see it large",
        names=[name_of(comparison, i) for i in numbers],
        selected=numbers.index(view.image) if view.image in numbers else -1,
    )
    if pressed is not None:
        view.image = numbers[pressed]
        rerun(view)
    rows: list[Pixels] = [common(comparison, comparison.images[numbers].numpy())]
    for title, column in zip(titles, comparison.columns, strict=True):
        drawn = column.drawn[numbers]
        rows.append(common(comparison, drawn))
        shots = [(drawn[k], f"{float(column.errors[i]):.4f}") for k, i in enumerate(numbers)]
        markup.show(
            markup.eyebrow(f"{title}: error {float(column.errors.mean()):.4f} over all"),
            markup.shots(shots, classes="fill small"),
        )
    st.download_button(
        "PNG",
        lambda: encode(enlarge(side_by_side(rows), 3), "png"),
        "side-by-side.png",
        "image/png",
        icon=":material/download:",
        key="side-by-side-png",
        on_click="ignore",
    )


def common(comparison: Comparison, images: Pixels) -> Pixels:
    """Images (N, 3, S, S) of one size, to be put into one picture."""
    import torch

    size = max(column.model.size for column in comparison.columns)
    fitted: Pixels = fit(torch.from_numpy(np.ascontiguousarray(images)), 3, size).numpy()
    return fitted


def name_of(comparison: Comparison, i: int) -> str:
    """What a picture is called: its class, where there are any, and its number."""
    labels, classes = comparison.labels, comparison.classes
    return f"{classes[int(labels[i])]}, no. {i}" if labels is not None and classes else f"no. {i}"


def same_code(comparison: Comparison, titles: list[str], i: int) -> None:
    """What each model with as many numbers draws for the first one's code of a picture: the same numbers mean other things to each."""
    code = comparison.columns[0].codes[i]
    alike = [
        (column.model.decode(code[None])[0], title)
        for title, column in zip(titles, comparison.columns, strict=True)
        if column.model.code_size == len(code)
    ]
    if len(alike) > 1:
        with st.container(key="compare-code"):
            numbers = ", ".join(f"{value:.2f}" for value in code[:3].tolist()) + (" …" if len(code) > 3 else "")
            markup.show(
                markup.eyebrow(f"The same code, {numbers}, in each"),
                markup.shots(alike, classes="fill"),
                markup.muted(
                    "The same numbers mean something else to each model, unless one was trained on from the other."
                ),
            )


def large(comparison: Comparison, titles: list[str], view: CompareView) -> None:
    """The picture at hand, what each makes of it, and where that differs."""
    i = view.image
    markup.show(markup.eyebrow(name_of(comparison, i)))
    shots: list[tuple[Pixels, str]] = [(comparison.images[i].numpy(), "as it is")]
    best = min(range(len(comparison.columns)), key=lambda k: float(comparison.columns[k].errors[i]))
    for k, (title, column) in enumerate(zip(titles, comparison.columns, strict=True)):
        word = ", nearest" if k == best else ""
        shots.append((column.drawn[i], f"{title}: {float(column.errors[i]):.4f}{word}"))
        shots.append((error_map(column.drawn[i], column.seen[i].numpy()), "what differs"))
    with st.container(key="compare-large"):
        markup.show(
            f"<div class='pairs'>{markup.shots(shots[:1], classes='fill')}</div>",
            *(markup.shots(shots[k : k + 2], classes="fill") for k in range(1, len(shots), 2)),
        )
    same_code(comparison, titles, i)
    st.download_button(
        "This picture",
        lambda: enlarged_png(comparison.images[i].numpy()),
        f"picture-{i}.png",
        "image/png",
        icon=":material/download:",
        key="compare-picture-png",
        on_click="ignore",
    )
