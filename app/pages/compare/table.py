"""The models in a table: quality with intervals, agreement with the first, cost."""

from app.components.model_table import cells, model_table, parameter_count
from app.components.theme import accents
from app.services import model_times
from app.services.comparison import gain_text, measure_text
from app.services.library import Comparison

HEADINGS = {
    "Accuracy": "Share of jets whose most probable class is the true one",
    "Accuracy gain": "Over the first model, with the interval of the difference on the same jets",
    "Macro AUC": "One-vs-one, averaged over all pairs of classes",
    "ECE": "Expected calibration error: how far confidence and accuracy are apart",
    "Agreement": "Share of jets that both this and the first model assign to the same class",
    "Logit drift": "From the first model: root mean square over classes, averaged over jets",
    "Parameters": "Trained numbers",
    "On disk": "Size of the file of weights",
    "Memory": "Weights, and the tensors that a forward pass of 64 jets holds at once",
    "1 jet [ms]": "Forward passes of one jet of median length on this machine: median, and 68 % of the passes",
    "Per jet of 64 [ms]": "The same, per jet of a forward pass of 64 jets, padded to the longest",
}
QUALITY = ("Accuracy", "Accuracy gain", "Macro AUC", "ECE")  # columns that need labels
TIMES = ("1 jet [ms]", "Per jet of 64 [ms]")  # columns of models that were timed


def quality_table(comparison: Comparison) -> None:
    left_out = (() if comparison.quality else QUALITY) + (() if model_times.are_known(comparison) else TIMES)
    headings = {name: about for name, about in HEADINGS.items() if name not in left_out}
    names, colours = comparison.names, accents()
    model_table(headings, [(names[m], colours[m], _cells(comparison, m)) for m in range(len(names))])


def _cells(comparison: Comparison, m: int) -> str:
    cost = comparison.costs[m]
    quality = _quality(comparison, m) if comparison.quality else []
    return cells(
        [
            *quality,
            f"{100 * comparison.agreement[0, m]:.1f} %" if m else "",
            f"{comparison.drift(m).mean():.3g}" if m else "",
            parameter_count(cost.parameters),
            f"{cost.disk / 1e6:.2f} MB",
            f"{cost.memory / 1e6:.0f} MB",
            *([_interval(model_times.single(cost)), _interval(model_times.in_batch(cost))] if cost.is_timed else []),
        ]
    )


def _quality(comparison: Comparison, m: int) -> list[str]:
    accuracy, auc = (_interval(measure_text(comparison, m, name)) for name in ("accuracy", "macro_auc"))
    gain = _interval(gain_text(comparison, m, "accuracy").replace("-", "−"))
    return [accuracy, gain, auc, f"{comparison.quality[m]['calibration_error']:.4f}"]


def _interval(text: str) -> str:
    """Return "0.85 [0.84, 0.86]" with the interval in small print."""
    value, _, bounds = text.partition(" ")
    return f"{value} <small>{bounds}</small>"
