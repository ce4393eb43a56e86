"""Charts of the study `bias_switch`."""

from collections.abc import Sequence

import numpy as np

from part.analysis.bias.bias_ablation import BiasAblation, BiasAblationResult
from part.figures.axis_ranges import probability_range
from part.figures.charts import Chart, Grid, Plot, Series
from part.figures.prediction import strongest_classes
from part.figures.sentences.ablation import absolute, jet_classes, relative
from part.figures.view import lower_first
from part.jets.datasets import class_title

TITLES = {
    "accuracy": "Accuracy",
    "macro_auc": "Macro AUC",
    "share of jets that change class": "Share of jets that change class",
    "logit drift": "Logit drift, root mean square",
}
QUALITY = ("accuracy", "macro_auc")
SHARES = ("accuracy", "share of jets that change class")
REJECTION = "rejection_"


def charts(result: BiasAblationResult) -> dict[str, Chart]:
    """Return all charts of the study `bias_switch`."""
    charts: dict[str, Chart] = {
        name.replace(" ", "_"): bars(result, name) for name in TITLES if name in result.quantities
    }
    if any(name.startswith(REJECTION) for name in result.quantities):
        grid = rejections(result)
        if np.isfinite(grid.values).any():  # small samples may have no background left anywhere
            charts["rejections"] = grid
    return charts


def bars(result: BiasAblationResult, quantity: str) -> Plot:
    """Return a quantity without the bias and with it alone, in all layers and in each; the title has it unchanged."""
    effects = result.by_ablation(quantity)
    series = []
    for colour, term in enumerate(("bias", "scores_qk")):
        chosen = [effect for ablation, effect in effects.items() if ablation.removed == term]
        y, low, high = (np.array([getattr(effect, name) for effect in chosen]) for name in ("value", "low", "high"))
        places = tuple(effect.ablation.place for effect in chosen)
        series.append(Series(chosen[0].ablation.title, places, y, low, high, colour, "bars"))
    unchanged = effects[BiasAblation()]
    note = f" (untouched {unchanged.value:.3f})" if np.isfinite(unchanged.change) else ""
    title = TITLES[quantity]
    removed = [effect for ablation, effect in effects.items() if ablation.removed]
    sentence = (relative if quantity in QUALITY else absolute)(removed, lower_first(title))
    return Plot(
        title + note, title, "", tuple(series), x_range=_span(quantity, series), sentence=sentence, about="bias_switch"
    )


def _span(quantity: str, series: Sequence[Series]) -> tuple[float, float] | None:
    """Return the ends of the axis of a quantity that has bounds; an AUC begins at 1/2 unless one is worse than that."""
    ends = [end for bars in series for end in (bars.y, bars.low, bars.high) if end is not None]
    if quantity == "macro_auc":
        return (0.5 if np.nanmin(ends, initial=1) >= 0.5 else 0.0), 1.0
    return probability_range(*ends) if quantity in SHARES else None


def rejections(result: BiasAblationResult) -> Grid:
    """Return background rejections relative to the unchanged model's; empty where either is infinite."""
    names = [name for name in result.quantities if name.startswith(REJECTION)]
    ablations = [ablation for ablation in result.ablations if ablation.removed]
    effects = [result.by_ablation(name) for name in names]
    values = np.array([[effect[ablation].change for effect in effects] for ablation in ablations])
    values = np.where(np.isfinite(values), values, np.nan)
    points = [name.removeprefix(REJECTION).rpartition("_") for name in names]
    columns = tuple(f"{class_title(signal)} {efficiency}" for signal, _, efficiency in points)
    rows = tuple(f"{ablation.title}, {ablation.place}" for ablation in ablations)
    sentence = relative([effect[a] for effect in effects for a in ablations], "the rejection", is_ratio=True)
    title, ratio = "Background rejection over that of the untouched model", "ratio of rejections"
    return Grid(title, "", values, rows, columns, quantity=ratio, sentence=sentence, about="bias_switch")


def jet_probabilities(ablations: Sequence[BiasAblation], probabilities: np.ndarray, classes: Sequence[str]) -> Grid:
    """Return the probabilities (V, C) of one jet under each ablation; of many classes the strongest.

    The colours end at the largest of them, since of many classes all may be improbable.
    """
    shown = strongest_classes(probabilities)
    rows = tuple(f"{ablation.title}{', ' * bool(ablation.place)}{ablation.place}" for ablation in ablations)
    columns = tuple(classes[c] for c in shown)
    sentence = jet_classes(probabilities, rows, classes)
    texts = "Probabilities of this jet [%]", "%"
    return Grid(
        *texts,
        100 * probabilities[:, shown],
        rows,
        columns,
        quantity="probability",
        sentence=sentence,
        about="bias_switch_jet",
    )
