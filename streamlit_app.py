"""ParTScope: look into Particle Transformers. Start with `streamlit run streamlit_app.py`."""

from pathlib import Path

import streamlit as st

APP = Path(__file__).parent / "app"

st.set_page_config("ParTScope", str(APP / "icon.svg"), layout="wide", initial_sidebar_state=250)
st.logo(str(APP / "logo.svg"), size="medium")
st.html(APP / "style.css")
explore = st.Page(APP / "pages" / "explore" / "page.py", title="Explore", url_path="explore", default=True)
compare = st.Page(APP / "pages" / "compare" / "page.py", title="Compare", url_path="compare")
bias = st.Page(APP / "pages" / "bias" / "page.py", title="Bias", url_path="bias")
sparsity = st.Page(APP / "pages" / "sparsity" / "page.py", title="Sparsity", url_path="sparsity")
attribution = st.Page(APP / "pages" / "attribution" / "page.py", title="Attribution", url_path="attribution")
intervention = st.Page(APP / "pages" / "intervention" / "page.py", title="Intervention", url_path="intervention")
performance = st.Page(APP / "pages" / "performance" / "page.py", title="Performance", url_path="performance")
train = st.Page(APP / "pages" / "train" / "page.py", title="Train", url_path="train")
st.navigation([explore, compare, bias, sparsity, attribution, intervention, performance, train]).run()
