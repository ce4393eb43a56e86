"""Speed against the batch, and growth with the number of constituents."""

import html

import streamlit as st

from app.components.messages import line
from app.components.model_table import cells, model_table
from app.components.study.chart import show_chart
from app.pages.performance.context import PerformanceContext, milliseconds, small_spread
from app.pages.performance.state import PerformanceState
from app.services.library import SpeedMeasurement, Timing, significant, speed_charts
from app.state import session

TALL = 380  # px
HEADINGS = {
    "Time of a pass [ms]": "Median, and in brackets 68 % of the passes",
    "Passes": "Those that count, of all models in turns; there is no spread of fewer than three",
    "Time per jet [ms]": "Divided by the jets of a pass",
    "Jets per second": "At the median",
    "Ratio": "Time of the first model over that of this one in the same rounds: median, and 68 % of the rounds",
    "First pass [ms]": "The first of the warm-up passes, once",
    "Memory": "Weights and the peak of a pass's tensors; on the CPU the buffers inside an operator are not counted",
    "Energy per jet": "By the counters of the hardware, where there are any",
    "On disk": "Size of the file of weights",
    "Parameters": "Trained numbers",
}


def speed(context: PerformanceContext) -> None:
    """Draw latency and throughput against the batch, and one batch size in detail."""
    if not context.has_rows("Run measures time, throughput and memory of the models against the jets of a pass."):
        return
    series = context.series
    sizes = sorted({row.batch for rows in series.values() for row in rows})
    batch = min(sizes, key=lambda size: abs(size - context.state.batch))
    charts = (
        speed_charts.latency(series, "batch"),
        speed_charts.throughput(series, "batch"),
        speed_charts.passes(series, batch),
    )
    for column, chart in zip(st.columns(3), charts, strict=True):
        with column:
            show_chart(chart, f"speed_{chart.title}", TALL, context.accents)
    with st.container(horizontal=True, vertical_alignment="center", key="batch_line"):
        line('<div class="caption">{}</div>', "In detail, jets of a pass")
        choice = session.bind_widget(PerformanceState, "batch", batch)
        st.segmented_control("Jets of a pass", sizes, label_visibility="collapsed", **choice)
    _table({name: row for name, rows in series.items() for row in rows if row.batch == batch}, context)
    if len(context.results) == 1:  # for several files there would be too many sentences to read
        st.caption(" ".join(speed_charts.describe_growth(series, "batch")))


def growth(context: PerformanceContext) -> None:
    """Draw cost against N on logarithmic axes, the exponents, and where one model overtakes another."""
    if not context.has_rows("Run measures how time and memory of a pass grow with the constituents of a jet."):
        return
    series = context.series
    left, middle, right = st.columns((0.4, 0.36, 0.24))
    with left:
        show_chart(speed_charts.latency(series, "n"), "growth_time", 520, context.accents)
    with middle:
        show_chart(speed_charts.memory(series, "n"), "growth_memory", 520, context.accents)
    with right:
        line('<div class="caption">{}</div>', "In words")
        for sentence in _growth_sentences(series):
            st.caption(sentence)


def _growth_sentences(series: dict[str, list[SpeedMeasurement]]) -> list[str]:
    """Return how time grows, what failed, and which models ran with other weights."""
    rows = [row for measurements in series.values() for row in measurements]
    failures = {f"{row.model}, {row.n:.0f}: {row.failed}": None for row in rows if row.failed}
    sentences = [*speed_charts.describe_growth(series, "n"), *failures]
    if models := sorted({row.model for row in rows if row.reinitialised}):
        sentences.append(f"Beyond the length it was built for, {', '.join(models)} has random weights.")
    return sentences


def _table(rows: dict[str, SpeedMeasurement], context: PerformanceContext) -> None:
    """Draw a row for each model, at one batch size."""
    first = next((row.timing for row in rows.values() if not row.failed), None)
    lines = [(name, context.colour(i), _cells(row, first)) for i, (name, row) in enumerate(rows.items())]
    model_table(HEADINGS, lines)


def _cells(row: SpeedMeasurement, first: Timing | None) -> str:
    """Return the cells of a row; `first` is the first model's time."""
    if row.failed or first is None:
        return f'<td colspan="{len(HEADINGS)}">{html.escape(row.failed or "")}</td>'
    timing = row.timing
    ratio, *ends = timing.ratio(first)
    return cells(
        (
            milliseconds(timing),
            str(len(timing.seconds)),
            milliseconds(timing, row.batch),
            significant(row.batch / timing.median),
            f"×{small_spread(ratio, (ends[0], ends[1]))}",
            significant(1e3 * row.warmup[0]) if row.warmup else "–",
            f"{row.memory / 1e6:.0f} MB",
            "not counted" if row.joules is None else f"{significant(1e3 * row.joules / row.batch)} mJ",
            f"{row.disk / 1e6:.2f} MB",
            f"{row.parameters / 1e6:.2f} M",
        )
    )
