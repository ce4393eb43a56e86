"""Charts of the study `lens`, and of the lens on one jet."""

from collections.abc import Sequence

import numpy as np

from part.analysis.intervention.lens import LensFound
from part.figures.charts import Chart, Plot, Series

DEPTH = "depth: particle blocks passed"
MOST_LINES = 5


def charts(found: LensFound) -> dict[str, Chart]:
    depths = np.arange(len(found.measures["divergence"].value))
    series = []
    for colour, (name, title) in enumerate((("accuracy", "accuracy"), ("true_class", "probability of the true class"))):
        mean = found.measures[name]
        if np.isfinite(mean.value).all():
            series.append(Series(title, depths, mean.value, *mean.interval, colour))
    far = found.measures["divergence"]
    made: dict[str, Chart] = {}
    if series:
        made["lens_quality"] = Plot("Quality of what is read at each depth", DEPTH, "", tuple(series), y_range=(0, 1))
    curve = Series("", depths, far.value, *far.interval)
    made["lens_divergence"] = Plot("Divergence from the model's answer", DEPTH, "Jensen-Shannon [nats]", (curve,))
    return made


def jet_lens(probabilities: np.ndarray, classes: Sequence[str]) -> Plot:
    """Class probabilities (L + 1, C) of one jet by depth: the classes that are ever most probable, at most five."""
    depths = np.arange(len(probabilities))
    leading = np.argsort(-probabilities.max(0), kind="stable")[:MOST_LINES]
    lines = tuple(Series(classes[c], depths, probabilities[:, c], colour=i) for i, c in enumerate(leading.tolist()))
    return Plot("Class probabilities read at each depth of this jet", DEPTH, "probability", lines, y_range=(0, 1.02))
