"""A run's page: its card, its figures, everything that can be done with it, and how it came to be what it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from dashboard import (
    cache,
    charts,
    chronicle,
    explorers,
    forms,
    live,
    markup,
    sharing,
    tagging,
    time_machine,
    train_like,
    trash,
    words,
)
from dashboard.state import hold, remember, remembered
from dashboard.views import Part, RunView
from selfsup_engine import archive, events, storage
from selfsup_engine.errors import UserError
from selfsup_engine.events import Status
from selfsup_engine.runs import RunFolder
from selfsup_engine.sources import without_path

FRAMES = 8  # previews of a kind that are shown


def find(view: RunView) -> RunFolder | None:
    """The run that the link names, else one's latest, else the gallery's first; None, with the reason and the way back, if there is
    none."""
    library = cache.library()
    view.run = view.run or next((folder.name for folder in [*library.runs(), *library.shown()]), "")
    folder = None
    try:
        if not view.run:
            raise UserError("There is no run in this library yet. Whatever you train gets a page here.")
        if view.weights:  # another run may have the name here, and this one another name
            everything = [*library.runs(), *library.shown()]
            view.run = next(
                (found.name for found in sharing.looked_up(view.wanted(), everything, "run") if found), view.run
            )
        folder = library.find(view.run)
        words.title(folder)  # a damaged run.json is said here
        view.weights = explorers.weights_of(folder)
        return folder
    except UserError as error:
        st.title("A run")
        st.error(words.plain(error), icon=":material/search_off:")
        with st.container(horizontal=True):
            st.page_link("../pages/library.py", label="To the library", icon=":material/photo_library:")
            st.page_link("../pages/train.py", label="Train one", icon=":material/model_training:")
            if folder is not None and not folder.in_gallery:
                delete(folder)
        return None


def show(folder: RunFolder, view: RunView) -> None:
    """The whole page of a run."""
    status = folder.status()
    head(folder, status, view)
    left, right = st.columns(2, gap="large")
    with left:
        markup.show(markup.cover(folder.file("cover.png"), "no picture yet"))
        tagging.field(folder)
        with st.container(key="ways", horizontal=True):
            explorers.ways(folder)
        if not folder.in_gallery and status.state != "done":
            live.follow(folder, standing(folder))
        with st.container(key="actions", horizontal=True):
            actions(folder, status)
    with right:
        about(folder, status)
    st.divider()
    key = "run-part"
    offered = {part: part for part in PARTS}
    view.part = view.part if view.part in offered else "Training"
    view.part = forms.following(
        key, view.part, lambda: forms.choice("What to see", offered, view.part, key, hide_label=True)
    )
    PARTS[view.part](folder, view)


def head(folder: RunFolder, status: Status, view: RunView) -> None:
    """What it is called, what it is, and how it stands."""
    run = folder.run
    st.page_link("../pages/library.py", label="Library", icon=":material/chevron_left:")
    with st.container(horizontal=True, vertical_alignment="center", key="run-head"):
        st.title(words.plain(words.title(folder)), width="content", anchor=False)
        markup.show(markup.pill(words.STATES[status.state], status.state))
        if not folder.in_gallery:
            rename(folder)
        sharing.share(view)
    where = "the gallery" if folder.in_gallery else f"made {run.created:%d %b %Y, %H:%M} UTC"
    markup.show(markup.eyebrow(f"{words.source_title(run.source)} · {run.preset} · seed {run.seed} · {where}"))


def rename(folder: RunFolder) -> None:
    """Another name, in place."""
    if remembered("renamed"):  # only now: what is drawn already cannot be closed in the same run
        remember("renamed", None)
        hold("renaming", False)
    renaming = st.popover("Rename", icon=":material/edit:", key="renaming", on_change="rerun", type="tertiary")
    with renaming, st.form("rename", border=False):
        title = st.text_input("Name", words.title(folder), max_chars=400)  # a longer one is refused aloud
        if st.form_submit_button("Save"):
            try:
                cache.library().rename(folder, title)
            except UserError as error:
                st.error(words.plain(error))
            else:
                st.toast("Renamed.", icon=":material/check:")
                remember("renamed", True)
                st.rerun()


def about(folder: RunFolder, status: Status) -> None:
    """What there is to say of it, and its figures beside what they are held against."""
    run = folder.run
    markup.show(f"<p class='lead'>{markup.escape(run.note or words.one_line(folder))}</p>")
    does = [explorer.does for explorer in explorers.explorers_of(folder)]
    facts = {"can": ", ".join(does)} if does else {}
    facts |= {"network": run.preset, "budget": str(run.budget)}
    if run.result:
        result = run.result
        known = {name: said for name, said in words.SCORES.items() if name in result.scores}
        facts |= {called: form.format(result.scores[name]) for name, (called, form) in known.items()}
        facts |= {
            "steps": f"{result.steps:,}",
            "time": words.duration(result.seconds),
            "parameters": words.number(result.parameters),
        }
    elif status.step:
        facts["steps"] = f"{status.step:,}"
    facts["on disk"] = words.size(storage.size_of(folder))
    markup.show(markup.facts(facts))
    if run.result and run.result.licence:
        markup.show(markup.muted(f"Data: {run.result.licence}"))


def standing(folder: RunFolder) -> Callable[[Sequence[events.Event], Status], None]:
    """How far its training is, and what can be done about that."""

    def draw(happened: Sequence[events.Event], status: Status) -> None:
        live.progress(folder, status)
        with st.container(horizontal=True):
            if status.active or folder.resumable:
                live.controls(folder, status, primary=not explorers.explorers_of(folder))
            if status.active and st.button("Watch", icon=":material/visibility:", key="watch"):
                st.switch_page("../pages/train.py", query_params={"run": folder.name})

    return draw


def actions(folder: RunFolder, status: Status) -> None:
    """What can be done with the run itself."""
    library = cache.library()  # at the click there is no session to ask any more
    if folder.usable:
        st.download_button(
            f"Download, {words.size(archive.size_to_export(folder))}",
            lambda: archive.export(folder, library),
            f"{folder.name}.zip",
            "application/zip",
            icon=":material/download:",
            key="download",
            on_click="ignore",
        )
    train_like.button(folder.run)
    if folder.in_gallery:
        return
    if status.active:
        markup.show(markup.muted("It is training: stop it before it can be deleted."))
    else:
        delete(folder)


def delete(folder: RunFolder) -> None:
    """Moves it to the trash, and goes to where it can be brought back."""
    if st.button("Delete", icon=":material/delete:", key="delete"):
        trash.delete([folder])
        st.switch_page("../pages/library.py")


# ------------------------------------------------------------------------------------------------- parts of the page


def training(folder: RunFolder, view: RunView) -> None:
    """Its curves, what it drew on the way, and what was found; live while it trains."""
    if not folder.history():
        markup.show(markup.muted("Nothing is known of how it was trained: its history was not kept."))
    else:
        live.follow(folder, lambda happened, status: live.body(folder, happened, status))
        previews(folder)
    carried(folder)


def previews(folder: RunFolder) -> None:
    """What it drew at some steps, from the first to the last."""
    for name, said in words.PICTURES.items():
        kept = sorted(folder.path.glob(f"previews/*-{name}.png"))
        if len(kept) < 2:
            continue
        frames = (
            [kept[round(i * (len(kept) - 1) / (FRAMES - 1))] for i in range(FRAMES)] if len(kept) > FRAMES else kept
        )
        markup.show(
            markup.eyebrow(f"{said} · from step to step"),
            markup.shots([(path, f"step {int(path.name[:8]):,}") for path in frames], classes="strip"),
        )


def carried(folder: RunFolder) -> None:
    """What each number of a variational code carries."""
    result = folder.run.result
    kl = {name[3:]: value for name, value in (result.scores if result else {}).items() if name.startswith("kl_")}
    if kl:
        markup.show(markup.eyebrow("KL of each number of the code: what it carries"))
        st.plotly_chart(charts.bars(kl, "nats"), key="kl", config={"displayModeBar": False})


def log(folder: RunFolder, view: RunView) -> None:
    """What happened to it, in words."""
    lines = chronicle.log(folder.run, folder.history())
    markup.show(markup.timeline([(f"{line.at:%d %b %Y, %H:%M}", line.said, line.kind) for line in lines]))


def settings(folder: RunFolder, view: RunView) -> None:
    """All that it was asked to be."""
    asked = folder.run.model_dump(mode="json", exclude={"result"})
    st.json(asked | {"source": without_path(folder.run.source)})


PARTS: dict[Part, Callable[[RunFolder, RunView], None]] = {
    "Training": training,
    "Time machine": time_machine.show,
    "Log": log,
    "Settings": settings,
}
