"""Charts of the study `probes`."""

import numpy as np

from part.analysis.intervention.probes import ProbesResult
from part.figures.charts import Chart, Grid, Plot, Series


def charts(result: ProbesResult) -> dict[str, Chart]:
    """Return R² of each observable by read-out, by depth, and beyond that of the mean inputs."""
    grid = Grid(
        "R² of a linear read-out on jets it was not fitted to",
        "R²",
        result.value,
        result.readouts,
        result.observables,
        error=result.error,
        limits=(0.0, 1.0),
    )
    depths = np.arange(len(result.readouts) - 1)
    lines = tuple(
        Series(
            name,
            depths,
            result.value[1:, y],
            result.value[1:, y] - result.error[1:, y],
            result.value[1:, y] + result.error[1:, y],
            y,
        )
        for y, name in enumerate(result.observables)
    )
    gain = result.value - result.value[:1]
    rows = tuple(
        Series(name, depths, gain[1:, y], gain[1:, y] - result.error[1:, y], gain[1:, y] + result.error[1:, y], y)
        for y, name in enumerate(result.observables)
    )
    return {
        "probes": grid,
        "probes_by_depth": Plot("R² by depth", "depth: particle blocks passed", "R²", lines),
        "probes_gain": Plot("R² beyond that of the mean inputs", "depth: particle blocks passed", "gain in R²", rows),
    }
