"""From one page to another: what the page before still says is not answered any more.

A component may have a message on its way when its page is left. Streamlit takes that for a request to draw a part of the old page, draws that after
the new page, and the browser, told of another page once more, takes the new one away: what is seen is empty.
"""

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard import direct, state


def forget_page_before(page: str) -> None:
    """To be called before a page is drawn, with its address. Within one page it does nothing; nor on the browser's way back and forward, where the
    page before is gone by then."""
    before = state.remembered("page")
    state.remember("page", page or "home")
    if before != (page or "home"):
        direct.hang_up()
    running = get_script_run_ctx(suppress_warning=True)
    if running is None or running.is_history_navigation or before in (None, page or "home"):
        return
    running.fragment_storage.clear()  # what comes from now on is for a part that nobody knows
    st.rerun()  # and this absorbs what came before
