"""One layer: what it makes of the picture at hand, what its weights look like, and one of its units."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from dashboard import inside_pictures, markup
from dashboard.components.network import shape_in_words
from dashboard.components.picture_grid import picture_grid
from dashboard.inside_unit import answers_of, unit_panel
from dashboard.state import rerun
from dashboard.views import InsideView
from selfsup_engine.exploring import answering, filters
from selfsup_engine.images import Pixels, encode, montage
from selfsup_engine.runs import RunFolder

if TYPE_CHECKING:
    from torch import Tensor

    from selfsup_engine.exploring.anatomy import Layer
    from selfsup_engine.exploring.inside import Inside, Journey

SHOWN, PIXELS = 512, 1_200_000  # units at most, and what their maps have in all
NARROWEST = {True: (84, 52, 34), False: (46, 46, 16)}
"""Pixels of a map's tile, and of a dense unit's: of up to 32, of up to 128, and of more."""
FEW = 128  # dense units, at most, that have room for what they say
WEIGHTS = 96  # pictures of weights at most


def layer_part(inside: Inside, folder: RunFolder, view: InsideView, journey: Journey) -> None:
    """The chosen layer on the left, the chosen unit of it on the right."""
    layer = inside.layers[view.layer]
    outputs = journey.outputs[layer.number].clone()
    values = answers_of(inside, layer)
    heading(inside, layer, outputs, values)
    with st.container(key="inside-layer"):
        left, right = st.columns([7, 5], gap="large")
    with left:
        units(inside, view, layer, outputs)
        with st.container(key="inside-weights"):  # on a phone it stands below the unit
            weights(inside, view, layer)
    with right:
        if view.unit < 0:
            view.unit = int(answering.strongest_place(outputs[None])[0].argmax())
        unit_panel(inside, layer, view.unit, outputs[view.unit], values)


def heading(inside: Inside, layer: Layer, outputs: Tensor, values: Tensor) -> None:
    """What the layer is, and the range of what it gives."""
    own = inside.anatomy.of_part(layer.part)
    steps = " → ".join(step.name for step in layer.steps)
    dead = int(answering.dead(values, layer.bends).sum())
    given: dict[str, str | tuple[str, str]] = {
        "gives": (shape_in_words(layer.gives), f"from {shape_in_words(layer.takes)}"),
        "lowest": f"{float(outputs.min()):.3g}",
        "highest": f"{float(outputs.max()):.3g}",
    }
    if layer.bends:
        given["at or below zero"] = (f"{float((outputs <= 0).float().mean()):.0%}", "for this picture")
    given["dead units"] = (f"{dead} of {layer.units}", f"of no use for any of {len(values):,} pictures")
    markup.show(
        markup.eyebrow(f"{layer.part}, layer {own.index(layer) + 1} of {len(own)}"),
        f"<h3 style='margin:0 0 .2rem;padding:0'>{markup.escape(layer.name)}</h3>",
        markup.muted(steps) if len(layer.steps) > 1 else "",
        "<br>",
        markup.facts(given),
    )


def units(inside: Inside, view: InsideView, layer: Layer, outputs: Tensor) -> None:
    """What each unit gives for the picture at hand, as tiles."""
    maps = outputs.ndim == 3
    what = "Its maps of this picture" if maps else "What its units answer to this picture"
    count = min(SHOWN, layer.units, max(1, PIXELS // outputs[0].numel()))
    of = f", the first {count} of {layer.units}" if count < layer.units else f", {layer.units}"
    pictures = inside_pictures.tiles(outputs[:count])
    if maps and layer.units in (1, 3) and layer.gives[1:] == inside.shape[1:]:
        what = "What it draws, by channel"
    strongest = answering.strongest_place(outputs[None])[0]
    figures = [inside_pictures.figure(value, inside_pictures.top_of(outputs)) for value in strongest[:count].tolist()]
    markup.show(inside_pictures.titled(what + of, inside_pictures.top_of(outputs)))
    chosen = view.unit if view.unit >= 0 else int(strongest.argmax())
    pressed = picture_grid(
        pictures,
        key=f"units-{inside.name}-{layer.number}",
        narrowest=NARROWEST[maps][sum(count > limit for limit in (32, 128))],
        label="Units: press one to see what it answers to",
        names=[f"unit {i + 1}: {value}" for i, value in enumerate(figures)],
        captions=figures if count <= FEW and not maps else (),
        selected=chosen if chosen < count else -1,
    )
    if pressed is not None:
        view.unit = pressed
    download(pictures, f"{inside.name}-layer-{layer.number + 1}", "png-of-units")


def weights(inside: Inside, view: InsideView, layer: Layer) -> None:
    """The weights of a layer, where they can be seen: as pictures beside the picture, or as the filters of a convolution."""
    found = filters.as_pictures(layer, inside.shape)
    if found is not None:
        dense(inside, view, layer, *found)
        return
    kernels = filters.kernels(layer)
    if kernels is None:
        return
    channels, colours = kernels.shape[1], kernels.shape[1] == 3
    shown = min(SHOWN, len(kernels))
    slices = kernels if colours else filters.strongest_slices(kernels)[:, None]
    said = f"Its {len(kernels)} filters of {shape_in_words(tuple(kernels.shape[1:]))}"
    said += f", the first {shown}" if shown < len(kernels) else ""
    pictures = inside_pictures.weights(slices[:shown])
    about = f"Its weights lie between {float(kernels.min()):.3g} and {float(kernels.max()):.3g}."
    about += "" if channels in (1, 3) else f" Of each filter the strongest of its {channels} slices is shown."
    markup.show(
        "<br>", inside_pictures.titled(said, inside_pictures.top_of(slices[:shown]), colours), markup.muted(about)
    )
    alike = len(kernels) == layer.units
    pressed = picture_grid(
        pictures,
        key=f"filters-{inside.name}-{layer.number}",
        narrowest=34 if shown > 32 else 52,
        label="Filters" + (": press one to see what its unit answers to" if alike else ""),
        names=[f"filter {i + 1}" for i in range(shown)],
        selected=view.unit if alike else -1,
    )
    if pressed is not None and alike:
        view.unit = pressed
        rerun(view, "fragment")
    download(pictures, f"{inside.name}-filters-{layer.number + 1}", "png-of-filters")


def dense(inside: Inside, view: InsideView, layer: Layer, pictures: Tensor, draws: bool) -> None:
    """The weights of a dense layer beside a picture: what its units look for, or what the units before it draw."""
    strongest = pictures.flatten(1).norm(dim=1).argsort(descending=True)[:WEIGHTS]
    numbers = sorted(strongest.tolist())
    of = f", the {len(numbers)} strongest of {len(pictures)}" if len(numbers) < len(pictures) else ""
    said = "What each unit of the layer before adds to the picture" if draws else "What its units look for"
    drawn, colours = inside_pictures.weights(pictures[numbers]), pictures.shape[1] == 3
    about = "" if colours else " Light on red makes a unit answer, light on blue keeps it silent."
    if draws:
        about = "" if colours else " Red is added, blue taken away."
    markup.show(
        "<br>",
        inside_pictures.titled(said + of, inside_pictures.top_of(pictures[numbers]), colours),
        markup.muted(
            f"Its weights as pictures; they lie between {float(pictures.min()):.3g} and {float(pictures.max()):.3g}.{about}"
        ),
    )
    pressed = picture_grid(
        drawn,
        key=f"weights-{inside.name}-{layer.number}",
        narrowest=48,
        label="Weights as pictures: press one to see its unit",
        names=[f"unit {i + 1}" + (" of the layer before" if draws else "") for i in numbers],
        selected=-1 if draws or view.unit not in numbers else numbers.index(view.unit),
    )
    if pressed is not None:
        view.layer, view.unit = layer.number - draws, numbers[pressed]
        rerun(view, "fragment")
    download(drawn, f"{inside.name}-weights-{layer.number + 1}", "png-of-weights")


def download(pictures: Pixels, name: str, key: str) -> None:
    """A button that gives a sheet of small pictures as one PNG, enlarged, made on the click."""

    def png() -> bytes:
        factor = max(1, 48 // pictures.shape[-1])
        columns = int(np.ceil(np.sqrt(len(pictures))))
        large = pictures.repeat(factor, axis=2).repeat(factor, axis=3)
        return encode(montage(large, columns, gap=2), "png")

    st.download_button("PNG", png, f"{name}.png", "image/png", icon=":material/download:", key=key, on_click="ignore")
