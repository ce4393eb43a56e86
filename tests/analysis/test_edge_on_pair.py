"""What an edge carries between two jets is exact path patching, by particle and in the receiving head's attention."""

import numpy as np
import pytest
import torch
from helpers.attribution import tagger_loader
from helpers.jets import write_jets
from helpers.models import randomise
from torch import nn

import part
from part.analysis.circuits.corruptions import find_corruption
from part.analysis.circuits.edges.changes import find_changes
from part.analysis.circuits.edges.exact import edge_patch, node_patch, patched
from part.analysis.circuits.edges.one_pair import edge_on_pair, find_edge
from part.analysis.circuits.edges.outputs import NAMES
from part.analysis.circuits.edges.wiring import CHANNELS, Wiring
from part.analysis.circuits.pairs import Donors, make_pairs, match_tokens
from part.errors import PartError
from part.inference.forward import CachedForward
from part.jets.benchmarks import FULL
from part.jets.datasets import JETCLASS
from part.models.build import build
from part.models.checkpoints.checkpoint import save_checkpoint
from part.models.config import ParTConfig

WEIGHTS = torch.zeros(10)
WEIGHTS[8], WEIGHTS[0] = 1.0, -1.0
CLEAN, DONOR = 6, 5  # constituents


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    return tagger_loader(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("jets")
    jets, others = (part.read_jets(write_jets(folder / f"{n}.root", [n], seed=n)) for n in (CLEAN, DONOR))
    donors = Donors(JETCLASS, "QCD")
    donors.add(others, np.zeros(1, int))
    return make_pairs(jets, find_corruption("class"), donors)


def edge(wiring, sender, receiver, channel):
    names = [node.name for node in wiring.nodes]
    return names.index(sender), names.index(receiver), channel


EDGES = {
    "part": [
        ("embedding", "L1H2", "q"),
        ("L1H1", "L2H2", "k"),
        ("FFN 1", "L2H1", "v"),
        ("lnΔ", "L2H1", "bias"),
        ("L2H1", "class L1H2", "k"),
        ("class FFN 1", "class L2H1", "q"),
        ("class FFN 2", "logits", "input"),
    ],
    "global": [("embedding", "L1H2", "k"), ("L1H1", "logits", "input"), ("lnz", "L1H1", "bias")],
    "linpart": [("embedding", "L1H2", "q"), ("lnm²", "L2H1", "bias")],
    "pairattn": [("lnΔ", "L2H1", "bias"), ("embedding", "L2H1", "v")],
}


@pytest.mark.parametrize(("name", "ends"), [(name, ends) for name, edges in EDGES.items() for ends in edges])
def test_the_numbers_are_those_of_path_patching(load, pair, name, ends):
    tagger = load(name)
    wiring = Wiring(tagger.config)
    chosen = edge(wiring, *ends)
    found = edge_on_pair(tagger, pair, WEIGHTS, chosen)
    clean, corrupted = (CachedForward(tagger, j, NAMES) for j in (pair.clean, pair.corrupted))
    changes = find_changes(wiring, clean, corrupted, match_tokens(pair, clean, corrupted))
    patches = [edge_patch(wiring, clean, changes, find_edge(wiring, chosen)), node_patch(wiring, changes, chosen[0])]
    expected = patched(clean, patches, WEIGHTS)[0]
    torch.testing.assert_close(torch.tensor([found.effect, found.sender_effect]).double(), expected, atol=5e-6, rtol=0)
    logits = [(f.probabilities.double().log() * WEIGHTS).sum().item() for f in (clean, corrupted)]
    assert [found.clean, found.corrupted] == pytest.approx(logits, abs=1e-6)
    kind = wiring.nodes[chosen[0]].kind
    assert (found.by_particle is None) == kind.startswith("class")
    if found.by_particle is not None:
        assert found.by_particle.shape == (CLEAN,)
        by_rank = np.argsort(-np.hypot(*(np.asarray(pair.clean[f"part_p{i}"][0]) for i in "xy")))
        assert abs(found.by_particle[by_rank[-1]]) < 5e-6  # it has no match, this is rounding
        assert name == "global" or np.abs(found.by_particle).max() > 2e-5
    if chosen[2] in ("q", "k", "bias"):
        rows = 1 if ends[1].startswith("class") else CLEAN + (name == "global")
        columns = 1 + CLEAN if ends[1].startswith("class") else rows
        assert found.before.shape == found.after.shape == (rows, columns)
        if name != "linpart":
            np.testing.assert_allclose([found.before.sum(1), found.after.sum(1)], 1, rtol=1e-5)
        assert np.abs(found.after - found.before).max() > 1e-8
    else:
        assert found.before is found.after is None
    has_direct = bool(((wiring.edges[:, 0] == chosen[0]) & (wiring.edges[:, 1] == len(wiring.nodes) - 1)).any())
    assert np.isfinite(found.sender_direct) == has_direct


def test_the_attention_is_that_of_queries_from_the_corrupted_jet(load, pair):
    tagger = load("part")
    found = edge_on_pair(tagger, pair, WEIGHTS, edge(Wiring(tagger.config), "embedding", "L1H2", "q"))
    clean, corrupted = (CachedForward(tagger, j, NAMES) for j in (pair.clean, pair.corrupted))
    match = match_tokens(pair, clean, corrupted)[0]
    own, other = clean.states[0][0], corrupted.states[0][0]
    embedded = torch.stack([other[j] if j >= 0 else own[i] for i, j in enumerate(match.tolist())])
    block = tagger.model.blocks[0]
    with torch.no_grad():
        (q, _, _), (_, k, _) = (block.attn.qkv(block.pre_attn_norm(x)).chunk(3, -1) for x in (embedded, own))
        q, k = (t.unflatten(-1, (2, -1))[:, 1] for t in (q, k))
        expected = (q @ k.T * q.shape[-1] ** -0.5 + clean.bias[0, 1]).softmax(-1)
    np.testing.assert_allclose(found.after, expected.numpy(), rtol=1e-4, atol=1e-6)
    traced = tagger.trace(pair.clean).jet(0)["pattern"][0, 1]
    np.testing.assert_allclose(found.before, traced, rtol=1e-4, atol=1e-6)


def test_particles_add_up_where_logits_are_linear(tmp_path, pair):
    """Without norms before the head and after the attention, and with the mean over particles."""
    config = ParTConfig(embed=(16,), pair_embed=(8,), layers=2, heads=2, class_layers=0, normformer=False)
    torch.manual_seed(1)
    tagger = part.load_model(save_checkpoint(tmp_path / "m.safetensors", randomise(build(config)), FULL, JETCLASS, {}))
    tagger.model.norm = nn.Identity()
    found = edge_on_pair(tagger, pair, WEIGHTS, edge(Wiring(tagger.config), "L1H1", "logits", "input"))
    assert found.by_particle.sum() == pytest.approx(found.effect, rel=1e-3)
    assert found.sender_direct == pytest.approx(found.effect, abs=1e-9)
    assert abs(found.effect) > 1e-4


def test_what_is_no_edge_or_no_pair_is_refused(load, pair):
    tagger = load("part")
    wiring = Wiring(tagger.config)
    last = len(wiring.nodes) - 1
    for wrong in ((last, 0, "input"), (0, last, "input"), (4, 5, "nonsense"), (4, 5, "bias")):
        with pytest.raises(PartError, match="has no edge"):
            edge_on_pair(tagger, pair, WEIGHTS, wrong)
    assert {CHANNELS[c] for c in wiring.edges[:, 2]} == {"q", "k", "v", "bias", "input"}
    two = make_pairs(pair.clean[[0, 0]], find_corruption("soft"))
    with pytest.raises(PartError, match="2 pairs; expected one"):
        edge_on_pair(tagger, two, WEIGHTS, edge(wiring, "embedding", "L1H2", "q"))
