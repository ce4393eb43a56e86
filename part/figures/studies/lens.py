"""Charts of the study `lens`, and of the lens on one jet."""

from collections.abc import Sequence

import numpy as np

from part.analysis.intervention.lens import LensResult
from part.analysis.statistics.running_mean import Z95
from part.figures.axis_ranges import probability_range
from part.figures.charts import Chart, Plot, Series
from part.figures.sentences.curves import largest_step
from part.figures.sentences.one_jet import last_change
from part.jets.class_groups import ClassGroup

DEPTH = "depth: particle blocks passed"
MAX_CLASSES = 5


def charts(result: LensResult) -> dict[str, Chart]:
    """Return the quality of the predictions read at each depth, and their divergence from the last."""
    depths = np.arange(len(result.measures["divergence"].value))
    series = []
    for colour, (name, title) in enumerate((("accuracy", "accuracy"), ("true_class", "probability of the true class"))):
        mean = result.measures[name]
        if np.isfinite(mean.value).all():
            series.append(Series(title, depths, mean.value, *mean.interval, colour))
    divergence = result.measures["divergence"]
    all_charts: dict[str, Chart] = {}
    if series:
        title = "Quality of the prediction at each depth"
        span = probability_range(*(s.y if s.high is None else np.fmax(s.y, s.high) for s in series))
        sentence = _step(result, "accuracy", "Accuracy")
        all_charts["lens_quality"] = Plot(
            title, DEPTH, "", tuple(series), y_range=span, sentence=sentence, about="lens_quality"
        )
    curve = Series("", depths, divergence.value, *divergence.interval)
    title = "Divergence from the model's prediction"
    sentence = _step(result, "divergence", "Divergence")
    all_charts["lens_divergence"] = Plot(
        title, DEPTH, "Jensen-Shannon [nats]", (curve,), sentence=sentence, about="lens_divergence"
    )
    return all_charts


def _step(result: LensResult, measure: str, what: str) -> str:
    mean, is_divergence = result.measures[measure], measure == "divergence"
    stop = len(mean.value) - is_divergence  # that of the last depth from itself is 0
    places = [f"depth {depth}" for depth in range(stop)]
    return largest_step(mean.value[:stop], Z95 * mean.error[:stop], places, what, "nats" if is_divergence else "")


def jet_lens(probabilities: np.ndarray, classes: Sequence[str], chosen: ClassGroup | None = None) -> Plot:
    """Return class probabilities (L + 1, C) of one jet by depth, for the classes that become most probable.

    A chosen class or group comes first.
    """
    depths = np.arange(len(probabilities))
    leading = np.argsort(-probabilities.max(0), kind="stable").tolist()
    curves = {chosen.name: chosen.probability(probabilities)} if chosen else {}
    curves |= {classes[c]: probabilities[:, c] for c in leading[: MAX_CLASSES - len(curves)]}
    lines = tuple(Series(name, depths, values, colour=i) for i, (name, values) in enumerate(curves.items()))
    title, span = "Class probabilities read at each depth of this jet", probability_range(*(line.y for line in lines))
    sentence = last_change(depths.tolist(), probabilities, classes, "depth")
    return Plot(title, DEPTH, "probability", lines, y_range=span, sentence=sentence, about="lens_jet")
