"""What `part.analysis.bias.bias_ablation` found, as charts."""

from collections.abc import Sequence

import numpy as np

from part.analysis.bias.bias_ablation import Switch, SwitchFindings
from part.figures.charts import Chart, Grid, Plot, Series

TITLES = {
    "accuracy": "Accuracy",
    "macro_auc": "Macro AUC",
    "share of jets that change class": "Share of jets that change class",
    "logit drift": "Logit drift, root mean square",
}
RANGES = {"accuracy": (0.0, 1.0), "macro_auc": (0.5, 1.0), "share of jets that change class": (0.0, 1.0)}
REJECTION = "rejection_"


def charts(findings: SwitchFindings) -> dict[str, Chart]:
    made = {name: bars(findings, name) for name in TITLES if name in findings.quantities}
    names = {name: name.replace(" ", "_") for name in made}
    found = {names[name]: chart for name, chart in made.items()}
    if any(name.startswith(REJECTION) for name in findings.quantities):
        grid = rejections(findings)
        if np.isfinite(grid.values).any():  # in a small sample no background may be left anywhere
            found["rejections"] = grid
    return found


def bars(findings: SwitchFindings, quantity: str) -> Plot:
    """With the bias off and with it alone, in all layers and in each; the title tells it of the untouched model."""
    effects = findings.of(quantity)
    series = []
    for colour, off in enumerate(("bias", "scores_qk")):
        some = [effect for switch, effect in effects.items() if switch.off == off]
        y, low, high = (np.array([getattr(effect, name) for effect in some]) for name in ("value", "low", "high"))
        places = tuple(effect.switch.place for effect in some)
        series.append(Series(some[0].switch.title, places, y, low, high, colour, "bars"))
    untouched = effects[Switch()]
    about = f" (untouched {untouched.value:.3f})" if np.isfinite(untouched.change) else ""
    title = TITLES[quantity]
    return Plot(title + about, title, "", tuple(series), x_range=RANGES.get(quantity))


def rejections(findings: SwitchFindings) -> Grid:
    """Of the background, over what the untouched model rejects; empty where either is infinite."""
    names = [name for name in findings.quantities if name.startswith(REJECTION)]
    switches = [switch for switch in findings.switches if switch.off]
    effects = [findings.of(name) for name in names]
    values = np.array([[effect[switch].change for effect in effects] for switch in switches])
    values = np.where(np.isfinite(values), values, np.nan)
    columns = tuple(name.removeprefix(REJECTION).replace("_", " ") for name in names)
    rows = tuple(f"{switch.title}, {switch.place}" for switch in switches)
    return Grid("Background rejection over that of the untouched model", "of the untouched", values, rows, columns)


def of_jet(switches: Sequence[Switch], probabilities: np.ndarray, classes: Sequence[str]) -> Grid:
    """Probabilities (V, C) that one jet has with each switch."""
    rows = tuple(f"{switch.title}{', ' * bool(switch.place)}{switch.place}" for switch in switches)
    return Grid("Probabilities of this jet", "probability", probabilities, rows, tuple(classes), limits=(0.0, 1.0))
