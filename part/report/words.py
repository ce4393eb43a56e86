"""Numbers and pictures as a report says them."""

import math
from collections.abc import Iterable, Mapping

import numpy as np

from part.figures.charts import Chart, HeadMap
from part.figures.data import FigureData
from part.jets.notices import plural
from part.report.content import Picture, Pictures
from part.report.measured import Measured, Studied

MINUS = "−"
WIDE, HALF = 6.5, 3.15  # inches, the widths of a page and of a picture that shares it with another


def rounded(value: float | None, digits: int = 3) -> str:
    """Return a number with some significant digits, "–" where it is not known."""
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞"
    text = f"{value:.{digits}g}"
    text = f"{value:.0f}" if "e+" in text else text
    return text.replace("-", MINUS)


def between(value: float | None, low: float | None, high: float | None, decimals: int = 4) -> str:
    """Return a number with the ends of its interval, such as "0.8412 [0.8301, 0.8523]"."""
    texts = [("–" if x is None else "∞" if math.isinf(x) else f"{x:.{decimals}f}") for x in (value, low, high)]
    texts = [text.replace("-", MINUS) for text in texts]
    return texts[0] if low is None and high is None else f"{texts[0]} [{texts[1]}, {texts[2]}]"


def jets_of(studied: Studied, measured: Measured) -> str:
    """Return on which jets a study was made, such as "500 of 1,000 jets, in stretches spread over all of them"."""
    total = sum(map(len, measured.ranges))
    if studied.n_jets >= total:
        return f"all {plural(total, 'jet')}"
    return f"{studied.n_jets:,} of {plural(total, 'jet')}, in stretches that are spread over all of them"


def has_numbers(chart: Chart) -> bool:
    """Return whether a map has any number that is known, and not all of them are zero."""
    values = getattr(chart, "values", None)
    return values is None or bool((np.isfinite(values) & (values != 0)).any())


def pictures(study: str, charts: Mapping[str, Chart], names: Iterable[str], width: float = HALF) -> Pictures | None:
    """Return those charts of a study that it has and that have numbers, each with its sentence; None without any."""
    shown = [
        Picture(f"{study}_{name}", charts[name], sentence(charts[name]), width)
        for name in names
        if name in charts and has_numbers(charts[name])
    ]
    return Pictures(tuple(shown)) if shown else None


def sentence(chart: Chart | FigureData) -> str:
    """Return what a chart shows in a sentence, "" where it has none; of a map, what its frames mean, too."""
    text = getattr(chart, "sentence", "")
    if isinstance(chart, HeadMap) and chart.marked is not None and chart.marked.any():
        text = f"{text} Framed: significant at 5 % after correction for all comparisons.".strip()
    return text
