"""The library as a shelf: every model and run with its picture, and what can be done with it."""

from __future__ import annotations

import streamlit as st

from dashboard import cache, charts, explorers, live, markup, words
from dashboard.state import LibraryView, hold, remember, remembered, rerun, save
from selfsup_engine import archive, events
from selfsup_engine.errors import UserError
from selfsup_engine.runs import RunFolder


def top(view: LibraryView) -> None:
    """Search, upload, and the way back from a deletion."""
    undo()
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    with left:
        view.q = st.text_input(
            "Search", view.q, placeholder="a name, a data set, a preset", key="library-q", max_chars=80
        )
    with right, st.popover("Upload a model", icon=":material/upload:", width="stretch"):
        file = st.file_uploader(
            "A .zip that “Download” gave", type=["zip"], key=f"upload-{remembered('uploads', 0)}", max_upload_size=100
        )
        if file is not None:
            try:
                with st.spinner("Checking every part of it…"):
                    folder = archive.take_in(file.getvalue(), cache.library())
            except UserError as error:
                st.error(words.plain(error), icon=":material/block:")
            else:
                remember("uploads", remembered("uploads", 0) + 1)
                view.run = folder.name
                save(view)
                st.toast(f"{words.plain(words.title(folder))} is in your library.", icon=":material/check:")
                st.rerun()


def undo() -> None:
    """What was deleted last can be brought back."""
    gone: tuple[str, str] | None = remembered("deleted")
    if gone is None:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="undo-bar"):
        markup.show(f"<span>Deleted <b>{markup.escape(gone[1])}</b>.</span>")
        if st.button("Undo", icon=":material/undo:", key="undo"):
            remember("deleted", None)
            try:
                cache.library().restore(gone[0])
            except UserError as error:
                st.error(words.plain(error))
            else:
                st.rerun()


def shelf(view: LibraryView) -> None:
    """The person's runs, then the gallery; details below the row of the card that they belong to."""
    library = cache.library()
    mine, shown = library.runs(), library.shown()
    unfolded = next((folder for folder in [*mine, *shown] if folder.name == view.run), None)
    if view.run and unfolded is None:
        st.warning(f"There is no run “{words.plain(view.run)}” in this library.")
        view.run = ""
    for heading, folders, empty in (
        ("Yours", mine, "Nothing yet. Whatever you train appears here and stays."),
        ("Gallery", shown, "The gallery is empty."),
    ):
        found = [folder for folder in folders if matches(folder, view.q)]
        st.header(f"{heading} ({len(found)})")
        if not found:
            markup.show(markup.muted(empty if not folders else f"Nothing here matches “{view.q}”."))
        for row in words.rows(found, 3):
            for place, folder in zip(st.columns(3, gap="medium"), row, strict=False):
                with place:
                    card(folder, view)
            if unfolded is not None and unfolded.path in [folder.path for folder in row]:
                detail(unfolded, view)


def matches(folder: RunFolder, words_wanted: str) -> bool:
    """Every word of the search occurs in what the run is called or made of."""
    try:
        run = folder.run
        text = " ".join(
            [folder.name, words.title(folder), run.source, run.preset, run.family, str(run.config.get("objective"))]
        ).lower()
    except UserError:
        return not words_wanted
    return all(word in text for word in words_wanted.lower().split())


def card(folder: RunFolder, view: LibraryView) -> None:
    """A run as a picture with its state and score."""
    try:
        status, title = folder.status(), words.title(folder)
        with st.container(border=True, key=f"card-{words.key(folder)}"):
            markup.show(markup.cover(folder.file("cover.png"), f"{title}: no picture yet"))
            markup.show(
                f"<h3 style='margin:0;padding:0'>{markup.escape(title)} {markup.pill(words.STATES[status.state], status.state)}</h3>",
                markup.muted(words.one_line(folder)),
                ""
                if folder.in_gallery
                else markup.muted(f"seed {folder.run.seed}, {folder.run.created:%d %b, %H:%M} UTC"),
            )
            with st.container(horizontal=True):
                explorers.button(folder, f"explore-{words.key(folder)}")
                if not folder.in_gallery and status.state != "done" and st.button("Watch", key=f"watch-{folder.name}"):
                    st.switch_page("../pages/train.py", query_params={"run": folder.name})
                if st.button("Details", key=f"details-{words.key(folder)}"):
                    view.run = folder.name
                    rerun(view)
    except UserError as error:
        st.warning(words.plain(error))


def detail(folder: RunFolder, view: LibraryView) -> None:
    """One run unfolded: card, curves, config; rename, download, delete."""
    try:
        run, happened = folder.run, folder.history()
    except UserError as error:
        st.error(words.plain(error))
        return
    with st.container(border=True, key="detail"):
        left, right = st.columns([3, 2], gap="large")
        with left:
            markup.show(
                f"<h2 style='margin:0;padding:0'>{markup.escape(words.title(folder))}</h2>",
                markup.muted(run.note or words.one_line(folder)),
            )
            facts = {
                "data": words.source_title(run.source),
                "network": run.preset,
                "budget": str(run.budget),
                "seed": str(run.seed),
            }
            if run.result:
                result = run.result
                known = {name: said for name, said in words.SCORES.items() if name in result.scores}
                facts |= {called: form.format(result.scores[name]) for name, (called, form) in known.items()}
                facts |= {
                    "steps": f"{result.steps:,}",
                    "time": words.duration(result.seconds),
                    "parameters": words.number(result.parameters),
                }
            facts |= {"on disk": words.size(folder.bytes_used()), "made": f"{run.created:%d %b %Y}"}
            markup.show(markup.facts(facts))
            if run.result and run.result.licence:
                markup.show(markup.muted(f"Data: {run.result.licence}"))
            actions(folder, view)
            curves(happened)
        with right:
            markup.show(markup.cover(folder.file("cover.png"), "no picture yet"))
            kl = {
                f"{name[3:]}": value
                for name, value in (run.result.scores if run.result else {}).items()
                if name.startswith("kl_")
            }
            if kl:
                markup.show(markup.eyebrow("KL of each number of the code: what it carries"))
                st.plotly_chart(charts.bars(kl, "nats"), key="kl", config={"displayModeBar": False})
        with st.expander("All settings", icon=":material/tune:"):
            st.json(run.model_dump(mode="json", exclude={"result"}))


def curves(happened: list[events.Event]) -> None:
    """The loss curve of a run, where it is kept."""
    checks = [event for event in happened if isinstance(event, events.Check) and event.losses]
    metrics = [event for event in happened if isinstance(event, events.Metrics)]
    if checks and metrics:
        live.curve(metrics, checks, height=230)


def actions(folder: RunFolder, view: LibraryView) -> None:
    """What can be done with a run."""
    library = cache.library()
    with st.container(horizontal=True):
        if folder.usable:
            explorers.button(folder, "detail-explore", kind="primary")
            st.download_button(
                "Download",
                lambda: archive.export(folder),
                f"{folder.name}.zip",
                "application/zip",
                icon=":material/download:",
                key="download",
                on_click="ignore",
            )
        if not folder.in_gallery:
            if remembered("renamed"):  # only now: what is drawn already cannot be closed in the same run
                remember("renamed", None)
                hold("renaming", False)
            renaming = st.popover("Rename", icon=":material/edit:", key="renaming", on_change="rerun")
            with renaming, st.form("rename", border=False):
                title = st.text_input("Name", words.title(folder), max_chars=400)  # a longer one is refused aloud
                if st.form_submit_button("Save"):
                    try:
                        library.rename(folder, title)
                    except UserError as error:
                        st.error(words.plain(error))
                    else:
                        st.toast("Renamed.", icon=":material/check:")
                        remember("renamed", True)
                        st.rerun()
            if folder.status().active:
                markup.show(markup.muted("It is training: stop it before it can be deleted."))
            elif st.button("Delete", icon=":material/delete:", key="delete"):
                title = words.title(folder)
                try:
                    cache.jobs().delete(folder)
                except UserError as error:
                    st.error(words.plain(error))
                else:
                    remember("deleted", (folder.name, title))
                    view.run = ""
                    rerun(view)
        if st.button("Close", icon=":material/close:", key="close"):
            view.run = ""
            rerun(view)
