"""Filters on columns of the jets, as texts of the URL and as ranges.

A text is NAME (any finite number passes), NAME:LOW:HIGH (both included; an end may be infinite) or NAME:in:A,B,C.
Shapes: J jets.
"""

from dataclasses import dataclass

import numpy as np

from app.services import columns
from app.services.files import JetFile
from app.services.jets import Sample
from app.services.library import PartError

FEW_VALUES = 12  # distinct whole numbers that are chosen one by one


@dataclass(frozen=True)
class ColumnFilter:
    """What a column must be for a jet to pass; it must always be finite.

    Attributes
    ----------
    name : str
        The column.
    low, high : float
        The ends of a range, both included.
    chosen : tuple of float
        The values that pass, () for a range.
    """

    name: str
    low: float = -np.inf
    high: float = np.inf
    chosen: tuple[float, ...] = ()

    @property
    def text(self) -> str:
        """The filter as the URL has it."""
        if self.chosen:
            return f"{self.name}:in:{','.join(f'{value:.12g}' for value in self.chosen)}"
        return self.name if self.is_open else f"{self.name}:{self.low:.12g}:{self.high:.12g}"

    @property
    def is_open(self) -> bool:
        """Whether every finite number passes."""
        return not self.chosen and self.low == -np.inf and self.high == np.inf

    @property
    def description(self) -> str:
        """The filter in words, for captions and provenance."""
        if self.chosen:
            return f"{self.name} {' or '.join(f'{value:g}' for value in self.chosen)}"
        if self.is_open:
            return f"{self.name} finite"
        if self.low == -np.inf or self.high == np.inf:
            return f"{self.name} ≤ {self.high:g}" if self.low == -np.inf else f"{self.name} ≥ {self.low:g}"
        return f"{self.name} {self.low:g} to {self.high:g}"

    def passes(self, values: np.ndarray) -> np.ndarray:
        """Return which values (J,) pass."""
        inside = np.isin(values, self.chosen) if self.chosen else (values >= self.low) & (values <= self.high)
        return np.isfinite(values) & inside


def parse_filter(text: str) -> ColumnFilter:
    """Return the filter of a text; what makes no sense as a range is taken for a part of the name."""
    words = text.rsplit(":", 2)
    if len(words) == 3 and words[0]:
        try:
            if words[1] == "in":
                chosen = tuple(sorted({float(value) for value in words[2].split(",")}))
                return ColumnFilter(words[0], chosen=chosen) if np.isfinite(chosen).all() else ColumnFilter(words[0])
            low, high = float(words[1]), float(words[2])
            return ColumnFilter(words[0], low, high) if low <= high else ColumnFilter(words[0])
        except ValueError:
            pass
    return ColumnFilter(text)


def apply_filters(
    texts: tuple[str, ...], file: JetFile, sample: Sample
) -> tuple[tuple[ColumnFilter, ...], np.ndarray, str | None]:
    """Return the filters whose columns the file has, which jets (J,) pass all, and a sentence on columns it lacks."""
    filters, mask, error = {}, np.ones(len(sample), bool), None
    for chosen in map(parse_filter, texts):
        try:
            if chosen.name not in filters:
                mask &= chosen.passes(columns.values(file, chosen.name))
                filters[chosen.name] = chosen
        except PartError as failure:
            error = str(failure)
    return tuple(filters.values()), mask, error


def not_finite(file: JetFile, sample: Sample, name: str) -> int:
    """Return how many jets have no finite number in a column."""
    return int((sample.kept & ~np.isfinite(columns.values(file, name))).sum())


def few_values(values: np.ndarray) -> tuple[float, ...]:
    """Return the distinct values of a column if they are a few whole numbers, else ()."""
    distinct = np.unique(values[np.isfinite(values)])
    is_few = len(distinct) <= FEW_VALUES and (distinct == np.round(distinct)).all()
    return tuple(distinct.tolist()) if is_few else ()


def slider_limits(values: np.ndarray) -> tuple[float, float, float]:
    """Return round ends and the step of a slider; outliers far beyond the others are beyond its ends."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return 0.0, 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    inner = [float(end) for end in np.quantile(finite, [0.005, 0.995])]
    if high - low > 20 * (inner[1] - inner[0]) > 0:
        low, high = inner
    if low == high:
        return low, high, 1.0
    step = 10.0 ** np.floor(np.log10((high - low) / 50))
    # A float32 that is a multiple of the step misses it by a little.
    return float(np.floor(low / step + 1e-5) * step), float(np.ceil(high / step - 1e-5) * step), float(step)
