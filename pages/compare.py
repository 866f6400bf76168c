"""Compare: models side by side, on the same images, seeds or photo."""

import streamlit as st

from dashboard import cache, compare, sharing, state, views, words
from selfsup_engine.errors import UserError

view = state.load(views.CompareView)
sharing.header("Compare", view)
folders = compare.choose_models(view)
if folders:
    try:
        compare.compare(folders, view)
    except UserError as error:
        st.error(words.plain(error))
state.save(view)
cache.warm_up()
