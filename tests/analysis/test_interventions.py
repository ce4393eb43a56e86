"""Patching, the lens, radiation and probes: identities and closed forms."""

import awkward as ak
import numpy as np
import pytest
import torch
from helpers.jets import COUNTS, write_jets, write_model

from part.analysis.intervention import Irc, Lens, Pass, Patching, Probes, flavoured, lens, patch
from part.analysis.intervention.patching import PARTS, matches
from part.analysis.intervention.probes import explained
from part.analysis.study import study_jets
from part.figures.studies import charts_of
from part.inference.tagger import load_model
from part.jets import read_jets
from part.jets.schema import FULL, JETCLASS
from part.models.build import build
from part.models.checkpoints.checkpoint import save_checkpoint
from part.models.config import LinParTConfig, ParTConfig, PFNConfig

SMALL = {"embed": (32,), "pair_embed": (8,), "layers": 3, "heads": 4}


@pytest.fixture(scope="module")
def jets(tmp_path_factory):
    return read_jets(write_jets(tmp_path_factory.mktemp("jets") / "toys.root", COUNTS))


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    counts = np.random.default_rng(0).integers(4, 20, 200).tolist()
    return read_jets(write_jets(tmp_path_factory.mktemp("jets") / "many.root", counts))


@pytest.fixture(scope="module")
def tagger(tmp_path_factory):
    return load_model(write_model(tmp_path_factory.mktemp("models") / "alpha.safetensors", 0, **SMALL), "cpu")


def saved(path, config):
    torch.manual_seed(0)
    model = build(config).eval()
    if config.layers:
        with torch.no_grad():
            for block in model.blocks:
                block.attn.qkv.weight *= 3
    return load_model(save_checkpoint(path, model, FULL, JETCLASS, {}), "cpu")


@pytest.mark.parametrize("part", PARTS)
def test_patching_a_jet_with_itself_changes_nothing(tagger, jets, part):
    found = patch(tagger, jets[4:5], jets[4:5], part)
    np.testing.assert_allclose(found.patched, found.corrupted, atol=2e-5)
    assert found.clean == found.corrupted


def test_all_states_of_the_last_depth_bring_everything_back(tagger, jets):
    """Of a jet as long as the clean one; the class blocks see nothing else."""
    clean, corrupted = jets[4:5], flavoured(jets[4:5], jets[9:10])
    found = patch(tagger, clean, corrupted, "residual")
    assert found.values.shape == (4, 21)
    assert found.values[-1, -1] == pytest.approx(1, abs=1e-4)
    # The flavour is in the states alone, not in the bias, so the embedding brings it back as well.
    assert found.values[0, -1] == pytest.approx(1, abs=1e-4)


def test_a_patched_head_is_the_whole_model_with_that_output_replaced(tagger, jets):
    clean, corrupted = jets[5:6], jets[6:7]
    found = patch(tagger, clean, corrupted, "head")
    source, target = Pass(tagger, clean, {"mixed"}), Pass(tagger, corrupted)
    match = matches(source, target)
    order = [np.argsort(-np.hypot(j["part_px"][0], j["part_py"][0]), kind="stable") for j in (clean, corrupted)]
    assert match[order[1][0]] == order[0][0]
    assert ((match >= 0).sum()) == COUNTS[6] * (COUNTS[6] <= COUNTS[5]) or (match < 0).sum() == COUNTS[6] - COUNTS[5]

    def swap(name, tensor):
        if name == "blocks.1.mixed":
            tensor, theirs = tensor.clone(), source.heard[name]
            for query, partner in enumerate(match.tolist()):
                if partner >= 0:
                    tensor[0, 2, query] = theirs[0, 2, partner]
        return tensor

    logits = tagger.logits(target.batch, swap)[0]
    first, second = found.classes
    assert found.patched[1, 2] == pytest.approx(float(logits[first] - logits[second]), abs=1e-4)


def test_flavour_alone_is_exchanged_by_rank(jets):
    jet, donor = jets[1:2], jets[0:1]
    mixed = flavoured(jet, donor)
    for name in ("part_px", "part_energy", "part_deta"):
        np.testing.assert_array_equal(mixed[name][0], jet[name][0])
    ours, theirs = (np.argsort(-np.hypot(j["part_px"][0], j["part_py"][0])) for j in (jet, donor))
    np.testing.assert_array_equal(mixed["part_d0val"][0][ours], donor["part_d0val"][0][theirs[: COUNTS[1]]])


def test_a_sample_is_patched_the_same_in_any_order(tagger, many):
    study = Patching("Hbb", "QCD")
    one, other = (study_jets(study, tagger, some) for some in (many[:60], many[:60][::-1]))
    np.testing.assert_allclose(one.value, other.value, atol=1e-3)
    assert one.value.shape == one.error.shape == (3, 5)
    assert 1 <= one.jets <= 6
    assert len(one.rows()) == 15


@pytest.mark.parametrize(
    "config", [ParTConfig(**SMALL, class_layers=0, global_token=True), LinParTConfig(**SMALL, slots=5)]
)
def test_models_with_a_global_token_or_slots_can_be_patched_too(tmp_path, jets, config):
    tagger = saved(tmp_path / "other.safetensors", config)
    for part in PARTS:
        same = patch(tagger, jets[4:5], jets[4:5], part)
        np.testing.assert_allclose(same.patched, same.corrupted, atol=2e-5)
        assert np.isfinite(patch(tagger, jets[4:5], jets[1:2], part).values).all()


def test_the_last_depth_of_the_lens_is_the_model(tagger, jets):
    found = lens(Pass(tagger, jets[:5]))
    assert found.shape == (4, 5, 10)
    np.testing.assert_allclose(found[-1], tagger.predict(jets[:5]), atol=2e-5)
    np.testing.assert_allclose(found.sum(-1), 1, atol=1e-5)
    assert (found[0] - found[-1]).abs().max() > 1e-3


def test_the_lens_over_a_sample_is_the_mean_over_its_jets(tagger, jets):
    found = study_jets(Lens(), tagger, jets[[0, 1, 4]]).measures
    alone = np.stack([lens(Pass(tagger, jets[i : i + 1]))[:, 0].numpy() for i in (0, 1, 4)], 1)
    np.testing.assert_allclose(found["true_class"].value, alone[:, range(3), (0, 1, 4)].mean(1), atol=1e-5)
    assert found["divergence"].value[-1] == pytest.approx(0, abs=1e-9)


def test_a_model_that_hears_the_jet_through_pt_alone_is_infrared_safe(tmp_path, many):
    """A sum over constituents, each weighted by its share of pT, against one that counts them."""
    safe, counting = (pt_summing(tmp_path / f"{name}.safetensors", name == "safe") for name in ("safe", "counting"))
    study = Irc("soft", (1e-4, 1e-2, 0.3))
    found, other = (study_jets(study, tagger, many[:50]).divergence for tagger in (safe, counting))
    assert (np.diff(found.value) > 0).all()
    assert found.value[0] < 1e-6
    assert other.value[0] > 1e-4
    assert found.jets.tolist() == [50] * 3


def pt_summing(path, safe):
    """A PFN whose sum over particles is of their shares of pT, exp of their logarithm, or of ones."""
    tagger = saved(path, PFNConfig())
    tagger.predict = lambda jets, batch_size=0: _answer(jets, safe)
    return tagger


def _answer(jets, safe):
    pt = np.hypot(jets["part_px"], jets["part_py"])
    share = pt / jets["jet_pt"] if safe else ak.ones_like(pt) / 10
    far = ak.to_numpy(ak.sum(share * np.hypot(jets["part_deta"], jets["part_dphi"]), axis=1))
    p = 1 / (1 + np.exp(-5 * far))
    return np.stack((p, 1 - p), 1)


def test_collinear_halves_at_no_distance_change_what_counts_only(tmp_path, many):
    safe, counting = (pt_summing(tmp_path / f"{name}.safetensors", name == "safe") for name in ("safe", "counting"))
    found, other = (study_jets(Irc("collinear", (1e-6,)), t, many[:50]).divergence for t in (safe, counting))
    assert found.value[0] < 1e-9 < 1e-5 < other.value[0]


def test_the_sums_of_a_probe_give_the_ridge_that_the_data_give():
    rng = np.random.default_rng(0)
    x, fold = rng.normal(2, 3, (300, 6)), rng.integers(0, 4, 300)
    y = np.column_stack((x @ rng.normal(size=6) + 5 + rng.normal(size=300), rng.normal(size=300)))
    z = np.column_stack((np.ones(300), x, y))
    found = explained(np.stack([z[fold == k].T @ z[fold == k] for k in range(4)]), 2, 0.1)
    for k in range(4):
        train, test = fold != k, fold == k
        mean, scale = x[train].mean(0), x[train].std(0)
        scaled = (x - mean) / scale
        penalty = 0.1 * train.sum() * np.eye(6)
        slopes = np.linalg.solve(
            scaled[train].T @ scaled[train] + penalty, scaled[train].T @ (y - y[train].mean(0))[train]
        )
        left = y[test] - y[train].mean(0) - scaled[test] @ slopes
        spread = y[test] - y[test].mean(0)
        np.testing.assert_allclose(found[k], 1 - (left**2).sum(0) / (spread**2).sum(0), rtol=1e-8)
    assert (found[:, 0] > 0.9).all()
    assert (found[:, 1] < 0.1).all()


def test_probes_of_a_sample_in_any_order(tagger, many):
    one, other = (study_jets(Probes(), tagger, some) for some in (many, many[::-1]))
    assert one.readouts == ("inputs", "embedding", "layer 1", "layer 2", "layer 3")
    assert one.observables[-1] == "prongs"
    np.testing.assert_allclose(one.value, other.value, atol=1e-3)
    assert (one.value <= 1).all()
    with pytest.raises(ValueError, match="at least 50 jets"):
        study_jets(Probes(), tagger, many[:20])


@pytest.mark.parametrize("study", [Lens(), Patching("Hbb", "QCD"), Probes()])
def test_a_model_without_attention_is_refused_in_a_sentence(tmp_path, study):
    with pytest.raises(ValueError, match="A PFN has no attention heads"):
        study.check(saved(tmp_path / "pfn.safetensors", PFNConfig()))


def test_what_cannot_be_patched_is_refused_in_a_sentence(tagger, jets):
    for study, words in ((Patching("Hxx"), "no class 'Hxx'"), (Patching("QCD", "QCD"), "two classes")):
        with pytest.raises(ValueError, match=words):
            study.check(tagger)
    with pytest.raises(ValueError, match="no 'layer' to patch"):
        patch(tagger, jets[:1], jets[1:2], "layer")
    with pytest.raises(ValueError, match="no 'hard' emission"):
        Irc("hard")


def test_each_study_has_its_charts(tagger, many):
    for kind, study in (("lens", Lens()), ("patching", Patching("Hbb", "QCD")), ("irc", Irc(points=(0.1,)))):
        found = study_jets(study, tagger, many[:40])
        assert charts_of(kind, found)
        assert {tuple(row) for row in found.rows()} == {tuple(found.rows()[0])}
