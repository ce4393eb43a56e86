"""Charts of the study `irc`."""

import numpy as np

from part.analysis.intervention.irc import IRCResult
from part.figures.charts import Chart, Plot, Series

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
        all_charts[f"{result.emission}_{name}"] = Plot(*texts, (curve,), log_x=True, log_y=logarithmic)
    return all_charts
