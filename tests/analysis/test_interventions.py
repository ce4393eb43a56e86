"""Patching, the lens, radiation and probes: identities and closed forms."""

import awkward as ak
import numpy as np
import pytest
import torch
from helpers.jets import COUNTS, write_jets

from part.analysis.intervention.activation_patching import COMPONENTS, match_by_pt_rank, patch, with_flavour_of
from part.analysis.intervention.irc import IRCStudy
from part.analysis.intervention.lens import LensStudy, logit_lens
from part.analysis.intervention.patching import PatchingStudy
from part.analysis.intervention.probes import ProbesStudy, explained_variance
from part.analysis.study import study_jets
from part.figures.studies import study_charts
from part.inference.forward import CachedForward
from part.inference.loading import load_model
from part.jets import read_jets
from part.jets.benchmarks import FULL
from part.jets.class_groups import class_group
from part.jets.datasets import JETCLASS
from part.models.build import build
from part.models.checkpoints.checkpoint import save_checkpoint
from part.models.config import ParTConfig
from part.models.linpart import LinParTConfig
from part.models.pfn import PFNConfig

pytestmark = pytest.mark.filterwarnings("ignore:.*more than 128 constituents")  # one of the jets is that long
SMALL = {"embed": (32,), "pair_embed": (8,), "layers": 3, "heads": 4}


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    counts = np.random.default_rng(0).integers(4, 20, 200).tolist()
    return read_jets(write_jets(tmp_path_factory.mktemp("jets") / "many.root", counts))


def saved(path, config):
    torch.manual_seed(0)
    model = build(config).eval()
    if config.layers:
        with torch.no_grad():
            for block in model.blocks:
                block.attn.qkv.weight *= 3
    return load_model(save_checkpoint(path, model, FULL, JETCLASS, {}), "cpu")


@pytest.mark.parametrize("component", COMPONENTS)
def test_patching_a_jet_with_itself_changes_nothing(tagger, jets, component):
    result = patch(tagger, jets[4:5], jets[4:5], component)
    np.testing.assert_allclose(result.patched, result.corrupted, atol=2e-5)
    assert result.clean == result.corrupted


def test_patching_all_states_of_the_last_depth_recovers_everything(tagger, jets):
    """The corrupted jet is as long as the clean one; the class blocks read nothing but the states."""
    clean, corrupted = jets[4:5], with_flavour_of(jets[4:5], jets[9:10])
    result = patch(tagger, clean, corrupted, "residual")
    assert result.values.shape == (4, 21)
    assert result.values[-1, -1] == pytest.approx(1, abs=1e-4)
    # The flavour is in the states alone, not in the bias, so patching the embedding recovers it as well.
    assert result.values[0, -1] == pytest.approx(1, abs=1e-4)


def test_a_patched_head_is_the_whole_model_with_that_output_replaced(tagger, jets):
    clean, corrupted = jets[5:6], jets[6:7]
    result = patch(tagger, clean, corrupted, "head")
    source, target = CachedForward(tagger, clean, {"head_output"}), CachedForward(tagger, corrupted)
    match = match_by_pt_rank(source, target)
    order = [np.argsort(-np.hypot(j["part_px"][0], j["part_py"][0]), kind="stable") for j in (clean, corrupted)]
    assert match[order[1][0]] == order[0][0]
    assert ((match >= 0).sum()) == COUNTS[6] * (COUNTS[6] <= COUNTS[5]) or (match < 0).sum() == COUNTS[6] - COUNTS[5]

    def swap(name, tensor):
        if name == "blocks.1.head_output":
            tensor, source_tensor = tensor.clone(), source.cache[name]
            for query, partner in enumerate(match.tolist()):
                if partner >= 0:
                    tensor[0, 2, query] = source_tensor[0, 2, partner]
        return tensor

    logits = tagger.logits(target.batch, swap)[0]
    (first,), (second,) = (group.members for group in result.classes)
    assert result.patched[1, 2] == pytest.approx(float(logits[first] - logits[second]), abs=1e-4)


def test_patched_groups_compare_summed_probabilities(tagger, jets):
    groups = [class_group(tagger.dataset, text) for text in ("H=Hbb,Hcc,Hgg", "QCD")]
    result = patch(tagger, jets[5:6], jets[6:7], "head", *groups)
    p = tagger.predict(jets[5:7]).astype(np.float64)
    expected = np.log(p[:, groups[0].members].sum(1) / p[:, 0])
    np.testing.assert_allclose([result.clean, result.corrupted], expected, atol=1e-4)
    with pytest.raises(ValueError, match="share the class Hbb"):
        patch(tagger, jets[5:6], jets[6:7], "head", groups[0], class_group(tagger.dataset, "Hbb"))


def test_a_group_of_one_class_patches_a_sample_as_the_class_does(tagger, many):
    one, group = (study_jets(PatchingStudy(name, "rest=Hcc,QCD"), tagger, many[:60]) for name in ("Hbb", "bb=Hbb"))
    np.testing.assert_array_equal(one.value, group.value)
    assert one.jets > 0
    with pytest.raises(ValueError, match=r"H\* and Hbb share the class Hbb"):
        PatchingStudy("H*", "Hbb").check(tagger)


def test_flavour_alone_is_exchanged_by_rank(jets):
    jet, donor = jets[1:2], jets[0:1]
    exchanged = with_flavour_of(jet, donor)
    for name in ("part_px", "part_energy", "part_deta"):
        np.testing.assert_array_equal(exchanged[name][0], jet[name][0])
    jet_order, donor_order = (np.argsort(-np.hypot(j["part_px"][0], j["part_py"][0])) for j in (jet, donor))
    np.testing.assert_array_equal(
        exchanged["part_d0val"][0][jet_order], donor["part_d0val"][0][donor_order[: COUNTS[1]]]
    )


def test_a_sample_is_patched_the_same_in_any_order(tagger, many):
    study = PatchingStudy("Hbb", "QCD")
    one, other = (study_jets(study, tagger, sample) for sample in (many[:60], many[:60][::-1]))
    np.testing.assert_allclose(one.value, other.value, atol=1e-3)
    assert one.value.shape == one.error.shape == (3, 5)
    assert 1 <= one.jets <= 6
    assert len(one.rows()) == 15


@pytest.mark.parametrize(
    "config", [ParTConfig(**SMALL, class_layers=0, global_token=True), LinParTConfig(**SMALL, slots=5)]
)
def test_models_with_a_global_token_or_slots_can_be_patched_too(tmp_path, jets, config):
    tagger = saved(tmp_path / "other.safetensors", config)
    for component in COMPONENTS:
        same = patch(tagger, jets[4:5], jets[4:5], component)
        np.testing.assert_allclose(same.patched, same.corrupted, atol=2e-5)
        assert np.isfinite(patch(tagger, jets[4:5], jets[1:2], component).values).all()


def test_the_last_depth_of_the_lens_is_the_model(tagger, jets):
    result = logit_lens(CachedForward(tagger, jets[:5]))
    assert result.shape == (4, 5, 10)
    np.testing.assert_allclose(result[-1], tagger.predict(jets[:5]), atol=2e-5)
    np.testing.assert_allclose(result.sum(-1), 1, atol=1e-5)
    assert (result[0] - result[-1]).abs().max() > 1e-3


def test_the_lens_over_a_sample_is_the_mean_over_its_jets(tagger, jets):
    result = study_jets(LensStudy(), tagger, jets[[0, 1, 4]]).measures
    alone = np.stack([logit_lens(CachedForward(tagger, jets[i : i + 1]))[:, 0].numpy() for i in (0, 1, 4)], 1)
    np.testing.assert_allclose(result["true_class"].value, alone[:, range(3), (0, 1, 4)].mean(1), atol=1e-5)
    assert result["divergence"].value[-1] == pytest.approx(0, abs=1e-9)


def test_a_model_that_weights_constituents_by_pt_is_infrared_safe(tmp_path, many):
    """A sum over constituents weighted by their shares of pT is compared with one that counts them."""
    safe, counting = (pt_summing(tmp_path / f"{name}.safetensors", name == "safe") for name in ("safe", "counting"))
    study = IRCStudy("soft", (1e-4, 1e-2, 0.3))
    result, other = (study_jets(study, tagger, many[:50]).divergence for tagger in (safe, counting))
    assert (np.diff(result.value) > 0).all()
    assert result.value[0] < 1e-6
    assert other.value[0] > 1e-4
    assert result.jets.tolist() == [50] * 3


def pt_summing(path, safe):
    """Return a PFN whose sum over particles is of their shares of pT, exp of their logarithm, or of ones."""
    tagger = saved(path, PFNConfig())
    tagger.predict = lambda jets, batch_size=0: _probabilities_by_width(jets, safe)
    return tagger


def _probabilities_by_width(jets, safe):
    pt = np.hypot(jets["part_px"], jets["part_py"])
    share = pt / jets["jet_pt"] if safe else ak.ones_like(pt) / 10
    far = ak.to_numpy(ak.sum(share * np.hypot(jets["part_deta"], jets["part_dphi"]), axis=1))
    p = 1 / (1 + np.exp(-5 * far))
    return np.stack((p, 1 - p), 1)


def test_collinear_halves_at_no_distance_change_only_a_model_that_counts(tmp_path, many):
    safe, counting = (pt_summing(tmp_path / f"{name}.safetensors", name == "safe") for name in ("safe", "counting"))
    result, other = (study_jets(IRCStudy("collinear", (1e-6,)), t, many[:50]).divergence for t in (safe, counting))
    assert result.value[0] < 1e-9 < 1e-5 < other.value[0]


def test_the_sums_of_a_probe_give_the_ridge_that_the_data_give():
    rng = np.random.default_rng(0)
    x, fold = rng.normal(2, 3, (300, 6)), rng.integers(0, 4, 300)
    y = np.column_stack((x @ rng.normal(size=6) + 5 + rng.normal(size=300), rng.normal(size=300)))
    z = np.column_stack((np.ones(300), x, y))
    result = explained_variance(np.stack([z[fold == k].T @ z[fold == k] for k in range(4)]), 2, 0.1)
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
        np.testing.assert_allclose(result[k], 1 - (left**2).sum(0) / (spread**2).sum(0), rtol=1e-8)
    assert (result[:, 0] > 0.9).all()
    assert (result[:, 1] < 0.1).all()


def test_probes_of_a_sample_in_any_order(tagger, many):
    one, other = (study_jets(ProbesStudy(), tagger, sample) for sample in (many, many[::-1]))
    assert one.readouts == ("inputs", "embedding", "layer 1", "layer 2", "layer 3")
    assert one.observables[-1] == "prongs"
    np.testing.assert_allclose(one.value, other.value, atol=1e-3)
    assert (one.value <= 1).all()
    with pytest.raises(ValueError, match="at least 50 jets"):
        study_jets(ProbesStudy(), tagger, many[:20])


@pytest.mark.parametrize("study", [LensStudy(), PatchingStudy("Hbb", "QCD"), ProbesStudy()])
def test_a_model_without_attention_is_refused_in_a_sentence(tmp_path, study):
    with pytest.raises(ValueError, match="pfn has no attention heads to intervene on: a PFN has no attention"):
        study.check(saved(tmp_path / "pfn.safetensors", PFNConfig()))


def test_what_cannot_be_patched_is_refused_in_a_sentence(tagger, jets):
    for study, message in ((PatchingStudy("Hxx"), "no class 'Hxx'"), (PatchingStudy("QCD", "QCD"), "two classes")):
        with pytest.raises(ValueError, match=message):
            study.check(tagger)
    with pytest.raises(ValueError, match="no 'layer' to patch"):
        patch(tagger, jets[:1], jets[1:2], "layer")
    with pytest.raises(ValueError, match="no 'hard' emission"):
        IRCStudy("hard")


def test_each_study_has_its_charts(tagger, many):
    for kind, study in (
        ("lens", LensStudy()),
        ("patching", PatchingStudy("Hbb", "QCD")),
        ("irc", IRCStudy(points=(0.1,))),
    ):
        result = study_jets(study, tagger, many[:40])
        assert study_charts(kind, result)
        assert {tuple(row) for row in result.rows()} == {tuple(result.rows()[0])}
