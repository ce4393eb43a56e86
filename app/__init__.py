"""The Streamlit app. Pages import components, components state, state services; services alone import the library."""
