"""Charts of the study `patching`, and of patching one jet."""

import numpy as np

from part.analysis.intervention.patching import Recovery
from part.analysis.intervention.patching_study import PatchingFound
from part.figures.charts import Chart, Grid, HeadMap

PARTS = {"head": "each head's output", "pattern": "each head's pattern", "residual": "each particle's state"}


def charts(found: PatchingFound) -> dict[str, Chart]:
    study = found.study
    by = "jets" if study.corruption == "jet" else "flavour"
    title = f"Recovery of {study.clean} from {study.corrupted} {by} by {PARTS[study.part]}, {found.jets} pairs"
    return {"recovery": _heads(title, found.value, found.error)}


def jet_recovery(found: Recovery) -> Chart:
    """Of one jet: heads by layer, or the hardest particles by depth."""
    title = f"Recovery by {PARTS[found.part]}"
    if found.part != "residual":
        return _heads(title, found.values, None)
    depths, places = found.values.shape
    rows = ("embedding", *(f"layer {depth}" for depth in range(1, depths)))
    columns = (*map(str, range(1, places)), "all")
    values = found.values
    limit = float(np.abs(values[:, :-1]).max()) if places > 1 else 1.0
    limits = (-limit, limit)
    return Grid(title, "of the logit difference", values, rows, columns, "", "rank in pT", signed=True, limits=limits)


def _heads(title: str, values: np.ndarray, error: np.ndarray | None) -> HeadMap:
    heads = values.shape[1] - 1
    limit = float(np.abs(values[:, :heads]).max()) or 1.0
    columns = (*map(str, range(1, heads + 1)), "all")
    unit = "of the logit difference"
    return HeadMap(title, unit, values, error, signed=True, columns=columns, limits=(-limit, limit))
