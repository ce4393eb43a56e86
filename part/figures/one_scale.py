"""One colour scale for charts that stand side by side, so that equal colours are equal numbers."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeGuard

import numpy as np

from part.figures.charts import Chart, Grid, HeadMap, Plane, Surface, colour_limits


def share_limits(charts: Mapping[str, Chart]) -> dict[str, Chart]:
    """Return charts whose colours have common limits.

    Parameters
    ----------
    charts : mapping of str to Chart
        Charts by name. Those of the same unit, with both signs or with one, share the limits that hold all of them.
        Charts without a number, and those without a colour scale, stay as they are.

    Returns
    -------
    dict of str to Chart
        In the same order.
    """
    scales: dict[tuple[str, bool], list[tuple[float, float]]] = {}
    for chart in charts.values():
        if _is_coloured(chart):
            scales.setdefault((chart.unit, chart.signed), []).append(colour_limits(chart))
    shared: dict[str, Chart] = {}
    for name, chart in charts.items():
        if _is_coloured(chart):
            lows, highs = zip(*scales[chart.unit, chart.signed], strict=True)
            chart = replace(chart, limits=(min(lows), max(highs)))
        shared[name] = chart
    return shared


def _is_coloured(chart: Chart) -> TypeGuard[HeadMap | Grid | Surface | Plane]:
    return isinstance(chart, HeadMap | Grid | Surface | Plane) and bool(np.isfinite(chart.values).any())
