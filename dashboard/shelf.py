"""The library as a shelf: a toolbar to find runs, and every run and model of the gallery as a card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from dashboard import allowance, cache, entries, explorers, forms, markup, several, tagging, trash, uploads, words
from dashboard.entries import Entry
from dashboard.state import rerun
from dashboard.views import LibraryView, Sort
from selfsup_engine import tags
from selfsup_engine.errors import UserError

SHEET = 24  # of one's own runs at a time
TAGS = 12  # that are offered as filters
SORTS: dict[Sort, str] = {
    "newest": "Newest first",
    "name": "By name",
    "score": "Best score first",
    "size": "Largest on disk",
    "steps": "Most steps",
}


def show(view: LibraryView) -> None:
    """The whole page: its head, the toolbar, the person's runs, the gallery."""
    library = cache.library()
    mine, shown = entries.read(library.runs(), library), entries.read(library.shown(), library)
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    left.title("Library")
    with right:
        trash.storage_line(mine)
    allowance.notice()
    trash.undo()
    uploads.outcomes()
    picked = several.chosen([*mine, *shown])
    toolbar(view)
    filters(view, [*mine, *shown])
    found, found_shown = ([entry for entry in kind if entries.matches(entry, view)] for kind in (mine, shown))
    several.bar(picked, [*found, *found_shown], view)
    if view.sort == "score":
        markup.show(
            markup.muted("Each kind of model has a score of its own, and scores compare only on the same pictures.")
        )
    section("Yours", mine, found, view)
    section("Gallery", shown, found_shown, view)


def toolbar(view: LibraryView) -> None:
    """Search, order, choosing several, and bringing models in."""
    with st.container(key="toolbar", horizontal=True, vertical_alignment="bottom"):
        q = forms.following(
            "library-q",
            view.q,
            lambda: st.text_input(
                "Search",
                view.q,
                placeholder="Search: a name, data set, preset or tag",
                key="library-q",
                max_chars=80,
                label_visibility="collapsed",
                icon=":material/search:",
            ),
        )
        sort = forms.following(
            "library-sort",
            view.sort,
            lambda: st.selectbox(
                "Sort",
                list(SORTS),
                list(SORTS).index(view.sort),
                format_func=SORTS.__getitem__,
                key="library-sort",
                label_visibility="collapsed",
                width=190,
            ),
        )
        if (q, sort) != (view.q, view.sort):
            view.q, view.sort, view.sheet = q, sort, 0
        several.toggle(view)
        uploads.button(view)


def filters(view: LibraryView, known: Sequence[Entry]) -> None:
    """Chips: what a model can do, how a run stands, how it is tagged. Only what there is can be asked for."""
    can = Counter(page for entry in known for page in entry.can)
    standings = Counter(entry.standing for entry in known if not entry.folder.in_gallery)
    tagged = tags.in_use(entry.tags for entry in known)
    asked = [*entries.parts(view.tag, ","), *tagged]
    with st.container(key="filters", horizontal=True, vertical_alignment="center"):
        does = {explorer.page: explorer.does for explorer in explorers.EXPLORERS if can[explorer.page]}
        chips(view, "can", "What it can do", does, ".")
        chips(view, "state", "How it stands", {name: name for name in words.STANDINGS if standings[name]}, ".")
        chips(view, "tag", "Tags", {tag: f"#{tag}" for tag in dict.fromkeys(asked[:TAGS])}, ",")
        anything = view.q or view.can or view.state or view.tag
        if anything and st.button("Show all", icon=":material/close:", key="show-all", type="tertiary"):
            view.q = view.can = view.state = view.tag = ""
            rerun(view)


def chips(view: LibraryView, field: str, label: str, options: dict[str, str], between: str) -> None:
    """Some filters of one kind, side by side; what they stand at goes into that field of the view."""
    asked = entries.parts(getattr(view, field), between)
    options |= {name: name for name in asked if name not in options}  # a link may ask for what there is none of
    if not options:
        return
    chosen = forms.following(
        f"chips-{field}",
        asked,
        lambda: st.pills(
            label,
            list(options),
            selection_mode="multi",
            default=asked,
            format_func=lambda name: words.plain(options[name]),
            key=f"chips-{field}",
            label_visibility="collapsed",
        ),
    )
    if chosen != asked:
        setattr(view, field, between.join(chosen))
        view.sheet = 0


def section(heading: str, known: Sequence[Entry], found: Sequence[Entry], view: LibraryView) -> None:
    """Cards below a heading: of one's own runs a sheet at a time."""
    mine = heading == "Yours"
    st.header(f"{heading} ({len(found)})")
    if not found:
        stays = "" if cache.library().limits else " and stays"
        empty = f"Nothing yet. Whatever you train appears here{stays}." if mine else "The gallery is empty."
        markup.show(markup.muted("Nothing here is what you look for." if known else empty))
        return
    here = entries.ordered(found, view)
    last = (len(here) - 1) // SHEET if mine else 0
    if mine:
        view.sheet = min(view.sheet, last)
        here = here[view.sheet * SHEET : (view.sheet + 1) * SHEET]
    for said, group in entries.grouped(here, view):
        if said:
            markup.show(markup.eyebrow(said))
        for row in words.rows(group, 3):
            for place, entry in zip(st.columns(3, gap="medium"), row, strict=False):
                with place:
                    card(entry, view)
    if last:
        pager(view, last, len(found))


def pager(view: LibraryView, last: int, count: int) -> None:
    """From sheet to sheet of one's own runs."""
    with st.container(horizontal=True, horizontal_alignment="center", vertical_alignment="center", key="pager"):
        step = 0
        if st.button("Before", icon=":material/chevron_left:", key="sheet-before", disabled=view.sheet == 0):
            step = -1
        first = view.sheet * SHEET
        markup.show(markup.muted(f"{first + 1} to {min(first + SHEET, count)} of {count}"))
        if st.button(
            "Next",
            icon=":material/chevron_right:",
            icon_position="right",
            key="sheet-next",
            disabled=view.sheet == last,
        ):
            step = 1
        if step:
            view.sheet += step
            rerun(view)


def card(entry: Entry, view: LibraryView) -> None:
    """A run as a picture with its state and score, and the ways on."""
    folder, state = entry.folder, entry.status.state
    with st.container(border=True, key=f"card-{entry.key}"):
        try:
            markup.show(markup.cover(folder.file("cover.png"), f"{entry.title}: no picture yet"))
            markup.show(
                f"<h3 style='margin:0;padding:0'>{markup.escape(entry.title)} {markup.pill(words.STATES[state], state)}</h3>",
                markup.muted(words.one_line(folder)),
                markup.muted(about(entry, view)),
                tagging.show(entry.tags),
            )
            with st.container(horizontal=True):
                explorers.button(folder, f"explore-{entry.key}")
                if not folder.in_gallery and state != "done" and st.button("Watch", key=f"watch-{folder.name}"):
                    st.switch_page("../pages/train.py", query_params={"run": folder.name})
                explorers.page_button(folder, f"open-{entry.key}")
            several.box(entry)
        except UserError as error:
            st.warning(words.plain(error))


def about(entry: Entry, view: LibraryView) -> str:
    """What tells one's own runs apart, and what they are sorted by."""
    said = [] if entry.folder.in_gallery else [f"seed {entry.run.seed}", f"{entry.run.created:%d %b, %H:%M} UTC"]
    if view.sort == "size":
        said.insert(0, words.size(entry.size))
    if view.sort == "steps":
        said.insert(0, f"{entry.steps:,} steps")
    return " · ".join(said)
