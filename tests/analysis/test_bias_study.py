"""The studies of the interaction bias as a whole."""

import argparse

import numpy as np
import pytest
import torch
from helpers.jets import write_jets, write_model

import part
from part.analysis.bias.bias_ablation import BiasAblation, BiasAblationStudy, ablated_probabilities, bias_ablations
from part.analysis.bias.study import BiasStudy
from part.analysis.registry import study_class
from part.analysis.statistics.metrics import accuracy
from part.analysis.study import study_jets
from part.cli.options import add_fields, from_args
from part.errors import PartError
from part.figures.charts import Plot
from part.figures.studies import study_charts
from part.jets.benchmarks import FEATURE_SETS
from part.jets.datasets import JETCLASS
from part.models.build import build
from part.models.checkpoints.checkpoint import save_checkpoint
from part.models.config import ParTConfig
from part.models.linpart import LinParTConfig
from part.models.no_bias import ParTNoBiasConfig
from part.models.pair_attention import PairAttnConfig
from part.models.pfn import PFNConfig

SMALL = {"embed": (32,), "pair_embed": (8,), "layers": 2, "heads": 4}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("bias")


@pytest.fixture(scope="module")
def jets(folder):
    return part.read_jets(write_jets(folder / "toys.root", [9, 1, 14, 2, 6, 20, 11, 17, 8, 12, 19, 4]))


@pytest.fixture(scope="module")
def tagger(folder):
    return part.load_model(write_model(folder / "toy.safetensors", **SMALL))


@pytest.fixture(scope="module")
def findings(tagger, jets):
    return study_jets(BiasStudy(pairs=3, baseline=5), tagger, jets)


def model(folder, config):
    path = folder / f"{config.model}.safetensors"
    return part.load_model(save_checkpoint(path, build(config), FEATURE_SETS["full"], JETCLASS, {}))


def test_a_study_does_not_depend_on_the_order_of_the_jets(findings, tagger, jets):
    reversed_order = study_jets(BiasStudy(pairs=3, baseline=5), tagger, jets[np.arange(len(jets))[::-1]])
    one, other = findings.arrays(), reversed_order.arrays()
    for name in one:
        if name != "pairs":
            np.testing.assert_allclose(one[name], other[name], atol=1e-5, err_msg=name)


def test_rows_tell_what_the_arrays_hold(findings):
    rows, arrays = findings.rows(), findings.arrays()
    assert len(rows) == 4 * 2 * 4 + 2 * 4 * 4
    assert len({tuple(row) for row in rows}) == 1
    row = next(r for r in rows if (r["quantity"], r["layer"], r["head"]) == ("variance share of bias", 2, 3))
    assert row["value"] == arrays["bias_share"][1, 2]
    assert row["jets"] == 11  # one has a single particle
    assert row["low"] < row["value"] < row["high"]
    total = sum(arrays[f"{name}_share"] for name in ("scores", "bias", "covariance"))
    np.testing.assert_allclose(total, 1)


def test_findings_become_charts(findings):
    all_charts = study_charts("bias", findings)
    assert all_charts["share_bias"].values.shape == (2, 4)
    assert all_charts["shapley"].values.shape == (4, 4)
    assert all_charts["lund_bias_head4"].values.shape == all_charts["lund_attention_head1"].values.shape
    curves = all_charts["ratio"].series
    assert [curve.name for curve in curves] == ["layer 1", "layer 2"]
    assert all(curve.y.sum() == pytest.approx(1) for curve in curves)


def test_ablating_nothing_is_the_model_itself(tagger, jets):
    probabilities = ablated_probabilities(tagger, jets, bias_ablations(2))
    np.testing.assert_array_equal(probabilities[0], tagger.trace(jets).probabilities)
    assert all(np.abs(p - probabilities[0]).max() > 1e-6 for p in probabilities[1:])


def test_without_bias_is_the_model_that_has_none(folder, tagger, jets):
    """ParTNoBias with the same weights; then with q·k off too, every key is as good as any other."""
    weights = {k: v for k, v in tagger.model.state_dict().items() if not k.startswith("pair_embed")}
    bare = build(ParTNoBiasConfig(**SMALL))
    bare.load_state_dict(weights)
    plain = part.load_model(save_checkpoint(folder / "bare.safetensors", bare, tagger.features, JETCLASS, {}))
    off = ablated_probabilities(tagger, jets, (BiasAblation("bias"),))[0]
    np.testing.assert_allclose(off, plain.trace(jets).probabilities, atol=1e-6)


def test_an_ablation_changes_its_own_layer_alone():
    ones = torch.ones(2, 2)
    ablation = BiasAblation("bias", 1)
    assert not ablation("blocks.1.bias", ones).any()
    others = ("blocks.0.bias", "blocks.1.scores_qk", "class_blocks.1.scores_qk", "blocks.11.bias", "residual")
    assert all(ablation(name, ones) is ones for name in others)
    assert not BiasAblation("scores_qk")("blocks.7.scores_qk", ones).any()


def test_ablations_are_measured_against_the_unchanged_model(tagger, jets):
    result = study_jets(BiasAblationStudy(replicas=20), tagger, jets)
    assert result.probabilities.shape == (7, 12, 10)
    effects = result.by_ablation("accuracy")
    assert (
        effects[BiasAblation()].change == effects[BiasAblation()].change_low == effects[BiasAblation()].change_high == 0
    )
    for v, ablation in enumerate(result.ablations):
        effect = effects[ablation]
        assert effect.value == accuracy(result.probabilities[v], result.truth)
        assert effect.change == pytest.approx(effect.value - effects[BiasAblation()].value)
        assert effect.change_low <= effect.change <= effect.change_high
    moved = result.by_ablation("share of jets that change class")[BiasAblation("bias")]
    assert moved.value == (result.probabilities[1].argmax(-1) != result.probabilities[0].argmax(-1)).mean()
    assert all(value is None or np.isfinite(value) for row in result.rows() for value in list(row.values())[3:])


def test_ablations_become_charts_with_and_without_labels(tagger, jets):
    all_charts = study_charts("bias_switch", study_jets(BiasAblationStudy(replicas=5), tagger, jets))
    assert all_charts["accuracy"].series[0].x == ("all layers", "layer 1", "layer 2")
    assert all_charts["rejections"].values.shape[0] == 6
    bare = jets[[name for name in jets.fields if not name.startswith("label_")]]
    unlabelled = study_charts("bias_switch", study_jets(BiasAblationStudy(replicas=5), tagger, bare))
    assert set(unlabelled) == {"share_of_jets_that_change_class", "logit_drift"}
    assert isinstance(unlabelled["logit_drift"], Plot)


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (PFNConfig(), "a PFN has no attention between particles"),
        (ParTNoBiasConfig(**SMALL), "a ParTNoBias has no interaction bias, its attention is q·k alone"),
        (PairAttnConfig(**SMALL), "a PairAttn has no q·k, its attention is the interaction bias alone"),
        (LinParTConfig(**SMALL, slots=4), "the particles of a LinParT attend to slots, not to each other"),
    ],
    ids=lambda value: getattr(value, "model", ""),
)
@pytest.mark.parametrize("kind", ["bias", "bias_switch"])
def test_a_model_without_the_capability_is_refused(folder, jets, config, sentence, kind):
    study = {"bias": BiasStudy(), "bias_switch": BiasAblationStudy()}[kind]
    with pytest.raises(PartError, match=sentence):
        study_jets(study, model(folder, config), jets)


@pytest.mark.parametrize("change", [{"normformer": False}, {"class_layers": 0, "global_token": True}, {"gate": "head"}])
def test_variants_can_be_studied(folder, jets, change):
    tagger = model(folder, ParTConfig(**SMALL, **change))
    np.testing.assert_allclose(
        ablated_probabilities(tagger, jets, (BiasAblation(),))[0], tagger.predict(jets), atol=1e-5
    )
    findings = study_jets(BiasStudy(pairs=2, baseline=3), tagger, jets)
    assert findings.shares.bias.value.shape == (2, 4)


def test_jets_without_pairs_and_odd_numbers_are_refused(tagger, jets):
    with pytest.raises(PartError, match="No jet has two particles"):
        study_jets(BiasStudy(), tagger, jets[1:2])
    with pytest.raises(PartError, match="0 baseline; expected 1 or more"):
        BiasStudy(baseline=0)
    with pytest.raises(PartError, match="1 replicas give no interval"):
        BiasAblationStudy(replicas=1)


@pytest.mark.parametrize(("kind", "options"), [("bias", ["--pairs", "3"]), ("bias_switch", ["--replicas", "7"])])
def test_the_command_line_makes_the_same_study(kind, options):
    parser = argparse.ArgumentParser()
    add_fields(parser, study_class(kind))
    study = from_args(study_class(kind), parser.parse_args(options))
    assert study == {"bias": BiasStudy(pairs=3), "bias_switch": BiasAblationStudy(replicas=7)}[kind]
