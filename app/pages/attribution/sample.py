"""A sample: how faithful the methods are on average, how far they agree, and which particles they show."""

import numpy as np
import streamlit as st

from app.components.study.chart import show_charts
from app.pages.attribution.context import AttributionContext, left_out_text
from app.services.figures import study_charts

ABOUT = (
    "Run explains these jets one by one, which takes some seconds each, and averages deletion and insertion curves, "
    "the agreement of the methods, and the shares of species and of the leading particles."
)
HEIGHT = 306


def sample(context: AttributionContext) -> None:
    result = context.result(ABOUT)
    if not result:
        return
    charts = study_charts("attribution", result)
    show_charts(charts, ("deletion", "insertion", "gains"), HEIGHT)
    has_species = bool(np.isfinite(charts["species"].values).any())
    if has_species:
        show_charts(charts, ("agreement", "species", "ranks", "infidelity"), HEIGHT, (3.5, 2.9, 2.6, 2.1))
    else:
        show_charts(charts, ("agreement", "ranks", "infidelity"), HEIGHT, (3.7, 2.7, 2.1))
    st.caption(
        "Means over jets with intervals of 95 %. The probability is that of the explained class, in a contrast of the "
        "two. Shares are of the sizes of the attributions; the row of pT shows the particles' own."
        + ("" if has_species else " These jets do not say the species of constituents.")
        + left_out_text(result.names, result.means["agreement"].value)
    )
