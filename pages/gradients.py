"""Colour gradients: a photo, an operation on it, and both under one divider."""

import streamlit as st

from dashboard import cache, sharing, state, studio, views, words
from selfsup_engine.errors import UserError

view = state.load(views.PhotoView)
sharing.header("Colour gradients", view)
try:
    studio.studio(view)
except UserError as error:
    st.error(words.plain(error))
state.save(view)
cache.warm_up()
