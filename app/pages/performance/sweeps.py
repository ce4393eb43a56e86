"""Speed against the batch, and growth with the number of constituents."""

import html

import streamlit as st

from app.components.messages import line
from app.components.study.chart import show_chart
from app.pages.performance.context import Look, machines, ms
from app.services.benchmarks import Row, charts
from app.state.selection import adopt, mirror

TALL = 380  # px
HEADINGS = {
    "Time of a pass": "Median, and in brackets the quartiles",
    "a jet": "The median over the jets of a pass",
    "Jets a second": "Of the median",
    "Ratio": "Time of the first model over that of this one",
    "First pass": "The first of those that warm up",
    "Memory": "Weights, and at their peak the tensors of a pass; on the CPU what is within an operator is not seen",
    "Energy a jet": "By the counters of the hardware, where there are any",
    "On disk": "Size of the file of weights",
    "Parameters": "Trained numbers",
}


def speed(look: Look) -> None:
    """Latency and throughput against the batch, and one batch size in detail."""
    if not look.has("Run measures time, throughput and memory of the models against the number of jets of a pass."):
        return
    series = look.series
    sizes = sorted({row.batch for rows in series.values() for row in rows})
    batch = min(sizes, key=lambda size: abs(size - look.choice.selection.batch))
    for column, chart in zip(
        st.columns(3),
        (charts.latency(series, "batch"), charts.throughput(series, "batch"), charts.passes(series, batch)),
        strict=True,
    ):
        with column:
            show_chart(chart, f"speed_{chart.title}", TALL, look.accents)
    with st.container(horizontal=True, vertical_alignment="center", key="batch_line"):
        line('<div class="caption">{}</div>', "In detail, jets of a pass")
        key = mirror("batch", batch)
        st.segmented_control(
            "Jets of a pass", sizes, key=key, on_change=adopt, args=("batch",), label_visibility="collapsed"
        )
    _table({name: row for name, rows in series.items() for row in rows if row.batch == batch}, look)
    if len(look.found) == 1:  # of several there would be more words than anyone reads
        st.caption(" ".join(charts.growth_words(series, "batch")))
    machines(look)


def growth(look: Look) -> None:
    """Cost against N on logarithmic axes, the exponents, and where one model overtakes another."""
    if not look.has("Run measures how time and memory of a pass grow with the number of constituents of a jet."):
        return
    series = look.series
    left, middle, right = st.columns((0.4, 0.36, 0.24))
    with left:
        show_chart(charts.latency(series, "n"), "growth_time", 520, look.accents)
    with middle:
        show_chart(charts.memory(series, "n"), "growth_memory", 520, look.accents)
    with right:
        line('<div class="caption">{}</div>', "In words")
        for words in charts.growth_words(series, "n"):
            st.caption(words)
        for failed in {
            f"{row.model}, {row.n:.0f}: {row.failed}" for rows in series.values() for row in rows if row.failed
        }:
            st.caption(failed)
        if fresh := sorted({row.model for rows in series.values() for row in rows if row.untrained}):
            st.caption(f"Beyond its room {', '.join(fresh)} has fresh weights.")
    machines(look)


def _table(rows: dict[str, Row], look: Look) -> None:
    """A row a model, at one batch size."""
    good = [row for row in rows.values() if not row.failed]
    base = good[0].timing.median if good else float("nan")
    cells = "".join(f'<th title="{about}">{name}</th>' for name, about in HEADINGS.items())
    body = "".join(
        f'<tr><th style="color:{look.colour(i)}">{html.escape(name)}</th>{_cells(row, base)}</tr>'
        for i, (name, row) in enumerate(rows.items())
    )
    st.html(f'<table class="models"><thead><tr><th></th>{cells}</tr></thead><tbody>{body}</tbody></table>')


def _cells(row: Row, base: float) -> str:
    if row.failed:
        return f'<td colspan="{len(HEADINGS)}">{html.escape(row.failed)}</td>'
    time, (low, high) = row.timing.median, row.timing.quartiles
    energy = "" if row.joules is None else f"{1e3 * row.joules / row.batch:.3g} mJ"
    texts = (
        f"{ms(time)} <small>[{ms(low)}, {ms(high)}]</small>",
        f"{ms(time / row.batch)} ms",
        f"{row.batch / time:.3g}" if row.batch / time < 100 else f"{row.batch / time:.0f}",
        f"×{base / time:.2f}",
        f"{ms(row.warmup[0])} ms",
        f"{row.memory / 1e6:.0f} MB",
        energy or "not counted",
        f"{row.disk / 1e6:.2f} MB",
        f"{row.parameters / 1e6:.2f} M",
    )
    return "".join(f"<td>{text}</td>" for text in texts)
