"""Charts of the study `probes`."""

from dataclasses import replace

import numpy as np

from part.analysis.intervention.probes import ProbesResult
from part.analysis.statistics.running_mean import Z95
from part.figures.charts import Chart, Grid, Plot, Series
from part.figures.sentences.curves import trend
from part.figures.sentences.places import ends, farthest


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
        sentence=ends(
            result.value,
            Z95 * result.error,
            [f"{observable} from {readout}" for readout in result.readouts for observable in result.observables],
            most="Best read:",
            least="worst:",
        ),
        about="probes",
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
    deepest = gain[-1]
    gained = farthest(
        deepest,
        Z95 * np.hypot(result.error[-1], result.error[0]),
        result.observables,
        "At the last depth, farthest from the mean inputs",
        "observables",
    )
    title, depth = "R² beyond that of the mean inputs", "depth: particle blocks passed"
    return {
        "probes": grid,
        "probes_by_depth": Plot("R² by depth", depth, "R²", lines, sentence=_by_depth(lines), about="probes"),
        "probes_gain": Plot(title, depth, "gain in R²", rows, sentence=gained, about="probes"),
    }


def _by_depth(lines: tuple[Series, ...]) -> str:
    """Return which observable gains or loses most from the embedding to the last depth; bands are standard errors."""
    wider = [
        replace(line, low=line.y - Z95 * (line.y - line.low), high=line.y + Z95 * (line.high - line.y))
        for line in lines
        if line.low is not None and line.high is not None
    ]
    return trend(wider, "depth")
