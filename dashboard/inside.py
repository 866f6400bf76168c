"""The inside of one model: the picture at hand, the network that it goes through, and what can be asked of that."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from dashboard import (
    cache,
    explorers,
    forms,
    inside_given,
    inside_layer,
    inside_learned,
    inside_moves,
    inside_pictures,
    inside_table,
    markup,
    words,
)
from dashboard.components.network import Block, Station, network
from dashboard.state import keep, save
from dashboard.views import InsidePart, InsideView
from selfsup_engine.runs import RunFolder

if TYPE_CHECKING:
    from selfsup_engine.exploring.inside import Inside, Journey

KEPT = {"photo", "part"}
"""What of a view stays from model to model: all else is a place in one of them."""

PARTS: dict[InsidePart, tuple[str, Callable[[Inside, RunFolder, InsideView, Journey], None]]] = {
    "layer": ("The layer", inside_layer.layer_part),
    "moves": ("What a number moves", inside_moves.moves_part),
    "table": ("All layers", inside_table.table_part),
    "learned": ("What it learned", inside_learned.learned_part),
}


def look(folder: RunFolder, view: InsideView) -> None:
    """Everything below the choice of the model. One fragment: a press reruns this and nothing else."""
    inside = cache.inside(folder)
    explorers.same_weights(folder, view)
    describe(inside)

    @st.fragment
    def live() -> None:
        journey = inside.travel(inside_given.choose(inside, folder, view))
        settle(inside, view)
        diagram(inside, view, journey)
        names = {part: name for part, (name, _) in PARTS.items() if offers(inside, part)}
        if view.part not in names:
            view.part = "layer"
        view.part = forms.following(
            "inside-part", view.part, lambda: forms.choice("Part", names, view.part, "inside-part", hide_label=True)
        )
        with st.container(border=True, key="tool"):
            PARTS[view.part][1](inside, folder, view, journey)
        save(view)

    live()


def offers(inside: Inside, part: InsidePart) -> bool:
    """Whether there is anything to see of a part: what can be moved, and what can be learned, depends on what the model does."""
    takes = {way.part for way in inside.passes}
    return {"moves": bool(takes & {"decoder", "generator"}), "learned": "encoder" in takes}.get(part, True)


def describe(inside: Inside) -> None:
    """How large it is and what a picture costs, in one line."""
    parameters, macs = (sum(getattr(layer, what) for layer in inside.layers) for what in ("parameters", "macs"))
    size = f" of {inside.shape[1]} x {inside.shape[2]} pixels" if inside.any_size else ""
    said = [
        f"learned from {words.source_title(inside.run.source)}",
        f"{len(inside.layers)} layers with {words.number(parameters)} numbers that it learned",
        f"one picture{size} costs {words.number(macs)} multiply-adds",
    ]
    markup.show(markup.muted("  ·  ".join(said)))


def settle(inside: Inside, view: InsideView) -> None:
    """Makes the view's layer and unit ones that there are."""
    layers = inside.layers
    if not 0 <= view.layer < len(layers):
        # Maps that can be seen: the first layer of what takes pictures, the last but one of what draws them.
        first = inside.anatomy.of_part(inside.passes[0].part)
        view.layer, view.unit = (len(first) - 2 if inside.numbers and len(first) > 1 else 0), -1
    if view.unit >= layers[view.layer].units:
        view.unit = -1


def diagram(inside: Inside, view: InsideView, journey: Journey) -> None:
    """The network with the picture on its way through; a press on a layer chooses it."""
    items: list[Station | Block] = []
    for place, (way, station) in enumerate(zip(inside.passes, journey.stations, strict=False)):
        items.append(inside_pictures.station(inside, way.takes, station, first=place == 0))
        for layer in inside.anatomy.of_part(way.part):
            picture = inside_pictures.small(inside, journey.outputs[layer.number])
            short = layer.name.split(",")[0].replace("Transposed conv", "Up-conv")
            items.append(Block(way.part, short, layer.name, layer.takes, layer.gives, picture))
    items.append(inside_pictures.station(inside, "out", journey.stations[-1], first=False))
    pressed = network(items, key=f"network-{inside.name}", label="The layers: press one to see it", selected=view.layer)
    if pressed is not None:
        view.layer, view.unit, view.part = pressed, -1, "layer"
        keep(view)
