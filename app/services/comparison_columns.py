"""A comparison against a column of its jets, and on a slice of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from app.services import columns
from app.services.caching import cached
from app.services.comparison import ClassesKey, own_jets
from app.services.files import JetFile
from part.comparison.columns import (
    ColumnQuality,
    WorkingPoint,
    quality_in_bins,
    quality_rows,
    slice_comparison,
    working_point,
)
from part.comparison.result import Comparison
from part.comparison.sculpting import Sculpting, measure_sculpting, sculpting_rows
from part.figures.charts import Plot
from part.figures.column_charts import point_title, quality_charts, sculpting_chart, sculpting_title
from part.inference.tagger import Tagger
from part.io import csv_bytes


def names(file: JetFile, models: Mapping[str, Tagger]) -> tuple[str, ...]:
    """Return the columns of a file as the models read it. Raises PartError if it cannot be opened."""
    return columns.names(file.for_model(next(iter(models.values()))))


def values(file: JetFile, entries: np.ndarray, models: Mapping[str, Tagger], name: str) -> np.ndarray:
    """Return a column for the jets of a comparison (J,). Raises PartError if it cannot be read."""
    file, entries = own_jets(file, entries, models)
    return columns.values(file, name)[entries]


@cached(max_entries=16, spinner="Intervals of the slice …")
def sliced(
    file: JetFile,
    entries: np.ndarray,
    models: Mapping[str, Tagger],
    classes: ClassesKey,
    kept: np.ndarray,
    _comparison: Comparison,
) -> Comparison:
    """Return a comparison on some of its jets (J,) bool. Raises PartError if there are none.

    The other arguments identify the comparison; `classes` is what `comparison.classes_key` returns.
    """
    return slice_comparison(_comparison, kept)


def point(comparison: Comparison, signal: str, efficiency: float) -> WorkingPoint | None:
    """Return the working point of a class, of the first signal if there is none of this name; None without any."""
    classes = comparison.dataset.classes
    index = classes.index(signal) if signal in classes else None
    return working_point(comparison, index if index in comparison.signals else None, efficiency)


def quality(
    comparison: Comparison, name: str, column: np.ndarray, bins: int, at: WorkingPoint | None
) -> tuple[ColumnQuality, dict[str, Plot]]:
    """Return the quality in bins of a column and its charts. Raises PartError if no number is finite."""
    result = quality_in_bins(comparison, name, column, bins, at)
    return result, quality_charts(comparison, result)


def sculpting(
    comparison: Comparison, name: str, column: np.ndarray, at: WorkingPoint
) -> tuple[Sculpting, dict[str, Plot]]:
    """Return the sculpting of a column, and a chart for each model by what to write above it. Raises PartError."""
    result = measure_sculpting(comparison, name, column, at)
    models = range(len(comparison.names))
    return result, {sculpting_title(comparison, result, m): sculpting_chart(comparison, result, m) for m in models}


def point_text(comparison: Comparison, at: WorkingPoint) -> str:
    """Return a working point in words."""
    return point_title(comparison.dataset, at)


def rows(
    comparison: Comparison, name: str, column: np.ndarray, bins: int, at: WorkingPoint | None
) -> list[dict[str, Any]]:
    """Return the table of a column: a row for each bin, model and measure, and for the sculpting by each model."""
    found = list(quality_rows(comparison, quality_in_bins(comparison, name, column, bins, at)))
    return found + (list(sculpting_rows(comparison, measure_sculpting(comparison, name, column, at))) if at else [])


def table_bytes(found: Sequence[Mapping[str, Any]]) -> bytes:
    """Return a table as CSV."""
    return csv_bytes(found)
