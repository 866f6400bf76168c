"""The latent slider of a Streamlit tutorial: a cached model, `st.slider`, `st.image`. What `benchmarks.exploring` holds the studio against.

LATENT=DIRECTORY PYTHONPATH=. streamlit run benchmarks/st_slider.py
"""

import streamlit as st
import torch

from benchmarks.slider_model import opened, picture


@st.cache_resource
def model() -> torch.nn.Module:
    """Once a server."""
    return opened()


value = st.slider("Along the direction", -3.0, 3.0, 0.0, 0.025)
st.image(picture(model(), value), width=400)
