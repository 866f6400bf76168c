"""The latent space of one model: its map, and what is drawn at the point under the pointer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st
import torch

from dashboard import (
    arithmetic,
    cache,
    explorers,
    forms,
    latent_directions,
    latent_tools,
    markup,
    own_photo,
    selection,
    words,
)
from dashboard.components.latent_map import Look, latent_map
from dashboard.components.lens import Glimpse, lens
from dashboard.state import keep, rerun, save
from dashboard.views import Colour, LatentView, Tool
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
COLOURS: dict[Colour, str] = {"label": "By label", "error": "By error", "trust": "By trust", "cluster": "By cluster"}
ABOUT: dict[Colour, str] = {
    "label": "",
    "error": "Those that stand out are the pictures that the model draws worst.",
    "trust": "How usual a picture's place is: 1 where others lie around it as they do elsewhere. Those that stand out lie apart.",
    "cluster": "Groups that the codes fall into by themselves (k-means); no label was used. The picture on a button is its group's most typical.",
}
NEAR = 6  # real pictures below the map


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
    """Map, lens and tools. One fragment: what the map tells reruns this and nothing else, and a drag on it the lens alone."""
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
        left, right = st.columns([2, 1], gap="medium")
        with left:
            show_map(space, view)
        code = code_at(space, view, own_photo.code(space))
        with right:
            show_lens(space, view)
            show_nearest(space, view, code)
        selection.show(space, view)
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


def code_at(space: LatentSpace, view: LatentView, mine: Tensor | None) -> Tensor:
    """The code (D,) where the pin stands: one's own picture's very code if it stands on that, else what the map gives there."""
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


def key_of(space: LatentSpace) -> str:
    """The key of a model's map."""
    return f"map-{space.name}-{space.run.result.weights[:8] if space.run.result else ''}"


def show_map(space: LatentSpace, view: LatentView) -> None:
    """The codes of the test images; a press anywhere chooses that point."""
    exhibit = space.exhibit
    controls(space, view)
    sorts, colour = selection.kinds(space, view), colour_of(space, view)
    values = exhibit.errors if colour == "error" else space.trusts if colour == "trust" else None
    background, extent = cache.decoded_grid(space) if view.back else (None, None)
    flat = space.plane.flat(exhibit.codes).numpy()
    mine = own_photo.code(space)
    ends = (("A", view.a), ("B", view.b))
    marks = [(name, float(flat[i, 0]), float(flat[i, 1])) for name, i in ends if 0 <= i < len(flat)]
    if mine is not None:
        x, y = space.plane.flat(mine[None])[0].tolist()
        marks.append(("yours", x, y))
    told = latent_map(
        flat,
        labels=sorts.labels if sorts else None,
        classes=sorts.classes if sorts else (),
        typical=sorts.typical if sorts else (),
        values=values.numpy() if values is not None else None,
        value_name="trust" if colour == "trust" else "squared error",
        falling=colour == "trust",
        pin=(view.x or 0.0, view.y or 0.0),
        look=Look(view.cx, view.cy, view.zoom, selection.hidden(view), view.density),
        lasso=view.lasso,
        marks=marks,
        background=background,
        background_extent=extent,
        pictures=lambda numbers: exhibit.images[numbers].numpy(),
        height=620,
        key=key_of(space),
    )
    if told.pin is not None:
        view.x, view.y = told.pin
    view.cx, view.cy, view.zoom = told.look[:3]
    view.hide = ".".join(map(str, told.look.hidden))
    view.density, view.lasso = told.look.density, told.lasso
    keep(view)
    if ABOUT[colour]:
        markup.show(markup.muted(ABOUT[colour]))


def colour_of(space: LatentSpace, view: LatentView) -> Colour:
    """What colours the map: errors instead of labels where there are none."""
    return "error" if view.colour == "label" and selection.kinds(space, view) is None else view.colour


def controls(space: LatentSpace, view: LatentView) -> None:
    """What colours the map, and what lies beneath it."""
    shown = colour_of(space, view)
    labelled = selection.kinds(space, view.model_copy(update={"colour": "label"})) is not None
    colours = {colour: name for colour, name in COLOURS.items() if labelled or colour != "label"}
    with st.container(horizontal=True, vertical_alignment="center"):
        colour = forms.following(
            "latent-colour", shown, lambda: forms.choice("Colour", colours, shown, "latent-colour", hide_label=True)
        )
        view.back = forms.following(
            "latent-back", view.back, lambda: st.toggle("Draw the decodes beneath", view.back, key="latent-back")
        )
    if colour == shown:
        return
    if "cluster" in (colour, shown):
        view.hide = ""  # the numbers of clusters are no classes'
    view.colour = colour


def show_lens(space: LatentSpace, view: LatentView) -> None:
    """What is drawn under the hand, how far to trust it, and the real picture that lies nearest; the picture can be downloaded."""

    mine = own_photo.code(space)

    def draw(hand: tuple[float, float] | None) -> Glimpse:
        here = view.model_copy()
        if hand is not None:
            here.x, here.y = hand
        code = code_at(space, here, mine)
        seen = space.look(code)
        real = space.exhibit.images[seen.near].numpy()
        return Glimpse(seen.picture, place(code), seen.trust, in_words(seen.trust), real, called(space, seen.near))

    def come(hand: tuple[float, float]) -> None:
        view.x, view.y = hand
        keep(view)

    lens(draw, come, follows=key_of(space))
    st.download_button(
        "PNG",
        lambda: latent_tools.enlarged_png(
            space.decode(code_at(space, view, own_photo.code(space))[None])[0]
        ),  # as it is at the click
        f"{space.name}-point.png",
        "image/png",
        icon=":material/download:",
        key="point-png",
        on_click="ignore",
    )


def place(code: Tensor) -> str:
    """The first numbers of a code (D,)."""
    numbers = ", ".join(f"{value:.2f}" for value in (code[:4].mul(100).round() / 100 + 0.0).tolist())
    return f"code {numbers}{' …' if len(code) > 4 else ''}"


def in_words(trust: float) -> str:
    """What a trust in [0, 1] means."""
    if trust > 0.6:
        return "among real pictures"
    return "at the edge of what it has seen" if trust > 0.2 else "far from anything it has seen"


def called(space: LatentSpace, number: int) -> str:
    """An image of the exhibit by its label, or by its number where it has none."""
    classes, labels = space.run.result.classes if space.run.result else (), space.exhibit.labels
    return classes[int(labels[number])] if labels is not None and classes else f"no. {number}"


def show_nearest(space: LatentSpace, view: LatentView, code: Tensor) -> None:
    """The real images that lie nearest to the chosen point."""
    near = space.neighbours(code, NEAR)
    with st.container(key="nearest"):
        markup.show(
            markup.eyebrow("Nearest real pictures (held out of training)"),
            markup.shots([(space.exhibit.images[i].numpy(), called(space, i)) for i in near], classes="fill"),
        )
    with st.container(horizontal=True):
        if st.button("Nearest one as A", key="as-a"):
            view.a = near[0]
            rerun(view, "fragment")
        if st.button("… as B", key="as-b"):
            view.b = near[0]
            rerun(view, "fragment")
