"""The bias of single jets, and the bias as a function. Nothing here needs a Run.

Shapes: P pairs, B pairs of the baseline, F features, H heads, V ablations, C classes, Y and X as in
`part.analysis.bias.bias_function`.
"""

from dataclasses import dataclass, replace
from functools import partial

import awkward as ak
import numpy as np

from app.services.caching import cached
from app.services.files import JetFile
from app.services.jets import batches, error_context, jets_at
from app.services.models import run_on_model_thread
from part.analysis.bias.bias_ablation import BiasAblation, ablated_probabilities, bias_ablations
from part.analysis.bias.bias_function import bias_on_lund_plane
from part.analysis.bias.embedding import (
    all_pairs,
    check_bias,
    check_lund_plane,
    draw_pairs,
    evaluate_bias,
    pair_feature_names,
)
from part.analysis.bias.shapley import Shapley, shapley
from part.analysis.bias.study import BaselinePairs, BiasStudy
from part.figures.charts import Chart
from part.figures.heatmaps import Mosaic, make_heatmap
from part.figures.jet_view import JetView
from part.figures.mosaic_bytes import mosaic_bytes
from part.figures.studies import bias_switch
from part.figures.view import View
from part.inference.tagger import Tagger
from part.jets.features import make_batch

MAX_DRAWN = 500  # jets that pairs are drawn from
N_SHOWN = 4000  # pairs on a surface, about
N_STRONGEST = 12  # pairs of a jet that are explained
SEED = BiasStudy().seed  # of the draws
PAIRS_PER_JET = BiasStudy().pairs  # of the study


def check(model: Tagger) -> None:
    """Raise PartError for a model whose pairs of particles have no interaction bias."""
    check_bias(model)


def sample_pairs(file: JetFile, entries: np.ndarray, model: Tagger) -> tuple[np.ndarray, np.ndarray]:
    """Return features of the baseline's pairs (B, F) and of other pairs (P, F), drawn from the first MAX_DRAWN jets.

    The baseline is that of the study, if this has no more jets.
    """
    return _sample_pairs(file, entries[:MAX_DRAWN], model)


@cached(max_entries=16)
def _sample_pairs(file: JetFile, entries: np.ndarray, model: Tagger) -> tuple[np.ndarray, np.ndarray]:
    study, n_per_jet = BiasStudy(), -(-N_SHOWN // len(entries))
    baseline, others = BaselinePairs(study.baseline, study.seed, model.config), []

    def draw(jets: ak.Array) -> None:
        batch = make_batch(jets, model.features).to(model.device)
        baseline.add(batch)
        others.append(draw_pairs(batch, n_per_jet, study.seed + 1, model.config)[0].features)

    with error_context(file):
        for _, jets in batches(file, entries, 64):
            run_on_model_thread(draw, jets)
    return baseline.features, np.concatenate(others)


@dataclass(frozen=True, eq=False)
class ExplainedPairs:
    """Some pairs of a jet.

    Attributes
    ----------
    pairs : np.ndarray
        (P, 2) the two constituents in file order.
    shapley : Shapley
        The Shapley values of their bias.
    """

    pairs: np.ndarray
    shapley: Shapley


@cached(max_entries=64)
def explain_pairs(
    file: JetFile, entry: int, model: Tagger, head: int, particle: int | None, baseline: np.ndarray
) -> ExplainedPairs | None:
    """Return the pairs of a jet with the strongest bias in a head.

    Parameters
    ----------
    file, entry, model, head
        The jet and the head.
    particle : int or None
        The constituent whose pairs are explained; None for all.
    baseline : np.ndarray
        (B, F) features of the pairs that they are compared with.

    Returns
    -------
    ExplainedPairs or None
        None if there are no pairs.
    """
    jet = jets_at(file, [entry])

    def compute() -> ExplainedPairs | None:
        pairs = all_pairs(make_batch(jet, model.features).to(model.device), model.config)
        rows = np.flatnonzero(pairs.i == particle if particle is not None else pairs.i < pairs.j)
        if not len(rows):
            return None
        bias = evaluate_bias(model, pairs.features[rows])[:, head]
        rows = rows[np.argsort(-np.abs(bias), kind="stable")[:N_STRONGEST]]
        values = shapley(partial(evaluate_bias, model), pairs.features[rows], baseline)
        return ExplainedPairs(np.stack((pairs.i[rows], pairs.j[rows]), -1), values)

    with error_context(file):
        return run_on_model_thread(compute)


@cached(max_entries=64)
def bias_function(model: Tagger, lnz: float, lnm2: float | None) -> np.ndarray:
    """Return the bias as a function (H, Y, X), see `part.analysis.bias.bias_function`.

    Raises
    ------
    PartError
        If the bias is no function over the Lund plane.
    """
    check_lund_plane(model)
    return run_on_model_thread(bias_on_lund_plane, partial(evaluate_bias, model), lnz, lnm2)


@cached(max_entries=64)
def ablate_bias(file: JetFile, entry: int, model: Tagger) -> tuple[tuple[BiasAblation, ...], np.ndarray]:
    """Return all ablations of the bias and of q·k, and the probabilities (V, C) of a jet with each.

    Raises
    ------
    PartError
        For a model without bias or q·k.
    """
    ablations, jet = bias_ablations(model.config.layers), jets_at(file, [entry])
    with error_context(file):
        return ablations, run_on_model_thread(ablated_probabilities, model, jet, ablations)[:, 0]


def ablation_chart(file: JetFile, entry: int, model: Tagger) -> Chart:
    """Return the probabilities of `ablate_bias` as a chart."""
    return bias_switch.jet_probabilities(*ablate_bias(file, entry, model), model.dataset.titles)


def feature_names(model: Tagger) -> tuple[str, ...]:
    """Return the names of the features of a pair that a model takes."""
    return pair_feature_names(model)


def is_shared(jet_view: JetView) -> bool:
    """Return whether a jet's bias is the same in all layers."""
    bias = jet_view.trace.bias
    return bias is None or bool((bias == bias[:1]).all())


def heads_pixels(jet_view: JetView, order: str, theme: str, key: str) -> bytes:
    """Return a mosaic of the bias of all heads in one row, since it is the same in all layers."""
    bias = jet_view.trace.bias
    assert bias is not None
    layer = int(bias.any((1, 2, 3)).argmax())  # the first that has the bias
    one_layer = replace(jet_view, trace=replace(jet_view.trace, bias=bias[layer : layer + 1]))
    return mosaic_bytes(make_heatmap(Mosaic, one_layer, View("mosaic", "bias", order=order)), theme, key)
