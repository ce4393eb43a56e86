"""Sparsity over a sample: heads, weights, groups of jets, subjets and species, principal components."""

from collections.abc import Iterable

import numpy as np
import streamlit as st

from app.components.messages import note
from app.components.study.chart import show_chart
from app.pages.sparsity.context import Look
from app.services.sparsity import QUANTITIES, charts, colour_limits, component_charts

ABOUT = (
    "Run measures how sparse each head is, where it looks, and the same for untrained weights and for shuffled keys: "
    "two nulls, the second exact."
)
TALL, LOW = 640, 300  # px of a chart alone in its column, and of one of two


def heads(look: Look) -> None:
    """Maps of a quantity: one model beside its nulls, or several models above one null each."""
    found = look.findings(ABOUT)
    if not found:
        return
    quantity = look.quantity
    first = next(iter(found.values()))
    null = charts.nulls(first, quantity)[-1:]
    if len(found) == 1:
        shown = [[(name, one, n) for n in (None, *charts.nulls(one, quantity))] for name, one in found.items()]
    else:
        shown = [[(name, one, n) for name, one in found.items()] for n in (None, *null)]
    means = [charts.of(one, quantity, n).value for row in shown for _, one, n in row]
    largest = max((float(np.nanmax(values)) for values in means if np.isfinite(values).any()), default=1.0)
    for row in shown:
        for column, (name, one, n) in zip(_columns(len(row)), row, strict=False):
            caption = f"{name}, {charts.NULLS[n]}" if n else name
            chart = charts.head_map(one, quantity, n, (0, largest))
            with column:
                show_chart(chart, f"{quantity}_{name}_{n}", TALL if len(found) == 1 else LOW, caption=caption)
    unit = f" [{QUANTITIES[quantity].unit}]" if QUANTITIES[quantity].unit else ""
    unmoved = "" if QUANTITIES[quantity].places else " Shuffling the keys of a query leaves it as it is."
    st.caption(f"{first.titles[quantity]}{unit}: mean over the queries of a jet, then over jets.{unmoved}")


def weights(look: Look) -> None:
    """Histograms of the weights, linear and logarithmic."""
    found = look.findings(ABOUT)
    if not found:
        return
    one = next(iter(found.values())) if len(found) == 1 else None
    for column, log in zip(st.columns(2), (False, True), strict=True):
        with column:
            chart = charts.weights(one, log) if one else charts.weights_compared(found, log, look.layer)
            accents = () if one else look.accents
            show_chart(chart, f"weights_{'log' if log else 'linear'}", TALL, accents)
    st.caption("Weights between real particles, all heads of a layer; weights below 10⁻⁸ are in the first bin.")


def groups(look: Look) -> None:
    """A quantity of one head in the classes, and against multiplicity and pT."""
    found = look.findings(ABOUT)
    if not found:
        return
    about = (look.quantity, look.layer, look.head)
    by_class, by_n, by_pt = st.columns(3)
    with by_class:
        chart = charts.by_class(found, *about)
        if chart.series and chart.series[0].x:
            show_chart(chart, "by_class", TALL, look.accents, "By class")
        else:
            note("These jets have no labels of the models' classes.")
    for column, kind, caption in ((by_n, "n", "Against multiplicity"), (by_pt, "pt", "Against pT")):
        with column:
            show_chart(
                charts.by_group(found, look.quantity, kind, look.layer, look.head), kind, TALL, look.accents, caption
            )
    st.caption("One head; intervals of 95 % over the jets of a bin. Faint: the nulls of the first model.")


def places(look: Look) -> None:
    """Between subjets, to leptons, between species; each less what shuffled keys would give."""
    found = look.findings(ABOUT)
    if not found:
        return
    one = next(iter(found.values()))
    left, middle, right = st.columns((0.3, 0.3, 0.4))
    with left:
        show_chart(charts.excess(one, "inter_subjet"), "inter_subjet", LOW)
        show_chart(charts.excess(one, "inter_subjet_edges"), "inter_subjet_edges", LOW)
    with middle:
        _null(look, one)
        _leptons(charts.excess(one, "to_leptons"))
    with right:
        show_chart(charts.species(one, look.layer, look.head), "species", TALL)
    st.caption(
        f"{one.study.subjets} exclusive kT subjets. A particle's attention to itself is left out. Leptons: only jets "
        "that have any. Negative: less than for shuffled keys."
    )


def _null(look: Look, one) -> None:
    """Untrained weights, in the colours of the trained ones."""
    if one.untrained:
        limits = colour_limits(charts.excess(one, "inter_subjet"))
        show_chart(charts.excess(one, "inter_subjet", "untrained", limits), "inter_subjet_untrained", LOW)


def _leptons(chart) -> None:
    if np.isfinite(chart.values).any():
        show_chart(chart, "to_leptons", LOW)
    else:
        note("None of these jets has a lepton that the file tells of.")


def components(look: Look) -> None:
    """The first principal component of what each head gives the particles, against their features."""
    found = look.findings(
        "Run finds the first principal component of what each head gives the particles, and what it has to do with "
        "their momentum, place and species."
    )
    if not found:
        return
    one = next(iter(found.values()))
    left, middle, right = st.columns((0.3, 0.38, 0.32))
    with left:
        show_chart(component_charts.explained(one), "explained", TALL)
    with middle:
        show_chart(component_charts.correlation(one, look.layer), "correlation", TALL)
    with right:
        show_chart(component_charts.profile(one, "ln pT", look.layer, look.head), "pt", LOW)
        show_chart(component_charts.profile(one, "ΔR", look.layer, look.head), "dr", LOW)
    particles = f"{one.particles:,}".replace(",", " ")
    st.caption(f"{particles} particles of {one.jets} jets. The sign of a component is such that it grows with pT.")


def _columns(count: int) -> Iterable:
    """At least two, so that a map alone does not fill the page."""
    return st.columns(max(count, 2))
