"""One unit of a layer: what it answers to this picture, and to which pictures it answers most."""

from __future__ import annotations

from math import ceil, sqrt
from typing import TYPE_CHECKING

import streamlit as st

from dashboard import cache, inside_pictures, latent_tools, markup
from selfsup_engine.exploring import answering, filters
from selfsup_engine.images import Pixels, montage
from selfsup_engine.pictures import about_grey, signed

if TYPE_CHECKING:
    from torch import Tensor

    from selfsup_engine.exploring.anatomy import Layer, Pass
    from selfsup_engine.exploring.answering import Preference
    from selfsup_engine.exploring.inside import Inside

SLICES = 36  # of a filter, at most


def answers_of(inside: Inside, layer: Layer) -> Tensor:
    """What all units of a layer answer to the watched pictures (N, U), asked once."""
    weights = inside.run.result.weights if inside.run.result else ""
    with st.spinner("Asking the other pictures…", show_time=False):
        return cache.once(("answers", inside.name, weights, layer.number), lambda: answering.answers(inside, layer))


def called(inside: Inside, way: Pass) -> str:
    """What the watched pictures are."""
    if inside.any_size:
        return "training patches"
    if not inside.numbers:
        return "held-out pictures"
    return "training pictures" if way.takes == "image" else "samples"


def unit_panel(inside: Inside, layer: Layer, unit: int, output: Tensor, values: Tensor) -> None:
    """The unit at this picture, and the pictures that it prefers."""
    way = inside.pass_of(layer)
    what = called(inside, way)
    found = answering.preference(values, unit, layer.bends)
    here = float(output.max())
    place = " at its strongest place" if output.ndim else ""
    top = inside_pictures.top_of(found.values)
    median, most = (inside_pictures.figure(float(value), top) for value in (found.values.median(), found.values.max()))
    markup.show(
        markup.eyebrow(f"{'Map' if output.ndim else 'Unit'} {unit + 1} of {layer.units}{meaning(inside, layer, unit)}")
    )
    seen = looks(layer, unit, output, inside)
    if seen:
        markup.show(markup.shots(seen, width=116, classes="edged"))
    markup.show(
        markup.muted(
            f"Here {inside_pictures.figure(here, top)}{place}: more than for {found.rank(here):.0%} of {len(values):,} {what}"
            f" (the median is {median}, the most {most})."
        )
    )
    if found.dead:
        markup.show(
            "<p class='finding'><b>Dead.</b> "
            + markup.escape(
                f"It never rises above zero for any of {len(values):,} {what}, so it says next to nothing to the next layer."
                if layer.bends
                else f"It says the same for all of {len(values):,} {what}."
            )
            + "</p>"
        )
    strongest, middle, weakest = (rows_of(inside, way, rows, found) for rows in (found.most, found.middle, found.least))
    markup.show(
        "<br>",
        markup.eyebrow(f"{what.capitalize()} to which it answers most"),
        markup.shots(strongest, classes="six"),
        "<br>",
        markup.eyebrow("Those in the middle"),
        markup.shots(middle, classes="six"),
    )
    if not layer.bends:
        markup.show("<br>", markup.eyebrow("Those least of all"), markup.shots(weakest, classes="six"))
    latent_tools.download(
        [p for p, _ in [*strongest, *middle]], 12, f"{inside.name}-{layer.number + 1}-{unit + 1}", "unit-png"
    )


def rows_of(inside: Inside, way: Pass, rows: Tensor, found: Preference) -> list[tuple[Pixels, str]]:
    """Pictures with the unit's answers."""
    pictures, top = inside.pictures(way, rows), inside_pictures.top_of(found.values)
    return [
        (picture, inside_pictures.figure(float(found.values[row]), top))
        for picture, row in zip(pictures, rows.tolist(), strict=True)
    ]


def meaning(inside: Inside, layer: Layer, unit: int) -> str:
    """What a number of the code is, where a variational encoder gives two for each."""
    size = getattr(inside.model, "code_size", 0)
    own = inside.anatomy.of_part(layer.part)
    if layer.part != "encoder" or layer is not own[-1]:
        return ""
    if unit < size:
        return f": number {unit + 1} of the code"
    return f": how sure it is of number {unit - size + 1} (the logarithm of its variance)"


def looks(layer: Layer, unit: int, output: Tensor, inside: Inside) -> list[tuple[Pixels, str]]:
    """The unit's map of this picture, and the weights by which it listens."""
    shown: list[tuple[Pixels, str]] = []
    if output.ndim:
        shown.append((signed(output.numpy(), inside_pictures.top_of(output)), "its map of this picture"))
    pictures = filters.as_pictures(layer, inside.shape)
    if pictures is not None and not pictures[1]:
        return [*shown, (inside_pictures.weights(pictures[0][unit : unit + 1])[0], "what it looks for")]
    weights = filters.of_unit(layer, unit)
    if weights is None:
        return shown
    if weights.ndim == 1:
        return [*shown, (inside_pictures.folded(weights), f"its {len(weights)} weights")]
    return [*shown, sliced(weights)]


def sliced(weights: Tensor) -> tuple[Pixels, str]:
    """The slices of a filter (C, kH, kW) in one picture, the strongest first; of three channels, in their colours."""
    top = inside_pictures.top_of(weights)
    if len(weights) == 3:
        return about_grey(weights.numpy(), top), "its filter"
    order = weights.flatten(1).norm(dim=1).argsort(descending=True)[:SLICES]
    slices = signed(weights[order].numpy(), top)
    columns = ceil(sqrt(len(slices)))
    of = len(weights) if len(slices) == len(weights) else f"{len(slices)} of {len(weights)}"
    sheet = montage(slices, columns, gap=1, background=128).transpose(2, 0, 1)
    return sheet, "its filter" if len(weights) == 1 else f"its filter, {of} slices"
