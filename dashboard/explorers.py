"""Which page explores which models: by what a model can do, never by its family's name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from dashboard import cache, forms, sharing, words
from dashboard.state import ModelView
from selfsup_engine.errors import UserError
from selfsup_engine.runs import RunFolder


@dataclass(frozen=True)
class Explorer:
    """page: its file in pages/; needs: the capabilities of the models that it shows; verb and action: what it offers to do with one."""

    page: str
    needs: frozenset[str]
    verb: str
    action: str
    icon: str

    def shows(self, folder: RunFolder) -> bool:
        """Whether it is a trained model that can do what the page needs; one that cannot be read is none."""
        try:
            result = folder.run.result
        except UserError:
            return False
        return folder.usable and result is not None and self.needs <= set(result.capabilities)


LATENT = Explorer(
    "latent", frozenset({"encodes", "decodes"}), "Explore", "Explore its latent space", ":material/scatter_plot:"
)
GAN = Explorer("gan", frozenset({"samples"}), "Steer", "Steer what it draws", ":material/tune:")
PHOTO = Explorer("gradients", frozenset({"restyles"}), "Apply", "Apply it to a photo", ":material/gradient:")
EXPLORERS = (LATENT, GAN, PHOTO)


def explorer_of(folder: RunFolder) -> Explorer | None:
    """The page that shows a model; None if none does."""
    return next((explorer for explorer in EXPLORERS if explorer.shows(folder)), None)


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
