"""What `part.analysis.bias.study` found, and the bias of single pairs and as a function, as charts."""

from collections.abc import Sequence

import numpy as np

from part.analysis.bias import bias_function as surface
from part.analysis.bias import lund
from part.analysis.bias.shapley import Shapley
from part.analysis.bias.study import BiasFindings
from part.analysis.bias.variance_shares import DECADES
from part.analysis.statistics.running_mean import Z95
from part.figures.charts import Chart, Grid, HeadMap, Plot, Series, Surface
from part.models.pair import PAIR_FEATURES

PLANE = {"x_title": "ln 1/Δ", "y_title": "ln kT [ln GeV]"}


def charts(findings: BiasFindings) -> dict[str, Chart]:
    heads = range(len(findings.base))
    return {
        **shares(findings),
        "ratio": ratio_by_layer(findings),
        "shapley": shapley_means(findings),
        **{f"lund_bias_head{head + 1}": lund_bias(findings, head) for head in heads},
        **{f"lund_attention_head{head + 1}": lund_attention(findings, None, head) for head in heads},
        "lund_pairs": lund_pairs(findings),
    }


def shares(findings: BiasFindings, chosen: tuple[int, int] | None = None) -> dict[str, HeadMap]:
    """By head: of what the variance of logits along a row is made, and how many argmaxes are the bias's doing.

    chosen: a layer and head to be framed.
    """
    told = {
        "share_scores": ("q·k: share of the logits' variance", findings.shares.scores, False),
        "share_bias": ("Bias: share of the logits' variance", findings.shares.bias, False),
        "share_covariance": ("Twice their covariance: share", findings.shares.covariance, True),
        "flips": ("Queries whose strongest key needs the bias", findings.shares.flips, False),
    }
    marked = np.zeros(findings.shares.bias.value.shape, bool)
    if chosen is not None:
        marked[chosen] = True
    return {
        name: HeadMap(title, "share", mean.value, mean.error, signed, marked, limits=(-1.0 if signed else 0.0, 1.0))
        for name, (title, mean, signed) in told.items()
    }


def ratio(findings: BiasFindings, layer: int, head: int) -> Plot:
    """|q·k| over |bias| of a head's pairs."""
    kinds = (("as they are", findings.shares.ratio), ("less the mean of their row", findings.shares.centred))
    series = []
    for colour, (name, mean) in enumerate(kinds):
        low, high = (bound[layer, head] for bound in mean.interval)
        series.append(Series(name, _middles(), mean.value[layer, head], low, high, colour))
    return _ratio_plot(f"|q·k| / |bias|, layer {layer + 1}, head {head + 1}", tuple(series))


def ratio_by_layer(findings: BiasFindings) -> Plot:
    """|q·k| over |bias| of rows less their mean, averaged over the heads of each layer."""
    values = findings.shares.centred.value.mean(1)
    series = tuple(Series(f"layer {i + 1}", _middles(), y, colour=i) for i, y in enumerate(values))
    return _ratio_plot("|q·k| / |bias| less the mean of their row, by layer", series)


def _ratio_plot(title: str, series: tuple[Series, ...]) -> Plot:
    return Plot(title, "|q·k| / |bias|", "share of pairs a quarter decade", series, log_x=True, x_range=(1e-4, 1e4))


def _middles() -> np.ndarray:
    return 10 ** ((DECADES[:-1] + DECADES[1:]) / 2)


def shapley_means(findings: BiasFindings) -> Grid:
    """How much each feature moves each head's bias: mean sizes of its Shapley values."""
    heads = tuple(f"head {head + 1}" for head in range(len(findings.base)))
    size = findings.size
    return Grid("Mean size of Shapley values", "logits", size.value, heads, PAIR_FEATURES, error=size.error)


def shapley_of_head(findings: BiasFindings, head: int) -> Plot:
    """A head's mean sizes as bars."""
    y, spread = findings.size.value[head], Z95 * findings.size.error[head]
    bars = Series("", PAIR_FEATURES, y, y - spread, y + spread, head, "bars")
    return Plot(f"Mean size of Shapley values, head {head + 1}", "logits", "", (bars,))


def explained(found: Shapley, head: int, names: Sequence[str]) -> Grid:
    """A row a pair: what the baseline and each feature add to its bias, and the bias, which is the sum."""
    base = np.full((len(names), 1), found.base[head])
    values = np.concatenate((base, found.values[:, head], found.bias[:, head, None]), 1)
    title = f"Shapley values of pairs, head {head + 1}"
    return Grid(title, "logits", values, tuple(names), ("baseline", *PAIR_FEATURES, "bias"), signed=True)


def lund_bias(findings: BiasFindings, head: int) -> Surface:
    title = f"Mean bias over the Lund plane, head {head + 1}"
    return _lund(title, "bias", findings.lund.bias.value[head], signed=True)


def lund_attention(findings: BiasFindings, layer: int | None, head: int) -> Surface:
    """Of a layer's head; of the head averaged over layers, which share its bias, if layer is None."""
    values = findings.lund.attention.value[:, head]
    where = "layers averaged" if layer is None else f"layer {layer + 1}"
    shown = values.mean(0) if layer is None else values[layer]
    return _lund(f"Mean attention over the Lund plane, {where}, head {head + 1}", "attention", shown)


def lund_pairs(findings: BiasFindings) -> Surface:
    values = findings.lund.pairs.value
    return _lund("Where the pairs lie in the Lund plane", "share of pairs", np.where(values > 0, values, np.nan))


def _lund(title: str, unit: str, values: np.ndarray, signed: bool = False) -> Surface:
    x, y = ((edges[:-1] + edges[1:]) / 2 for edges in (lund.LN_INVERSE_DELTA, lund.LN_KT))
    return Surface(title, unit, x, y, values, **PLANE, signed=signed)


def learned(values: np.ndarray, head: int, pairs: np.ndarray, lnz: float, lnm2: float | None) -> Surface:
    """What a head has learned, values (Y, X) from `surface.surface`, with the pairs (P, F) that are near the plane."""
    near = pairs[surface.nearby(pairs, lnz, lnm2)]
    mass = "m² of massless pairs" if lnm2 is None else f"lnm² {lnm2:.1f}"
    title = f"Bias as a function, head {head + 1}, lnz {lnz:.1f}, {mass}"
    points = np.stack((-near[:, 2], near[:, 0]), -1)
    return Surface(
        title.replace("-", "−"),
        "bias",
        surface.LN_INVERSE_DELTA,
        surface.LN_KT,
        values,
        **PLANE,
        signed=True,
        points=points,
    )
