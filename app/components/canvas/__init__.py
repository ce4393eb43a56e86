"""Interactive figures: each is a Streamlit component of a JavaScript file, fed by `part.figures.canvas`."""
