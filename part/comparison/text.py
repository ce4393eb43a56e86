"""The numbers of a comparison as text, for the terminal and the page.

Shapes: M models.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from part.analysis.statistics.bootstrap import LEVEL
from part.analysis.statistics.divergence import AttentionChange
from part.benchmarking.cost import BATCH
from part.comparison.result import GAIN_MEASURES, Comparison
from part.comparison.times import time_text, times_text
from part.jets.notices import without_class
from part.text import significant

TITLES = {"accuracy": "Accuracy", "macro_auc": "Macro AUC", "calibration_error": "Calibration error"}


def text_table(comparison: Comparison) -> str:
    """Return a table with a line for each measure and a column for each model."""
    lines = [["", *comparison.names], *_quality(comparison), *_cost(comparison), *_attention(comparison)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    texts = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    about = f"In brackets: {100 * LEVEL:g} % intervals, of shares Wilson's, of others by bootstrap"
    about += "; in parentheses: background jets that pass" if comparison.rejections else ""
    texts.append(f"{about}. Gains are over {comparison.names[0]}.")
    if times := times_text(comparison.costs):
        texts.append(times)
    if comparison.without_class:
        texts.append(without_class(comparison.without_class, len(comparison)))
    return "\n".join(texts)


def _quality(comparison: Comparison) -> list[list[str]]:
    models = range(len(comparison.names))
    if not comparison.quality:
        return [["No labels, so no accuracy", *("" for _ in models)]]
    names = [n for n in comparison.quality[0] if n not in ("jets", "accuracy_error", "calibration_error")]
    lines = [
        [measure_title(name), *(measure_text(comparison, m, name) for m in models)]
        for name in [*names, "calibration_error"]
    ]
    gains = [
        [f"{measure_title(name)}, gain", *(gain_text(comparison, m, name) for m in models)] for name in GAIN_MEASURES
    ]
    return [line for line in lines[:2] + gains + lines[2:] if any(line[1:])]


def measure_title(name: str, titles: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return the title of a measure, for instance "1/εB Hbb at 50 %" for "rejection_Hbb_50%".

    titles are those of classes by their names.
    """
    if name in TITLES:
        return TITLES[name]
    signal, _, efficiency = name.removeprefix("rejection_").rpartition("_")  # a signal's name may have a "_"
    return f"1/εB {titles.get(signal, signal)} at {efficiency.removesuffix('%')} %"


def measure_text(comparison: Comparison, m: int, name: str) -> str:
    """Return a measure with its interval, a rejection also with the background jets that pass."""
    value, bounds = comparison.quality[m][name], comparison.interval(m, name)
    if name.startswith("rejection"):
        return rejection_text(value, bounds, comparison.rejection_counts[m][name])
    if name == "macro_auc" and value is None:
        return "–"
    text = format_number(value, 4)
    return text if bounds is None else f"{text} [{format_number(bounds[0], 4)}, {format_number(bounds[1], 4)}]"


def rejection_text(value: float | None, bounds: tuple[float, float] | None, counts: Mapping[str, Any]) -> str:
    """Return a rejection with its interval and its counts; where no background jet passes, the limit at 95 %."""
    of = f"({counts['passing']} of {counts['background']})"
    if value is None:
        return f"> {significant(counts['above'])} at 95 % {of}"
    ends = "" if bounds is None else f" [{format_number(bounds[0], 1)}, {format_number(bounds[1], 1)}]"
    return f"{format_number(value, 1)}{ends} {of}"


def gain_text(comparison: Comparison, m: int, name: str) -> str:
    """Return a measure minus the first model's with its interval; "" for the first model and without replicas."""
    bounds = comparison.gain(m, name) if m else None
    if bounds is None:
        return ""
    value = comparison.quality[m][name] - comparison.quality[0][name]
    return f"{value:+.4f} [{bounds[0]:+.4f}, {bounds[1]:+.4f}]"


def format_number(value: float | None, digits: int, infinite: str = "∞") -> str:
    """Return a number with so many digits after the point; None counts as infinite."""
    return infinite if value is None or value == float("inf") else f"{value:.{digits}f}"


def _cost(comparison: Comparison) -> list[list[str]]:
    models, costs = range(len(comparison.names)), comparison.costs
    return [
        ["Agreement with the first", *(agreement_text(comparison, m) for m in models)],
        ["Logit drift from the first", *(f"{comparison.drift(m).mean():.3g}" for m in models)],
        ["Parameters", *(f"{c.parameters:,}" for c in costs)],
        ["On disk [MB]", *(f"{c.disk / 1e6:.2f}" for c in costs)],
        [f"Memory of {BATCH} jets [MB]", *(f"{c.memory / 1e6:.0f}" for c in costs)],
        ["Time of one jet [ms]", *(time_text(c, c.single_timing) for c in costs)],
        [f"Time a jet of {BATCH} [ms]", *(time_text(c, c.batch_timing) for c in costs)],
    ]


def agreement_text(comparison: Comparison, m: int) -> str:
    """Return the share of jets that this model and the first predict as the same class, with Wilson's interval."""
    low, high = (ends[0, m] for ends in comparison.same_class.interval)
    return f"{comparison.agreement[0, m]:.4f} [{low:.4f}, {high:.4f}]"


def _attention(comparison: Comparison) -> list[list[str]]:
    models = range(len(comparison.names))
    changes = [comparison.attention[m] for m in models]
    if not any(isinstance(change, AttentionChange) for change in changes):
        return []
    return [
        ["Attention, divergence", *(_mean(change, "mean_divergence") for change in changes)],
        ["Attention, argmax flips", *(_mean(change, "flip_rate") for change in changes)],
    ]


def _mean(change: AttentionChange | str | None, name: str) -> str:
    return f"{getattr(change, name).mean():.3g}" if isinstance(change, AttentionChange) else "–"
