"""A sample: how faithful the methods are on average, how they agree, and which particles they point to."""

import streamlit as st

from app.components.study.chart import show_chart
from app.pages.attribution.context import Look
from app.services.attribution import AttributionFindings, charts

ABOUT = (
    "Run explains these jets one by one, which takes some seconds each, and averages deletion and insertion curves, "
    "the agreement of the methods, and the shares of species and of the hardest particles."
)


def sample(look: Look) -> None:
    findings: AttributionFindings | None = look.findings(ABOUT)
    if not findings:
        return
    plots = charts.charts(findings)
    rows = (
        (("deletion", "insertion", "gains"), 3),
        (("agreement", "species", "ranks", "infidelity"), (3.7, 2.5, 2.7, 2.1)),
    )
    for row, widths in rows:
        for column, name in zip(st.columns(widths), row, strict=True):
            with column:
                show_chart(plots[name], name, 326)
    st.caption(
        "Means over jets with intervals of 95 %. The probability is that of the explained class, in a contrast of the "
        "two. Shares are of the sizes of the attributions; the row of pT shows the particles' own."
    )
