"""The settings of a measurement, which are kept for the session, apart from what is shown."""

from collections.abc import Sequence

import streamlit as st

from app.components.messages import plain
from app.services import benchmarks

BATCHES = tuple(2**p for p in range(10))
LENGTHS = tuple(2**p for p in range(4, 13))
FROM_FILE = "of the file"
TITLES = {"speed": "the batch", "growth": "the number of constituents"}


def settings(tab: str, file_name: str, has_data_config: bool = False) -> list[str]:
    """Draw the widgets of a tab's measurement and return the options of the command."""
    with st.popover("Settings", key="settings"):
        options = _tab_options(tab)
        device, threads, repeats = st.columns(3)
        machine = benchmarks.machine()
        devices = ["cpu", "cuda"] if machine.gpu else ["cpu"]
        with device:
            options += ["--device", _keep("device", devices[-1], st.selectbox, "Device", devices)]
        with threads:
            cores = list(range(1, machine.cores + 1))
            options += ["--threads", str(_keep("threads", 1, st.selectbox, "Threads", cores))]
        with repeats:
            name = "--repeats" if tab in TITLES else "--passes"
            options += [name, str(_keep(f"repeats{name}", 15 if tab in TITLES else 5, _number, "Passes"))]
        if tab in TITLES:
            st.caption(
                "Models alternate, after two warm-up passes each; about 10 s per point, but three passes at least."
            )
        st.caption(_jets(tab, file_name, has_data_config))
        st.caption(plain(f"This machine: {machine}."))
        st.caption("The models are those of the sidebar; NAME@bf16 runs in bfloat16.")
    return options


def _tab_options(tab: str) -> list[str]:
    if tab == "speed":
        batches = _keep(
            "batches", (1, 8, 64, 256), st.segmented_control, "Jets of a pass", BATCHES, selection_mode="multi"
        )
        chosen = _keep("constituents", FROM_FILE, st.selectbox, "Constituents", (FROM_FILE, *LENGTHS[:4]))
        lengths = [] if chosen == FROM_FILE else ["--lengths", str(chosen)]
        return ["--batches", *map(str, sorted(batches) or (1,)), *lengths]
    if tab == "growth":
        default = (32, 64, 128, 256, 512, 1024)
        lengths = _keep("lengths", default, st.segmented_control, "Constituents", LENGTHS, selection_mode="multi")
        batch = _keep("growth_batch", 1, st.selectbox, "Jets of a pass", BATCHES)
        return ["--batches", str(batch), "--lengths", *map(str, sorted(lengths) or (128,))]
    batch = _keep("one_batch", 64, st.selectbox, "Jets of a pass", BATCHES)
    return ["--batch", str(batch)]


def _jets(tab: str, file_name: str, has_data_config: bool) -> str:
    if tab == "growth":
        return (
            "Random jets without padding. A model that cannot take so many constituents is measured with random "
            "weights, since time does not depend on them. Passes of more than 2²⁴ pairs are left out."
        )
    if tab == "roofline":
        return "Random jets of 48 constituents without padding, which would count as work."
    if has_data_config:
        return f"Random jets as long as the median of those of {file_name}, since a data config reads these."
    return f"The first jets of {file_name} that pass the filters, padded to the longest of a pass."


def _keep(name: str, default, widget, label: str, options: Sequence | None = None, **how):
    """Return a widget's value, which stays when the widget is not shown for a while."""
    values, key = st.session_state.setdefault("bench", {}), f"bench_{name}"
    if key not in st.session_state:
        value = values.get(name, default)
        st.session_state[key] = list(value) if isinstance(value, tuple) else value
    values[name] = widget(label, *([] if options is None else [options]), key=key, **how)
    return values[name]


def _number(label: str, key: str) -> int:
    return st.number_input(label, 1, 1000, key=key)
