"""The latent space of one model: its map, and what is drawn at the point under the pointer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st
import torch

from dashboard import arithmetic, cache, explorers, forms, latent_directions, latent_tools, markup, own_photo, words
from dashboard.components.latent_map import Look, latent_map
from dashboard.state import Colour, LatentView, Tool, rerun, save
from selfsup_engine.runs import RunFolder

if TYPE_CHECKING:
    from torch import Tensor

    from selfsup_engine.exploring.latent import LatentSpace

TOOLS: dict[Tool, Callable[[LatentSpace, LatentView, Tensor], None]] = {
    "Interpolate": latent_tools.interpolate,
    "Dimensions": latent_tools.traverse,
    "Grid": latent_tools.grid,
    "Your image": latent_tools.own_image,
    "Denoise": latent_tools.denoise,
    "Compress": latent_tools.compress,
    "Directions": latent_directions.directions,
    "Arithmetic": arithmetic.of_pictures,
}


KEPT = {"colour", "back", "how", "tool", "sigma", "every"}
"""What of a view stays from model to model: all else is a place in one of them."""


def choose_model(view: LatentView) -> RunFolder | None:
    """See explorers.choose_model; one's own photo is put on the map of another model anew."""
    before = view.model
    folder = explorers.choose_model(view, explorers.LATENT, KEPT)
    if folder and folder.name != before:
        own_photo.place_anew(folder.name)
    return folder


def explore(folder: RunFolder, view: LatentView) -> None:
    """Map, point and tools. One fragment: a drag on the map reruns this and nothing else."""
    space = cache.latent_space(folder)
    explorers.same_weights(folder, view)
    describe(space)
    explorers.look_inside(folder)

    @st.fragment
    def live() -> None:
        if view.x is None or view.y is None:
            view.x, view.y = opening(space)
        if not latent_tools.are_ends(space, view):
            view.a, view.b = latent_tools.contrasting_pair(space)
        left, right = st.columns([3, 2], gap="large")
        with left:
            show_map(space, view)
        code = code_at(space, view)
        with right:
            show_point(space, view, code)
        tools = {name: name for name in TOOLS}
        view.tool = forms.following(
            "latent-tool", view.tool, lambda: forms.choice("Tool", tools, view.tool, "latent-tool", hide_label=True)
        )
        with st.container(border=True, key="tool"):
            TOOLS[view.tool](space, view, code)
        save(view)

    live()


def describe(space: LatentSpace) -> None:
    """What the model is, in one line, with its error beside the linear model's."""
    run = space.run
    assert run.result is not None
    scores = run.result.scores
    said = [f"{words.source_title(run.source)} in {space.code_size} numbers a picture"]
    if {"mse", "pca_mse"} <= set(scores):
        said.append(
            f"error {scores['mse']:.4f} on held-out pictures (PCA with as many numbers: {scores['pca_mse']:.4f})"
        )
    if "knn5" in scores:
        said.append(f"for {scores['knn5']:.0%} of them the five nearest codes are mostly of their own kind")
    if space.plane.lost > 0.005:
        said.append(
            f"the map shows {1 - space.plane.lost:.0%} of the codes' variance; for the rest a point is like its neighbours"
        )
    markup.show(markup.muted("  ·  ".join(said)))


def code_at(space: LatentSpace, view: LatentView) -> Tensor:
    """The code (D,) where the pin stands: one's own picture's very code if it stands on that, else what the map gives there."""
    mine = own_photo.code(space)
    if mine is not None:
        here = view.model_copy()
        here.x, here.y = space.plane.flat(mine[None])[0].tolist()
        if (here.x, here.y) == (view.x, view.y):
            return mine
    return space.lift(torch.tensor([[view.x or 0.0, view.y or 0.0]]))[0]


def opening(space: LatentSpace) -> tuple[float, float]:
    """Where the pin stands at first: on the well drawn image nearest to the middle, never on nothing."""
    flat = space.plane.flat(space.exhibit.codes)
    well_drawn = space.exhibit.errors <= space.exhibit.errors.median()
    middle = int((flat - flat.median(0).values).norm(dim=1).where(well_drawn, torch.inf).argmin())
    return float(flat[middle, 0]), float(flat[middle, 1])


def show_map(space: LatentSpace, view: LatentView) -> None:
    """The codes of the test images; a press anywhere chooses that point."""
    exhibit, run = space.exhibit, space.run
    classes = run.result.classes if run.result else ()
    has_labels = exhibit.labels is not None and bool(classes)
    with st.container(horizontal=True, vertical_alignment="center"):
        if has_labels:
            colours: dict[Colour, str] = {"label": "By label", "error": "By error"}
            view.colour = forms.following(
                "latent-colour",
                view.colour,
                lambda: forms.choice("Colour", colours, view.colour, "latent-colour", hide_label=True),
            )
        view.back = forms.following(
            "latent-back", view.back, lambda: st.toggle("Draw the decodes beneath", view.back, key="latent-back")
        )
    by_label = has_labels and view.colour == "label"
    background, extent = cache.decoded_grid(space) if view.back else (None, None)
    flat = space.plane.flat(exhibit.codes).numpy()
    mine = own_photo.code(space)
    ends = (("A", view.a), ("B", view.b))
    marks = [(name, float(flat[i, 0]), float(flat[i, 1])) for name, i in ends if 0 <= i < len(flat)]
    if mine is not None:
        x, y = space.plane.flat(mine[None])[0].tolist()
        marks.append(("yours", x, y))
    hidden = tuple(int(number) for number in view.hide.split(".") if number)
    told = latent_map(
        flat,
        labels=exhibit.labels.numpy() if by_label and exhibit.labels is not None else None,
        classes=classes if by_label else (),
        values=None if by_label else exhibit.errors.numpy(),
        value_name="squared error",
        pin=(view.x or 0.0, view.y or 0.0),
        look=Look(view.cx, view.cy, view.zoom, hidden),
        marks=marks,
        background=background,
        background_extent=extent,
        height=520,
        key=f"map-{space.name}",
    )
    if told.pin is not None:
        view.x, view.y = told.pin
    view.cx, view.cy, view.zoom = told.look[:3]
    view.hide = ".".join(map(str, told.look.hidden))


def show_point(space: LatentSpace, view: LatentView, code: Tensor) -> None:
    """What is drawn at the point, how far to trust it, and the real images that lie nearest."""
    drawn = space.decode(code[None])[0]
    trust = float(space.trust(code[None])[0])
    near = space.neighbours(code, 6)
    word = (
        "among real pictures"
        if trust > 0.6
        else "at the edge of what it has seen"
        if trust > 0.2
        else "far from anything it has seen"
    )
    left, right = st.columns([1, 1], vertical_alignment="center")
    with left, st.container(key="here"):
        markup.show(markup.img(drawn, "the picture decoded at the chosen point"))
    with right:
        numbers = ", ".join(f"{value:.2f}" for value in (code[:4].mul(100).round() / 100 + 0.0).tolist()) + (
            " …" if len(code) > 4 else ""
        )
        markup.show(
            markup.eyebrow("Decoded here"),
            f"<p class='muted'>code {numbers}</p>",
            "<br>",
            markup.eyebrow(f"Trust {trust:.2f}"),
            markup.gauge(trust, "trust"),
            markup.muted(word),
        )
        st.download_button(
            "PNG",
            lambda: latent_tools.enlarged_png(drawn),
            f"{space.name}-point.png",
            "image/png",
            icon=":material/download:",
            key="point-png",
            on_click="ignore",
        )
    classes = space.run.result.classes if space.run.result else ()
    labels = space.exhibit.labels

    def caption(i: int) -> str:
        return classes[int(labels[i])] if labels is not None and classes else f"no. {i}"

    markup.show(
        markup.eyebrow("Nearest real pictures (held out of training)"),
        markup.shots([(space.exhibit.images[i].numpy(), caption(i)) for i in near], classes="fill"),
    )
    with st.container(horizontal=True):
        if st.button("Nearest one as A", key="as-a"):
            view.a = near[0]
            rerun(view, "fragment")
        if st.button("… as B", key="as-b"):
            view.b = near[0]
            rerun(view, "fragment")
