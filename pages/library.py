"""Library: every run and every model of the gallery."""

import streamlit as st

from dashboard import cache, shelf, state

cache.jobs()
view = state.load(state.LibraryView)
st.title("Library")
shelf.top(view)
shelf.shelf(view)
state.save(view)
cache.warm_up()
