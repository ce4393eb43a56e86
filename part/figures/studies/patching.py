"""Charts of the study `patching`, and of patching one jet."""

import numpy as np

from part.analysis.intervention.activation_patching import Recovery
from part.analysis.intervention.patching import PatchingResult
from part.analysis.statistics.running_mean import Z95
from part.figures.charts import Chart, Grid, HeadMap
from part.figures.sentences.one_jet import extremes
from part.figures.sentences.places import cell_names, farthest, head_names

COMPONENT_TITLES = {"head": "each head's output", "pattern": "each head's pattern", "residual": "each particle's state"}


def charts(result: PatchingResult) -> dict[str, Chart]:
    """Return the mean recovery of each head."""
    study = result.study
    by = "jets" if study.corruption == "jet" else "flavour"
    component = COMPONENT_TITLES[study.component]
    title = f"Recovery of {study.clean} from {study.corrupted} {by} by {component}, {result.jets} pairs"
    return {"recovery": _heads(title, result.value, result.error)}


def jet_recovery(result: Recovery) -> Chart:
    """Return the recovery of one jet: of heads by layer, or of the leading particles by depth."""
    title = f"Recovery by {COMPONENT_TITLES[result.component]}"
    if result.component != "residual":
        return _heads(title, result.values, None)
    depths, n_columns = result.values.shape
    rows = ("embedding", *(f"layer {depth}" for depth in range(1, depths)))
    columns = (*map(str, range(1, n_columns)), "all")
    values = result.values
    limit = float(np.abs(values[:, :-1]).max()) if n_columns > 1 else 1.0
    limits = (-limit, limit)
    cells = cell_names(rows, [f"particle {rank}" for rank in range(1, n_columns)])
    return Grid(
        title,
        "share of the logit difference",
        values,
        rows,
        columns,
        "",
        "rank in pT",
        signed=True,
        limits=limits,
        sentence=extremes(values[:, :-1], cells, "Largest recovery"),
        about="recovery",
    )


def _heads(title: str, values: np.ndarray, error: np.ndarray | None) -> HeadMap:
    heads = values.shape[1] - 1
    limit = float(np.abs(values[:, :heads]).max()) or 1.0
    columns = (*map(str, range(1, heads + 1)), "all")
    single, names = values[:, :heads], head_names((len(values), heads))
    sentence = (
        extremes(single, names, "Largest recovery")
        if error is None
        else farthest(single, Z95 * error[:, :heads], names, "Largest recovery", sides=("above 0", "below"))
    )
    return HeadMap(
        title,
        "share of the logit difference",
        values,
        error,
        signed=True,
        columns=columns,
        limits=(-limit, limit),
        sentence=sentence,
        about="recovery",
    )
