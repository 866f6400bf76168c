"""GAN sampler: choose a sample of a generator, and steer what it draws."""

import streamlit as st

from dashboard import cache, explorers, sharing, state, steering, views, words
from selfsup_engine.errors import UserError

view = state.load(views.SamplerView)
sharing.header("GAN sampler", view)
folder = explorers.choose_model(view, explorers.GAN, steering.KEPT)
if folder is not None:
    try:
        steering.steer(folder, view)
    except UserError as error:
        st.error(words.plain(error))
cache.warm_up()
