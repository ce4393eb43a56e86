"""The models in a table: quality with intervals, agreement with the first, cost."""

import html
from collections.abc import Sequence

import streamlit as st

from app.services.comparison import Comparison, text

MEMORY = "Weights, and the tensors that a forward pass of 64 jets holds at once"
HEADINGS = {
    "Accuracy": "Share of jets whose most probable class is their own",
    "Accuracy gain": "Over the first model, with the interval of the difference on the same jets",
    "Macro AUC": "One-vs-one, averaged over all pairs of classes",
    "ECE": "Expected calibration error: how far confidence and accuracy are apart",
    "Agreement": "Share of jets taken for the same class as by the first model",
    "Logit drift": "From the first model: root mean square over classes, averaged over jets",
    "Parameters": "Trained numbers",
    "On disk": "Size of the file of weights",
    "Memory": MEMORY,
    "Time of 1 jet": "Time of a forward pass of one jet of median length, on this machine",
    "a jet of 64": "Time a jet of a forward pass of 64 jets, padded to the longest, on this machine",
}


def model_table(comparison: Comparison, accents: Sequence[str]) -> None:
    cells = "".join(f'<th title="{about}">{name}</th>' for name, about in _headings(comparison).items())
    rows = "".join(_row(comparison, m, accents[m]) for m in range(len(comparison.names)))
    st.html(f'<table class="models"><thead><tr><th></th>{cells}</tr></thead><tbody>{rows}</tbody></table>')


def _headings(comparison: Comparison) -> dict[str, str]:
    quality = ("Accuracy", "Accuracy gain", "Macro AUC", "ECE")
    return {name: about for name, about in HEADINGS.items() if comparison.quality or name not in quality}


def _row(comparison: Comparison, m: int, accent: str) -> str:
    cost = comparison.costs[m]
    cells = _quality(comparison, m) if comparison.quality else []
    cells += [
        f"{100 * comparison.agreement[0, m]:.1f} %" if m else "",
        f"{comparison.drift(m).mean():.3g}" if m else "",
        _count(cost.parameters),
        f"{cost.disk / 1e6:.2f} MB",
        f"{cost.memory / 1e6:.0f} MB",
        f"{1e3 * cost.single:.1f} ms",
        f"{1e3 * cost.batch:.2f} ms",
    ]
    name = html.escape(comparison.names[m])
    return f'<tr><th style="color:{accent}">{name}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'


def _quality(comparison: Comparison, m: int) -> list[str]:
    accuracy, auc = (_interval(text.measured(comparison, m, name)) for name in ("accuracy", "macro_auc"))
    gain = _interval(text.gained(comparison, m, "accuracy").replace("-", "−"))
    return [accuracy, gain, auc, f"{comparison.quality[m]['calibration_error']:.4f}"]


def _interval(written: str) -> str:
    """ "0.85 [0.84, 0.86]" with the interval smaller."""
    value, _, bounds = written.partition(" ")
    return f"{value} <small>{bounds}</small>"


def _count(parameters: int) -> str:
    return f"{parameters / 1e6:.2f} M" if parameters >= 1e6 else f"{parameters / 1e3:.1f} k"
