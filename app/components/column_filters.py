"""Filters on columns in the sidebar: choose a column, then a range or some of its values."""

import numpy as np
import streamlit as st

from app.components.messages import grouped, plain
from app.services import columns
from app.services.library import PartError
from app.state import session
from app.state.filters import ColumnFilter, few_values, not_finite, slider_limits
from app.state.resolve import ResolvedSelection
from app.state.selection import MAX_FILTERS, JetSelection

ADD = "choose_filter_column"


def column_filters(resolved: ResolvedSelection) -> None:
    """Draw the filters that are chosen, and the widget that adds one."""
    for chosen in resolved.filters:
        _filter(resolved, chosen)
    if len(resolved.filters) == MAX_FILTERS:
        return
    try:
        offered = [name for name in columns.names(resolved.file) if name not in {f.name for f in resolved.filters}]
    except PartError:  # the page says why the file cannot be opened
        return
    st.session_state[ADD] = None
    st.selectbox(
        "Filter by a column",
        offered,
        format_func=columns.title,
        placeholder="Filter by a column",
        label_visibility="collapsed",
        help="Any number that each jet has; it is read from the file when it is chosen.",
        key=ADD,
        on_change=_add,
        args=(resolved.filters,),
    )


def _filter(resolved: ResolvedSelection, chosen: ColumnFilter) -> None:
    values, key = columns.values(resolved.file, chosen.name)[resolved.sample.kept], f"filter_{chosen.name}"
    arguments = {"key": key, "on_change": _change, "args": (resolved.filters, chosen.name, key)}
    distinct, (low, high, step) = few_values(values), slider_limits(values)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        if distinct:
            st.session_state[key] = [value for value in distinct if value in chosen.chosen]
            st.multiselect(
                columns.title(chosen.name), distinct, format_func="{:g}".format, placeholder="All values", **arguments
            )
        elif low < high:
            ends = (float(np.clip(chosen.low, low, high)), float(np.clip(chosen.high, low, high)))
            st.session_state[key] = ends
            digits = max(0, -int(np.floor(np.log10(step))))
            limits = {"args": (resolved.filters, chosen.name, key, (low, high))}
            st.slider(columns.title(chosen.name), low, high, step=step, format=f"%.{digits}f", **(arguments | limits))
        else:
            st.caption(plain(f"{columns.title(chosen.name)} is the same for all jets"))
        st.button(
            "×", key=f"remove_{key}", type="tertiary", help="Remove this filter", on_click=_store,
            args=([f for f in resolved.filters if f != chosen],),
        )  # fmt: skip
    if left_out := not_finite(resolved.file, resolved.sample, chosen.name):
        st.caption(plain(f"{grouped(left_out)} jets have no finite {chosen.name}, and do not pass"))


def _add(filters: tuple[ColumnFilter, ...]) -> None:
    name = st.session_state[ADD]
    if name is not None:
        _store([*filters, ColumnFilter(name)])


def _change(filters: tuple[ColumnFilter, ...], name: str, key: str, limits: tuple[float, float] | None = None) -> None:
    """Store what a widget shows; the ends of a slider stand for all that is beyond them."""
    value = st.session_state[key]
    if limits is None:
        new = ColumnFilter(name, chosen=tuple(value))
    else:
        low, high = (float(f"{end:.12g}") for end in value)
        new = ColumnFilter(name, -np.inf if low <= limits[0] else low, np.inf if high >= limits[1] else high)
    _store([new if old.name == name else old for old in filters])


def _store(filters: list[ColumnFilter]) -> None:
    session.update(JetSelection, filters=tuple(chosen.text for chosen in filters))
