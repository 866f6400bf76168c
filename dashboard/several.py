"""Several runs at once: which are chosen, and what can be done with all of them."""

from __future__ import annotations

import io
from collections.abc import Sequence

import streamlit as st

from dashboard import cache, forms, markup, tagging, trash, uploads, words
from dashboard.entries import Entry
from dashboard.state import remember, remembered, rerun
from dashboard.views import View
from selfsup_engine import archive
from selfsup_engine.runs import RunFolder


def chosen(entries: Sequence[Entry]) -> list[Entry]:
    """Those of the entries that are chosen, with the boxes that were ticked just now."""
    if not remembered("selecting"):
        return []
    kept: set[str] = remembered("chosen", set())
    found = [entry for entry in entries if forms.standing(f"pick-{entry.key}", entry.key in kept)]
    remember("chosen", {entry.key for entry in found})
    return found


def box(entry: Entry) -> None:
    """Chooses a run, on its card."""
    if remembered("selecting"):
        key, wanted = f"pick-{entry.key}", entry.key in remembered("chosen", set())
        forms.following(key, wanted, lambda: st.checkbox("Select", wanted, key=key))


def toggle(view: View) -> None:
    """Begins to choose runs, and ends it."""
    on = bool(remembered("selecting"))
    icon = ":material/close:" if on else ":material/checklist:"
    if st.button("Done" if on else "Select", icon=icon, key="select"):
        remember("selecting", None if on else True)
        remember("chosen", None)
        rerun(view)


def bar(picked: Sequence[Entry], shown: Sequence[Entry], view: View) -> None:
    """What can be done with the runs that are chosen; `shown` are all that were found."""
    if not remembered("selecting"):
        return
    models = [entry.folder for entry in picked if entry.folder.usable]
    mine = [entry.folder for entry in picked if not entry.folder.in_gallery]
    with st.container(
        border=True, key="selection", horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            size = f", {words.size(sum(entry.size for entry in picked))}" if picked else ""
            markup.show(f"<b>{len(picked)} selected</b>{markup.escape(size)}")
            if st.button(f"Select all {len(shown)}", key="select-all", type="tertiary"):
                remember("chosen", {entry.key for entry in shown})
                rerun(view)
            if picked and st.button("Select none", key="select-none", type="tertiary"):
                remember("chosen", None)
                rerun(view)
        with st.container(horizontal=True, width="content"):
            download(models)
            tagging.several(picked, view)
            if st.button("Delete", icon=":material/delete:", key="delete-chosen", disabled=not mine):
                trash.delete(mine)
                remember("chosen", None)
                rerun(view)
        unready, theirs = len(picked) - len(models), len(picked) - len(mine)
        hidden = len({entry.key for entry in picked} - {entry.key for entry in shown})
        left_out(unready, theirs, hidden)


def download(models: Sequence[RunFolder]) -> None:
    """One file of all models that are chosen, made on the click; how large it will be is said before."""

    library = cache.library()  # at the click there is no session to ask any more

    def packed() -> io.BytesIO:
        file = io.BytesIO()
        archive.export_many(models, file, library)
        return file

    size = sum(map(archive.size_to_export, models))
    much = size > uploads.MB * 1_000_000
    st.download_button(
        f"Download, {words.size(size)}" if models else "Download",
        packed,
        "models.zip",
        "application/zip",
        icon=":material/download:",
        key="download-chosen",
        on_click="ignore",
        disabled=not models or size > archive.MAX_BYTES_IN_ALL or len(models) > archive.MAX_RUNS,
        help=f"More than the {uploads.MB} MB that can be uploaded again in one file: choose fewer at a time."
        if much
        else None,
    )


def left_out(unready: int, theirs: int, hidden: int) -> None:
    """How many of the chosen runs cannot be downloaded, cannot be deleted, and are not to be seen at the moment."""
    said = []
    if hidden:
        said.append(f"{hidden} selected before the filters hid {'it' if hidden == 1 else 'them'}.")
    if unready:
        said.append(f"{unready} without a finished model cannot be downloaded.")
    if theirs:
        said.append(f"{theirs} of the gallery cannot be deleted.")
    if said:
        markup.show(markup.muted(" ".join(said)))
