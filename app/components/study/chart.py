"""A chart of a study with its caption, and the button that saves it for a paper."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from app.components.messages import line
from app.services import studies as studying


def show_chart(chart, key: str, height: int, accents: Sequence[str] = (), caption: str | None = None) -> None:
    """The chart, as wide as its place. key: tells it apart on the page; caption: in place of the chart's title."""
    with st.container(horizontal=True, vertical_alignment="center", key=f"caption_{key}"):
        line('<div class="caption">{}</div>', caption or chart.title)
        st.download_button(
            "PDF",
            data=partial(studying.export_chart, chart, caption or chart.title),
            file_name=f"{key}.pdf",
            key=f"pdf_{key}",
            type="tertiary",
            on_click="ignore",
        )
    figure = studying.draw_chart(chart, st.context.theme.type or "light", height, accents)
    st.plotly_chart(figure, theme=None, key=key, config={"displayModeBar": False})
