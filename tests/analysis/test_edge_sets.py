"""A model with some edges kept: with all it is the model, with none the replacement; heads are as in `circuit`."""

import json

import awkward as ak
import numpy as np
import pytest
import torch
from helpers.attribution import tagger_loader
from helpers.muon_finder import with_muons

from part.analysis.circuits.edge_search.edge_sets import EdgeSets
from part.analysis.circuits.edge_search.growth import grow, searched_edges
from part.analysis.circuits.edge_search.pruning import Pruning
from part.analysis.circuits.edge_search.replacements import MeanOutputs
from part.analysis.circuits.edge_search.strengths import strengths_of_edges
from part.analysis.circuits.edge_search.study import SIZES, EdgeCircuitStudy
from part.analysis.circuits.edges.changes import find_changes
from part.analysis.circuits.edges.exact import edge_patch, patched
from part.analysis.circuits.edges.outputs import NAMES
from part.analysis.circuits.edges.wiring import Wiring
from part.analysis.circuits.pairs import Pairs, match_tokens
from part.analysis.circuits.search.jets_of_classes import Labelled
from part.analysis.circuits.search.kept_heads import KeptHeads, logit_difference, searched_heads
from part.analysis.circuits.search.passes import Means
from part.analysis.circuits.study import logit_weights
from part.analysis.stored_results import dumps, loads
from part.analysis.study import study_jets
from part.errors import PartError
from part.figures.studies.circuit import charts
from part.inference.forward import CachedForward
from part.jets.class_groups import class_group

pytestmark = pytest.mark.filterwarnings("ignore:.*more than 128 constituents")  # one of the jets is that long
MODELS = ["part", "nobias", "pairattn", "global", "mean"]


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    return tagger_loader(tmp_path_factory.mktemp("models"))


def loaded(tagger, jets, replacement, means=MeanOutputs):
    """Return three jets with others to corrupt them, the classes, and means of these jets."""
    contrast = class_group(tagger.dataset, "Tbqq"), class_group(tagger.dataset, "H*")
    sample, other = jets[[0, 1, 4]], jets[[4, 5, 0]]
    own = Labelled(sample, np.arange(3), np.array([0, 1, 1]), np.zeros(3, int), Pairs(sample, other, True))
    mean = None
    if replacement == "mean":
        mean = means()
        mean.add(tagger, own)
    return own, contrast, mean


@pytest.mark.parametrize("replacement", ["mean", "corrupted"])
@pytest.mark.parametrize("name", MODELS)
def test_all_edges_are_the_model_and_none_the_replacement(load, jets, name, replacement):
    tagger = load(name)
    own, contrast, means = loaded(tagger, jets, replacement)
    wiring = Wiring(tagger.config)
    model = EdgeSets(tagger, wiring, means, contrast)
    model.load(own)
    n = len(wiring.edges)
    whole = logit_difference(torch.as_tensor(tagger.predict(own.jets)).log(), contrast)
    np.testing.assert_allclose(model.differences(np.ones(n, bool)), whole, rtol=1e-4, atol=1e-4)
    none = model.differences(np.zeros(n, bool))
    if replacement == "mean":
        np.testing.assert_allclose(none, none[0], atol=1e-5)
    elif name == "part":  # what its logits read is the class token alone, that of the other jet
        other = logit_difference(torch.as_tensor(tagger.predict(own.pairs.corrupted)).log(), contrast)
        np.testing.assert_allclose(none, other, rtol=1e-4, atol=1e-4)
    assert abs(whole - none).max() > 1e-3


@pytest.mark.parametrize("replacement", ["mean", "corrupted"])
@pytest.mark.parametrize("name", ["part", "nobias", "pairattn", "mean"])
def test_all_edges_of_some_heads_are_the_set_of_these_heads(load, jets, name, replacement):
    """Where all that the other heads send is replaced and nothing else, edges and heads say the same."""
    tagger = load(name)
    own, contrast, means = loaded(tagger, jets, replacement)
    wiring, heads = Wiring(tagger.config), searched_heads(tagger)
    kept = np.random.default_rng(3).random(len(heads)) < 0.5
    replaced = {(head.kind, head.layer, head.head) for head, is_kept in zip(heads, kept, strict=True) if not is_kept}
    sends = [(node.kind, node.layer, node.index) in replaced for node in wiring.nodes]
    edges = ~np.array(sends)[wiring.edges[:, 0]]
    constants = None
    if replacement == "mean":
        constants = loaded(tagger, jets, replacement, Means)[2].constants
    of_heads, of_edges = KeptHeads(tagger, heads, constants, contrast), EdgeSets(tagger, wiring, means, contrast)
    of_heads.load(own)
    of_edges.load(own)
    expected = of_heads.differences(kept)
    np.testing.assert_allclose(of_edges.differences(edges), expected, rtol=1e-4, atol=1e-4)
    assert abs(expected - of_heads.differences(np.ones(len(heads), bool))).max() > 1e-4


@pytest.mark.parametrize("name", ["part", "mean"])
def test_one_edge_less_is_path_patching(load, jets, name):
    """With every other edge kept, an edge that is not is what path patching replaces, and what follows from it."""
    tagger = load(name)
    own, _, _ = loaded(tagger, jets, "corrupted")
    contrast = class_group(tagger.dataset, "Tbqq"), class_group(tagger.dataset, "QCD")
    wiring = Wiring(tagger.config)
    model = EdgeSets(tagger, wiring, None, contrast)
    model.load(own)
    clean, corrupted = (CachedForward(tagger, some, NAMES) for some in (own.pairs.clean, own.pairs.corrupted))
    changes = find_changes(wiring, clean, corrupted, match_tokens(own.pairs, clean, corrupted))
    edges = np.flatnonzero(searched_edges(wiring))[::23]
    patches = [edge_patch(wiring, clean, changes, edge) for edge in edges.tolist()]
    expected = patched(clean, patches, logit_weights(tagger, "Tbqq", "QCD")).numpy()
    whole = model.differences(np.ones(len(wiring.edges), bool))
    found = []
    for edge in edges:
        kept = np.ones(len(wiring.edges), bool)
        kept[edge] = False
        found.append(model.differences(kept) - whole)
    np.testing.assert_allclose(np.array(found).T, expected, rtol=1e-2, atol=1e-4)
    assert abs(expected).max() > 1e-3


def test_sets_grow_from_the_logits(load):
    wiring = Wiring(load("part").config)
    strength = np.random.default_rng(0).random(len(wiring.edges))
    grown = grow(wiring, strength, 30)
    reached = {len(wiring.nodes) - 1}
    for sender, receiver in wiring.edges[grown, :2].tolist():
        assert receiver in reached
        reached.add(sender)
    assert len(set(grown.tolist())) == 30
    everything = grow(wiring, strength, 10**6)
    assert sorted(everything.tolist()) == np.flatnonzero(searched_edges(wiring)).tolist()


def test_groups_are_pruned_by_what_they_cost():
    """Where errors add up, the edges that are worth most stay, whatever their strength said."""
    worth = np.random.default_rng(0).random(64)
    edges = np.arange(64) + 100
    pruning = Pruning(edges, (64, 32, 16))
    for _ in range(3):
        errors = [[worth.sum() - worth[kept - 100].sum()] for kept in pruning.tried]
        pruning.add(np.array([0, 1]), np.repeat(errors, 2, 1))
        pruning.step()
    order = pruning.order
    assert sorted(order.tolist()) == edges.tolist()
    pairs = worth.reshape(32, 2).sum(1)  # edges of 64 go two at a time
    best = np.argsort(-pairs)[:16]
    assert set(order[:32].tolist()) == {100 + 2 * pair + i for pair in best.tolist() for i in (0, 1)}
    kept = order[:32] - 100
    assert order[:16].tolist() == (100 + kept[np.argsort(-worth[kept])][:16]).tolist()


@pytest.mark.parametrize("replacement", ["mean", "corrupted"])
def test_scores_are_the_effect_of_an_edge_to_first_order(load, jets, replacement):
    tagger = load("part")
    own, _, means = loaded(tagger, jets, replacement)
    contrast = class_group(tagger.dataset, "Tbqq"), class_group(tagger.dataset, "QCD")
    wiring = Wiring(tagger.config)
    model = EdgeSets(tagger, wiring, means, contrast)
    model.load(own)
    weights = logit_weights(tagger, "Tbqq", "QCD")
    scores = strengths_of_edges(wiring, model.forward, model.own, model.replaced, weights, 5)
    everything = np.ones(len(wiring.edges), bool)
    whole, edges = model.differences(everything), np.flatnonzero(searched_edges(wiring))[::7]
    exact = []
    for edge in edges:
        kept = everything.copy()
        kept[edge] = False
        exact.append(model.differences(kept) - whole)
    assert np.corrcoef(np.ravel(exact), scores[:, edges].T.ravel())[0, 1] > 0.8
    assert not scores[:, ~searched_edges(wiring)].any()


def labelled(jets):
    many = ak.concatenate([jets[[0, 1, 4, 5, 7, 8]]] * 4)
    return with_muons(many, np.arange(len(many)) % 2 == 0)


SMALL = {"most": 40, "steps": 2, "random": 2, "draws": 10, "left_out": 2}


@pytest.mark.parametrize("replacement", ["mean", "corrupted"])
def test_the_order_of_the_jets_does_not_matter(load, jets, replacement):
    tagger, sample = load("part"), labelled(jets)
    study = EdgeCircuitStudy("Tbl", "QCD", replacement=replacement, **SMALL)
    results = [study_jets(study, tagger, some) for some in (sample, sample[::-1])]
    one, other = (result.arrays() for result in results)
    result_rows = results[0].rows()
    for name, values in one.items():
        if values.dtype.kind == "U":
            assert (values == other[name]).all()
        else:
            np.testing.assert_allclose(values, other[name], rtol=1e-2, atol=1e-3, err_msg=name)
    assert result_rows[0]["new"].endswith("; and 12 more")
    assert one["found_sizes"].tolist() == [16, 32, 40]
    assert one["orders"].shape == (2, 40)


def test_a_set_of_all_edges_keeps_all_and_its_result_can_be_stored(load, jets):
    tagger = load("part")
    n = int(searched_edges(Wiring(tagger.config)).sum())
    study = EdgeCircuitStudy("Tbl", "QCD", **(SMALL | {"most": n}))
    result = study_jets(study, tagger, labelled(jets))
    np.testing.assert_allclose(result.kept.value[:, -1], 1, atol=1e-4)
    np.testing.assert_allclose(result.removed.value[:, -1], 0, atol=1e-4)
    assert result.sizes == (*(size for size in SIZES if size < n), n)
    assert result.overlap(n) == 1
    stored = loads(json.loads(dumps(result)))
    assert stored.members(16) == result.members(16)
    assert {chart.about for chart in charts(stored).values()} >= {"circuit_kept", "circuit_lost", "circuit_edges"}
    groups, counts = result.searched.members.between_layers(result.searched.orders[0])
    assert counts.sum() == n
    assert groups == ("embedding", "1", "2", "class 1", "class 2", "logits")


def test_models_and_options_that_make_no_sense_are_refused(load, jets):
    with pytest.raises(PartError, match="most is 8; expected 16 or more"):
        EdgeCircuitStudy(most=8)
    with pytest.raises(PartError, match="replacement is 'zero'; choose one of mean, corrupted"):
        EdgeCircuitStudy(replacement="zero")
    with pytest.raises(PartError, match="most is 4096, but part has 126 such edges"):
        study_jets(EdgeCircuitStudy(), load("part"), labelled(jets))
    with pytest.raises(PartError, match="share slots"):
        study_jets(EdgeCircuitStudy(), load("linpart"), labelled(jets))
