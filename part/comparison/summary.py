"""A comparison as plain numbers, for JSON, CSV and the terminal.

Shapes: M models, J jets, C classes, L layers, H heads.
"""

import csv
import io
import math
from collections.abc import Sequence

import numpy as np

from part.analysis.statistics.bootstrap import LEVEL
from part.analysis.statistics.divergence import AttentionChange, jensen_shannon
from part.comparison.result import GAINS, Comparison
from part.jets.schema import Dataset

ROC_POINTS = 101


def rows(comparison: Comparison) -> list[dict]:
    """One flat row a model: quality with its intervals and gains over the first model, agreement, cost."""
    return [_row(comparison, m) for m in range(len(comparison.names))]


def csv_text(comparison: Comparison) -> str:
    """The rows as CSV; what a model has not is left empty."""
    lines, text = rows(comparison), io.StringIO()
    writer = csv.DictWriter(text, dict.fromkeys(name for line in lines for name in line), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def _row(comparison: Comparison, m: int) -> dict:
    row = {"model": comparison.names[m], "jets": len(comparison)}
    for name, value in (comparison.quality[m] if comparison.quality else {}).items():
        row[name] = value
        if bounds := comparison.interval(m, name):
            row |= {f"{name}_low": _finite(bounds[0]), f"{name}_high": _finite(bounds[1])}
    for name in GAINS:
        if m and (bounds := comparison.gain(m, name)):
            row[f"{name}_gain"] = round(comparison.quality[m][name] - comparison.quality[0][name], 5)
            row |= {f"{name}_gain_low": _finite(bounds[0]), f"{name}_gain_high": _finite(bounds[1])}
    cost = comparison.costs[m]
    row |= {"agreement_with_first": float(comparison.agreement[0, m])}
    row |= {"logit_drift_from_first": float(f"{comparison.drift(m).mean():.5g}")}
    row |= {"parameters": cost.parameters, "disk_bytes": cost.disk, "memory_bytes": cost.memory}
    return row | {"ms_a_jet_alone": round(1e3 * cost.single, 3), "ms_a_jet_in_batch": round(1e3 * cost.batch, 3)}


def summary(comparison: Comparison) -> dict:
    """All of it but the jets, for JSON; what is infinite or unknown is None."""
    models = range(len(comparison.names))
    told = {
        "models": rows(comparison),
        "classes": list(comparison.dataset.classes),
        "interval": LEVEL,
        "agreement": _rounded(comparison.agreement),
        "attention": [_attention(comparison, m) for m in models[1:]],
    }
    if comparison.truth is None:
        return told
    return told | {
        "outcomes": [{"model": comparison.names[m]} | comparison.outcomes(m) for m in models[1:]],
        "confusion": {comparison.names[m]: comparison.confusion(m).tolist() for m in models},
        "reliability": {comparison.names[m]: _reliability(comparison, m) for m in models},
        "roc": {comparison.names[m]: _curves(comparison, m) for m in models},
    }


def _attention(comparison: Comparison, m: int) -> dict:
    """Layer by head, in nats and as a share of queries; or why not."""
    found = {"first": comparison.names[0], "second": comparison.names[m]}
    change = comparison.attention[m]
    if not isinstance(change, AttentionChange):
        return found | {"none": change}
    found |= {"jets": comparison.attention_jets, "queries": change.queries}
    return found | {
        "jensen_shannon": _rounded(change.mean_divergence),
        "argmax_flip_rate": _rounded(change.flip_rate),
    }


def _reliability(comparison: Comparison, m: int) -> dict:
    found = comparison.reliability[m]
    return {
        "jets": found.counts.tolist(),
        "confidence": _rounded(found.confidence),
        "accuracy": _rounded(found.accuracy),
    }


def _curves(comparison: Comparison, m: int) -> dict:
    """Background share at efficiencies of 0 to 1, for each class."""
    grid = np.linspace(0, 1, ROC_POINTS)
    found = {"efficiency": _rounded(grid)}
    for signal in comparison.signals:
        efficiency, mistaken = comparison.roc(m, signal)
        # The cut that keeps at least so many: between two cuts there is none.
        found[comparison.dataset.classes[signal]] = _rounded(mistaken[np.searchsorted(efficiency, grid - 1e-12)])
    return found


def jet_columns(
    names: Sequence[str], dataset: Dataset, probabilities: np.ndarray, truth: np.ndarray | None
) -> dict[str, np.ndarray]:
    """Columns of a table with a row a jet, from probabilities (M, J, C): label, classes, divergence, scores."""
    columns = {} if truth is None else {"label": truth}
    columns |= {f"class_{name}": p.argmax(-1) for name, p in zip(names, probabilities, strict=True)}
    columns["divergence"] = jensen_shannon(probabilities).astype(np.float32)
    for name, p in zip(names, probabilities, strict=True):
        columns |= {f"score_{name}_{c}": p[:, i] for i, c in enumerate(dataset.classes)}
    return columns


def _rounded(values: np.ndarray) -> list:
    """Nested lists of five significant digits; None for what is not finite."""
    if values.ndim:
        return [_rounded(value) for value in values]
    return _finite(float(values))


def _finite(value: float) -> float | None:
    return float(f"{value:.5g}") if math.isfinite(value) else None
