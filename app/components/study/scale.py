"""The switch between one colour scale for charts side by side and a scale for each."""

from collections.abc import Mapping

import streamlit as st

from app.services.library import Chart, share_limits

ABOUT = "Each chart has the scale of its own numbers. Otherwise equal colours are equal numbers in all of them."


def own_scales(key: str) -> bool:
    """Draw the switch, and return whether each chart has its own scale; by default they share one."""
    return st.toggle("Own scales", key=f"own_scales_{key}", help=ABOUT)


def on_one_scale(charts: Mapping[str, Chart], key: str) -> dict[str, Chart]:
    """Draw the switch, and return the charts as it says."""
    return dict(charts) if own_scales(key) else share_limits(charts)
