"""Tags as widgets: of one run, and of several at once."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard import cache, forms, markup, words
from dashboard.entries import Entry
from dashboard.state import hold, remember, remembered, rerun
from dashboard.views import View
from selfsup_engine import tags
from selfsup_engine.errors import UserError
from selfsup_engine.runs import RunFolder


def show(found: Sequence[str]) -> str:
    """Tags on a card."""
    return f"<p class='tags'>{''.join(markup.pill(f'#{tag}', 'tag') for tag in found)}</p>" if found else ""


def known() -> list[str]:
    """Every tag that is in use, to be suggested."""
    library = cache.library()
    return tags.in_use(tags.of(library, folder) for folder in [*library.runs(), *library.shown()])


def field(folder: RunFolder) -> None:
    """The tags of a run, changed at once."""
    library = cache.library()
    now = list(tags.of(library, folder))
    key = f"tags-{words.key(folder)}"
    wanted = forms.following(
        key,
        now,
        lambda: st.multiselect(
            "Tags",
            list(dict.fromkeys([*now, *known()])),
            now,
            key=key,
            accept_new_options=True,
            placeholder="Add a tag: a word or two",
            label_visibility="collapsed",
        ),
    )
    if wanted != now:
        try:
            tags.give(library, folder, wanted)
        except UserError as error:
            st.error(words.plain(error))
        else:
            st.rerun()


def several(chosen: Sequence[Entry], view: View) -> None:
    """Adds tags to some runs, and takes some away."""
    if remembered("tagged"):  # only now: what is drawn already cannot be closed in the same run
        remember("tagged", None)
        hold("tagging", False)
    with (
        st.popover("Tag", icon=":material/sell:", key="tagging", on_change="rerun", disabled=not chosen),
        st.form("tag", border=False, clear_on_submit=True),
    ):
        more = st.multiselect(
            "Add", known(), key="tags-more", accept_new_options=True, placeholder="A word or two, then Enter"
        )
        there = tags.in_use(entry.tags for entry in chosen)
        less = st.multiselect("Take away", there, key="tags-less", placeholder="Nothing") if there else []
        if st.form_submit_button("Save"):
            try:
                for entry in chosen:
                    kept = [tag for tag in entry.tags if tag not in less]
                    tags.give(cache.library(), entry.folder, [*kept, *more])
            except UserError as error:
                st.error(words.plain(error))
            else:
                remember("tagged", True)
                rerun(view)
