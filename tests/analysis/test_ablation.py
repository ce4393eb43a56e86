"""What is taken away, and nothing else, is taken away; a head built to look at muons is found."""

import awkward as ak
import numpy as np
import pytest
import torch
from helpers.jets import COUNTS, write_jets, write_model

from part.analysis.intervention import Importance, Pass, Reference, Target, ablate, leave_one_out, targets_of
from part.analysis.intervention.ablation import INSTEAD
from part.analysis.intervention.effects import change
from part.analysis.study import study_jets
from part.inference.forward import jet_keys
from part.inference.tagger import load_model
from part.jets import read_jets
from part.jets.schema import FULL, JETCLASS
from part.models.build import build
from part.models.checkpoints.checkpoint import save_checkpoint
from part.models.config import ParTConfig, PFNConfig

SMALL = {"embed": (32,), "pair_embed": (8,), "layers": 3, "heads": 4}


@pytest.fixture(scope="module")
def jets(tmp_path_factory):
    return read_jets(write_jets(tmp_path_factory.mktemp("jets") / "toys.root", COUNTS))


@pytest.fixture(scope="module")
def tagger(tmp_path_factory):
    return load_model(write_model(tmp_path_factory.mktemp("models") / "alpha.safetensors", 0, **SMALL), "cpu")


def by_hand(tagger, passed, change):
    """Probabilities with the whole model tapped."""
    batch = passed.batch
    return tagger.logits(batch, change).softmax(-1).numpy()


def close(a, b, atol=2e-6):
    np.testing.assert_allclose(a, b, atol=atol)


def test_a_pass_taken_up_again_unchanged_is_the_pass(tagger, jets):
    passed = Pass(tagger, jets)
    close(passed.probabilities, tagger.predict(jets), 2e-5)
    for first in range(passed.layers + 1):
        for alone in (True, False):
            again = passed.again(first, 2, lambda name, tensor: tensor, alone=alone)
            close(again, passed.probabilities.expand(2, -1, -1), 2e-5)


@pytest.mark.parametrize("kind", ["head", "attention", "bias", "q·k"])
def test_an_ablation_is_that_of_the_whole_model_with_one_tensor_replaced(tagger, jets, kind):
    passed = Pass(tagger, jets)
    target = Target(kind, 1, 2 if kind == "head" else None)
    name = "blocks.1." + {"bias": "bias", "q·k": "scores_qk"}.get(kind, "mixed")

    def cut(heard, tensor):
        if heard != name:
            return tensor
        tensor = tensor.clone()
        tensor[:, 2 if kind == "head" else slice(None)] = 0
        return tensor

    expected = by_hand(tagger, passed, cut)
    found = ablate(passed, jets, [target])[0].numpy()
    assert np.abs(found - passed.probabilities.numpy()).max() > 1e-4
    close(found, expected, 2e-5)


def test_what_is_everywhere_is_taken_away_everywhere(tagger, jets):
    passed = Pass(tagger, jets)
    expected = by_hand(tagger, passed, lambda name, t: torch.zeros_like(t) if name.endswith("bias") else t)
    close(ablate(passed, jets, [Target("bias")])[0], expected, 2e-5)


def test_heads_of_the_class_blocks(tagger, jets):
    passed = Pass(tagger, jets)

    def cut(name, tensor):
        if name == "class_blocks.1.mixed":
            tensor = tensor.clone()
            tensor[:, 3] = 0
        return tensor

    close(ablate(passed, jets, [Target("class head", 1, 3)])[0], by_hand(tagger, passed, cut), 2e-5)


def test_all_targets_at_once_are_each_alone_in_the_order_asked_for(tagger, jets):
    passed, targets = Pass(tagger, jets), targets_of(tagger)
    assert len(targets) == len(set(map(str, targets))) == 3 * (4 + 3) + 2 * (4 + 1) + 2 + 5
    together = ablate(passed, jets, targets)
    for a in (0, 5, 20, 25, 30, len(targets) - 1):
        close(together[a], ablate(passed, jets, [targets[a]])[0], 2e-5)


def test_what_nobody_has_takes_nothing_away(tagger, jets):
    """No electrons in these jets, and a head that gives way to its own output."""
    flags = {name: jets[name] * 0 if name == "part_isElectron" else jets[name] for name in jets.fields}
    none = ak.zip(flags, depth_limit=1)
    passed = Pass(tagger, none)
    close(ablate(passed, none, [Target("species", species=3)])[0], passed.probabilities)

    alone, mixed = jets[3:4], Pass(tagger, jets[3:4], {"mixed"})  # of one constituent, whose output is the mean
    reference = Reference()
    reference.add(mixed, alone)
    heads = [target for target in targets_of(tagger) if target.kind in ("head", "attention", "class head")]
    found = ablate(mixed, alone, heads, "mean", reference)
    close(found, mixed.probabilities.expand(len(heads), -1, -1), 2e-5)


def test_resampling_from_an_equal_jet_changes_nothing(tagger, jets):
    twice = ak.concatenate([jets[4:5], jets[4:5]])
    shifted = ak.zip(
        {n: twice[n] * (np.array([1, 1 + 1e-6]) if n == "part_px" else 1) for n in twice.fields}, depth_limit=1
    )
    assert len(set(jet_keys(shifted))) == 2
    passed, reference = Pass(tagger, shifted, {"mixed"}), Reference()
    reference.add(passed, shifted)
    heads = [target for target in targets_of(tagger) if target.kind in ("head", "class head")]
    found = ablate(passed, shifted, heads, "resample", reference)
    close(found, passed.probabilities.expand(len(heads), -1, -1), 1e-4)


def test_leaving_out_one_particle_is_predicting_without_it(tagger, jets):
    passed = Pass(tagger, jets[1:2])
    found = leave_one_out(passed)
    assert found.shape == (12, 10)
    batch, kept = passed.batch, [i for i in range(12) if i != 5]
    alone = tagger.model(batch.x[:, kept], batch.v[:, kept], batch.mask[:, kept]).softmax(-1)[0].detach()
    close(found[5], alone, 2e-5)


@pytest.mark.parametrize("instead", INSTEAD)
def test_the_order_of_the_jets_does_not_matter(tagger, jets, instead):
    study, jets = Importance(instead, draws=20), jets[[0, 1, 3, 4]]
    one, other = (study_jets(study, tagger, some) for some in (jets, jets[::-1]))
    for name, found in one.arrays().items():
        if found.dtype.kind == "f":
            np.testing.assert_allclose(found, other.arrays()[name], atol=1e-5, err_msg=name)
    assert one.heads("accuracy").shape == (3, 4)
    assert one.table("accuracy", kind="class head")[0].shape == (2, 5)
    assert {tuple(row) for row in one.rows()} == {tuple(one.rows()[0])}


def test_without_labels_there_is_the_divergence(tagger, jets):
    bare = jets[[1, 3]][[name for name in jets.fields if not name.startswith("label")]]
    assert set(study_jets(Importance(draws=20), tagger, bare).changes) == {"divergence"}


def test_a_model_without_heads_is_refused_in_a_sentence(tmp_path):
    model = build(PFNConfig())
    tagger = load_model(save_checkpoint(tmp_path / "pfn.safetensors", model, FULL, JETCLASS, {}), "cpu")
    with pytest.raises(ValueError, match="A PFN has no attention heads"):
        Importance().check(tagger)
    with pytest.raises(ValueError, match="cannot give way to 'noise'"):
        Importance("noise")


def test_the_correction_lets_one_in_twenty_families_through():
    """No effect at all in 40 correlated comparisons, 100 times over: about 5 % of the families claim one."""
    rng = np.random.default_rng(1)
    claims = 0
    for _ in range(100):
        per_jet = rng.normal(size=(41, 100)) + rng.normal(size=100)
        per_jet[0] = 0
        weights = rng.multinomial(100, np.full(100, 0.01), 200) / 100
        claims += (change(per_jet.mean(1), per_jet @ weights.T).p < 0.05).any()
    assert claims <= 12


def test_an_effect_is_told_with_its_interval_and_no_effect_has_none():
    rng = np.random.default_rng(2)
    per_jet = np.stack((np.zeros(400), rng.normal(0.5, 1, 400), np.zeros(400)))
    weights = rng.multinomial(400, np.full(400, 1 / 400), 500) / 400
    found = change(per_jet.mean(1), per_jet @ weights.T)
    assert found.significant.tolist() == [True, False]
    assert found.high[0] - found.low[0] == pytest.approx(2 * 1.96 / 20, rel=0.2)  # of the mean of 400 jets
    assert (found.low[1], found.value[1], found.high[1], found.p[1]) == (0, 0, 0, 1)


def test_the_map_finds_the_head_that_was_built_to_look_at_muons(tmp_path, jets):
    """Only head 3 of layer 2 writes to the channel that the answer is read from, what its values carry of muons."""
    tagger = muon_finder(tmp_path / "built.safetensors")
    many = ak.concatenate([jets[[0, 1, 4, 5, 7, 8]]] * 10)
    muons = np.arange(len(many)) % 3 == 0
    found = study_jets(Importance(draws=100), tagger, with_muons(many, muons))
    assert found.changes["accuracy"].full == 1
    lost = -found.heads("accuracy")
    assert np.unravel_index(lost.argmax(), lost.shape) == (1, 2)
    expected = np.zeros((3, 4), bool)
    expected[1, 2] = True
    np.testing.assert_array_equal(found.heads("accuracy", "significant"), expected)
    assert found.heads("accuracy", "high")[1, 2] < -0.2  # all jets are taken for the same class
    losses = dict(zip(map(str, found.targets), found.changes["accuracy"].value, strict=True))
    assert losses["muons"] < -0.2
    assert losses["photons"] == 0


def with_muons(jets, chosen):
    """Jets whose fourth constituent is the one muon, of class Tbl, or that have none, of class QCD."""
    counts = ak.to_numpy(ak.num(jets["part_px"]))
    first = np.cumsum(counts) - counts
    fields = {name: jets[name] for name in jets.fields}
    for name in ("ChargedHadron", "NeutralHadron", "Photon", "Electron", "Muon"):
        flags = np.full(counts.sum(), name == "ChargedHadron", np.int32)
        flags[first[chosen] + 3] = name == "Muon"
        fields[f"part_is{name}"] = ak.unflatten(flags, counts)
    labels = np.where(chosen, JETCLASS.classes.index("Tbl"), 0)
    fields |= {label: (labels == i).astype(np.int32) for i, label in enumerate(JETCLASS.labels)}
    # No two alike, so that their keys differ.
    fields["part_px"] = fields["part_px"] * (1 + 1e-5 * np.arange(len(jets)))
    return ak.zip(fields, depth_limit=1)


def muon_finder(path):
    torch.manual_seed(0)
    config = ParTConfig(embed=(16,), pair_embed=(8,), layers=3, heads=4, normformer=False)
    model = build(config).eval()
    muon, seen, answer, head = [f.name for f in FULL.features].index("part_isMuon"), 0, 5, 2
    with torch.no_grad():
        model.embed.norm.running_var[muon] = 1e-4  # a muon stands out of its inputs whatever they are
        model.embed.layers[0][1].weight[seen] = 0
        model.embed.layers[0][1].weight[seen, muon] = 8
        model.embed.layers[0][1].weight[answer] = 0
        model.embed.layers[0][1].bias[:] = 1  # the mean over channels is above what is seen of anything else
        model.embed.layers[0][1].bias[seen] = -20
        for block in [*model.blocks, *model.class_blocks]:
            block.ffn.down.weight.zero_()
            block.attn.out.weight *= 0.05  # the other heads do something, but little
            block.attn.out.weight[answer] = 0
            block.attn.out.weight[seen] = 0
        q, k, v = model.blocks[1].attn.qkv.weight.chunk(3)
        channel = head * 4
        for rows in (q, k, v):
            rows[channel : channel + 4] = 0
        model.blocks[1].attn.qkv.bias[channel] = 20  # every query asks for
        k[channel, seen] = v[channel, seen] = 1  # what is seen of a muon, and gets it
        model.blocks[1].attn.out.weight[answer, channel] = 20
        for block in model.class_blocks:
            block.attn.qkv.weight.zero_()
            block.attn.qkv.weight[32 + answer, answer] = 1
            block.attn.out.weight.zero_()
            block.attn.out.weight[answer, answer] = 1
        model.class_token.zero_()
        model.head.weight.zero_()
        model.head.bias[1:] = -50
        model.head.bias[9] = 0
        model.head.weight[9, answer] = 5
    return load_model(save_checkpoint(path, model, FULL, JETCLASS, {}), "cpu")
