"""The models in a table: quality with intervals, agreement with the first, cost."""

from app.components.model_table import cells, model_table, parameter_count
from app.components.theme import accents
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
    "Time of 1 jet": "Time of a forward pass of one jet of median length, on this machine",
    "Time per jet of 64": "Time per jet of a forward pass of 64 jets, padded to the longest, on this machine",
}
QUALITY = ("Accuracy", "Accuracy gain", "Macro AUC", "ECE")  # columns that need labels


def quality_table(comparison: Comparison) -> None:
    headings = {name: about for name, about in HEADINGS.items() if comparison.quality or name not in QUALITY}
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
            f"{1e3 * cost.single:.1f} ms",
            f"{1e3 * cost.batch:.2f} ms",
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
