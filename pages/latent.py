"""Latent space: stand at any point of what a model has learned, and see what it draws there."""

import streamlit as st

from dashboard import cache, explorer, sharing, state, views, words
from selfsup_engine.errors import UserError

view = state.load(views.LatentView)
sharing.header("Latent space", view)
folder = explorer.choose_model(view)
if folder is not None:
    try:
        explorer.explore(folder, view)
    except UserError as error:
        st.error(words.plain(error))
cache.warm_up()
