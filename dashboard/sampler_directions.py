"""A direction from one group of samples to another in a generator's latent space: by label, or by a few that were picked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import streamlit as st
import torch

from dashboard import by_example, cache, forms, markup, words
from dashboard.state import rerun
from dashboard.views import SHELF, SamplerView
from selfsup_engine.errors import UserError
from selfsup_engine.exploring.drawn import COUNT
from selfsup_engine.exploring.groups import KINDS, Group, Kind
from selfsup_engine.exploring.spot import Spot

if TYPE_CHECKING:
    from dashboard.by_example import Again
    from selfsup_engine.exploring.contrast import Contrast
    from selfsup_engine.exploring.sampling import Sampler

WAYS: dict[Kind, str] = {"label": "By label", "samples": "By samples"}
STEPS = (-3, -2, -1, 0, 1, 2, 3)  # sigmas at which a direction is shown before it is kept


def directions(sampler: Sampler, view: SamplerView) -> None:
    """Two groups, the direction from the one to the other with what it is worth, and what it does to the current sample."""

    def again() -> NoReturn:
        rerun(view)

    has_labels = sampler.exhibit.labels is not None
    for field, label in (("ga", 0), ("gb", 1)):
        if not getattr(view, field):
            setattr(view, field, f"l{label}" if has_labels else "s")
    left, right = st.columns(2, gap="large")
    with left:
        a = slot(sampler, view, "A", "ga")
    with right:
        b = slot(sampler, view, "B", "gb")
    if a and b:
        try:
            with st.spinner(f"Looking through {COUNT:,} samples, and comparing with random groups…"):
                with left:
                    show_members(sampler, a, b)
                with right:
                    show_members(sampler, b, a)
                found = cache.contrast(sampler, a, b)
        except UserError as error:
            st.error(words.plain(error))
        else:
            worth(sampler, view, (a, b), found, again)
    by_example.listed(view.weights, sampler.latent_size, sampler.name, lambda one: forget(view, one), again)


def slot(sampler: Sampler, view: SamplerView, name: str, field: str) -> Group | None:
    """How a group is given; None while it has nothing in it."""
    classes = sampler.run.result.classes if sampler.run.result else ()
    has_labels = sampler.exhibit.labels is not None and bool(classes)
    markup.show(markup.eyebrow(f"Group {name}"))
    text: str = getattr(view, field)
    kind = KINDS[text[0]] if KINDS[text[0]] in WAYS and has_labels else "samples"
    if has_labels:
        key = f"how-{field}"
        chosen: Kind = forms.following(key, kind, lambda: forms.choice("How", WAYS, kind, key, hide_label=True))
        if chosen != kind:
            kind, text = chosen, "l0" if chosen == "label" else "s"
    text = by_example.by_label(classes, field, text) if kind == "label" else by_samples(view, field, text)
    setattr(view, field, text)
    if len(text) == 1:
        return None
    try:
        group = Group.parse(text)
        if group.spots:
            by_example.strip(cache.samples(sampler, group.spots), len(group.spots), "samples, picked")
    except UserError as error:
        st.error(words.plain(error))
        return None
    return group


def by_samples(view: SamplerView, field: str, text: str) -> str:
    """Samples that are picked: the current one, or all on the shelf."""
    try:
        spots = Group.parse(text).spots if len(text) > 1 else []
    except UserError as error:
        st.error(words.plain(error))
        spots = []
    here = Spot.parse(view.at)
    with st.container(horizontal=True):
        if st.button("Add the current sample", icon=":material/add:", key=f"add-{field}", disabled=here in spots):
            setattr(view, field, str(Group.of_samples([*spots, here])))
            rerun(view)
        if st.button("Take the shelf", icon=":material/bookmarks:", key=f"shelf-{field}", disabled=not view.shelf):
            spots = [Spot.parse(text) for text in view.shelf.split(SHELF)]
        if st.button("Clear", key=f"clear-{field}"):
            spots = []
    if len(spots) < 6:
        markup.show(
            markup.muted(
                "Press samples on the sheet and add them here: three at the least. With six or more it can be told from chance."
            )
        )
    return str(Group.of_samples(spots))


def show_members(sampler: Sampler, group: Group, other: Group) -> None:
    """The samples that stand for a group."""
    numbers = cache.drawn(sampler).members(group, other).tolist()
    images = cache.samples(sampler, [Spot(0, number) for number in numbers[: by_example.SHOWN]])
    said = (
        f"of {COUNT:,} samples clearly show it"
        if group.kind == "label"
        else f"of {COUNT:,} samples look most like them"
    )
    by_example.strip(images, len(numbers), said)


def worth(sampler: Sampler, view: SamplerView, groups: tuple[Group, Group], found: Contrast, again: Again) -> None:
    """What the direction is worth, the current sample along it, and its name."""
    left, right = st.columns(2, gap="large")
    with left:
        by_example.verdict(found)
    with right:
        z = sampler.z(Spot.parse(view.at))
        images = sampler.draw(torch.stack([z + step * found.axis for step in STEPS]))
        captions = [f"{step:+d}" if step else "now" for step in STEPS]
        markup.show(
            markup.eyebrow("The current sample along it, in sigmas of the samples"),
            markup.shots(list(zip(images, captions, strict=True)), classes="fill"),
            markup.muted("Keep it, and it becomes a slider beside the others, which acts while it is dragged."),
        )
        called = (in_words(sampler, groups[0], "A"), in_words(sampler, groups[1], "B"))
        by_example.keeping(found, view.weights, groups, called, again)


def in_words(sampler: Sampler, group: Group, name: str) -> str:
    """What a group is called."""
    classes = sampler.run.result.classes if sampler.run.result else ()
    return classes[group.label] if 0 <= group.label < len(classes) else name


def forget(view: SamplerView, direction: str) -> None:
    """Moves no sample along it any more: neither the current one nor those on the shelf."""

    def without(text: str) -> str:
        spot = Spot.parse(text)
        return str(spot.moved({name: by for name, by in spot.moves if name != direction}))

    view.at = without(view.at)
    view.shelf = SHELF.join(map(without, filter(None, view.shelf.split(SHELF))))
    view.locked = ".".join(name for name in view.locked.split(".") if name != direction)
