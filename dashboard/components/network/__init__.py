"""A network as a diagram: its layers in order, as wide as what flows through them, one of which a person presses."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2, prod

from dashboard.components.held import remember
from dashboard.components.picture_grid import just_pressed
from dashboard.components.scripted import blob, scripted
from selfsup_engine.images import Pixels, encode

_mount = scripted("network")
_THINNEST = 0.07  # of the widest: so that one number is still seen


@dataclass(frozen=True, eq=False)
class Station:
    """What stands between two parts of a network, or at its ends: its name, its shape, and a picture (C, H, W) of it."""

    name: str
    shape: tuple[int, ...]
    picture: Pixels


@dataclass(frozen=True, eq=False)
class Block:
    """A layer: its part, its short and its whole name, the shapes of what comes in and goes out, and a picture of what goes out."""

    part: str
    short: str
    name: str
    takes: tuple[int, ...]
    gives: tuple[int, ...]
    picture: Pixels


def shape_in_words(shape: tuple[int, ...]) -> str:
    """64 x 14 x 14; of a list of numbers how many."""
    return " x ".join(map(str, shape))


def network(items: Sequence[Station | Block], *, key: str, label: str, selected: int) -> int | None:
    """Draws the diagram, and gives the number of the layer that was just pressed; None if none was. `selected`: counted among layers."""
    pressed, taken = just_pressed(key)
    shapes = [s for item in items for s in ((item.shape,) if isinstance(item, Station) else (item.takes, item.gives))]
    top = log2(1 + max(map(prod, shapes)))

    def height(shape: tuple[int, ...]) -> float:
        return round(max(_THINNEST, log2(1 + prod(shape)) / top), 3)

    told = [
        {"name": item.name, "shape": shape_in_words(item.shape)}
        if isinstance(item, Station)
        else {
            "part": item.part,
            "short": item.short,
            "name": item.name,
            "shape": shape_in_words(item.gives),
            "from": height(item.takes),
            "to": height(item.gives),
        }
        for item in items
    ]
    pictures = [encode(item.picture.transpose(1, 2, 0), "png") for item in items]
    header = {"label": label, "items": told, "selected": selected if pressed is None else pressed}
    _mount(key=key, data=blob(header, *pictures), on_picked_change=lambda: None)
    remember(taken)
    count = sum(isinstance(item, Block) for item in items)
    return pressed if pressed is not None and 0 <= pressed < count else None
