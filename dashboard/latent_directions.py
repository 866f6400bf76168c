"""A direction from one group of pictures to another in an autoencoder's code, and the picture at the point moved along it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn

import streamlit as st
import torch

from dashboard import by_example, cache, forms, markup, words
from dashboard.components.instrument import Scene, Setting, Slider, Wording, instrument
from dashboard.state import keep, rerun, save
from dashboard.views import LatentView
from selfsup_engine.errors import UserError
from selfsup_engine.exploring.between import effect_of_places, members
from selfsup_engine.exploring.groups import KINDS, Group, Kind
from selfsup_engine.exploring.moving import Axis, change_along, moved
from selfsup_engine.halves import packed
from selfsup_engine.kept_directions import id_of

if TYPE_CHECKING:
    from torch import Tensor

    from selfsup_engine.exploring.contrast import Contrast
    from selfsup_engine.exploring.latent import LatentSpace

AROUND = 12  # pictures that are taken at once
LETTERS = {kind: letter for letter, kind in KINDS.items()}
WAYS: dict[Kind, str] = {"label": "By label", "place": "Lassoed", "pictures": "Pictures"}
WORDING = Wording(
    "nearest real picture",
    "Trust",
    "Whether other pictures lie where the moved one now is: at 0 it is far from anything that the model has seen.",
    "before the sliders",
)


def directions(space: LatentSpace, view: LatentView, code: Tensor) -> None:
    """Two groups, the direction from the one to the other with what it is worth, and sliders that move the picture at the point."""

    def again() -> NoReturn:
        rerun(view, "fragment")

    weights = space.run.result.weights if space.run.result else ""
    open_groups(space, view)
    left, right = st.columns(2, gap="large")
    with left:
        a = slot(space, view, "A", "ga", code)
    with right:
        b = slot(space, view, "B", "gb", code)
    found, name = None, ""
    left, right = st.columns(2, gap="large")
    try:
        if a and b:
            with left, st.spinner("Comparing with random groups…"):
                found = cache.contrast(space, a, b)
                by_example.verdict(found, *of_places(space, found, a, b))
            with right:
                markup.show(markup.muted("Keep it, and its slider stays with this model, whatever A and B are next."))
                called = (in_words(space, a), in_words(space, b))
                name = by_example.keeping(found, weights, (a, b), called, again)
    except UserError as error:
        left.error(words.plain(error))
    move(space, view, code, found, name)
    by_example.listed(weights, space.code_size, space.name, lambda one: forget(view, one), again)


def open_groups(space: LatentSpace, view: LatentView) -> None:
    """Groups to begin with: the first two labels, or where there are none the surroundings of the ends of Interpolate."""
    has_labels = space.exhibit.labels is not None
    for field, label, end in (("ga", 0, view.a), ("gb", 1, view.b)):
        if not getattr(view, field):
            near = space.neighbours(space.exhibit.codes[end], AROUND)
            setattr(view, field, f"l{label}" if has_labels else str(Group.of_pictures(near)))


def slot(space: LatentSpace, view: LatentView, name: str, field: str, code: Tensor) -> Group | None:
    """How a group is given, and its pictures; None while it has none."""
    classes = space.run.result.classes if space.run.result else ()
    has_labels = space.exhibit.labels is not None and bool(classes)
    ways = {kind: text for kind, text in WAYS.items() if has_labels or kind != "label"}
    markup.show(markup.eyebrow(f"Group {name}"))
    text: str = getattr(view, field)
    kind = KINDS[text[0]] if KINDS[text[0]] in ways else "pictures"
    key = f"how-{field}"
    chosen: Kind = forms.following(key, kind, lambda: forms.choice("How", ways, kind, key, hide_label=True))
    if chosen != kind:
        around = str(Group.of_pictures(space.neighbours(code, AROUND)))
        text = {"label": "l0", "place": f"p{view.lasso}", "pictures": around}[chosen]
    text = {"label": by_label, "place": by_lasso, "pictures": by_pictures}[chosen](space, view, field, text, code)
    setattr(view, field, text)
    if len(text) == 1:
        return None
    try:
        group = Group.parse(text)
        numbers = members(group, space)
    except UserError as error:
        st.error(words.plain(error))
        return None
    by_example.strip([space.exhibit.images[int(i)].numpy() for i in numbers], len(numbers), "pictures")
    return group


def by_label(space: LatentSpace, view: LatentView, field: str, text: str, code: Tensor) -> str:
    """The pictures of a label."""
    return by_example.by_label(space.run.result.classes if space.run.result else (), field, text)


def by_lasso(space: LatentSpace, view: LatentView, field: str, text: str, code: Tensor) -> str:
    """The pictures inside what is lassoed on the map."""
    taken = text == f"p{view.lasso}"
    if st.button(
        "Take what is lassoed on the map",
        icon=":material/lasso_select:",
        key=f"lasso-{field}",
        disabled=not view.lasso or taken,
    ):
        return f"p{view.lasso}"
    if len(text) == 1:
        markup.show(markup.muted("Draw around pictures on the map with the lasso, then take them here."))
    return text


def by_pictures(space: LatentSpace, view: LatentView, field: str, text: str, code: Tensor) -> str:
    """Real pictures near the point, one by one or a dozen at once."""
    try:
        numbers = Group.parse(text).numbers
    except UserError:
        numbers = []
    with st.container(horizontal=True):
        if st.button("Add the nearest one", icon=":material/add:", key=f"add-{field}"):
            fresh = [i for i in space.neighbours(code, len(numbers) + 1) if i not in numbers]
            numbers = [*numbers, fresh[0]]
        if st.button(f"The {AROUND} nearest", key=f"around-{field}"):
            numbers = space.neighbours(code, AROUND)
        if st.button("Clear", key=f"clear-{field}"):
            numbers = []
    if not numbers:
        markup.show(markup.muted("Choose a point on the map, then add the real pictures that lie nearest to it."))
    return str(Group.of_pictures(numbers))


def in_words(space: LatentSpace, group: Group) -> str:
    """What a group is called."""
    classes = space.run.result.classes if space.run.result else ()
    if group.kind == "label" and group.label < len(classes):
        return classes[group.label]
    return "lasso" if group.kind == "place" else "pictures"


def of_places(space: LatentSpace, found: Contrast, a: Group, b: Group) -> tuple[str, float]:
    """Groups that were chosen by where they lie are apart in any case: a word on how far such groups usually are, and that effect size."""
    if a.kind == b.kind == "label":
        return "", 0.0
    key = ("places", space.name, space.run.result.weights if space.run.result else "", found.sizes)
    usual = cache.once(key, lambda: effect_of_places(space, found.sizes))
    said = (
        "Groups that are picked by their place always lie apart: pictures around any two places of the map, as many as here, "
        f"usually differ by {usual:.1f}."
    )
    return said, usual


def move(space: LatentSpace, view: LatentView, code: Tensor, found: Contrast | None, name: str) -> None:
    """The picture at the point with a slider for each direction. A fragment: a drag reruns this and nothing else."""
    weights = space.run.result.weights if space.run.result else ""
    kept = [one for one in cache.directions(weights).all() if len(one.numbers) == space.code_size]
    directions = {one.id: torch.from_numpy(one.numbers) for one in kept}
    names = {one.id: one.name for one in kept}
    if found is not None:
        new = id_of(packed(found.axis.numpy()))
        directions.setdefault(new, found.axis)
        names = {new: names.get(new, name or "new")} | names
    axes = {one: Axis.of(space, direction) for one, direction in directions.items()}
    moves = parse_moves(view.moves)
    if unknown := sorted(set(moves) - set(axes)):
        st.warning(
            f"The picture was moved along a direction that is not kept here ({', '.join(unknown)}); it is shown without. Ask whoever "
            "sent the link for the file of directions, and take it in below."
        )
        moves = {one: by for one, by in moves.items() if one in axes}
        view.moves = moves_text(moves)
    if not axes:
        return

    def change(one: str) -> float:
        return cache.once(("change", space.name, one), lambda: change_along(space, directions[one]))

    sliders = [Slider(one, called, change(one)) for one, called in names.items()]
    before = space.decode(code[None])[0]
    whole = [True]  # while the page is drawn, and not this fragment alone
    markup.show(
        markup.muted("The picture at the point, moved: a slider's 1 is one standard deviation of all codes along it.")
    )

    @st.fragment
    def live() -> None:
        def draw(setting: Setting) -> Scene:
            seen = space.look(moved(code, {one: by for one, by in setting.moves if one in axes}, axes))
            real = space.exhibit.images[seen.near].numpy()
            return Scene(seen.picture, before, real, seen.near, round(seen.trust, 3), [])

        wanted = Setting(tuple(sorted(parse_moves(view.moves).items())))
        played = instrument(wanted, sliders, draw, key=f"moves-{space.name}", wording=WORDING, truncates=False)
        view.moves = moves_text({one: by for one, by in played.setting.moves if one in axes})
        keep(view)
        if played.renamed:
            by_example.call(weights, *played.renamed)
        if whole[0]:
            return
        if played.rest:
            save(view)
        if played.renamed:
            rerun(view)

    live()
    whole[0] = False


def forget(view: LatentView, direction: str) -> None:
    """Moves the picture along it no more."""
    view.moves = moves_text({one: by for one, by in parse_moves(view.moves).items() if one != direction})


def parse_moves(text: str) -> dict[str, float]:
    """The moves of a link, in standard deviations, by the directions' names."""
    return {one: float(by) for one, by in re.findall(r"(d\d{8})_(-?[\d.]+)", text)}


def moves_text(moves: dict[str, float]) -> str:
    """Moves as a link says them."""
    return "~".join(f"{one}_{by:.2f}".rstrip("0").rstrip(".") for one, by in sorted(moves.items()) if round(by, 2))
