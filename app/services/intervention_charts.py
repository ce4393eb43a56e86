"""Charts of single jets for the page Intervention."""

from collections.abc import Sequence

import numpy as np

from part.analysis.intervention.activation_patching import Recovery
from part.analysis.intervention.irc import IRCResult
from part.figures.axis_ranges import probability_range
from part.figures.charts import Chart, Plot, Series
from part.figures.prediction import strongest_classes
from part.figures.sentences.one_jet import prediction_change
from part.figures.studies import irc as irc_charts
from part.figures.studies import lens as lens_charts
from part.figures.studies import patching as patching_charts
from part.jets.class_groups import ClassGroup


def before_and_after(
    classes: Sequence[str],
    before: np.ndarray,
    after: np.ndarray,
    title: str,
    name: str,
    what: str,
    chosen: ClassGroup | None = None,
) -> Plot:
    """Return bars of the class probabilities (C,) before and after an intervention, which `name` calls.

    what begins the sentence on it, such as "Without layer 1, head 2".

    Of many classes those that are strongest in either are drawn, and the chosen one; a chosen group comes first.
    """
    groups = [chosen] if chosen and len(chosen) > 1 else []
    single = chosen.members if chosen and not groups else ()
    shown = strongest_classes(np.stack((before, after)), chosen=single)
    titles = (*(f"Σ {group.name}" for group in groups), *(classes[c] for c in shown))
    bars = [
        Series(
            label,
            titles,
            np.array([*(group.probability(probabilities) for group in groups), *probabilities[shown]]),
            colour=i or None,
            style="bars",
        )
        for i, (label, probabilities) in enumerate((("unchanged", before), (name, after)))
    ]
    span, sentence = probability_range(*(series.y for series in bars)), prediction_change(classes, before, after, what)
    return Plot(title, "probability", "", tuple(bars), x_range=span, sentence=sentence, about="before_and_after")


def irc_chart(single: IRCResult, sample: IRCResult | None, title: str) -> Plot:
    """Return how far the prediction moves for one jet, and on average over a sample if that is studied."""
    floor = irc_charts.FLOOR
    series = [Series("this jet", single.points, np.maximum(single.divergence.value, floor), colour=0)]
    if sample is not None:
        bounds = sample.divergence.interval
        low, value, high = (np.maximum(v, floor) for v in (bounds[0], sample.divergence.value, bounds[1]))
        name = f"mean of {int(sample.divergence.jets.max())} jets"
        series.append(Series(name, sample.points, value, low, high, 1))
    axis = irc_charts.AXES[single.emission]
    sentence = "" if sample is None else irc_charts.sentence(sample, "divergence")
    return Plot(
        title,
        axis,
        "Jensen-Shannon [nats]",
        tuple(series),
        log_x=True,
        log_y=True,
        sentence=sentence,
        about="irc_divergence",
    )


def lens_chart(probabilities: np.ndarray, classes: Sequence[str], chosen: ClassGroup | None = None) -> Plot:
    """Return the class probabilities (L + 1, C) of one jet by depth, first that of a chosen class or group."""
    return lens_charts.jet_lens(probabilities, classes, chosen)


def recovery_chart(recovery: Recovery) -> Chart:
    """Return how much of one jet's prediction each place recovers."""
    return patching_charts.jet_recovery(recovery)
