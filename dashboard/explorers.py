"""Which page explores which models: by what a model can do, never by its family's name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NoReturn

import streamlit as st

from dashboard import cache, forms, sharing, words
from dashboard.views import ModelView
from selfsup_engine.errors import UserError
from selfsup_engine.runs import Run, RunFolder


@dataclass(frozen=True)
class Explorer:
    """page: its file in pages/; needs: the capabilities of the models that it shows; does: what such a model can do; verb and action: what
    the page offers to do with one."""

    page: str
    needs: frozenset[str]
    does: str
    verb: str
    action: str
    icon: str

    def shows(self, folder: RunFolder) -> bool:
        """Whether it is a trained model that can do what the page needs; one that cannot be read is none."""
        try:
            return self.suits(folder.run) and folder.usable
        except UserError:
            return False

    def suits(self, run: Run) -> bool:
        """Whether what was trained can do what the page needs."""
        return run.result is not None and self.needs <= set(run.result.capabilities)


LATENT = Explorer(
    "latent",
    frozenset({"encodes", "decodes"}),
    "Latent space",
    "Explore",
    "Explore its latent space",
    ":material/scatter_plot:",
)
GAN = Explorer("gan", frozenset({"samples"}), "Draws samples", "Steer", "Steer what it draws", ":material/tune:")
PHOTO = Explorer(
    "gradients", frozenset({"restyles"}), "Works on photos", "Apply", "Apply it to a photo", ":material/gradient:"
)
EXPLORERS = (LATENT, GAN, PHOTO)
INSIDE = Explorer("inside", frozenset(), "Any model", "Look inside", "Look inside it", ":material/frame_inspect:")
"""Shows any model there is, and so explores none in particular."""


@dataclass(frozen=True)
class Way:
    """Another page that has something to say about a finished model: its file in pages/, what it offers, and the field of its link that
    takes the model's name."""

    page: str
    action: str
    icon: str
    field: str


WAYS = (
    Way(INSIDE.page, INSIDE.verb, INSIDE.icon, "model"),
    Way("compare", "Compare", ":material/compare:", "models"),
)
"""The ways on from a run's page besides the explorers, a line each."""


def explorers_of(folder: RunFolder) -> list[Explorer]:
    """All pages that show a model."""
    return [explorer for explorer in EXPLORERS if explorer.shows(folder)]


def explorer_of(folder: RunFolder) -> Explorer | None:
    """The page that shows a model first; None if none does."""
    return next(iter(explorers_of(folder)), None)


def button(
    folder: RunFolder,
    key: str,
    short: bool = True,
    kind: Literal["primary", "secondary"] = "secondary",
    width: Literal["stretch", "content"] = "content",
) -> None:
    """The way into the page that explores a model, if one does; called by what is done there."""
    explorer = explorer_of(folder)
    if explorer and st.button(
        explorer.verb if short else explorer.action, key=key, icon=explorer.icon, type=kind, width=width
    ):
        st.switch_page(f"../pages/{explorer.page}.py", query_params={"model": folder.name})


def look_inside(folder: RunFolder, **at: str) -> None:
    """The way into the network of a model that is explored, and to what of it is shown: fields of that page's view."""
    if st.button(INSIDE.verb, key="look-inside", icon=INSIDE.icon, type="tertiary", help=INSIDE.action):
        st.switch_page(f"../pages/{INSIDE.page}.py", query_params={"model": folder.name, **at})


def page_button(folder: RunFolder, key: str, label: str = "Open") -> None:
    """The way to a run's own page."""
    if st.button(label, key=key, icon=":material/info:"):
        open_page(folder)


def open_page(folder: RunFolder) -> NoReturn:
    """Goes to a run's own page."""
    st.switch_page("../pages/run.py", query_params={"run": folder.name})


def ways(folder: RunFolder) -> None:
    """Every page that has something to do with a finished model, as a button; the first is the one to go to."""
    for number, explorer in enumerate(explorers_of(folder)):
        kind: Literal["primary", "secondary"] = "secondary" if number else "primary"
        if st.button(explorer.action, key=f"way-{explorer.page}", icon=explorer.icon, type=kind):
            st.switch_page(f"../pages/{explorer.page}.py", query_params={"model": folder.name})
    for way in WAYS if folder.usable else ():
        if st.button(way.action, key=f"way-{way.page}", icon=way.icon):
            st.switch_page(f"../pages/{way.page}.py", query_params={way.field: folder.name})


def choose_model(view: ModelView, explorer: Explorer, kept: set[str]) -> RunFolder | None:
    """The models that a page can show, gallery first; None, with the way on, where there is none.

    Another one than the view's sets all its fields back but `kept`: what else it says is a place in one model.
    """
    library = cache.library()
    folders = {f.name: f for f in [*library.shown(), *library.runs()] if explorer.shows(f)}
    if not folders:
        st.info("There is no trained model yet.", icon=":material/info:")
        if st.button("Train one", type="primary"):
            st.switch_page("../pages/train.py")
        return None
    for found in sharing.looked_up(view.wanted(), list(folders.values()), explorer.page):
        view.model = found.name if found else view.model
    names = list(folders)
    called = titles(list(folders.values()))
    start = names.index(view.model) if view.model in folders else 0
    key = f"{explorer.page}-model"
    name = forms.following(
        key,
        names[start],
        lambda: st.selectbox(
            "Model", names, start, format_func=called.__getitem__, key=key, label_visibility="collapsed"
        ),
    )
    if view.model and name != view.model:
        for field, about in type(view).model_fields.items():
            if field not in kept:
                setattr(view, field, about.default)
    view.model = name
    return folders[name]


def titles(folders: Sequence[RunFolder]) -> dict[str, str]:
    """What each is called, by name; with the name where two are called alike, whom Streamlit would take for one."""
    called = {folder.name: words.title(folder) for folder in folders}
    alike = {title for title, times in Counter(called.values()).items() if times > 1}
    return {name: f"{title} ({name})" if title in alike else title for name, title in called.items()}


def weights_of(folder: RunFolder) -> str:
    """The first digits of the hash of a model's weights; empty before it is trained."""
    return folder.run.result.weights if folder.run.result else ""


def same_weights(folder: RunFolder, view: ModelView) -> str:
    """The hash of a model's weights, kept in the view; says so where a link was made with others."""
    weights = weights_of(folder)
    if view.weights and view.weights != weights:
        st.warning(
            "This model was trained on since the link was made: the pictures may differ from those that were shared."
        )
    view.weights = weights
    return weights
