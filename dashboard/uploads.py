"""Models that come from outside: files of one run or of several, each of which is checked, and what became of each."""

from __future__ import annotations

import streamlit as st

from dashboard import allowance, cache, explorers, markup, words
from dashboard.state import hold, remember, remembered, rerun
from dashboard.views import View
from selfsup_engine import archive
from selfsup_engine.archive import Outcome
from selfsup_engine.errors import UserError

MB = 100  # of a file that is brought, as .streamlit/config.toml allows it


def button(view: View) -> None:
    """Takes files, and keeps what became of their runs for `outcomes`."""
    if remembered("brought"):  # only now: what is drawn already cannot be closed in the same run
        remember("brought", None)
        hold("bringing", False)
    with st.popover("Upload", icon=":material/upload:", key="bringing", on_change="rerun"):
        limits = cache.library().limits
        most = f" At most {limits.upload_mb} MB each, {limits.why('upload_mb')}." if limits else ""
        markup.show(markup.muted(f"Files that “Download” gave, of one model or of several.{most}"))
        files = st.file_uploader(
            "Zips of models",
            type=["zip"],
            accept_multiple_files=True,
            key=f"upload-{remembered('uploads', 0)}",
            max_upload_size=allowance.megabytes(MB),
            label_visibility="collapsed",
        )
        if files:
            became: list[Outcome] = []
            with st.status("Checking every part of them…") as status:
                for outcome in archive.take_in_many([(file.name, file) for file in files], cache.library()):
                    became.append(outcome)
                    status.update(label=f"{len(became)} checked, the last: {words.plain(outcome.name)}")
            remember("uploads", remembered("uploads", 0) + 1)
            remember("outcomes", became)
            remember("brought", True)
            rerun(view)


def outcomes() -> None:
    """What became of the files that were brought last: where the good ones are, and why the others are not."""
    became: list[Outcome] = remembered("outcomes", [])
    if not became:
        return
    with st.container(border=True, key="brought-bar"):
        taken = [outcome.folder for outcome in became if outcome.folder]
        if taken:
            n = len(taken)
            markup.show(f"<b>{n} {'model is' if n == 1 else 'models are'} in your library now.</b>")
            with st.container(horizontal=True):
                for folder in taken[:6]:
                    try:
                        title = words.title(folder)
                    except UserError:
                        continue  # deleted again
                    if st.button(words.plain(title), key=f"brought-{folder.name}", icon=":material/check:"):
                        explorers.open_page(folder)
        for outcome in became:
            if outcome.why:
                st.error(f"**{words.plain(outcome.name)}**: {words.plain(outcome.why)}", icon=":material/block:")
        if st.button("Close", icon=":material/close:", key="close-outcomes"):
            remember("outcomes", None)
            st.rerun()
