"""A comparison as plain numbers, and as the content of JSON, CSV and parquet files.

Shapes: M models, J jets, C classes, L layers, H heads.
"""

import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from part.analysis.statistics.binomial import Rate
from part.analysis.statistics.bootstrap import LEVEL
from part.analysis.statistics.divergence import AttentionChange, jensen_shannon
from part.comparison.result import GAIN_MEASURES, Comparison
from part.comparison.times import time_columns, timing_summary
from part.io import csv_bytes
from part.jets.schema import Dataset
from part.jets.streaming import EntryRange, chunks, locate

KINDS = ("json", "csv", "parquet")
ROC_POINTS = 101


def rows(comparison: Comparison) -> list[dict]:
    """Return a row for each model: quality with its intervals and gains over the first model, agreement, cost."""
    return [_row(comparison, m) for m in range(len(comparison.names))]


def comparison_bytes(
    comparison: Comparison,
    kind: str,
    provenance: Mapping[str, Any] | None = None,
    columns: Mapping[str, Sequence] | None = None,
    most_different: Sequence[Mapping[str, Any]] | None = None,
) -> bytes:
    """Return the content of one file of results.

    Parameters
    ----------
    comparison : Comparison
    kind : str
        "json": the provenance and `summary`. "csv": `rows`, empty where a model lacks a value. "parquet": a row for
        each jet, `jet_columns`.
    provenance : mapping, optional
        What the JSON says first: the files or entries, the weights' sha256.
    columns : mapping of str to sequence, optional
        Columns that the parquet has first, such as the entry of each jet.
    most_different : sequence, optional
        What the JSON says last, as `most_different_jets` returns it.

    Raises
    ------
    ValueError
        For another kind.
    """
    match kind:
        case "json":
            content = {**(provenance or {}), **summary(comparison)}
            content |= {} if most_different is None else {"most_different": list(most_different)}
            return json.dumps(content, indent=1, ensure_ascii=False).encode()
        case "csv":
            return csv_bytes(rows(comparison))
        case "parquet":
            own = jet_columns(comparison.names, comparison.dataset, comparison.probabilities, comparison.truth)
            buffer = io.BytesIO()
            pa.parquet.write_table(pa.table({**(columns or {}), **own}), buffer)
            return buffer.getvalue()
    raise ValueError(f"unknown kind {kind!r}; expected one of {', '.join(KINDS)}")


def most_different_jets(
    comparison: Comparison,
    ranges: Sequence[EntryRange],
    count: int,
    positions: np.ndarray | None = None,
    n_compared: int | None = None,
) -> list[dict]:
    """Return where the jets of largest divergence are, and what each model predicts for them.

    Parameters
    ----------
    comparison : Comparison
        The comparison on the jets of `ranges`, in their order.
    ranges : sequence of EntryRange
    count : int
        The number of jets.
    positions : ndarray (J,), optional
        Where the comparison's jets are among those of `ranges`, for a slice of them.
    n_compared : int, optional
        How many jets of `ranges` were compared, before a slice was taken; by default those of the comparison.
    """
    classes, listed = comparison.dataset.classes, []
    places = _selected_places(ranges, len(comparison) if n_compared is None else n_compared)
    for jet in comparison.most_different(count).tolist():
        place = jet if positions is None else int(positions[jet])
        path, entry = places[place] if places else locate(ranges, place)
        row = {"file": path, "entry": entry, "divergence": float(f"{comparison.divergence[jet]:.5g}")}
        if comparison.truth is not None and comparison.labelled[jet]:
            row["label"] = classes[comparison.truth[jet]]
        predicted = zip(comparison.names, comparison.classes[:, jet], strict=True)
        listed.append(row | {"classes": {name: classes[c] for name, c in predicted}})
    return listed


def _selected_places(ranges: Sequence[EntryRange], n_compared: int) -> list[tuple[str, int]]:
    """Return file and entry of each jet that was compared, in their order; [] where that are all entries."""
    if sum(map(len, ranges)) == n_compared:
        return []
    columns = (chunk.columns for chunk in chunks(ranges))
    return [(str(path), int(entry)) for c in columns for path, entry in zip(c["file"], c["entry"], strict=True)]


def _row(comparison: Comparison, m: int) -> dict:
    row: dict[str, Any] = {"model": comparison.names[m], "jets": len(comparison)}
    for name, value in (comparison.quality[m] if comparison.quality else {}).items():
        row[name] = value
        if bounds := comparison.interval(m, name):
            row |= {f"{name}_low": _finite(bounds[0]), f"{name}_high": _finite(bounds[1])}
        if name in comparison.rejections:
            row |= {f"{name}_{key}": number for key, number in comparison.rejection_counts[m][name].items()}
    if comparison.without_class:
        row["jets_without_class"] = comparison.without_class
    for name in GAIN_MEASURES:
        if m and (bounds := comparison.gain(m, name)):
            row[f"{name}_gain"] = round(comparison.quality[m][name] - comparison.quality[0][name], 5)
            row |= {f"{name}_gain_low": _finite(bounds[0]), f"{name}_gain_high": _finite(bounds[1])}
    cost = comparison.costs[m]
    low, high = (float(ends[0, m]) for ends in comparison.same_class.interval)
    row |= {"agreement_with_first": float(comparison.agreement[0, m])}
    row |= {"agreement_with_first_low": _finite(low), "agreement_with_first_high": _finite(high)}
    row |= {"logit_drift_from_first": float(f"{comparison.drift(m).mean():.5g}")}
    row |= {"parameters": cost.parameters, "disk_bytes": cost.disk, "memory_bytes": cost.memory}
    return row | time_columns(cost)


def summary(comparison: Comparison) -> dict:
    """Return all but the single jets, for JSON; None stands for what is infinite or unknown."""
    models = range(len(comparison.names))
    content = {
        "models": rows(comparison),
        "classes": list(comparison.dataset.classes),
        "interval": LEVEL,
        "agreement": _rounded(comparison.agreement),
        "attention": [_attention(comparison, m) for m in models[1:]],
        **timing_summary(comparison.costs),
    }
    if comparison.truth is None:
        return content
    return content | {
        "outcomes": [{"model": comparison.names[m], **(comparison.outcomes(m) or {})} for m in models[1:]],
        "confusion": {comparison.names[m]: comparison.confusion(m).tolist() for m in models},
        "reliability": {comparison.names[m]: _reliability(comparison, m) for m in models},
        "roc": {comparison.names[m]: _roc_curves(comparison, m) for m in models},
        "roc_intervals": {comparison.names[m]: _roc_intervals(comparison, m) for m in models},
    }


def _attention(comparison: Comparison, m: int) -> dict:
    """Return the changes by layer and head, in nats and as a fraction of queries, or the reason for none."""
    row: dict[str, Any] = {"first": comparison.names[0], "second": comparison.names[m]}
    change = comparison.attention[m]
    if not isinstance(change, AttentionChange):
        return row | {"none": change}
    row |= {"jets": comparison.attention_jets, "queries": change.queries}
    return row | {
        "jensen_shannon": _rounded(change.mean_divergence),
        "argmax_flip_rate": _rounded(change.flip_rate),
    }


def _reliability(comparison: Comparison, m: int) -> dict:
    bins = comparison.reliability[m]
    return {
        "jets": bins.counts.tolist(),
        "confidence": _rounded(bins.confidence),
        "accuracy": _rounded(bins.accuracy),
        "accuracy_low": _rounded(bins.interval[0]),
        "accuracy_high": _rounded(bins.interval[1]),
    }


def _roc_curves(comparison: Comparison, m: int) -> dict:
    """Return the background efficiency at signal efficiencies of 0 to 1, for each class."""
    curves = {name: _rounded(rate.value[places]) for name, rate, places in _roc_rates(comparison, m)}
    return {"efficiency": _rounded(np.linspace(0, 1, ROC_POINTS)), **curves}


def _roc_intervals(comparison: Comparison, m: int) -> dict:
    """Return Wilson's intervals of `_roc_curves`, and the number of background jets."""
    ends = {name: [end[places] for end in rate.interval] for name, rate, places in _roc_rates(comparison, m)}
    intervals = {name: {"low": _rounded(low), "high": _rounded(high)} for name, (low, high) in ends.items()}
    return {"background_jets": comparison.background_jets, **intervals}


def _roc_rates(comparison: Comparison, m: int) -> Iterator[tuple[str, Rate, np.ndarray]]:
    """Yield each class with the rates along its curve, and the place of each efficiency on the curve."""
    grid = np.linspace(0, 1, ROC_POINTS)
    for signal in comparison.signals:
        efficiency, rate = comparison.roc_rate(m, signal)
        # The tightest cut of at least this efficiency, as the curve has steps.
        yield comparison.dataset.classes[signal], rate, np.searchsorted(efficiency, grid - 1e-12)


def jet_columns(
    names: Sequence[str], dataset: Dataset, probabilities: np.ndarray, truth: np.ndarray | None
) -> dict[str, np.ndarray]:
    """Return the columns of a table with a row for each jet: label, predicted classes, divergence, scores.

    Parameters
    ----------
    names : sequence of str (M,)
    dataset : Dataset
    probabilities : ndarray (M, J, C)
    truth : ndarray (J,) or None
        Class indices.
    """
    columns = {} if truth is None else {"label": truth}
    columns |= {f"class_{name}": p.argmax(-1) for name, p in zip(names, probabilities, strict=True)}
    columns["divergence"] = jensen_shannon(probabilities).astype(np.float32)
    for name, p in zip(names, probabilities, strict=True):
        columns |= {f"score_{name}_{c}": p[:, i] for i, c in enumerate(dataset.classes)}
    return columns


def _rounded(values: np.ndarray) -> list | float | None:
    """Return nested lists of five significant digits; None for what is not finite."""
    if values.ndim:
        return [_rounded(value) for value in values]
    return _finite(float(values))


def _finite(value: float) -> float | None:
    return float(f"{value:.5g}") if math.isfinite(value) else None
