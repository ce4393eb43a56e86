"""What is measured, and how: kept for the session, apart from what is shown."""

from collections.abc import Sequence

import streamlit as st

from app.services import benchmarks as measuring
from app.state.resolve import Choice

BATCHES = tuple(2**p for p in range(10))
LENGTHS = tuple(2**p for p in range(4, 13))
AS_THEY_ARE = "as they are"
TITLES = {"speed": "the batch", "growth": "the number of constituents"}


def settings(tab: str, choice: Choice) -> list[str]:
    """Widgets for a tab's measurement -> options of the command."""
    with st.popover("Settings", key="settings"):
        options = _of_tab(tab)
        device, threads, repeats = st.columns(3)
        machine = measuring.machine()
        devices = ["cpu", "cuda"] if machine.gpu else ["cpu"]
        with device:
            options += ["--device", _kept("device", devices[-1], st.selectbox, "Device", devices)]
        with threads:
            cores = list(range(1, machine.cores + 1))
            options += ["--threads", str(_kept("threads", 1, st.selectbox, "Threads", cores))]
        with repeats:
            name = "--repeats" if tab in TITLES else "--passes"
            options += [name, str(_kept(f"repeats{name}", 15 if tab in TITLES else 5, _number, "Passes"))]
        if tab in TITLES:
            st.caption("Models take turns, after two passes each that warm up; at most about 10 s a point.")
        st.caption(_jets(tab, choice))
        st.caption("The models are those of the sidebar; NAME@bf16 runs in bfloat16.")
    return options


def _of_tab(tab: str) -> list[str]:
    if tab == "speed":
        batches = _kept(
            "batches", (1, 8, 64, 256), st.segmented_control, "Jets of a pass", BATCHES, selection_mode="multi"
        )
        chosen = _kept("constituents", AS_THEY_ARE, st.selectbox, "Constituents", (AS_THEY_ARE, *LENGTHS[:4]))
        made_up = [] if chosen == AS_THEY_ARE else ["--lengths", str(chosen)]
        return ["--batches", *map(str, sorted(batches) or (1,)), *made_up]
    if tab == "growth":
        usual = (32, 64, 128, 256, 512, 1024)
        lengths = _kept("lengths", usual, st.segmented_control, "Constituents", LENGTHS, selection_mode="multi")
        batch = _kept("growth_batch", 1, st.selectbox, "Jets of a pass", BATCHES)
        return ["--batches", str(batch), "--lengths", *map(str, sorted(lengths) or (128,))]
    batch = _kept("one_batch", 64, st.selectbox, "Jets of a pass", BATCHES)
    return ["--batch", str(batch)]


def _jets(tab: str, choice: Choice) -> str:
    if tab == "growth":
        return (
            "Made-up jets without padding. A model that has no room for so many is measured with fresh weights, as "
            "time does not depend on them. More than 2²⁴ pairs in a pass are left out."
        )
    if tab == "roofline":
        return "Made-up jets of 48 constituents without padding, which would count as work."
    return f"Jets as they are: the first that pass, of {choice.file.name}, padded to the longest of a pass."


def _kept(name: str, usual, widget, label: str, options: Sequence | None = None, **how):
    """A widget's value, which stays when the widget is not shown for a while."""
    kept, key = st.session_state.setdefault("bench", {}), f"bench_{name}"
    if key not in st.session_state:
        value = kept.get(name, usual)
        st.session_state[key] = list(value) if isinstance(value, tuple) else value
    kept[name] = widget(label, *([] if options is None else [options]), key=key, **how)
    return kept[name]


def _number(label: str, key: str) -> int:
    return st.number_input(label, 1, 1000, key=key)
