"""Inside: what every layer of a model makes of one picture, what its units look for, and what it learned without labels."""

import streamlit as st

from dashboard import cache, explorers, inside, sharing, state, views, words
from selfsup_engine.errors import UserError

view = state.load(views.InsideView)
sharing.header("Inside", view)
folder = explorers.choose_model(view, explorers.INSIDE, inside.KEPT)
if folder is not None:
    try:
        inside.look(folder, view)
    except UserError as error:
        st.error(words.plain(error))
cache.warm_up()
