"""Charts of the study `probes`."""

import numpy as np

from part.analysis.intervention.probes import ProbesFound
from part.figures.charts import Chart, Grid, Plot, Series


def charts(found: ProbesFound) -> dict[str, Chart]:
    grid = Grid(
        "R² of a linear read-out, of jets it has not seen",
        "R²",
        found.value,
        found.readouts,
        found.observables,
        error=found.error,
        limits=(0.0, 1.0),
    )
    depths = np.arange(len(found.readouts) - 1)
    lines = tuple(
        Series(
            name,
            depths,
            found.value[1:, y],
            found.value[1:, y] - found.error[1:, y],
            found.value[1:, y] + found.error[1:, y],
            y,
        )
        for y, name in enumerate(found.observables)
    )
    gain = found.value - found.value[:1]
    rows = tuple(
        Series(name, depths, gain[1:, y], gain[1:, y] - found.error[1:, y], gain[1:, y] + found.error[1:, y], y)
        for y, name in enumerate(found.observables)
    )
    return {
        "probes": grid,
        "probes_by_depth": Plot("R² by depth", "depth: particle blocks passed", "R²", lines),
        "probes_gain": Plot("R² beyond that of the mean inputs", "depth: particle blocks passed", "gain in R²", rows),
    }
