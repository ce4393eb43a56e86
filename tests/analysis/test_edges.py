"""Scores of edges are derivatives of exact path patching, and edges add up to the components that they come from."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.attribution import tagger_loader
from helpers.jets import write_jets
from helpers.models import randomise
from torch import nn

import part
from part.analysis.circuits.corruptions import find_corruption
from part.analysis.circuits.direct_logits import check_linear, logit_shares
from part.analysis.circuits.edges.changes import find_changes
from part.analysis.circuits.edges.exact import edge_patch, node_patch, patched
from part.analysis.circuits.edges.outputs import NAMES
from part.analysis.circuits.edges.scores import score_edges
from part.analysis.circuits.edges.split_pass import SplitPass
from part.analysis.circuits.edges.wiring import CHANNELS, Wiring
from part.analysis.circuits.pairs import Donors, make_pairs, match_tokens
from part.errors import PartError
from part.inference.forward import CachedForward
from part.jets.benchmarks import FULL
from part.jets.datasets import JETCLASS
from part.models.build import build
from part.models.checkpoints.checkpoint import save_checkpoint
from part.models.config import ParTConfig
from part.models.linpart import LinParTConfig

WEIGHTS = torch.zeros(10)
WEIGHTS[8], WEIGHTS[0] = 1.0, -1.0
SMALL = {"embed": (16,), "pair_embed": (8,), "layers": 2, "heads": 2}
OPTIONS = {
    "rms": {"norm": "rms"},
    "gate": {"gate": "head"},
    "channel gate": {"gate": "channel"},
    "layer scale": {"layer_scale": True},
    "plain": {"normformer": False},
    "swiglu": {"ffn": "swiglu"},
    "bias scale": {"bias_scale": True},
    "one biased block": {"biased_blocks": (1,)},
    "qk norm": {"qk_norm": True},
    "own class blocks": {"in_class_blocks": (("heads", 4), ("gate", "head"))},
    "transposed": {"transposed_channels": True},
}


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    named = tagger_loader(folder)

    def load(name):
        if name == "projected":
            return own_tagger(folder, LinParTConfig(slots=4, pair_bias="projected", **SMALL))
        return own_tagger(folder, ParTConfig(**SMALL | OPTIONS[name])) if name in OPTIONS else named(name)

    return load


def own_tagger(folder, config):
    torch.manual_seed(1)
    return part.load_model(save_checkpoint(folder / "own.safetensors", randomise(build(config)), FULL, JETCLASS, {}))


@pytest.fixture(scope="module")
def jets(tmp_path_factory):
    return part.read_jets(write_jets(tmp_path_factory.mktemp("jets") / "j.root", [7, 1, 5], seed=3))


@pytest.fixture(scope="module")
def donors(tmp_path_factory):
    jets = part.read_jets(write_jets(tmp_path_factory.mktemp("donors") / "d.root", [6, 2, 5], seed=5))
    collected = Donors(JETCLASS, "QCD")
    collected.add(jets, np.zeros(len(jets), int))
    return collected


class Measured:
    """All that is measured of pairs, for tests to look into."""

    def __init__(self, tagger, jets, donors, corruption="class", scale=1.0):
        pairs = make_pairs(jets, find_corruption(corruption), donors)
        self.clean, self.corrupted = (CachedForward(tagger, j, NAMES) for j in (pairs.clean, pairs.corrupted))
        self.match = match_tokens(pairs, self.clean, self.corrupted)
        self.wiring = Wiring(tagger.config)
        self.changes = find_changes(self.wiring, self.clean, self.corrupted, self.match)
        if scale != 1.0:
            scaled = {name: getattr(self.changes, name) * scale for name in ("particles", "tokens", "features")}
            self.changes = replace(self.changes, **scaled)

    def scores(self, method="gradient", steps=1):
        return score_edges(self.wiring, self.clean, self.changes, WEIGHTS, method, steps).double()

    def exact(self, edges):
        return patched(self.clean, [edge_patch(self.wiring, self.clean, self.changes, e) for e in edges], WEIGHTS)

    def exact_nodes(self, nodes):
        return patched(self.clean, [node_patch(self.wiring, self.changes, n) for n in nodes], WEIGHTS)


MODELS = ("part", "nobias", "pairattn", "global", "mean", "linpart", "projected", *OPTIONS)


@pytest.mark.parametrize("name", MODELS)
def test_scores_are_derivatives_of_exact_path_patching(load, jets, donors, name):
    scale = 1e-2
    measured = Measured(load(name), jets, donors, scale=scale)
    edges = np.arange(len(measured.wiring.edges))
    exact, scores = measured.exact(edges) / scale, measured.scores() / scale
    assert scores.shape == exact.shape
    largest = scores.abs().max()
    assert largest > 1e-3
    assert (exact - scores).abs().max() < 0.03 * largest
    channels = {CHANNELS[c] for c in measured.wiring.edges[:, 2]}
    for channel in channels - {"gate"}:
        mine = measured.wiring.edges[:, 2] == CHANNELS.index(channel)
        if scores[:, mine].abs().max() > 1e-3:
            assert np.corrcoef(exact[:, mine].ravel(), scores[:, mine].ravel())[0, 1] > 0.99, channel


@pytest.mark.parametrize("name", ["part", "global", "mean", "linpart", "gate", "own class blocks"])
def test_patching_all_edges_of_a_component_is_patching_the_component(load, jets, donors, name):
    measured = Measured(load(name), jets, donors)
    wiring = measured.wiring
    nodes = [n for n in range(len(wiring.nodes) - 1) if (wiring.edges[:, 0] == n).any()]
    all_edges = [
        [
            a
            for e in np.flatnonzero(wiring.edges[:, 0] == n)
            for a in edge_patch(wiring, measured.clean, measured.changes, e)
        ]
        for n in nodes
    ]
    whole = measured.exact_nodes(nodes)
    torch.testing.assert_close(patched(measured.clean, all_edges, WEIGHTS), whole, rtol=1e-3, atol=2e-5)
    assert whole.abs().max() > 1e-2


@pytest.mark.parametrize("name", ["part", "global", "linpart"])
def test_equal_jets_have_no_edges(load, jets, name):
    tagger = load(name)
    clean, corrupted = (CachedForward(tagger, jets, NAMES) for _ in range(2))
    match = torch.where(clean.mask, torch.arange(clean.mask.shape[1]), -1)
    wiring = Wiring(tagger.config)
    changes = find_changes(wiring, clean, corrupted, match)
    assert not score_edges(wiring, clean, changes, WEIGHTS, "integrated", 2).any()
    exact = patched(clean, [node_patch(wiring, changes, n) for n in range(len(wiring.nodes) - 1)], WEIGHTS)
    assert exact.abs().max() < 1e-5  # rounding


@pytest.mark.parametrize("name", MODELS)
def test_the_split_pass_is_the_forward_pass(load, jets, name):
    tagger = load(name)
    clean = CachedForward(tagger, jets)
    split, x = SplitPass(clean), clean.states[0].clone()

    def unchanged(place, tensor, readers):
        return tensor if not readers or place.endswith(".bias") else tensor[:, None]

    with torch.no_grad():
        for i in range(clean.layers):
            x = split.run_block(i, x, unchanged)
            torch.testing.assert_close(x[clean.mask], clean.states[i + 1][clean.mask], rtol=1e-4, atol=1e-5)
        probabilities = split.finish(x, unchanged).softmax(-1)
    torch.testing.assert_close(probabilities, clean.probabilities, rtol=1e-4, atol=1e-6)


def test_what_flows_into_linear_logits_is_the_difference_of_direct_shares(load, tmp_path, jets, donors):
    """Without a norm before the head and after the attention, logits are linear in what components add."""
    tagger = own_tagger(tmp_path, ParTConfig(**SMALL | {"class_layers": 0, "normformer": False}))
    tagger.model.norm = nn.Identity()
    clean = jets[2:3]  # of five constituents, as one of the donors
    measured = Measured(tagger, clean, donors)
    other = donors.nearest(clean)
    wiring = measured.wiring
    into_logits = wiring.edges[:, 1] == len(wiring.nodes) - 1
    scores = measured.scores()[0, into_logits]
    torch.testing.assert_close(scores, measured.exact(np.flatnonzero(into_logits))[0], rtol=1e-3, atol=1e-5)
    shares = [logit_shares(tagger, j, WEIGHTS) for j in (clean, other)]
    embedding, ffn = (getattr(shares[1], n).double() - getattr(shares[0], n) for n in ("embedding", "ffn"))
    heads = (shares[1].heads.double() - shares[0].heads).sum(-1)[0]
    ffn = ffn.sum(-1)[0]
    expected = torch.cat([embedding.sum(-1), heads[0], ffn[:1], heads[1], ffn[1:]])
    torch.testing.assert_close(scores, expected, rtol=1e-3, atol=1e-4)
    total = (shares[1].total - shares[0].total).double().item()
    assert scores.sum().item() == pytest.approx(total, rel=1e-3)


def test_integrated_gradients_are_the_mean_on_the_way(load, jets, donors):
    measured = Measured(load("part"), jets, donors)
    many, few = measured.scores("integrated", 12), measured.scores("integrated", 1)
    assert (many - few).abs().max() > 1e-3
    torch.testing.assert_close(measured.scores("integrated", 24), many, rtol=0.05, atol=0.02 * many.abs().max())


@pytest.mark.parametrize("name", ["part", "global", "mean", "pairattn", "gate"])
def test_no_edge_leads_back(load, name):
    wiring = Wiring(load(name).config)
    order = {"feature": 0, "embedding": 1, "logits": 10**6}

    def depth(node):
        if node.kind in order:
            return order[node.kind]
        return 2 + 2 * node.layer + node.kind.endswith("ffn") + 1000 * node.kind.startswith("class")

    for sender, receiver, _, number in wiring.edges:
        assert depth(wiring.nodes[sender]) < depth(wiring.nodes[receiver])
        assert receiver in wiring.ports[number].receivers
    rows = [tuple(row) for row in wiring.edges.tolist()]
    assert len(set(rows)) == len(rows)
    assert len({node.name for node in wiring.nodes}) == len(wiring.nodes)


def test_part_has_the_edges_that_its_layers_allow(load):
    config = ParTConfig()
    wiring = Wiring(config)
    particles = sum(24 * (1 + 9 * layer) + 32 + 9 + 9 * layer for layer in range(8))
    classes = 2 * 16 * 73 + 9 * 24 + 8 + 17
    assert len(wiring.edges) == particles + classes + 18
    assert check_linear(load("part")) is None
    with pytest.raises(PartError, match="has no edges: a PFN has no residual stream"):
        check_linear(load("pfn"), "edges")
