"""The studies of the interaction bias as a whole."""

import numpy as np
import pytest
import torch
from helpers.jets import write_jets, write_model

import part
from part.analysis.bias.bias_ablation import Switch, SwitchStudy, switched, switches
from part.analysis.bias.study import BiasStudy
from part.analysis.registry import module_of
from part.analysis.statistics.metrics import accuracy
from part.analysis.study import study_jets
from part.errors import PartError
from part.figures.charts import Plot
from part.figures.studies import charts_of
from part.jets.schema import FEATURE_SETS, JETCLASS
from part.models.build import build
from part.models.checkpoints.checkpoint import save_checkpoint
from part.models.config import LinParTConfig, ParTConfig, PFNConfig

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
    again = study_jets(BiasStudy(pairs=3, baseline=5), tagger, jets[np.arange(len(jets))[::-1]])
    one, other = findings.arrays(), again.arrays()
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
    made = charts_of("bias", findings)
    assert made["share_bias"].values.shape == (2, 4)
    assert made["shapley"].values.shape == (4, 4)
    assert made["lund_bias_head4"].values.shape == made["lund_attention_head1"].values.shape
    curves = made["ratio"].series
    assert [curve.name for curve in curves] == ["layer 1", "layer 2"]
    assert all(curve.y.sum() == pytest.approx(1) for curve in curves)


def test_nothing_switched_is_the_model_itself(tagger, jets):
    found = switched(tagger, jets, switches(2))
    np.testing.assert_array_equal(found[0], tagger.trace(jets).probabilities)
    assert all(np.abs(p - found[0]).max() > 1e-6 for p in found[1:])


def test_without_bias_is_the_model_that_has_none(folder, tagger, jets):
    """ParTNoBias with the same weights; then with q·k off too, every key is as good as any other."""
    weights = {k: v for k, v in tagger.model.state_dict().items() if not k.startswith("pair_embed")}
    bare = build(ParTConfig(model="ParTNoBias", **SMALL))
    bare.load_state_dict(weights)
    plain = part.load_model(save_checkpoint(folder / "bare.safetensors", bare, tagger.features, JETCLASS, {}))
    off = switched(tagger, jets, (Switch("bias"),))[0]
    np.testing.assert_allclose(off, plain.trace(jets).probabilities, atol=1e-6)


def test_a_switch_hears_its_own_layer_alone():
    ones = torch.ones(2, 2)
    switch = Switch("bias", 1)
    assert not switch("blocks.1.bias", ones).any()
    others = ("blocks.0.bias", "blocks.1.scores_qk", "class_blocks.1.scores_qk", "blocks.11.bias", "residual")
    assert all(switch(name, ones) is ones for name in others)
    assert not Switch("scores_qk")("blocks.7.scores_qk", ones).any()


def test_switches_are_measured_against_the_untouched(tagger, jets):
    found = study_jets(SwitchStudy(replicas=20), tagger, jets)
    assert found.probabilities.shape == (7, 12, 10)
    effects = found.of("accuracy")
    assert effects[Switch()].change == effects[Switch()].change_low == effects[Switch()].change_high == 0
    for v, switch in enumerate(found.switches):
        effect = effects[switch]
        assert effect.value == accuracy(found.probabilities[v], found.truth)
        assert effect.change == pytest.approx(effect.value - effects[Switch()].value)
        assert effect.change_low <= effect.change <= effect.change_high
    moved = found.of("share of jets that change class")[Switch("bias")]
    assert moved.value == (found.probabilities[1].argmax(-1) != found.probabilities[0].argmax(-1)).mean()
    assert all(value is None or np.isfinite(value) for row in found.rows() for value in list(row.values())[3:])


def test_switches_become_charts_with_and_without_labels(tagger, jets):
    made = charts_of("bias_switch", study_jets(SwitchStudy(replicas=5), tagger, jets))
    assert made["accuracy"].series[0].x == ("all layers", "layer 1", "layer 2")
    assert made["rejections"].values.shape[0] == 6
    bare = jets[[name for name in jets.fields if not name.startswith("label_")]]
    unlabelled = charts_of("bias_switch", study_jets(SwitchStudy(replicas=5), tagger, bare))
    assert set(unlabelled) == {"share_of_jets_that_change_class", "logit_drift"}
    assert isinstance(unlabelled["logit_drift"], Plot)


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (PFNConfig(), "PFN has no attention between particles, so it has no interaction bias."),
        (ParTConfig(model="ParTNoBias", **SMALL), "ParTNoBias has no interaction bias; its attention is q·k alone."),
        (ParTConfig(model="PairAttn", **SMALL), "PairAttn has no q·k to hold the bias against"),
        (LinParTConfig(**SMALL, slots=4), "The particles of LinParT attend to slots"),
    ],
    ids=lambda value: getattr(value, "model", ""),
)
@pytest.mark.parametrize("kind", ["bias", "bias_switch"])
def test_a_model_that_has_no_such_thing_says_so(folder, jets, config, sentence, kind):
    study = {"bias": BiasStudy(), "bias_switch": SwitchStudy()}[kind]
    with pytest.raises(PartError, match=sentence):
        study_jets(study, model(folder, config), jets)


@pytest.mark.parametrize("change", [{"normformer": False}, {"class_layers": 0, "global_token": True}, {"gate": "head"}])
def test_variants_can_be_studied(folder, jets, change):
    tagger = model(folder, ParTConfig(**SMALL, **change))
    np.testing.assert_allclose(switched(tagger, jets, (Switch(),))[0], tagger.predict(jets), atol=1e-5)
    findings = study_jets(BiasStudy(pairs=2, baseline=3), tagger, jets)
    assert findings.shares.bias.value.shape == (2, 4)


def test_jets_without_pairs_and_odd_numbers_are_refused(tagger, jets):
    with pytest.raises(PartError, match="No jet has two particles"):
        study_jets(BiasStudy(), tagger, jets[1:2])
    with pytest.raises(PartError, match="0 baseline; expected 1 or more"):
        BiasStudy(baseline=0)
    with pytest.raises(PartError, match="1 replicas give no interval"):
        SwitchStudy(replicas=1)


@pytest.mark.parametrize(("kind", "options"), [("bias", ["--pairs", "3"]), ("bias_switch", ["--replicas", "7"])])
def test_the_command_line_makes_the_same_study(kind, options):
    import argparse

    parser, module = argparse.ArgumentParser(), module_of(kind)
    module.add_arguments(parser)
    study = module.study_of(parser.parse_args(options))
    assert study == {"bias": BiasStudy(pairs=3), "bias_switch": SwitchStudy(replicas=7)}[kind]
