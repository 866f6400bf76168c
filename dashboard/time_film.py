"""The time machine as a film to take along: made behind the page's back, with its progress."""

from __future__ import annotations

import streamlit as st

from dashboard import cache, markup, words
from dashboard.rendering import Rendering
from dashboard.state import remember, remembered
from selfsup_engine.runs import RunFolder


def offer(folder: RunFolder) -> None:
    """Make it, watch it being made, download it."""
    opened = cache.timeline(folder)
    if len(opened.steps) < 2:
        return
    asked = (words.key(folder), opened.steps)
    kept: tuple[object, Rendering[bytes]] | None = remembered("time-film")
    rendering = kept[1] if kept and kept[0] == asked else None

    watching = rendering is not None and rendering.active

    @st.fragment(run_every=0.3 if watching else None)
    def live() -> None:
        if watching and rendering is not None and not rendering.active:
            st.rerun()  # nothing more to look at every moment
        with st.container(horizontal=True, vertical_alignment="center"):
            if rendering is None or (not rendering.active and rendering.result is None):
                if rendering is not None and rendering.error:
                    st.error(words.plain(rendering.error))
                if st.button("Make a GIF of it", icon=":material/movie:", key="make-film"):
                    from selfsup_engine.exploring.timelapse import film

                    remember("time-film", (asked, Rendering(lambda progress: film(opened, progress))))
                    st.rerun()
                markup.show(markup.muted("Map and pictures side by side, from the first step to the last."))
            elif rendering.active:
                markup.show(markup.gauge(rendering.share, "film"), markup.muted("Drawing the frames…"))
                if st.button("Cancel", icon=":material/close:", key="cancel-film"):
                    rendering.cancel()
                    remember("time-film", None)
                    st.rerun()
            else:
                assert rendering.result is not None
                st.download_button(
                    "Download the GIF",
                    rendering.result,
                    f"{folder.name}-timelapse.gif",
                    "image/gif",
                    icon=":material/download:",
                    key="download-film",
                    on_click="ignore",
                )
                markup.show(markup.muted(f"Ready: {words.size(len(rendering.result))}."))

    live()
