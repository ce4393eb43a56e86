"""Sparsity over a sample: heads, weights, groups of jets, subjets and species, principal components."""

from typing import Any

import numpy as np
import streamlit as st

from app.components.messages import grouped, note
from app.components.study.chart import show_chart
from app.components.study.scale import on_one_scale, own_scales
from app.pages.sparsity.context import SparsityContext
from app.services.library import SPARSITY_QUANTITIES, component_charts, sparsity_charts, weight_charts

ABOUT = (
    "Run measures how sparse each head is, where it attends, and the same for untrained weights and for shuffled keys: "
    "two null hypotheses, the second exact."
)
PLACES = ("inter_subjet", "inter_subjet_edges", "to_leptons")  # maps of heads that stand side by side
TALL, LOW = 640, 300  # px of a chart alone in its column, and of one of two


def heads(context: SparsityContext) -> None:
    """Draw maps of a quantity: one model beside its null hypotheses, or several models above one of these each."""
    results = context.results(ABOUT)
    if not results:
        return
    quantity, described = context.quantity, SPARSITY_QUANTITIES[context.quantity]
    first = next(iter(results.values()))
    last_null = sparsity_charts.nulls(first, quantity)[-1:]
    if len(results) == 1:
        nulls = (None, *sparsity_charts.nulls(first, quantity))
        maps = [[(name, result, null) for null in nulls] for name, result in results.items()]
    else:
        maps = [[(name, result, null) for name, result in results.items()] for null in (None, *last_null)]
    means = [sparsity_charts.mean_of_heads(result, quantity, null).value for row in maps for _, result, null in row]
    largest = max((float(np.nanmax(values)) for values in means if np.isfinite(values).any()), default=1.0)
    limits = None if own_scales("heads") else (0, largest)
    for row in maps:
        columns = st.columns(max(len(row), 2))  # so that a single map does not fill the page
        for column, (name, result, null) in zip(columns, row, strict=False):
            caption = f"{described.title}: {name}{f', {sparsity_charts.NULLS[null]}' if null else ''}"
            chart = sparsity_charts.head_map(result, quantity, null, limits)
            with column:
                show_chart(chart, f"{quantity}_{name}_{null}", TALL if len(results) == 1 else LOW, caption=caption)
    unit = f" [{described.unit}]" if described.unit else ""
    unchanged = "" if described.depends_on_keys else " Shuffling the keys of a query does not change it."
    st.caption(f"{first.titles[quantity]}{unit}: mean over the queries of a jet, then over jets.{unchanged}")


def weights(context: SparsityContext) -> None:
    """Draw histograms of the weights, linear and logarithmic."""
    results = context.results(ABOUT)
    if not results:
        return
    only = next(iter(results.values())) if len(results) == 1 else None
    for column, log in zip(st.columns(2), (False, True), strict=True):
        with column:
            chart = (
                weight_charts.weights(only, log) if only else weight_charts.compare_weights(results, log, context.layer)
            )
            show_chart(chart, f"weights_{'log' if log else 'linear'}", TALL, () if only else context.accents)
    st.caption("Weights between real particles, all heads of a layer; weights below 10⁻⁸ are in the first bin.")


def groups(context: SparsityContext) -> None:
    """Draw a quantity of one head by class, and against multiplicity and pT."""
    results = context.results(ABOUT)
    if not results:
        return
    quantity, layer, head = context.quantity, context.layer, context.head
    by_class, by_n, by_pt = st.columns(3)
    with by_class:
        chart = sparsity_charts.by_class(results, quantity, layer, head)
        if chart.series and chart.series[0].x:
            shown, n_present = sparsity_charts.classes_drawn(next(iter(results.values())), quantity)
            few = f", the {len(shown)} of {n_present} with the most jets" if len(shown) < n_present else ""
            show_chart(chart, "by_class", TALL, context.accents, f"By class{few}")
        else:
            note("These jets have no labels of the models' classes.")
    for column, kind, caption in ((by_n, "n", "Against multiplicity"), (by_pt, "pt", "Against pT")):
        with column:
            chart = sparsity_charts.by_group(results, quantity, kind, layer, head)
            show_chart(chart, kind, TALL, context.accents, caption)
    st.caption("One head; intervals of 95 % over the jets of a bin. Faint: the null hypotheses of the first model.")


def places(context: SparsityContext) -> None:
    """Draw attention between subjets, to leptons and between species, each minus its expectation for shuffled keys."""
    results = context.results(ABOUT)
    if not results:
        return
    result = next(iter(results.values()))
    maps = {name: sparsity_charts.excess_map(result, name) for name in PLACES}
    if result.untrained:
        maps["inter_subjet_untrained"] = sparsity_charts.excess_map(result, "inter_subjet", "untrained")
    maps = on_one_scale(maps, "places")
    left, middle, right = st.columns((0.3, 0.3, 0.4))
    with left:
        without = "These jets do not say the momenta of their constituents, so they have no subjets."
        _chart_or_note(maps["inter_subjet"], "inter_subjet", LOW, without)
        _chart_or_note(maps["inter_subjet_edges"], "inter_subjet_edges", LOW, "")
    with middle:
        if result.untrained:
            _chart_or_note(maps["inter_subjet_untrained"], "inter_subjet_untrained", LOW, "")
        without = "None of these jets has a lepton, as far as the file says."
        _chart_or_note(maps["to_leptons"], "to_leptons", LOW, without)
    with right:
        _chart_or_note(
            sparsity_charts.species(result, context.layer, context.head),
            "species",
            TALL,
            "These jets do not say the species of their constituents.",
        )
    st.caption(
        f"{result.subjets} exclusive kT subjets. A particle's attention to itself is left out. Leptons: only "
        "jets that have any. In parentheses: the jets that have the species. Negative: less than for shuffled keys."
    )


def collections(context: SparsityContext) -> None:
    """Draw how a head divides its attention among the collections of tokens, and all heads for each pair of them."""
    results = context.results(ABOUT)
    if not results:
        return
    result = next(iter(results.values()))
    names = result.collections
    if not names:
        note(f"{result.model} takes one collection of tokens; there is no attention between several.")
        return
    left, *others = st.columns((0.4, *[0.6 / min(len(names), 3)] * min(len(names), 3)))
    with left:
        show_chart(sparsity_charts.between_collections(result, context.layer, context.head), "collections", TALL)
    maps = sparsity_charts.collection_maps(result)
    for b, column in enumerate(others):
        with column:
            for a in range(min(len(names), 3)):
                key, caption = f"{names[a]}_to_{names[b]}", f"{names[a]} to {names[b]}, minus shuffled keys"
                show_chart(maps[key], key, LOW, caption=caption)
    few = "" if len(names) <= 3 else f" The maps are of the first 3 of {len(names)} collections; exports have all."
    st.caption(
        "The share of a collection's attention to other tokens that each collection receives, in jets that have both; "
        f"bars have 95 % intervals over jets. Shuffled keys receive by their number. A token's attention to itself is "
        f"left out.{few}"
    )


def _chart_or_note(chart: Any, key: str, height: int, sentence: str) -> None:
    """Draw a chart, or say why it has no numbers."""
    if np.isfinite(chart.values).any():
        show_chart(chart, key, height)
    elif sentence:
        note(sentence)


def components(context: SparsityContext) -> None:
    """Draw the first principal component of each head's output against the features of the particles."""
    results = context.results(
        "Run computes the first principal component of each head's output for the particles, and how it is related to "
        "their momentum, position and species."
    )
    if not results:
        return
    result = next(iter(results.values()))
    left, middle, right = st.columns((0.3, 0.38, 0.32))
    with left:
        show_chart(component_charts.explained_variance(result), "explained", TALL)
    with middle:
        show_chart(component_charts.correlation(result, context.layer), "correlation", TALL)
    with right:
        show_chart(component_charts.profile(result, "ln pT", context.layer, context.head), "pt", LOW)
        show_chart(component_charts.profile(result, "ΔR", context.layer, context.head), "dr", LOW)
    particles, unknown = grouped(result.particles), component_charts.unknown_features(result)
    missing = f" Not known, or the same for all: {', '.join(unknown)}." if unknown else ""
    about = "The sign of a component is such that it grows with pT."
    st.caption(f"{particles} particles of {result.jets} jets. {about}{missing}")
