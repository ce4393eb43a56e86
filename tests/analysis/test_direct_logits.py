"""Shares of logits add up to the logits, and are those of weights from which components are taken away."""

import numpy as np
import pytest
import torch
from helpers.attribution import few_jets, tagger_loader
from helpers.models import randomise

import part
from part.analysis.circuits.direct_logits import class_head_shares, logit_shares
from part.analysis.circuits.study import DirectStudy
from part.analysis.study import study_jets
from part.errors import PartError
from part.figures.studies import study_charts
from part.jets.benchmarks import FULL
from part.jets.datasets import JETCLASS
from part.models.build import build
from part.models.checkpoints.checkpoint import save_checkpoint
from part.models.config import ParTConfig

WEIGHTS = torch.zeros(10)
WEIGHTS[8], WEIGHTS[0] = 1.0, -1.0
SMALL = {"embed": (16,), "pair_embed": (8,), "layers": 2, "heads": 2}


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    return tagger_loader(tmp_path_factory.mktemp("models"))


def with_config(folder, **options):
    torch.manual_seed(1)
    model = randomise(build(ParTConfig(**SMALL | options)))
    return part.load_model(save_checkpoint(folder / "own.safetensors", model, FULL, JETCLASS, {}))


def check_sums(tagger, jets):
    expected = difference(tagger, jets)
    shares = logit_shares(tagger, jets, WEIGHTS)
    torch.testing.assert_close(shares.total, expected, rtol=1e-4, atol=1e-4)
    of_tokens = shares.embedding.sum(1) + shares.heads.sum((1, 2, 3)) + shares.ffn.sum((1, 2))
    whole = of_tokens + shares.class_token + shares.class_ffn.sum(1) + shares.constant
    torch.testing.assert_close(whole, expected, rtol=1e-4, atol=1e-4)
    assert not (shares.heads * ~shares.mask[:, None, None]).any()
    return shares


def difference(tagger, jets) -> torch.Tensor:
    """Return log p/p' of the two classes."""
    probabilities = torch.as_tensor(tagger.predict(jets)).double()
    return (probabilities[:, 8].log() - probabilities[:, 0].log()).float()


@pytest.mark.parametrize("name", ["part", "nobias", "pairattn", "global", "mean", "linpart"])
def test_shares_add_up_to_the_difference_of_logits(load, tmp_path, name):
    tagger, jets = load(name), few_jets(tmp_path)
    shares = check_sums(tagger, jets)
    assert shares.heads.abs().max() > 1e-3
    if name in ("global", "mean"):
        with pytest.raises(PartError, match="no class blocks"):
            class_head_shares(tagger, jets, WEIGHTS)
        return
    by_heads = class_head_shares(tagger, jets, WEIGHTS)
    whole = by_heads.class_heads.sum((1, 2, 3)) + by_heads.class_token + by_heads.class_ffn.sum(1) + by_heads.constant
    torch.testing.assert_close(whole, difference(tagger, jets), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "options",
    [
        {"norm": "rms"},
        {"gate": "head"},
        {"gate": "channel"},
        {"layer_scale": True},
        {"normformer": False},
        {"ffn": "swiglu"},
    ],
)
def test_they_add_up_for_every_option_of_a_block(tmp_path, options):
    check_sums(with_config(tmp_path, **options), few_jets(tmp_path))


def test_a_share_is_what_is_lost_without_the_component_in_a_linear_model(tmp_path):
    """Without feed-forward parts, norms behind the heads and a last norm that rescales, shares are differences.

    The last norm's scale is held by hand: logits are compared before it.
    """
    tagger, jets = with_config(tmp_path, normformer=False), few_jets(tmp_path)
    shares = class_head_shares(tagger, jets, WEIGHTS)
    held = tagger.run_with_cache(jets, ("head_output",))[1]
    last = held["class_blocks.1.head_output"]  # (B, H, 1, d)
    block, model = tagger.model.class_blocks[1], tagger.model
    for head in range(last.shape[1]):
        only = torch.zeros_like(last)
        only[:, head] = last[:, head]
        added = only.transpose(1, 2).flatten(2) @ block.attn.out.weight.T
        # The state before the last norm decides its scale; the head's part is centred and scaled like the whole.
        states = _states_before_the_last_norm(tagger, jets)
        scale = torch.rsqrt(states.var(-1, unbiased=False, keepdim=True) + model.norm.eps)
        centred = (added - added.mean(-1, keepdim=True)) * scale * model.norm.weight
        expected = (centred @ model.head.weight.T).squeeze(1) @ WEIGHTS
        torch.testing.assert_close(shares.class_heads[:, 1, head].sum(-1), expected, rtol=1e-3, atol=1e-5)


def _states_before_the_last_norm(tagger, jets) -> torch.Tensor:
    kept = []
    handle = tagger.model.norm.register_forward_hook(lambda module, inputs, output: kept.append(inputs[0].detach()))
    try:
        tagger.run_with_cache(jets, ("pattern",))
    finally:
        handle.remove()
    return kept[0]


def test_the_study_is_the_mean_over_jets(load, tmp_path):
    tagger, jets = load("part"), few_jets(tmp_path)
    result = study_jets(DirectStudy("label_Tbqq", "label_QCD"), tagger, jets)
    shares = logit_shares(tagger, jets, WEIGHTS)
    np.testing.assert_allclose(result.shares["heads"].value, shares.heads.sum(-1).mean(0), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(result.shares["total"].value, shares.total.mean(), rtol=1e-5)
    parts = [result.shares[name].value.sum() for name in result.shares if name != "total"]
    assert sum(parts) == pytest.approx(float(result.shares["total"].value), rel=1e-3, abs=1e-4)
    by_heads = class_head_shares(tagger, jets, WEIGHTS)
    np.testing.assert_allclose(result.class_heads.value, by_heads.class_heads.sum(-1).mean(0), rtol=1e-4, atol=1e-6)
    drawn = study_charts("direct", result)
    bars = dict(zip(drawn["components"].series[0].x, drawn["components"].series[0].y, strict=True))
    assert sum(value for name, value in bars.items() if name != "sum") == pytest.approx(bars["sum"], rel=1e-3, abs=1e-4)
    assert len(result.rows()) == 4 * 1 + 2 * 2 + 2 * 4  # single ones, feed-forward parts, heads


def test_without_a_class_it_is_the_predicted_one_against_the_mean_of_the_others(load, tmp_path):
    tagger, jets = load("part"), few_jets(tmp_path)
    logits = torch.as_tensor(tagger.predict(jets)).double().log()
    chosen = logits.argmax(1, keepdim=True)
    own = logits.gather(1, chosen).squeeze(1)
    expected = own - (logits.sum(1) - own) / 9
    result = study_jets(DirectStudy(), tagger, jets)
    assert float(result.shares["total"].value) == pytest.approx(float(expected.mean()), rel=1e-4)
    assert result.target == "the predicted class against the rest"


def test_models_whose_logits_are_not_linear_are_refused(load, tmp_path):
    jets = few_jets(tmp_path)
    with pytest.raises(PartError, match="no residual stream"):
        logit_shares(load("pfn"), jets, WEIGHTS)
    with pytest.raises(PartError, match="hidden layers"):
        logit_shares(with_config(tmp_path, head=((8, "relu"),)), jets, WEIGHTS)
