"""Charts of the study `bias`, and of the bias of single pairs and as a function."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from part.analysis.bias import bias_function, lund
from part.analysis.bias.shapley import Shapley
from part.analysis.bias.study import BiasResult
from part.analysis.bias.variance_shares import DECADES
from part.analysis.statistics.running_mean import Z95
from part.figures.charts import Chart, Grid, HeadMap, Plot, Series, Surface
from part.figures.one_scale import share_limits
from part.figures.sentences import lund as lund_sentences
from part.figures.sentences.one_jet import largest_part
from part.figures.sentences.places import cell_names, ends, range_of_heads
from part.models.pair_inputs import PAIR_FEATURES

SHAPLEY_SIZE = "mean |Shapley value|"
PLANE: dict[str, Any] = {"x_title": "ln 1/Δ", "y_title": "ln(kT / GeV)"}


def charts(result: BiasResult) -> dict[str, Chart]:
    """Return all charts of a sample."""
    heads = range(len(result.base))
    return {
        **variance_shares(result),
        "ratio": ratio_by_layer(result),
        "shapley": shapley_means(result),
        **share_limits({f"lund_bias_head{head + 1}": lund_bias(result, head) for head in heads}),
        **share_limits({f"lund_attention_head{head + 1}": lund_attention(result, None, head) for head in heads}),
        "lund_pairs": lund_pairs(result),
    }


def variance_shares(result: BiasResult, chosen: tuple[int, int] | None = None) -> dict[str, HeadMap]:
    """Return, per head, the shares of q·k and bias in the variance of logits, and where the bias decides the argmax.

    Parameters
    ----------
    result : BiasResult
        The result of the study.
    chosen : tuple of int, optional
        Layer and head that get a frame.
    """
    maps = {
        "share_scores": ("q·k: share of the logits' variance", result.shares.scores, False),
        "share_bias": ("Bias: share of the logits' variance", result.shares.bias, False),
        "share_covariance": ("Twice their covariance: share", result.shares.covariance, True),
        "flips": ("Queries whose strongest key needs the bias", result.shares.flips, False),
    }
    marked = np.zeros(result.shares.bias.value.shape, bool)
    if chosen is not None:
        marked[chosen] = True
    # A covariance below 0 makes shares above 1; all maps have the same scale.
    largest = max(1.0, *(float(np.nanmax(np.abs(mean.value), initial=0)) for _, mean, _ in maps.values()))
    return {
        name: HeadMap(
            title,
            "share",
            mean.value,
            mean.error,
            signed,
            marked,
            limits=(-largest if signed else 0.0, largest),
            sentence=range_of_heads(mean.value, Z95 * mean.error),
            about="flips" if name == "flips" else "variance_shares",
        )
        for name, (title, mean, signed) in maps.items()
    }


def ratio(result: BiasResult, layer: int, head: int) -> Plot:
    """Return the distribution of |q·k| / |bias| over a head's pairs."""
    kinds = (("unchanged", result.shares.ratio), ("minus the mean of their row", result.shares.centred))
    series = []
    for colour, (name, mean) in enumerate(kinds):
        low, high = (bound[layer, head] for bound in mean.interval)
        series.append(Series(name, _middles(), mean.value[layer, head], low, high, colour))
    mean = result.shares.centred
    sentence = lund_sentences.ratio(mean.value[layer, head], Z95 * mean.error[layer, head], DECADES)
    return _ratio_plot(f"|q·k| / |bias|, layer {layer + 1}, head {head + 1}", tuple(series), sentence)


def ratio_by_layer(result: BiasResult) -> Plot:
    """Return the distribution of |q·k| / |bias| minus the mean of each row, averaged over each layer's heads."""
    values = result.shares.centred.value.mean(1)
    series = tuple(Series(f"layer {i + 1}", _middles(), y, colour=i) for i, y in enumerate(values))
    # The error of a mean of heads is at most the mean of their errors, however they are correlated.
    sentence = lund_sentences.ratio_by_layer(values, Z95 * result.shares.centred.error.mean(1), DECADES)
    return _ratio_plot("|q·k| / |bias| minus the mean of their row, by layer", series, sentence)


def _ratio_plot(title: str, series: tuple[Series, ...], sentence: str) -> Plot:
    texts = title, "|q·k| / |bias|", "share of pairs a quarter decade"
    return Plot(*texts, series, log_x=True, x_range=(1e-4, 1e4), sentence=sentence, about="ratio")


def _middles() -> np.ndarray:
    return 10 ** ((DECADES[:-1] + DECADES[1:]) / 2)


def shapley_means(result: BiasResult) -> Grid:
    """Return how much each pair feature changes each head's bias: the mean size of its Shapley values."""
    heads = tuple(f"head {head + 1}" for head in range(len(result.base)))
    size = result.size
    cells = cell_names(heads, result.features)
    sentence = ends(size.value, Z95 * size.error, cells, "logits", "Largest for", "smallest for")
    title = "Mean size of Shapley values"
    return Grid(
        title,
        "logits",
        size.value,
        heads,
        result.features,
        error=size.error,
        quantity=SHAPLEY_SIZE,
        sentence=sentence,
        about="shapley_of_bias",
    )


def shapley_of_head(result: BiasResult, head: int) -> Plot:
    """Return the mean sizes of one head's Shapley values as bars."""
    y, spread = result.size.value[head], Z95 * result.size.error[head]
    bars = Series("", result.features, y, y - spread, y + spread, head, "bars")
    sentence = ends(y, spread, result.features, "logits", "Largest for", "smallest for")
    title = f"Mean size of Shapley values, head {head + 1}"
    return Plot(title, f"{SHAPLEY_SIZE} [logits]", "", (bars,), sentence=sentence, about="shapley_of_bias")


def pair_shapley(shapley: Shapley, head: int, names: Sequence[str], features: tuple[str, ...] = PAIR_FEATURES) -> Grid:
    """Return a row per pair: what the baseline and each feature contribute to its bias, and the bias, their sum."""
    base = np.full((len(names), 1), shapley.base[head])
    values = np.concatenate((base, shapley.values[:, head], shapley.bias[:, head, None]), 1)
    title = f"Shapley values of pairs, head {head + 1}"
    sentence = ""
    if len(names):
        sizes = np.abs(shapley.values[:, head]).mean(0)
        sentence = largest_part(sizes, features, f"logits on average over the {len(names)} pairs")
    columns = ("baseline", *features, "bias")
    return Grid(
        title,
        "logits",
        values,
        tuple(names),
        columns,
        signed=True,
        quantity="contribution",
        sentence=sentence,
        about="pair_shapley",
    )


def lund_bias(result: BiasResult, head: int) -> Surface:
    """Return the mean bias of a head over the Lund plane."""
    title = f"Mean bias over the Lund plane, head {head + 1}"
    mean = result.lund.bias
    sentence = lund_sentences.extremes(mean.value[head], Z95 * mean.error[head], *_lund_axes())
    return _lund(title, "bias", mean.value[head], sentence, "lund_bias", signed=True)


def lund_attention(result: BiasResult, layer: int | None, head: int) -> Surface:
    """Return the mean attention of a head over the Lund plane; without a layer the mean of all layers."""
    values, half = result.lund.attention.value[:, head], Z95 * result.lund.attention.error[:, head]
    where = "layers averaged" if layer is None else f"layer {layer + 1}"
    shown, half = (array.mean(0) if layer is None else array[layer] for array in (values, half))
    title = f"Mean attention over the Lund plane, {where}, head {head + 1}"
    return _lund(title, "attention", shown, lund_sentences.extremes(shown, half, *_lund_axes()), "lund_attention")


def lund_pairs(result: BiasResult) -> Surface:
    """Return the density of pairs over the Lund plane."""
    values = result.lund.pairs.value
    sentence, shown = lund_sentences.densest(values, *_lund_axes()), np.where(values > 0, values, np.nan)
    return _lund("Where the pairs lie in the Lund plane", "share of pairs", shown, sentence, "lund_pairs")


def _lund(title: str, unit: str, values: np.ndarray, sentence: str, about: str, signed: bool = False) -> Surface:
    return Surface(title, unit, *_lund_axes(), values, **PLANE, signed=signed, sentence=sentence, about=about)


def _lund_axes() -> tuple[np.ndarray, np.ndarray]:
    """Return the middles of the bins of ln 1/Δ and ln kT."""
    x, y = ((edges[:-1] + edges[1:]) / 2 for edges in (lund.LN_INVERSE_DELTA, lund.LN_KT))
    return x, y


def learned_bias(values: np.ndarray, head: int, pairs: np.ndarray, lnz: float, lnm2: float | None) -> Surface:
    """Return a head's bias as a function over the Lund plane.

    Parameters
    ----------
    values : np.ndarray
        Biases (Y, X) from `part.analysis.bias.bias_function.bias_on_lund_plane`.
    head : int
        The head.
    pairs : np.ndarray
        Pair features (P, F); those near the plane are drawn as dots.
    lnz, lnm2 : float
        The other two features; lnm2 is None for massless pairs.
    """
    near = pairs[bias_function.nearby(pairs, lnz, lnm2)]
    mass = "m² of massless pairs" if lnm2 is None else f"lnm² {lnm2:.1f}"
    title = f"Bias as a function, head {head + 1}, lnz {lnz:.1f}, {mass}"
    points = np.stack((-near[:, 2], near[:, 0]), -1)
    return Surface(
        title.replace("-", "−"),
        "bias",
        bias_function.LN_INVERSE_DELTA,
        bias_function.LN_KT,
        values,
        **PLANE,
        signed=True,
        points=points,
        sentence=lund_sentences.of_function(values, bias_function.LN_INVERSE_DELTA, bias_function.LN_KT),
        about="bias_function",
    )
