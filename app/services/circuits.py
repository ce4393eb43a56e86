"""What the page Circuits chooses among, and the pair of jets that belongs to a jet: the jet and the corrupted one."""

from dataclasses import dataclass, replace
from typing import cast

import awkward as ak
import numpy as np

from app.services.caching import cached
from app.services.files import JetFile
from app.services.jets import batches, error_context, jets_at, load_sample
from app.services.models import run_on_model_thread
from part.analysis.circuits.corruptions import CORRUPTIONS, check_corruption, find_corruption
from part.analysis.circuits.edge_search.growth import searched_edges
from part.analysis.circuits.edge_search.study import EdgeCircuitStudy
from part.analysis.circuits.edges.graph_json import graph_json
from part.analysis.circuits.edges.one_pair import EdgeOnPair, edge_on_pair
from part.analysis.circuits.edges.wiring import Wiring
from part.analysis.circuits.pairs import Donors, Pairs, make_pairs, pair_classes
from part.analysis.circuits.search.study import CircuitStudy
from part.analysis.circuits.study import logit_weights
from part.analysis.intervention.ablation import check_attention
from part.figures.jet_view import JetView, view_jet
from part.inference.tagger import Tagger
from part.jets.class_groups import class_group
from part.jets.hashing import jet_hashes
from part.jets.schema import ENTRY
from part.models.build import config_class
from part.models.checkpoints.cards import parse_card
from part.models.checkpoints.catalogue import BUNDLED
from part.models.config import ParTConfig

CORRUPTION_TITLES = {name: corruption.title for name, corruption in CORRUPTIONS.items()}
BATCH = 64  # jets of which donors are collected at a time


@dataclass(frozen=True, eq=False)
class JetPair:
    """A jet and the corrupted one.

    Attributes
    ----------
    pair : Pairs
        A single one.
    clean, corrupted : JetView
        Both jets as a model sees them.
    classes : tuple of str
        The class or group of clean jets, and that of the others.
    corruption : str
        What the corrupted jet is, in words.
    donor : int or None
        The entry of another jet that takes the place of the clean one, if it does.
    n_changed : int or None
        How many constituents are changed or added; None for another jet.
    is_of_class : bool
        Whether the jet is one of the class of clean jets, or of no known class.
    """

    pair: Pairs
    clean: JetView
    corrupted: JetView
    classes: tuple[str, str]
    corruption: str
    donor: int | None
    n_changed: int | None
    is_of_class: bool


@cached(max_entries=32)
def jet_pair(
    file: JetFile,
    entry: int,
    model: Tagger,
    name: str,
    entries: np.ndarray,
    target: str,
    contrast: str,
    corruption: str,
) -> JetPair:
    """Return the pair of a jet, with the same donors as a study of some entries.

    Parameters
    ----------
    file, entry, model, name
        See `services.figures.view_jet`.
    entries : np.ndarray
        The entries of the study.
    target, contrast, corruption : str
        As `EdgesStudy` has them.

    Raises
    ------
    PartError
        If the model cannot see the corruption, or if there are no jets of the other class.
    """
    jet, chosen = jets_at(file, [entry]), find_corruption(corruption)
    classes = pair_classes(model.dataset, target, contrast)
    truth = load_sample(file).truth_for(model.dataset)
    with error_context(file):
        check_corruption(model, corruption)
        donors = _donors_but(file, entries, model, classes[1], jet) if chosen.needs_donors else None
        pair = make_pairs(jet, chosen, donors)
        views = [run_on_model_thread(lambda j=j: view_jet(model, j, name=name)) for j in (pair.clean, pair.corrupted)]
    if not pair.by_rank:
        views[1] = replace(views[1], partons=None)  # they are those of the jet before it was edited
    is_other = pair.by_rank and ENTRY in pair.corrupted.fields
    return JetPair(
        pair,
        *views,
        classes,
        chosen.about,
        donor=int(pair.corrupted[ENTRY][0]) if is_other else None,
        n_changed=None if pair.by_rank else _n_changed(pair),
        is_of_class=truth is None or truth[entry] < 0 or truth[entry] in class_group(model.dataset, classes[0]).members,
    )


@cached(max_entries=64)
def carried_by_edge(
    file: JetFile,
    entry: int,
    model: Tagger,
    name: str,
    entries: np.ndarray,
    target: str,
    contrast: str,
    corruption: str,
    edge: tuple[int, int, str],
) -> EdgeOnPair:
    """Return what an edge, as `edge_on_pair` takes it, carries in the pair of `jet_pair`. Raises PartError."""
    found = jet_pair(file, entry, model, name, entries, target, contrast, corruption)
    weights = logit_weights(model, *found.classes)
    return run_on_model_thread(edge_on_pair, model, found.pair, weights, edge)


def _donors_but(file: JetFile, entries: np.ndarray, model: Tagger, contrast: str, jet: ak.Array) -> Donors:
    """Return the donors without one jet, which must not take its own place."""
    donors, own = Donors(model.dataset, contrast), jet_hashes(jet).tolist()
    donors.merge([donor for donor in _all_donors(file, entries, model, contrast).sums if donor[0] not in own])
    return donors


@cached(max_entries=4)
def _all_donors(file: JetFile, entries: np.ndarray, model: Tagger, contrast: str) -> Donors:
    donors, truth = Donors(model.dataset, contrast), load_sample(file).truth_for(model.dataset)
    for rows, jets in batches(file, entries, BATCH):
        donors.add(jets, None if truth is None else truth[entries[rows]])
    return donors


def _n_changed(pair: Pairs) -> int:
    """Return how many constituents of an edited jet differ from those of the clean one, or are added."""
    clean, corrupted = pair.clean[0], pair.corrupted[0]
    n, m = len(clean["part_px"]), len(corrupted["part_px"])
    names = [field for field in clean.fields if field.startswith("part_") and field in corrupted.fields]
    differs = np.zeros(min(n, m), bool)
    for field in set(names) - {"part_deta", "part_dphi"}:  # which follow from the others
        old, new = (ak.to_numpy(values[field])[: len(differs)] for values in (clean, corrupted))
        differs |= ~np.isclose(old, new, rtol=1e-6, atol=0, equal_nan=True)
    return int(differs.sum()) + abs(m - n)


def size_options(tagger: Tagger, members: str) -> dict[str, int]:
    """Return the options of a search for "heads" or "edges" that say how large sets grow, if the model has few of them.

    Raises PartError for a model without attention.
    """
    check_attention(tagger)
    config = cast(ParTConfig, tagger.config)
    if members == "edges":
        n, usual = int(searched_edges(Wiring(config)).sum()), EdgeCircuitStudy().most
    else:
        n, usual = config.layers * config.heads, CircuitStudy().most
    return {"most": n} if n < usual else {}


def models_with_layers(tagger: Tagger) -> tuple[str, ...]:
    """Return the names of the shipped transformers of the model's benchmark, without the model itself."""
    if tagger.data_config is not None:
        return ()
    cards = {path.stem: parse_card(path) for path in sorted(BUNDLED.glob("*.json"))}
    return tuple(
        name
        for name, card in cards.items()
        if "weights" not in card
        and card["dataset"] == tagger.dataset.name
        and issubclass(config_class(card["config"]["model"]), ParTConfig)
        and name != tagger.name
    )


__all__ = ["CORRUPTION_TITLES", "graph_json", "models_with_layers", "pair_classes", "size_options"]
