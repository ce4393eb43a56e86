"""Where the time goes: operators and modules of two models, and modules beside what the machine can do."""

import html

import streamlit as st

from app.components.study.chart import show_chart
from app.pages.performance.context import Look, machines, ms
from app.services.benchmarks import WHOLE, Point, charts


def operators(look: Look) -> None:
    """Two models side by side: flame charts, then bars by operator and by module."""
    if not look.has(
        "Run takes the time of a pass apart, by operator and by module, for the first two models, and writes a trace "
        "for Perfetto."
    ):
        return
    profiles, measure = look.rows[:2], look.choice.selection.measure
    measure = measure if measure in charts.MEASURES else "seconds"
    for i, (column, profile) in enumerate(zip(st.columns(2), profiles, strict=False)):
        with column:
            flame = charts.flame(profile, measure)
            caption = f"{profile.model}: {ms(profile.plain)} ms a pass, {ms(profile.seconds)} ms profiled"
            show_chart(flame, f"flame{i}", 270, caption=caption)
    for column, chart in zip(
        st.columns(2), (charts.operators(profiles, measure), charts.modules(profiles, measure)), strict=True
    ):
        with column:
            show_chart(chart, chart.title, 330, look.accents)
    st.caption(
        "A click goes into a part of a flame. Bars of modules are without the modules below them, equal modules of all "
        "blocks together. The profiler slows what it watches, short operators most."
    )
    machines(look)


def roofline(look: Look) -> None:
    """Measured peaks, and the modules of a model, or several models as a whole; in words what bounds each."""
    if not look.has(
        "Run measures what this machine can do, arithmetic and memory, and how near each module of the models comes."
    ):
        return
    points = look.rows
    models = list(dict.fromkeys(point.model for point in points))
    chosen = models[min(look.choice.selection.focus, len(models) - 1)]
    shown = [point for point in points if point.model == chosen]
    left, right = st.columns((0.42, 0.58))
    with left:
        show_chart(charts.roofline(shown), "roofline", 480, look.accents)
        if len(models) > 1:
            whole = [point for point in points if point.module == WHOLE]
            st.caption(" ".join(f"{point.model}: {point.words()}." for point in whole))
    with right:
        _table(shown)
    st.caption(
        "Each module without those below it, blocks together. Products of matrices count multiplications and "
        "additions, other operators one operation for each number they write; bytes as if nothing stayed in a cache."
    )
    machines(look)


def _table(points: list[Point]) -> None:
    total = points[0].seconds
    rows = "".join(
        f"<tr><th>{html.escape(point.module)}</th><td>{ms(point.seconds)} ms</td>"
        f"<td>{point.seconds / total:.1%}</td><td>{point.intensity:.3g}</td><td>{point.speed / 1e9:.3g}</td>"
        f'<td class="words">{point.words()}</td></tr>'
        for point in points
        if point.seconds > 0.002 * total
    )
    names = ("", "Time", "Share", "FLOP/byte", "GFLOP/s", "")
    heads = "".join(f"<th>{name}</th>" for name in names)
    st.html(
        f'<div class="long"><table class="models"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'
    )
