"""The entry script: the pages, and nothing else."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

import streamlit as st

from dashboard import delivery, faults, leftovers, style, turning, visitor

st.set_page_config(
    page_title="Selfsup Studio",
    page_icon=str(ROOT / "dashboard" / "static" / "icon.png"),
    layout="wide",
    initial_sidebar_state="collapsed",
)
delivery.mend()
leftovers.mend()
style.apply()
visitor.greet()
pages = [
    st.Page(ROOT / "pages" / "home.py", title="Home", icon=":material/home:", default=True),
    st.Page(ROOT / "pages" / "train.py", title="Train", icon=":material/model_training:", url_path="train"),
    st.Page(ROOT / "pages" / "latent.py", title="Latent space", icon=":material/scatter_plot:", url_path="latent"),
    st.Page(ROOT / "pages" / "gan.py", title="GAN sampler", icon=":material/tune:", url_path="gan"),
    st.Page(
        ROOT / "pages" / "gradients.py", title="Colour gradients", icon=":material/gradient:", url_path="gradients"
    ),
    st.Page(ROOT / "pages" / "compare.py", title="Compare", icon=":material/compare:", url_path="compare"),
    st.Page(ROOT / "pages" / "inside.py", title="Inside", icon=":material/frame_inspect:", url_path="inside"),
    st.Page(ROOT / "pages" / "library.py", title="Library", icon=":material/photo_library:", url_path="library"),
    st.Page(
        ROOT / "pages" / "run.py", title="Run", icon=":material/info:", url_path="run", visibility="hidden"
    ),  # every card leads there
    st.Page(
        ROOT / "pages" / "self_test.py",
        title="Self-test",
        icon=":material/task_alt:",
        url_path="self-test",
        visibility="hidden",
    ),  # home's last line leads there
]
page = st.navigation(pages, position="top")
style.menu_of_a_phone(pages)
turning.forget_page_before(page.url_path)
with faults.in_words():
    page.run()
