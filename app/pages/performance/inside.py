"""The time by operator and module of two models, and modules beside the limits of the machine."""

import html

import streamlit as st

from app.components.model_table import model_table
from app.components.study.chart import show_chart
from app.pages.performance.context import PerformanceContext, milliseconds
from app.services import benchmarks
from app.services.library import RooflinePoint, significant, speed_charts, with_spread

ROOFLINE_HEADINGS = {
    "Time": "Of whole models the median and 68 % of the passes; of modules a mean of profiled passes, scaled",
    "Share": "",
    "FLOP/byte": "",
    "GFLOP/s": "",
    "": "",
}


def operators(context: PerformanceContext) -> None:
    """Draw two models side by side: flame charts, then bars by operator and by module."""
    if not context.has_rows(
        "Run splits the time of a pass by operator and by module, for the first two models, and writes a trace for "
        "Perfetto."
    ):
        return
    profiles, measure = context.first_rows[:2], context.state.measure
    measure = measure if measure in speed_charts.MEASURES else "seconds"
    for i, (column, profile) in enumerate(zip(st.columns(2), profiles, strict=False)):
        with column:
            low, high = (1e3 * end for end in profile.timing.spread)
            alone = with_spread(1e3 * profile.timing.median, (low, high))
            times = f"{alone} ms a pass, {significant(1e3 * profile.seconds)} ms profiled"
            show_chart(speed_charts.flame(profile, measure), f"flame{i}", 270, caption=f"{profile.model}: {times}")
    charts = (speed_charts.operators(profiles, measure), speed_charts.modules(profiles, measure))
    for column, chart in zip(st.columns(2), charts, strict=True):
        with column:
            show_chart(chart, chart.title, 330, context.accents)
    st.caption(
        "A click on a part of a flame enlarges it. Bars of modules exclude the modules below them and sum the same "
        "module over all blocks; their times are means of the profiled passes. The profiler slows what it records, "
        "short operators most. Torch runs the models here, module by module; predictions may be faster in compiled "
        "code, see Speed."
    )


def roofline(context: PerformanceContext) -> None:
    """Draw measured peaks and the modules of a model, or several models as a whole; say in words what bounds each."""
    if not context.has_rows(
        "Run measures the peaks of this machine, arithmetic and memory, and how near each module of the models comes."
    ):
        return
    points, models = context.first_rows, context.first_models
    chosen = models[min(context.selection.focus, len(models) - 1)]
    shown = [point for point in points if point.model == chosen]
    left, right = st.columns((0.42, 0.58))
    with left:
        show_chart(speed_charts.roofline(shown), "roofline", 480, context.accents)
        if len(models) > 1:
            model_points = benchmarks.whole_models(points)
            st.caption(" ".join(f"{point.model}: {point.describe()}." for point in model_points))
    with right:
        _table(shown)
    st.caption(
        "Each module excludes those below it and is summed over blocks. Products of matrices count multiplications and "
        "additions, other operators one operation for each number they write; bytes are counted without caches. Torch "
        "runs the modules; a model that predicts in compiled code is measured both ways."
    )


def _table(points: list[RooflinePoint]) -> None:
    total = points[0].seconds
    rows = [(point.module, "", _cells(point, total)) for point in points if point.seconds > 0.002 * total]
    model_table(ROOFLINE_HEADINGS, rows, is_long=True)


def _cells(point: RooflinePoint, total: float) -> str:
    return (
        f"<td>{milliseconds(point.timing)} ms</td><td>{point.seconds / total:.0%}</td>"
        f"<td>{point.intensity:.3g}</td><td>{point.speed / 1e9:.3g}</td>"
        f'<td class="sentence">{html.escape(point.describe())}</td>'
    )
