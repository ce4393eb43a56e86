"""Charts of the study `irc`."""

import numpy as np

from part.analysis.intervention.irc import IRCResult
from part.analysis.statistics.running_mean import Z95
from part.figures.charts import Chart, Plot, Series
from part.figures.sentences.numbers import short, with_unit
from part.figures.sentences.significance import differ

AXES = {
    "soft": "pT of the soft photon over the jet's",
    "collinear": "ΔR of the two halves of the leading constituent",
}
FLOOR = 1e-8  # nats, about the resolution of float32 probabilities
TITLES = {"soft": "an emission gets softer", "collinear": "a splitting gets more collinear"}


def charts(result: IRCResult) -> dict[str, Chart]:
    """Return the divergence and the share of changed predictions against the scale of the emission."""
    all_charts: dict[str, Chart] = {}
    for name, mean, title in (
        ("divergence", result.divergence, "Jensen-Shannon divergence [nats]"),
        ("changed", result.changed, "share of jets predicted as another class"),
    ):
        logarithmic = name == "divergence"
        low, value, high = (
            np.maximum(v, FLOOR if logarithmic else 0) for v in (mean.interval[0], mean.value, mean.interval[1])
        )
        curve = Series("", result.points, value, low, high)
        texts = f"Change of the prediction as {TITLES[result.emission]}", AXES[result.emission], title
        all_charts[f"{result.emission}_{name}"] = Plot(
            *texts,
            (curve,),
            log_x=True,
            log_y=logarithmic,
            sentence=sentence(result, name),
            about=f"irc_{name}",
        )
    return all_charts


def sentence(result: IRCResult, name: str) -> str:
    """Return whether the change of the prediction vanishes with the emission, as it does for an IRC-safe model.

    name is "divergence" or "changed".
    """
    mean, order = getattr(result, name), np.argsort(result.points)
    (a, b) = ((float(mean.value[i]), float(Z95 * mean.error[i])) for i in (order[0], order[-1]))
    if not differ(a, b):
        return ""
    what, unit = ("the divergence", "nats") if name == "divergence" else ("the share of other predictions", "")
    small, large = (short(result.points[i]) for i in (order[0], order[-1]))
    verb = "falls" if a[0] < b[0] else "rises"
    rest = "is still" if a[0] > a[1] else "does not differ from 0:"
    ends = with_unit(*b, unit), with_unit(*a, unit)
    scale = f"As {TITLES[result.emission]}, from {large} to {small}"
    return f"{scale}, {what} {verb} from {ends[0]}; in the end it {rest} {ends[1]}."
