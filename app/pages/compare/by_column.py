"""The quality of the models against a column of the jets, and how their cuts sculpt it."""

import numpy as np
import streamlit as st

from app.components.messages import grouped, note, plain, show_error
from app.components.study.chart import show_chart
from app.components.study.controls import select_width
from app.pages.compare.context import CompareContext
from app.pages.compare.state import EFFICIENCIES, CompareState
from app.services import columns, comparison_columns
from app.services.library import Comparison, PartError
from app.state import session
from app.state.filters import ColumnFilter, parse_filter, slider_limits

ABOUT_COLUMNS = "Choose a column: any number that each jet has is an axis for accuracy, efficiency and rejection."
ABOUT_SCULPTING = "Choose a column, such as a mass: how does the background that passes a cut differ in it?"
SLICE = "slice_ends"


def by_column(context: CompareContext, comparison: Comparison, accents: tuple[str, ...], height: int) -> None:
    """Draw accuracy, signal efficiency and background rejection in bins of the chosen column."""
    found = _controls(context, comparison, ABOUT_COLUMNS, "pt")
    if found is None:
        return
    (name, values), point = found, _point(context, comparison)
    result, charts = comparison_columns.quality(comparison, name, values, context.state.bins, point)
    places = st.columns(max(len(charts), 2))
    for place, (key, chart) in zip(places, charts.items(), strict=False):
        with place:
            show_chart(chart, f"{key}_{name}", height, accents)
    texts = ["Points at the median of bins with equally many jets; bands: Wilson intervals."]
    if point is not None:
        texts.append(
            "The cut is fixed on all jets that are shown. Arrows: no background passes, a lower limit at 95 %."
        )
    texts += [_left_out(result.not_finite, name)] if result.not_finite else []
    st.caption(plain(" ".join(texts)))


def sculpting(context: CompareContext, comparison: Comparison, accents: tuple[str, ...], height: int) -> None:
    """Draw the chosen column for the background that passes a cut, and for that which does not, for each model."""
    found = _controls(context, comparison, ABOUT_SCULPTING, "mass")
    if found is None:
        return
    (name, values), point = found, _point(context, comparison)
    if point is None:
        note("A working point needs jets of a signal and of the background; here all are of one class.")
        return
    result, charts = comparison_columns.sculpting(comparison, name, values, point)
    places = st.columns(max(len(charts), 2))
    for m, (place, (caption, chart)) in enumerate(zip(places, charts.items(), strict=False)):
        with place:
            show_chart(chart, f"sculpting{m}_{name}", height, accents, caption)
    at = comparison_columns.point_text(comparison, point)
    texts = [
        f"{comparison.dataset.titles[point.background]} jets that pass the cut of {at} beside those that do not, each "
        "scaled to an area of 1; bands: Wilson intervals. JSD: Jensen-Shannon divergence [bits] of the two, in ten "
        "bins, without the bias of finite samples; p: how often as many random jets differ at least as much."
    ]
    texts += [_left_out(result.not_finite, name)] if result.not_finite else []
    st.caption(plain(" ".join(texts)))


def _left_out(count: int, name: str) -> str:
    return f"Left out: {grouped(count)} jets without a finite {name}."


def _point(context: CompareContext, comparison: Comparison):
    return comparison_columns.point(comparison, context.state.signal, float(context.state.efficiency))


def _controls(context: CompareContext, comparison: Comparison, about: str, first: str) -> tuple[str, np.ndarray] | None:
    """Draw the choices of column, working point, bins and slice.

    Returns name and values of the column, which is `first` where none is chosen; None if there is no such column.
    """
    state = context.state
    with st.container(horizontal=True, vertical_alignment="bottom"):
        try:
            offered = comparison_columns.names(context.file, context.models)
        except PartError as error:
            show_error(error)
            return None
        asked = state.column or first
        chosen = asked if asked in offered else None
        st.session_state["choose_column"] = chosen
        st.selectbox(
            "Column",
            offered,
            format_func=columns.title,
            placeholder="Choose a column",
            width=260,
            key="choose_column",
            on_change=session.on_widget_change,
            args=(CompareState, "column", None, {}),
        )
        _choose_point(context, comparison)
        if state.section == "columns":
            st.number_input("Bins", 2, 30, width=110, **session.bind_widget(CompareState, "bins"))
        values = _read(context, chosen) if chosen else None
        if values is not None:
            _choose_slice(context, chosen, values)
    if chosen is None:
        note(f"There is no column {state.column} here. {about}" if state.column else about)
    return None if values is None else (chosen, values)


def _read(context: CompareContext, name: str) -> np.ndarray | None:
    try:
        values = context.column(name)
    except PartError as error:
        show_error(error)
        return None
    if not np.isfinite(values).any():
        note(f"No jet has a finite {name}.")
        return None
    return values


def _choose_point(context: CompareContext, comparison: Comparison) -> None:
    signals = {comparison.dataset.classes[c]: comparison.dataset.titles[c] for c in comparison.signals}
    if not signals:
        return
    st.selectbox(
        "Signal",
        list(signals),
        format_func=lambda name: signals[name],
        width=select_width(signals.values()),
        **session.bind_widget(
            CompareState, "signal", context.state.signal if context.state.signal in signals else next(iter(signals))
        ),
    )
    st.segmented_control(
        "Signal efficiency",
        EFFICIENCIES,
        format_func=lambda text: f"{100 * float(text):g} %",
        required=True,
        **session.bind_widget(CompareState, "efficiency"),
    )


def _choose_slice(context: CompareContext, name: str, values: np.ndarray) -> None:
    """Draw the slider of the slice, which is of the chosen column or, until it is taken back, of another one."""
    own = parse_filter(context.state.slice) if context.state.slice else ColumnFilter(name)
    if own.name != name or context.kept is not None:
        values = comparison_columns.values(context.file, context.entries, context.models, own.name)
    low, high, step = slider_limits(values)
    if low < high:
        st.session_state[SLICE] = (float(np.clip(own.low, low, high)), float(np.clip(own.high, low, high)))
        digits = max(0, -int(np.floor(np.log10(step))))
        st.slider(
            f"Slice of {columns.title(own.name)}", low, high, step=step, format=f"%.{digits}f", width=260, key=SLICE,
            on_change=_slice, args=(own.name, (low, high)),
        )  # fmt: skip


def _slice(name: str, limits: tuple[float, float]) -> None:
    low, high = (float(f"{end:.12g}") for end in st.session_state[SLICE])
    chosen = ColumnFilter(name, -np.inf if low <= limits[0] else low, np.inf if high >= limits[1] else high)
    session.update(CompareState, slice="" if chosen.is_open else chosen.text)
