"""Home: what this is, the gallery, what is running."""

import streamlit as st

from dashboard import allowance, cache, home

cache.jobs()
home.hero()
allowance.notice()
home.running()
st.header("Trained models, ready to play with")
home.gallery(cache.library().shown())
mine = [folder for folder in cache.library().runs() if folder.usable][:3]
if mine:
    st.header("Yours, latest first")
    home.gallery(mine)
    st.page_link("../pages/library.py", label="All of yours are in the library", icon=":material/photo_library:")
home.host_line()
