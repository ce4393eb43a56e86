"""A short tour, which a browser shows at its first visit and the button in the sidebar opens again.

All of it happens in the browser, which also remembers that it has seen the tour: neither the server nor the address of
the page knows of it.
"""

from pathlib import Path

import streamlit as st

_HERE = Path(__file__).parent
# Title, text, and a CSS selector of what gets a frame, where the page has it.
STEPS = (
    (
        "Jets and models",
        "All pages look at the jets and the models that are chosen here. You can restrict the jets, and upload your "
        "own jets or a whole training.",
        "[data-testid=stSidebarUserContent]",
    ),
    (
        "All heads at once",
        "On Explore, each small matrix is the attention of one head for this jet. Click one to open it.",
        ".st-key-explained_mosaic0",
    ),
    (
        "One head",
        "Its rows are queries, its columns keys. Click a row: the event display and the table follow that constituent.",
        ".st-key-explained_matrix0",
    ),
    (
        "A question per page",
        "Which model is better? What does the bias do? Which particles matter? The shipped models come with results; "
        "Run measures the jets and models of your choice.",
        "[data-testid=stSidebarNav]",
    ),
    (
        "What it says, and how sure",
        "The sentence below a chart is made of its numbers, and names only what is significant. The small question "
        "mark explains the picture: quantity, unit, how to read it, and the paper.",
        "[class*=st-key-about_] button",
    ),
    (
        "Take it along",
        "Export and PDF save figures and numbers. The address of the page holds all that you have chosen: send it to a "
        "colleague.",
        ".st-key-export",
    ),
)


def _asset(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


_component = st.components.v2.component(
    "partscope_tour", html=_asset("tour.html"), css=_asset("tour.css"), js=_asset("tour.js")
)


def tour() -> None:
    """Draw the button that opens the tour, and on the first visit the tour."""
    steps = [{"title": title, "text": text, "target": target} for title, text, target in STEPS]
    _component(data={"steps": steps}, key="tour")
