"""Deleting, and every way back from it; and what the library takes up on the disk."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard import cache, markup, words
from dashboard.entries import Entry
from dashboard.state import remember, remembered
from selfsup_engine import host, storage
from selfsup_engine.errors import UserError
from selfsup_engine.runs import RunFolder
from selfsup_engine.storage import Deleted

SHOWN = 10  # deleted runs that are listed


def delete(folders: Sequence[RunFolder]) -> None:
    """Moves runs into the trash, and says what stays: what trains, and what is gone already. `undo` brings all of them back."""
    gone, stay = [], []
    for folder in folders:
        title = title_of(folder)
        try:
            if folder.status().active:
                stay.append(f"{title} is training: stop it first.")
                continue
            cache.jobs().delete(folder, cache.library())
        except UserError as error:
            stay.append(str(error))
        else:
            gone.append((folder.name, title))
    if gone:
        remember("deleted", gone)
    if stay:
        remember("stayed", stay)


def undo() -> None:
    """What was deleted last, and the way to bring all of it back."""
    for said in remembered("stayed", []):
        st.warning(words.plain(said), icon=":material/info:")
    remember("stayed", None)
    gone: list[tuple[str, str]] | None = remembered("deleted")
    if gone is None:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="undo-bar"):
        titles = [f"<b>{markup.escape(title)}</b>" for _, title in gone]
        if len(titles) > 3:
            titles[2:] = [f"{len(titles) - 2} others"]
        said = titles[0] if len(titles) == 1 else f"{', '.join(titles[:-1])} and {titles[-1]}"
        markup.show(f"<span>Deleted {said}.</span>")
        if st.button("Undo", icon=":material/undo:", key="undo"):
            remember("deleted", None)
            bring_back([name for name, _ in gone])
            st.rerun()


def bring_back(names: Sequence[str]) -> None:
    """Takes runs out of the trash; whatever cannot come back is said in the next run."""
    lost = []
    for name in names:
        try:
            cache.library().restore(name)
        except UserError as error:
            lost.append(f"{name}: {error}" if len(names) > 1 else str(error))
    if lost:
        remember("stayed", lost)


def storage_line(mine: Sequence[Entry]) -> None:
    """What one's own runs and the trash take up, how much is left, and the trash itself."""
    library = cache.library()
    deleted, free = storage.trash(library), host.disk_free(library.root)
    kept, thrown = sum(entry.size for entry in mine), sum(one.size for one in deleted)
    said = f"{words.size(kept)} in {len(mine)} {'run' if len(mine) == 1 else 'runs'}"
    if deleted:
        said += f"; {words.size(thrown)} in the trash"
    where = "on this disk"
    if library.limits:  # what the host has left is nobody's business
        free, where = max(0, library.limits.visitor_mb * 1_000_000 - kept - thrown), "of what one visitor may keep"
    with st.container(key="storage", horizontal=True, vertical_alignment="center"):
        markup.show(
            markup.muted(f"{said}; {words.size(free)} free {where}"),
            markup.gauge((kept + thrown) / max(1, kept + thrown + free), "storage used"),
        )
        if deleted:
            with st.popover("Trash", icon=":material/delete:", key="trash"):
                bin_of(deleted)


def bin_of(deleted: Sequence[Deleted]) -> None:
    """What lies in the trash, latest first, each to be brought back; and the way to empty it."""
    stays = span(cache.library().keeps_deleted)
    markup.show(markup.muted(f"What is deleted stays here for {stays}, and then goes for good."))
    for one in deleted[:SHOWN]:
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            markup.show(f"<b>{markup.escape(title_of(one.folder))}</b>", markup.muted(about(one)))
            if st.button("Bring back", key=f"back-{one.folder.name}"):
                bring_back([one.folder.name])
                remember("deleted", None)
                st.rerun()
    if len(deleted) > SHOWN:
        markup.show(markup.muted(f"… and {len(deleted) - SHOWN} more."))
    if st.button("Empty the trash", icon=":material/delete_forever:", key="empty-trash"):
        empty(len(deleted), sum(one.size for one in deleted))


def title_of(folder: RunFolder) -> str:
    """What a run is called, also where it cannot be read."""
    try:
        return words.title(folder)
    except UserError:
        return folder.name


def about(one: Deleted) -> str:
    """How large it is, and how long it can be brought back."""
    return f"{words.size(one.size)}, for {span(one.left, 'more ')}"


def span(seconds: float, more: str = "") -> str:
    """So long, in days, or in hours where it is less than two days: "7 days", "24 more hours"."""
    hours = max(0, round(seconds / 3600))
    count, unit = (round(hours / 24), "day") if hours >= 48 else (hours, "hour")
    return f"{count} {more}{unit}{'' if count == 1 else 's'}"


@st.dialog("Empty the trash?")
def empty(runs: int, size: int) -> None:
    """Asks, since nothing brings back what goes now."""
    markup.show(
        f"<p>{runs} {'run goes' if runs == 1 else 'runs go'} for good, and {words.size(size)} become free. "
        "This is the one thing here that cannot be undone.</p>"
    )
    with st.container(horizontal=True):
        if st.button("Empty it", type="primary", key="empty-it"):
            storage.empty_trash(cache.library())
            remember("deleted", None)
            st.rerun()
        if st.button("Keep it", key="keep-it"):
            st.rerun()
