"""One model on two samples: quality side by side with the change, and the scores of a class."""

import streamlit as st

from app.components.messages import note
from app.components.model_table import cells, model_table
from app.components.study.chart import show_chart
from app.components.theme import accents
from app.pages.compare.context import CompareContext
from app.pages.compare.state import CompareState
from app.services import two_samples
from app.services.comparison import measure_title
from app.services.library import SamplePair
from app.state import session

HEIGHT = 400


def show_samples(context: CompareContext, pair: SamplePair) -> None:
    """Draw the result."""
    (first, second), (a, b) = pair.names, pair.samples
    text = f"{pair.model}: {len(a)} jets of {first} and {len(b)} of {second}. 95 % intervals of independent samples."
    if not pair.has_labels:
        text += " Not both have labels, so only the scores of all jets are compared."
    st.caption(text)
    rows = two_samples.table(pair)
    left, right = st.columns((0.62, 0.38))
    with left:
        _table(pair, rows)
    with right:
        _scores(context, pair)


def _table(pair: SamplePair, rows: list[dict]) -> None:
    titles = dict(zip(pair.classes, pair.samples[0].dataset.titles, strict=True))
    names = (*pair.names, "Change")
    headings = {
        names[0]: "The sample of the sidebar",
        names[1]: "The second sample",
        names[2]: "Second minus first; a rejection changes by a factor",
        "Score JSD [bits]": "Jensen-Shannon divergence of a class's scores: 0 for equal samples, 1 for disjoint ones",
    }
    divergences = {row["class"]: row for row in rows if row["measure"].startswith("score")}
    shown = []
    for row in rows:
        if row["measure"].startswith("score"):
            if pair.has_labels:
                continue
            texts = ["", "", ""]
        else:
            texts = [_number(row, name) for name in ("first", "second", "change")]
        title = f"Efficiency {titles[row['class']]}" if row["measure"] == "efficiency" else titles.get(row["class"], "")
        extra = divergences.get(row["class"])
        ends = [_number(extra, "change") if extra else ""]
        shown.append((title or measure_title(row["measure"], titles), "", cells([*texts, *ends])))
    model_table(headings, shown, is_long=True)


def _number(row: dict, name: str) -> str:
    """Return a number with its interval in small print, or the limit of a rejection, and the background that passes."""
    of = f"({row[f'{name}_passing']} of {row[f'{name}_background']})" if f"{name}_passing" in row else ""
    if row.get(f"{name}_above") is not None:
        return f"&gt; {row[f'{name}_above']:.2g} <small>at 95 % {of}</small>"
    if row.get(name) is None:
        return "–"
    low, high = row.get(f"{name}_low"), row.get(f"{name}_high")
    ends = "" if low is None else f"[{low:.3g}, {'∞' if high is None else format(high, '.3g')}]"
    return f"{row[name]:.3g} <small>{ends} {of}</small>".replace("-", "−")


def _scores(context: CompareContext, pair: SamplePair) -> None:
    titles = dict(zip(pair.classes, pair.samples[0].dataset.titles, strict=True))
    chosen = context.state.shown_class if context.state.shown_class in titles else pair.classes[0]
    st.selectbox(
        "Class",
        list(titles),
        format_func=lambda name: titles[name],
        **session.bind_widget(CompareState, "shown_class", chosen),
    )
    chart = two_samples.score_chart(pair, pair.classes.index(chosen))
    if not chart.series:
        note(f"Neither sample has jets of {titles[chosen]}.")
        return
    show_chart(chart, f"scores_{chosen}", HEIGHT, accents())
    st.caption("Scaled to an area of 1; bands: Wilson intervals. p: how often samples of one kind differ as much.")
