"""Charts of the study `mean_attention`, of one head at a time."""

import numpy as np

from part.analysis.mean_attention import DELTA_R, KT, MeanAttentionResult
from part.analysis.statistics.running_mean import Mean
from part.figures.charts import Chart, Grid, Plot, Series

RELATIVE = "attention / equal attention"
OVER = {"by_delta_r": ("ΔR", np.array(DELTA_R)), "by_kt": ("kT [GeV]", np.array(KT))}
SIGNIFICANT = 3.0  # standard errors, of the bin that is farthest from zero


def charts(result: MeanAttentionResult, layer: int = 0, head: int = 0) -> dict[str, Chart]:
    """Return the charts of a head; with two classes, both of them and their difference.

    Parameters
    ----------
    result : MeanAttentionResult
    layer, head : int
        The head, counted from 0.
    """
    name = f"L{layer + 1} H{head + 1}"
    everything: dict[str, Chart] = {"mean_rank": _grid(f"{name} by rank in pT", result.by_rank, (0, layer, head))}
    for key, (title, edges) in OVER.items():
        mean: Mean = getattr(result, key)
        shown = range(1, 3) if len(result.groups) == 3 else range(1)
        series = tuple(_curve(result.groups[g], edges, mean, (g, layer, head), g - 1 if g else 0) for g in shown)
        everything[f"mean_{key}"] = Plot(f"{name} over {title}", title, RELATIVE, series, log_x=key == "by_kt")
    if len(result.groups) != 3:
        return everything
    title = f"{result.groups[1]} minus {result.groups[2]}"
    grid = _grid(f"{name}, {title}", result.difference("by_rank"), (layer, head), signed=True)
    everything["difference_rank"] = grid
    for key, (over, edges) in OVER.items():
        mean = result.difference(key)
        curve = _curve("", edges, mean, (layer, head), 0)
        sentence = _sentence(result, mean, (layer, head), over, edges)
        everything[f"difference_{key}"] = Plot(
            f"{name}, {title}", over, f"difference of {RELATIVE}", (curve,), log_x=key == "by_kt", sentence=sentence
        )
    return everything


def _grid(title: str, mean: Mean, index: tuple[int, ...], signed: bool = False) -> Grid:
    ranks = tuple(str(rank + 1) for rank in range(mean.value.shape[-1]))
    return Grid(
        title, "attention", mean.value[index], ranks, ranks, "query", "key", error=mean.error[index], signed=signed
    )


def _curve(name: str, edges: np.ndarray, mean: Mean, index: tuple[int, ...], colour: int) -> Series:
    known = np.isfinite(mean.error[index])
    middles = np.sqrt(edges[:-1] * edges[1:]) if edges[0] > 0 else (edges[:-1] + edges[1:]) / 2
    y, low, high = (array[index][known] for array in (mean.value, *mean.interval))
    return Series(name, middles[known], y, low, high, colour)


def _sentence(result: MeanAttentionResult, mean: Mean, index: tuple[int, int], over: str, edges: np.ndarray) -> str:
    """Return where the classes differ most, if they differ there by more than chance may."""
    value, error = mean.value[index], mean.error[index]
    sizes = np.divide(np.abs(value), error, out=np.zeros(value.shape), where=error > 0)
    best = int(np.nan_to_num(sizes).argmax())
    if not sizes[best] > SIGNIFICANT:
        return ""
    more = "more" if value[best] > 0 else "less"
    quantity, _, unit = over.partition(" [")
    unit = f" {unit.rstrip(']')}" if unit else ""
    return (
        f"In {result.groups[1]} the head attends {more} than in {result.groups[2]} at {quantity} "
        f"{edges[best]:.2g} to {edges[best + 1]:.2g}{unit}, by {abs(value[best]):.2g} ± {error[best]:.1g} of equal "
        f"attention ({result.jets[1]} and {result.jets[2]} jets)."
    )
