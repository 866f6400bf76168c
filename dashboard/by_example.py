"""What both explorers show of a direction by example: its groups as pictures, what it is worth, its name, and those that were kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NoReturn

import streamlit as st

from dashboard import cache, forms, markup, words
from dashboard.state import held, hold, remember, remembered
from selfsup_engine.errors import UserError
from selfsup_engine.images import Pixels
from selfsup_engine.kept_directions import NAME, Kept, name_and_vector, parse, written

if TYPE_CHECKING:
    from selfsup_engine.exploring.contrast import Contrast
    from selfsup_engine.exploring.groups import Group

Again = Callable[[], NoReturn]
SHOWN = 9  # pictures of a group that are seen
WIDEST = 4.0  # effect at which the gauge is full
SAID = {
    "chance": ("", "No more than chance."),
    "weak": ("", "A weak direction."),
    "clear": ("good", "A clear direction."),
}


FURTHER = 1.5  # times the usual effect of two places, from which on two of them are said to differ clearly


def by_label(classes: Sequence[str], field: str, text: str) -> str:
    """The label by which a group is given, as the text of that group."""
    label = min(int(text[1:]) if text[1:].isdigit() else 0, len(classes) - 1)
    key = f"label-{field}"
    number = forms.following(
        key,
        label,
        lambda: st.selectbox(
            "Label", range(len(classes)), label, format_func=classes.__getitem__, key=key, label_visibility="collapsed"
        ),
    )
    return f"l{number}"


def strip(pictures: Sequence[Pixels] | Pixels, count: int, said: str) -> None:
    """Some members of a group, evenly taken, under how many there are."""
    shown = [pictures[i * len(pictures) // min(SHOWN, len(pictures))] for i in range(min(SHOWN, len(pictures)))]
    markup.show(
        f"<div class='members'>{markup.shots([(picture, f'member {i}') for i, picture in enumerate(shown, 1)], classes='fill', captions=False)}</div>",
        markup.muted(f"{count:,} {said}"),
    )


def verdict(found: Contrast, caveat: str = "", usual: float = 0.0) -> None:
    """The effect of a direction beside what random groups reach, and what that comes to in a sentence. `usual`: the effect that groups have which
    were chosen in the same way, where that alone sets them apart."""
    kind, headline = SAID[found.verdict]
    if found.verdict == "clear" and found.effect < FURTHER * usual:
        kind, headline = "", "Apart, but so are any two places."
    as_much = 1 - found.share
    if found.verdict == "chance":
        text = (
            f"{as_much:.0%} of 200 random pairs of groups differ as much or more. Its slider will change pictures, but not "
            "in what sets A apart from B."
        )
        advice = "Choose groups that differ more, or more members for each."
    else:
        text = f"Of a picture of B and one of A, B's lies further along it in {found.ordered:.0%} of all pairs; by chance it would be 50%."
        advice = (
            "The groups overlap widely: expect a small change of many things."
            if found.verdict == "weak"
            else f"Of 200 random pairs of groups {f'{as_much:.0%} differ' if as_much else 'none differs'} as much."
        )
    markup.show(
        markup.eyebrow(f"Effect size {found.effect:.1f} · chance up to {found.chance:.1f}"),
        markup.gauge(found.effect / WIDEST, "effect size, full at 4", found.chance / WIDEST),
        f"<p class='finding {kind}' style='margin-top:.7rem'><b>{headline}</b> {markup.escape(text)}"
        f"<span>{markup.escape(' '.join(filter(None, (advice, caveat))))}</span></p>",
        markup.muted(
            "Effect size: how far the groups' means lie apart along it, in standard deviations within them, counted on members that "
            "took no part in finding it. The line marks what 95 of 100 random pairs of groups stay under."
        ),
    )


def keeping(found: Contrast, weights: str, groups: tuple[Group, Group], called: tuple[str, str], again: Again) -> str:
    """A field for the name and a button that keeps the direction; gives what it is called."""
    kept = cache.directions(weights)
    proposed = f"{called[0]} → {called[1]}"[:NAME]
    fields = name_and_vector(proposed, found.axis.numpy())
    before = next((one for one in kept.all() if one.id == fields["id"]), None)
    wanted = before.name if before else proposed
    current = (fields["id"], wanted)
    # Another direction, or one that was renamed in the list, or the field was out of sight and has forgotten.
    if remembered("named-direction") != current or held("direction-name") is None:
        remember("named-direction", current)
        hold("direction-name", wanted)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Name", max_chars=NAME, key="direction-name", width=230)
        same = before is not None and before.name == name
        if st.button(
            "Kept" if same else "Keep",
            icon=":material/bookmark_added:" if same else ":material/bookmark_add:",
            type="primary",
            key="keep-direction",
            disabled=same,
        ):
            try:
                kept.keep(
                    Kept(
                        **name_and_vector(name, found.axis.numpy()),
                        effect=round(found.effect, 3),
                        chance=round(found.chance, 3),
                        share=found.share,
                        sizes=found.sizes,
                        groups=(str(groups[0]), str(groups[1])),
                        made=f"{called[0]} against {called[1]}"[:200],
                    )
                )
            except UserError as error:
                st.error(words.plain(error))
            else:
                again()
    return name


def listed(weights: str, size: int, file: str, forget: Callable[[str], None], again: Again) -> None:
    """The directions that were kept: rename, delete with undo, and take along as a file. `forget`: takes one out of what is shown."""
    kept = cache.directions(weights)
    directions = kept.all()
    undo(weights, again)
    with st.expander(f"Kept directions ({len(directions)})", icon=":material/bookmarks:", key="kept-directions"):
        for one in directions:
            with st.container(horizontal=True, vertical_alignment="center", key=f"kept-{one.id}"):
                luck = "no more than chance" if one.share < 0.95 else f"chance up to {one.chance:.1f}"
                markup.show(
                    f"<p style='margin:0'><b>{markup.escape(one.name)}</b></p>",
                    markup.muted(
                        f"{one.made} · {one.sizes[0]:,} and {one.sizes[1]:,} members · effect size {one.effect:.1f}, {luck}"
                    ),
                )
                rename(weights, one, again)
                if st.button(
                    "", icon=":material/delete:", key=f"delete-{one.id}", help=f"Delete {words.plain(one.name)}"
                ):
                    forget(one.id)
                    kept.delete(one.id)
                    remember("gone-direction", (weights, one))
                    again()
        with st.container(horizontal=True, vertical_alignment="center"):
            st.download_button(
                "Download all",
                lambda: written(kept.all()),
                f"{file}-directions.json",
                "application/json",
                icon=":material/download:",
                key="directions-json",
                on_click="ignore",
                disabled=not directions,
            )
            take_in(weights, size, again)
        markup.show(
            markup.muted(
                "They also go along when the library's Download gives the whole model. A link names a direction by its "
                "number: whoever opens it needs this file."
            )
        )


def rename(weights: str, one: Kept, again: Again) -> None:
    """A field for another name, behind a button."""
    with st.popover("", icon=":material/edit:", key=f"rename-{one.id}", help=f"Rename {words.plain(one.name)}"):
        name = st.text_input("Name", one.name, max_chars=NAME, key=f"name-{one.id}-{one.name}")
        if name != one.name:
            try:
                cache.directions(weights).rename(one.id, name)
            except UserError as error:
                st.error(words.plain(error))
            else:
                again()


def call(weights: str, direction: str, name: str) -> None:
    """Calls a kept direction what its slider was renamed to."""
    kept = cache.directions(weights)
    if direction not in {one.id for one in kept.all()}:
        st.toast("Keep the direction first: then its name stays.", icon=":material/info:")
        return
    try:
        kept.rename(direction, name)
    except UserError as error:
        st.error(words.plain(error))


def undo(weights: str, again: Again) -> None:
    """What was deleted last can be brought back."""
    gone: tuple[str, Kept] | None = remembered("gone-direction")
    if gone is None or gone[0] != weights:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="undo-direction-bar"):
        markup.show(f"<span>Deleted the direction <b>{markup.escape(gone[1].name)}</b>.</span>")
        if st.button("Undo", icon=":material/undo:", key="undo-direction"):
            remember("gone-direction", None)
            try:
                cache.directions(weights).keep(gone[1])
            except UserError as error:
                st.error(words.plain(error))
            else:
                again()


def take_in(weights: str, size: int, again: Again) -> None:
    """Takes in a file of directions."""
    with st.popover("Take in a file", icon=":material/upload:"):
        key = f"directions-upload-{remembered('directions-taken', 0)}"
        file = st.file_uploader("A .json that “Download all” gave", type=["json"], key=key, max_upload_size=2)
        if file is None:
            return
        try:
            found = parse(file.getvalue(), size)
            cache.directions(weights).keep(*found)
        except UserError as error:
            st.error(words.plain(error), icon=":material/block:")
        else:
            remember("directions-taken", remembered("directions-taken", 0) + 1)
            st.toast(f"{len(found)} directions were taken in.", icon=":material/check:")
            again()
