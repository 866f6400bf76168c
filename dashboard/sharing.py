"""What a page shows, to take along: its whole state as a file, opened again wherever its models are; and a way on where one is missing.

The address bar says the same in short. A model is known by the hash of its weights: its name may differ from library to library.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import streamlit as st
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dashboard import cache, markup, state, views, words
from dashboard.state import remember, remembered
from dashboard.views import View
from selfsup_engine.errors import UserError
from selfsup_engine.runs import Library, Run, RunFolder
from selfsup_engine.sources import is_own

FORMAT = "selfsup-studio/state/1"
MAX_BYTES = 200_000
OPENED = "opened-models"  # what a file said of its models, for where one is missing


class Wanted(BaseModel):
    """A model that a state was made with. `request`: what it was trained as, from which the same one can be trained."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str = Field(max_length=64)
    title: str = Field("", max_length=200)
    weights: str = Field("", max_length=16)
    request: Run | None = None


class SharedState(BaseModel):
    """The state of a page. view: the fields that are not the usual ones, as a link says them."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    format: Literal["selfsup-studio/state/1"] = "selfsup-studio/state/1"
    page: str
    models: tuple[Wanted, ...] = Field((), max_length=8)
    view: dict[str, Annotated[str, Field(max_length=40_000)]]


def header(title: str, view: View) -> None:
    """A page's title, and beside it what takes its state along."""
    with st.container(horizontal=True, vertical_alignment="center", key="page-header"):
        st.title(title)
        share(view)


@st.fragment  # a whole run of the page would take back, under the pointer, what it offers as files
def share(view: View) -> None:
    """A page's state as a file, and the way to open one."""
    shared = st.popover("Share", icon=":material/share:", key="share", on_change="rerun")
    if not shared.open:  # it says what is shown when it is opened
        return
    with shared:
        markup.show(
            "<p class='muted'>This address brings all of it back, the same bytes, for whoever can reach this server, or wherever the same "
            "models are. A file says it as well, and with which models it was made.</p>"
        )
        library = cache.library()
        if library.limits:
            markup.show(
                markup.muted(
                    "Models of your own are seen in this browser alone: send their files along (Library, Download)."
                )
            )
        here = (st.context.url or "").partition("?")[0].rstrip("/").rpartition("/")[0]
        kind = type(view)
        query = urlencode(state.link(state.kept(kind)), safe=",~:{}@")
        st.code(f"{here}/{views.page_of(kind)}?{query}", language=None, wrap_lines=True)
        st.download_button(
            "State as a file",
            lambda: to_file(view, library),  # as it is at the click: then there is no session to ask any more
            f"{views.page_of(kind)}-state.json",
            "application/json",
            icon=":material/download:",
            key="state-file",
            on_click="ignore",
        )
        file = st.file_uploader(
            "Open a state", type=["json"], key=f"open-state-{remembered('states-opened', 0)}", max_upload_size=1
        )
        if file is not None:
            try:
                opened(from_file(file.getvalue()))
            except UserError as error:
                st.error(words.plain(error))


def to_file(view: View, library: Library) -> bytes:
    """A view of a library's models as a file."""
    there = [*library.shown(), *library.runs()]
    models = []
    for name, weights in view.wanted():
        folder = find(there, name, weights)
        run = folder.run if folder else None
        told = run is not None and not is_own(run.source)  # the paths of this machine are nobody else's business
        request = run.model_copy(update={"result": None}) if run and told else None
        models.append(Wanted(name=name, title=words.title(folder) if folder else "", weights=weights, request=request))
    shared = SharedState(page=views.page_of(type(view)), models=tuple(models), view=state.link(view))
    return (shared.model_dump_json(indent=1) + "\n").encode()


def from_file(data: bytes) -> SharedState:
    """What a file says.

    Raises:
        UserError: it is none that `to_file` made.
    """
    try:
        if len(data) > MAX_BYTES:
            raise ValueError("too large")
        shared = SharedState.model_validate(json.loads(data))
        kind = views.PAGES[shared.page]
        kind.model_validate(shared.view)
        if any(model.request and is_own(model.request.source) for model in shared.models):
            raise ValueError("a path of another machine")
    except (ValidationError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError("This is no state of Selfsup Studio's. Open a file that “State as a file” gave.") from error
    return shared


def opened(shared: SharedState) -> None:
    """Goes to the page that a file is about, and shows it there."""
    view = views.PAGES[shared.page].model_validate(shared.view)
    remember("states-opened", remembered("states-opened", 0) + 1)
    remember(OPENED, {model.weights: model for model in shared.models})
    state.arrive(view)
    st.switch_page(f"../pages/{shared.page}.py")


def find(folders: Iterable[RunFolder], name: str, weights: str) -> RunFolder | None:
    """The model of that name if its weights are the wanted ones, else one that has them under another name, else that of the name."""
    there = {folder.name: folder for folder in folders}
    named = there.get(name)
    if not weights or (named is not None and _weights(named) == weights):
        return named
    return next((folder for folder in there.values() if _weights(folder) == weights), named)


def _weights(folder: RunFolder) -> str:
    try:
        result = folder.run.result
    except UserError:
        return ""
    return result.weights if result else ""


def looked_up(wanted: Sequence[tuple[str, str]], folders: Sequence[RunFolder], page: str) -> list[RunFolder | None]:
    """The models of a view, by their names and weights, None for those that are not there: these are said, with the way to get them, until they
    come or the person has read it, whatever else the page then shows."""
    found = [find(folders, name, weights) for name, weights in wanted]
    lost: dict[str, str] = remembered(f"missing:{page}", {})
    lost = lost | {name: weights for (name, weights), folder in zip(wanted, found, strict=True) if folder is None}
    lost = {name: weights for name, weights in lost.items() if find(folders, name, weights) is None}
    for number, (name, weights) in enumerate(list(lost.items())):
        if missing(name, weights, number):
            del lost[name]
            remember(f"missing:{page}", lost or None)
            st.rerun()
    remember(f"missing:{page}", lost or None)
    return found


def missing(name: str, weights: str, number: int) -> bool:
    """Says which model a link or a file asks for, and how to get it; where the file said how it was trained, it can be trained again.

    True where the person has read it.
    """
    about: Wanted | None = (remembered(OPENED) or {}).get(weights) if weights else None
    title = about.title if about and about.title else name
    code = f" (weights {weights})" if weights else ""
    with st.container(border=True, key=f"missing-model-{number}"):
        st.warning(
            f"The link asks for the model “{words.plain(title)}”{code}, which is not in this library. "
            "Ask whoever sent it for the model's file (Library, Download), and upload it in the library: then the link shows the same.",
            icon=":material/link_off:",
        )
        request = about.request if about else None
        if request is not None:
            exact = request.budget.steps is not None
            markup.show(
                markup.muted(
                    f"Or train it: {words.source_title(request.source)}, {request.preset}, {request.budget}, seed {request.seed}. "
                    + (
                        "The same steps from the same seed give the same model on the same kind of machine."
                        if exact
                        else "Its budget was a time, so it will be alike, not the same."
                    )
                )
            )
        with st.container(horizontal=True):
            if request is not None and st.button(
                "Train it here", icon=":material/play_arrow:", key=f"train-missing-{number}"
            ):
                train_again(request)
            return st.button("All right", key=f"missing-read-{number}")


def train_again(request: Run) -> None:
    """Starts the training of a request, and goes to watch it."""
    from selfsup_engine.models.spec import check_config

    try:
        fresh: dict[str, Any] = request.model_dump(exclude={"created", "result"})
        check_config(request.family, request.config)
        folder = cache.jobs().start(Run.model_validate(fresh), cache.library())
    except UserError as error:
        st.error(words.plain(error))
        return
    st.switch_page("../pages/train.py", query_params={"run": folder.name})
