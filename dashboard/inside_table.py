"""All layers of a network in a table: what they give, how many numbers they learned, and what they cost."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import streamlit as st

from dashboard import markup, words
from dashboard.components.network import shape_in_words
from dashboard.views import InsideView
from selfsup_engine.runs import RunFolder

if TYPE_CHECKING:
    from selfsup_engine.exploring.anatomy import Layer
    from selfsup_engine.exploring.inside import Inside, Journey

PHOTO = 1_000_000  # pixels of the photo that a picture's cost is compared to


def table_part(inside: Inside, folder: RunFolder, view: InsideView, journey: Journey) -> None:
    """A row for each layer, with its steps folded away, and the sums."""
    layers = inside.layers
    parameters, macs = sum(layer.parameters for layer in layers), sum(layer.macs for layer in layers)
    rows = ["<div class='layer-table'>", head()]
    part = ""
    for layer in layers:
        if layer.part != part:
            part = layer.part
            rows.append(f"<p class='eyebrow'>{markup.escape(part)}</p>")
        rows.append(row(layer, parameters, macs))
    rows.append(
        f"<div class='cells sum'><b>all {len(layers)} layers</b><span></span><span>{parameters:,}</span><span>{macs:,}</span></div></div>"
    )
    markup.show(*rows)
    said = f"One picture costs {words.number(macs)} multiply-adds."
    if inside.any_size:
        pixels = inside.shape[1] * inside.shape[2]
        said += f" That is for {inside.shape[1]} x {inside.shape[2]} pixels; a photo of a megapixel costs {macs / pixels * PHOTO / 1e9:.0f} G."
    st.write("")
    markup.show(
        markup.muted(
            said
            + " A multiply-add is one product of a weight and a number that comes in, added to a sum. Those of the weights are counted, those with"
            " the zeros around a picture too; press a row for its steps."
        )
    )
    st.download_button(
        "CSV",
        lambda: as_csv(layers),
        f"{inside.name}-layers.csv",
        "text/csv",
        icon=":material/download:",
        key="layers-csv",
        on_click="ignore",
    )


def head() -> str:
    return "<div class='cells head'><span>layer</span><span>gives</span><span>parameters</span><span>multiply-adds</span></div>"


def row(layer: Layer, parameters: int, macs: int) -> str:
    """One layer, with its steps to be unfolded."""
    steps = "".join(
        f"<div class='cells step'><span>{markup.escape(step.name)}</span><span>{shape_in_words(step.gives)}</span>"
        f"<span>{step.parameters:,}</span><span></span></div>"
        for step in layer.steps
    )
    return (
        f"<details><summary class='cells'><span>{markup.escape(layer.name)}</span><span>{shape_in_words(layer.gives)}</span>"
        f"{bar(layer.parameters, parameters)}{bar(layer.macs, macs)}</summary>{steps}</details>"
    )


def bar(value: int, total: int) -> str:
    """A figure with its share as a bar beneath."""
    share = 100 * value / max(1, total)
    return f"<span title='{share:.1f} %'>{value:,}<i style='width:{share:.1f}%'></i></span>"


def as_csv(layers: tuple[Layer, ...]) -> bytes:
    """The table as a file."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["part", "layer", "takes", "gives", "parameters", "multiply-adds"])
    for layer in layers:
        shapes = shape_in_words(layer.takes), shape_in_words(layer.gives)
        writer.writerow([layer.part, layer.name, *shapes, layer.parameters, layer.macs])
    return file.getvalue().encode()
