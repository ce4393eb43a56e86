"""The bias of single jets and as a function; with `backend` and `studying` that page's way into the library.

What is here needs no Run. Shapes: P pairs, F features, H heads, V switches, C classes, Y and X as in `surface`.
"""

from dataclasses import dataclass, replace
from functools import partial

import awkward as ak
import numpy as np
import streamlit as st

from app.services import jobs
from app.services.files import JetFile
from app.services.jets import blocks, named
from app.services.models import Scene, figures, run
from part.analysis.bias.bias_ablation import SwitchFindings, SwitchStudy, switched, switches
from part.analysis.bias.bias_function import surface
from part.analysis.bias.embedding import all_pairs, bias_of, check_bias, draw_pairs
from part.analysis.bias.shapley import Shapley, shapley
from part.analysis.bias.study import Baseline, BiasFindings, BiasStudy
from part.figures.studies import bias as charts
from part.figures.studies import bias_switch as switch_charts
from part.inference.tagger import Tagger
from part.jets.features import make_batch

__all__ = [
    "BiasFindings",
    "BiasStudy",
    "SwitchFindings",
    "SwitchStudy",
    "Tagger",
    "charts",
    "check_bias",
    "switch_charts",
]
DRAWN = 500  # jets that pairs are drawn from, at most
SHOWN = 4000  # pairs on a surface, about
STRONGEST = 12  # pairs of a jet that are explained


@dataclass(frozen=True, eq=False)
class Explained:
    """Some pairs of a jet: the two constituents in file order (P, 2), and the Shapley values of their bias."""

    pairs: np.ndarray
    found: Shapley


def draw(file: JetFile, entries: np.ndarray, model: Tagger) -> tuple[np.ndarray, np.ndarray]:
    """Features of the baseline's pairs (B, F), those of the study if it has no more jets, and of others (P, F)."""
    first = entries[:DRAWN]
    return _draw(file.sha256, jobs.digest(first), model.features.name, file, first, model)


@st.cache_resource(max_entries=16, show_spinner=False)
def _draw(sha256: str, entries: str, features: str, _file: JetFile, _entries: np.ndarray, _model: Tagger):
    study, each = BiasStudy(), -(-SHOWN // len(_entries))
    baseline, others = Baseline(study.baseline, study.seed), []

    def look(jets: ak.Array) -> None:
        batch = make_batch(jets, _model.features).to(_model.device)
        baseline.add(batch)
        others.append(draw_pairs(batch, each, study.seed + 1)[0].features)

    with named(_file):
        for _, jets in blocks(_file, _entries, 64):
            run(look, jets)
    return baseline.features, np.concatenate(others)


def explain(
    file: JetFile, entry: int, model: Tagger, head: int, particle: int | None, baseline: np.ndarray
) -> Explained | None:
    """The jet's pairs of strongest bias in a head, of one constituent if it is given; None if there are none."""
    known = jobs.digest(np.round(baseline * 1e6))
    return _explain(file.sha256, entry, model.identity, head, particle, known, file, model, baseline)


@st.cache_resource(max_entries=64, show_spinner=False)
def _explain(
    sha256: str,
    entry: int,
    weights: str,
    head: int,
    particle: int | None,
    drawn: str,
    _file: JetFile,
    _model: Tagger,
    _baseline: np.ndarray,
) -> Explained | None:
    def work() -> Explained | None:
        pairs = all_pairs(make_batch(jet, _model.features).to(_model.device))
        some = np.flatnonzero(pairs.i == particle if particle is not None else pairs.i < pairs.j)
        if not len(some):
            return None
        bias = bias_of(_model, pairs.features[some])[:, head]
        some = some[np.argsort(-np.abs(bias), kind="stable")[:STRONGEST]]
        found = shapley(partial(bias_of, _model), pairs.features[some], _baseline)
        return Explained(np.stack((pairs.i[some], pairs.j[some]), -1), found)

    jet = _jet(_file, entry)
    with named(_file):
        return run(work)


def learned(model: Tagger, lnz: float, lnm2: float | None) -> np.ndarray:
    """The bias as a function (H, Y, X), see `surface`."""
    return _learned(model.identity, lnz, lnm2, model)


@st.cache_resource(max_entries=64, show_spinner=False)
def _learned(weights: str, lnz: float, lnm2: float | None, _model: Tagger) -> np.ndarray:
    return run(surface, partial(bias_of, _model), lnz, lnm2)


def without(file: JetFile, entry: int, model: Tagger) -> tuple[tuple, np.ndarray]:
    """All switches and the probabilities of a jet with each (V, C). Raises BadInput for a model without q·k."""
    return _without(file.sha256, entry, model.identity, file, model)


@st.cache_resource(max_entries=64, show_spinner=False)
def _without(sha256: str, entry: int, weights: str, _file: JetFile, _model: Tagger) -> tuple[tuple, np.ndarray]:
    chosen, jet = switches(_model.config.layers), _jet(_file, entry)
    with named(_file):
        return chosen, run(switched, _model, jet, chosen)[:, 0]


def heads_of(scene: Scene, order: str) -> figures.Mosaic:
    """The bias of all heads, once: it is the same in all layers."""
    once = replace(scene, trace=replace(scene.trace, bias=scene.trace.bias[:1]))
    return figures.figure_data(once, figures.View("mosaic", "bias", order=order))


def _jet(file: JetFile, entry: int) -> ak.Array:
    return next(blocks(file, np.array([entry]), 1))[1]
