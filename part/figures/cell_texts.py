"""The numbers that are written into the cells of a map, and what is written beside its colours."""

import numpy as np

from part.figures.charts import Grid, HeadMap


def cell_texts(values: np.ndarray) -> tuple[list[list[str]], int]:
    """Return short numbers for the cells of a map, "" for NaN, and the power of ten that is their unit."""
    largest = float(np.nanmax(np.abs(values), initial=0)) or 1.0
    power = int(np.floor(np.log10(largest))) if largest < 0.01 or largest >= 1000 else 0
    scaled = values / 10.0**power
    top = float(np.nanmax(np.abs(scaled), initial=0))
    digits = 2 if top < 1.95 and not power else 1 if top < 19.5 else 0
    rounded = np.round(scaled, digits) + 0.0  # turns a negative zero into zero
    return [["" if np.isnan(v) else f"{v:.{digits}f}".replace("-", "−") for v in row] for row in rounded], power


def bar_title(chart: HeadMap | Grid) -> str:
    """Return the title of a map's colour bar."""
    return with_unit(chart.quantity, chart.unit)


def with_unit(quantity: str, unit: str) -> str:
    """Return a quantity with its unit in brackets, or the one of them that is not empty."""
    return f"{quantity} [{unit}]" if quantity and unit else quantity or unit
