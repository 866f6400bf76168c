"""A - B + C with pictures: what B lacks of A, given to C. In an autoencoder's code, and in a generator's latent space."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import streamlit as st
import torch
from streamlit.delta_generator import DeltaGenerator

from dashboard import cache, forms, markup, own_photo, words
from dashboard.latent_tools import download
from dashboard.state import rerun
from dashboard.views import ByExample, LatentView, SamplerView
from selfsup_engine.errors import UserError
from selfsup_engine.exploring.between import members
from selfsup_engine.exploring.groups import Group
from selfsup_engine.exploring.spot import Spot
from selfsup_engine.images import Pixels

if TYPE_CHECKING:
    from torch import Tensor

    from selfsup_engine.exploring.latent import LatentSpace
    from selfsup_engine.exploring.sampling import Sampler

SLOTS = (("A", "ta", ""), ("B", "tb", "-"), ("C", "tc", "+"))
T = TypeVar("T")
Kinds = Mapping[str, str]


def of_pictures(space: LatentSpace, view: LatentView, code: Tensor) -> None:
    """A - B + C of codes: means of labels, the point, a real picture, one's own."""
    classes = space.run.result.classes if space.run.result and space.exhibit.labels is not None else ()
    mine = own_photo.code(space)
    kinds = ({"l": "Mean of a label"} if classes else {}) | {"here": "The point", "i": "A picture"}
    kinds |= {"own": "Yours"} if mine is not None else {}
    begin(view, ("l1", "l0", "here") if classes else (f"i{view.a}", f"i{view.b}", "here"))

    def fresh() -> str:
        return f"i{space.neighbours(code, 1)[0]}"

    def value(term: str) -> Tensor:
        if term == "own" and mine is not None:
            return mine
        if term in ("here", "own"):
            return code
        return space.exhibit.codes[members(Group.parse(term), space)].mean(0)

    markup.show(markup.muted("What sets A apart from B, given to C: the sum is that of their codes."))
    *places, last = st.columns([2, 2, 2, 3], gap="medium")
    try:
        values = terms(
            places, view, kinds, classes, "Take the nearest picture", fresh, value, lambda z: space.decode(z[None])[0]
        )
    except UserError as error:
        st.error(words.plain(error))
        return
    total = values[0] - values[1] + values[2]
    drawn = space.decode(total[None])[0]
    trust = float(space.trust(total[None])[0])
    near = space.neighbours(total, 1)[0]
    with last, st.container(key="sum"):
        markup.show(markup.eyebrow("= A - B + C"), markup.img(drawn, "A - B + C"))
        label = (
            classes[int(space.exhibit.labels[near])] if classes and space.exhibit.labels is not None else f"no. {near}"
        )
        markup.show(
            markup.eyebrow("Nearest real picture"),
            markup.img(space.exhibit.images[near].numpy(), "the nearest real picture", width=112),
            f"<p class='muted' style='margin:.25rem 0 1rem'>{markup.escape(label)}</p>",
            markup.eyebrow(f"Trust {trust:.0%}"),
            markup.gauge(trust, "trust"),
            markup.muted("1: other pictures lie there; 0: it is far from anything that the model has seen."),
        )
        with st.container(horizontal=True):
            if st.button(
                "Go there", icon=":material/my_location:", key="go-sum", help="Puts the point of the map there"
            ):
                view.x, view.y = space.plane.flat(total[None])[0].tolist()
                rerun(view, "fragment")
            download([*(space.decode(one[None])[0] for one in values), drawn], 4, f"{space.name}-sum", "sum-png")


def of_samples(sampler: Sampler, view: SamplerView) -> None:
    """A - B + C of random numbers: what samples of a label have in common, the current sample, kept ones."""
    classes = sampler.run.result.classes if sampler.run.result and sampler.exhibit.labels is not None else ()
    kinds = ({"l": "Label"} if classes else {}) | {"here": "The current one", "s": "A sample"}
    first, second = f"s{Spot(view.seed, view.first)}", f"s{Spot(view.seed, view.first + 1)}"
    begin(view, ("l0", "l1", "here") if classes else (first, second, "here"))

    def fresh() -> str:
        return f"s{view.at}"

    def value(term: str) -> Tensor:
        if term == "here":
            return sampler.z(Spot.parse(view.at))
        group = Group.parse(term)
        if group.spots:
            return torch.stack([sampler.z(spot) for spot in group.spots]).mean(0)
        drawn = cache.drawn(sampler)
        return drawn.z[drawn.members(group, group)].mean(0)

    def picture(z: Tensor) -> Pixels:
        length = float(z.norm())
        if length < math.sqrt(len(z)) / 2:  # a mean of many samples, much shorter than any of them
            z = z * math.sqrt(len(z)) / max(length, 1e-6)
        image: Pixels = sampler.draw(z[None])[0]
        return image

    markup.show(
        markup.muted(
            "What sets A apart from B, given to C: the sum is that of the random numbers, and its length is kept to that of samples."
        )
    )
    *places, last = st.columns([2, 2, 2, 3], gap="medium")
    try:
        values = terms(places, view, kinds, classes, "Take the current one", fresh, value, picture)
    except UserError as error:
        st.error(words.plain(error))
        return
    total = sampler.on_plane([Spot.of(value.numpy()) for value in values], -1, 1)
    drawn = sampler.images([total])[0]
    near = sampler.nearest(drawn[None])[0][0]
    with last, st.container(key="sum"):
        markup.show(markup.eyebrow("= A - B + C"), markup.img(drawn, "A - B + C"))
        markup.show(
            markup.eyebrow("Nearest training picture"),
            markup.img(sampler.exhibit.images[near].numpy(), "the nearest training picture", width=112),
        )
        with st.container(horizontal=True):
            if st.button("Steer it", icon=":material/tune:", key="steer-sum"):
                view.at = str(total)
                rerun(view)
            download([*map(picture, values), drawn], 4, f"{sampler.name}-sum", "sum-png")


def begin(view: ByExample, usual: Sequence[str]) -> None:
    """Terms to begin with."""
    for (_, field, _), term in zip(SLOTS, usual, strict=True):
        if not getattr(view, field):
            setattr(view, field, term)


def terms(
    places: Sequence[DeltaGenerator],
    view: ByExample,
    kinds: Kinds,
    classes: Sequence[str],
    take: str,
    fresh: Callable[[], str],
    value: Callable[[str], Tensor],
    picture: Callable[[Tensor], Pixels],
) -> list[Tensor]:
    """The three terms, each with what it is and its picture; gives their codes (D,).

    take: what the button says that puts what `fresh` gives into a slot; value: the code of a term; picture: of a code.

    Raises:
        UserError: a term of the link is none of this model's.
    """
    values = []
    for place, (name, field, sign) in zip(places, SLOTS, strict=True):
        with place, st.container(key=f"term-{field}"):
            above = st.container()  # the picture: above, so that the three are in line whatever is chosen below
            term: str = getattr(view, field)
            kind = term if term in ("here", "own") else term[0]
            if kind not in kinds:  # one's own picture, which no link brings
                kind = term = "here"
            chosen = choose(list(kinds), kind, kinds.__getitem__, f"kind-{field}")
            if chosen != kind:
                term = {"l": "l0", "i": fresh(), "s": fresh()}.get(chosen, chosen)
            if chosen == "l":
                now = min(int(term[1:]) if term[1:].isdigit() else 0, len(classes) - 1)
                term = f"l{choose(range(len(classes)), now, classes.__getitem__, f'term-label-{field}')}"
            elif chosen in ("i", "s") and st.button(take, key=f"take-{field}", width="stretch"):
                term = fresh()
            setattr(view, field, term)
            values.append(value(term))
            with above:
                markup.show(
                    markup.eyebrow(f"{sign} {name}".strip()),
                    markup.img(picture(values[-1]), f"{name}, as the model draws it"),
                )
    return values


def choose(options: Sequence[T], current: T, say: Callable[[T], str], key: str) -> T:
    """One of some, from a list that folds out."""
    at = options.index(current)
    return forms.following(
        key,
        current,
        lambda: st.selectbox("Which", options, at, format_func=say, key=key, label_visibility="collapsed"),
    )
