"""Attention without a bias and attention from the bias alone, compared with ParT."""

import pytest
import torch
from helpers.models import SMALL, random_jets, random_model, run_weaver, weaver_part

from part.inference.trace import trace_model
from part.models.build import build
from part.models.checkpoints.weaver import convert_part
from part.models.config import ParTConfig
from part.models.no_bias import ParTNoBiasConfig
from part.models.pair_attention import PairAttnConfig


def close(a, b, atol=1e-5):
    torch.testing.assert_close(a, b, atol=atol, rtol=0)


@pytest.mark.witness
def test_no_bias_is_weavers_part_without_pairs():
    reference = weaver_part("0.5.3", num_layers=2)
    converted = convert_part(reference.state_dict(), "net")
    config, state = converted.config, converted.state
    model = build(ParTNoBiasConfig(**config.to_dict() | {"model": "ParTNoBias"})).eval()
    model.load_state_dict({k: t for k, t in state.items() if not k.startswith("pair_embed")}, strict=False)
    x, v, mask = random_jets()
    expected = run_weaver(reference, x, None, mask)
    close(model(x, v, mask), expected, atol=1e-4)
    assert (run_weaver(reference, x, v, mask) - expected).abs().max() > 0.01


def test_pair_attention_is_part_without_queries_and_keys():
    """ParT whose q·k vanish has the same pattern as PairAttn with its other weights."""
    jets = random_jets()
    sizes = SMALL | {"layers": 3}
    plain, pair = random_model(ParTConfig(**sizes)), build(PairAttnConfig(**sizes)).eval()
    state = plain.state_dict()
    projections = [name for name in state if name.startswith("blocks") and ".qkv." in name]
    width = plain.config.width
    for name in projections:
        state[name][: 2 * width] = 0
    plain.load_state_dict(state)
    pair.load_state_dict({name: t[2 * width :] if name in projections else t for name, t in state.items()})
    close(pair(*jets), plain(*jets))
    pattern = trace_model(pair, *jets).pattern
    assert (pattern[:, 0] == pattern[:, 2]).all()  # one bias serves all blocks
