"""Charts of the study `irc`."""

import numpy as np

from part.analysis.intervention.irc import IrcFound
from part.figures.charts import Chart, Plot, Series

AXES = {
    "soft": "pT of the soft photon over the jet's",
    "collinear": "ΔR of the two halves of the hardest constituent",
}
FLOOR = 1e-8  # nats, about what float32 probabilities can tell apart
TITLES = {"soft": "an emission gets softer", "collinear": "a splitting gets more collinear"}


def charts(found: IrcFound) -> dict[str, Chart]:
    made: dict[str, Chart] = {}
    for name, mean, title in (
        ("divergence", found.divergence, "Jensen-Shannon divergence [nats]"),
        ("changed", found.changed, "share of jets taken for another class"),
    ):
        logarithmic = name == "divergence"
        low, value, high = (
            np.maximum(v, FLOOR if logarithmic else 0) for v in (mean.interval[0], mean.value, mean.interval[1])
        )
        curve = Series("", found.points, value, low, high)
        words = f"Change of the prediction as {TITLES[found.kind]}"
        made[f"{found.kind}_{name}"] = Plot(words, AXES[found.kind], title, (curve,), log_x=True, log_y=logarithmic)
    return made
