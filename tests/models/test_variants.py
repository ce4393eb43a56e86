"""Bias-free and bias-only attention: what each drops from ParT, and that no jet sees another."""

from dataclasses import replace

import pytest
import torch
from helpers.models import random_jets, randomise, run_weaver, weaver_part

from part.inference.trace import trace_model
from part.models.build import build
from part.models.checkpoints.weaver import convert_part
from part.models.config import ParTConfig

SMALL = ParTConfig(embed=(16, 32), pair_embed=(8,), heads=4, layers=3, class_layers=1)


@pytest.fixture(params=["ParTNoBias", "PairAttn"])
def model(request):
    return randomise(build(replace(SMALL, model=request.param)))


def test_padding_company_and_order_change_nothing(model):
    x, v, mask = random_jets()
    alone = torch.cat([model(x[i : i + 1], v[i : i + 1], mask[i : i + 1]) for i in range(len(x))])
    torch.testing.assert_close(model(x, v, mask), alone, atol=1e-5, rtol=0)
    order = torch.randperm(x.shape[1], generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(model(x[:, order], v[:, order], mask[:, order]), model(x, v, mask), atol=1e-5, rtol=0)


def test_listening_changes_nothing_and_rows_sum_to_one(model):
    jets = random_jets()
    trace = trace_model(model, *jets)
    torch.testing.assert_close(torch.from_numpy(trace.logits), model(*jets), atol=1e-5, rtol=0)
    rows = torch.from_numpy(trace.pattern.sum(-1))
    torch.testing.assert_close(rows, jets[2][:, None, None].expand_as(rows).float(), atol=1e-5, rtol=0)


def test_no_bias_is_weavers_part_without_pairs():
    reference = weaver_part("0.5.3", num_layers=2)
    config, state = convert_part(reference.state_dict(), "net")
    model = build(replace(config, model="ParTNoBias")).eval()
    model.load_state_dict({k: t for k, t in state.items() if not k.startswith("pair_embed")}, strict=False)
    x, v, mask = random_jets()
    with torch.no_grad():
        expected = reference(x.transpose(1, 2), None, mask[:, None])
    torch.testing.assert_close(model(x, v, mask), expected, atol=1e-4, rtol=0)
    assert (run_weaver(reference, x, v, mask) - expected).abs().max() > 0.01
    assert not trace_model(model, x, v, mask).has("bias")


def test_pair_attention_is_parts_without_queries_and_keys():
    """ParT whose q·k vanish has the same pattern as PairAttn with its other weights."""
    x, v, mask = random_jets()
    part = randomise(build(SMALL))
    pair = build(replace(SMALL, model="PairAttn")).eval()
    state = part.state_dict()
    for name in [name for name in state if name.startswith("blocks") and ".qkv." in name]:
        width = state[name].shape[0] // 3
        state[name][: 2 * width] = 0
    part.load_state_dict(state)
    width = SMALL.width
    pair.load_state_dict(
        {k: t[2 * width :] if k.startswith("blocks") and ".qkv." in k else t for k, t in state.items()}
    )
    torch.testing.assert_close(pair(x, v, mask), part(x, v, mask), atol=1e-5, rtol=0)
    trace = trace_model(pair, x, v, mask)
    assert not trace.has("scores_qk")
    assert (trace.pattern[:, 0] == trace.pattern[:, 2]).all()  # one bias serves all blocks
