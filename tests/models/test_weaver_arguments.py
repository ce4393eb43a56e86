"""Networks of weaver-core over a generated grid of their constructors' arguments: logits and gradients equal ours."""

import json

import pytest
import torch
from helpers.weaver_part import OPEN, SMALL, Batch, convert, jets_for, make_network, run, sampled, streams

from part.models.build import config_from_dict
from part.models.checkpoints.weaver import convert_part

pytestmark = pytest.mark.witness
HEADS = [
    {},
    {"fc_params": [(12, 0.1)]},
    {"fc_params": [(16, 0.1), (8, 0.0)]},
    {"fc_params": [(12, 0.1), (8, 0.0), (8, 0.0), (6, 0.1)]},
]
PAIRS_04 = [{"pair_input_dim": n} for n in (1, 3, 4, 5, 6, 8)]
PAIRS = [
    *({"pair_input_type": "pp", "pair_input_dim": n} for n in (None, 1, 3, 4, 5, 6, 8)),
    *({"pair_input_type": "ee", "pair_input_dim": n} for n in (None, 1, 3, 5)),
    *({"pair_input_type": "xyzt", "pair_input_dim": n} for n in (1, 3, 4)),
    *({"pair_input_type": f"xyzt:{name}"} for name in ("rectangular", "cart", "spherical", "cyl")),
    {"pair_embed_dims": None},
    {"pair_embed_dims": []},
    {"pair_input_dim": 0},
    {"pair_input_dim": 0, "pair_extra_dim": 3},
    {"pair_input_dim": 4, "pair_extra_dim": 2},
    {"pair_input_type": "ee", "pair_extra_dim": 1},
]
FLAGS = {
    "pre_activation": [{"use_pre_activation_pair": value} for value in (True, False)],
    "self_pairs": [{"remove_self_pair": value} for value in (True, False)],
}
GRID_04 = FLAGS | {
    "pairs": [*PAIRS_04, {"pair_embed_dims": None}, {"pair_extra_dim": 2}],
    "activation": [{"activation": value} for value in ("gelu", "relu")],
    "head": HEADS,
    "embedding": [{}, {"embed_dims": [32]}, {"embed_dims": []}, {"embed_dims": [8, 24, 16]}],
    "blocks": [
        {},
        {"num_cls_layers": 2, "block_params": {"ffn_ratio": 2}},
        {"cls_block_params": {"num_heads": 2, "ffn_ratio": 3}},
        {"block_params": {"scale_heads": False}, "cls_block_params": {"scale_attn": False}},
        {"block_params": {"scale_fc": False, "scale_resids": False}, "cls_block_params": {"scale_heads": False}},
    ],
}
GATES = {"elementwise_attn_output_gate": True}
GRID = FLAGS | {
    "pairs": PAIRS,
    "activation": [{"activation": value} for value in ("gelu", "relu", "swiglu")],
    "mask": [{"block_ids_with_attn_mask": value} for value in (None, None, (0, 2), (), (-1,))],
    "head": [
        *HEADS,
        {"fc_params": [(12, 0.1, "gelu"), (8, 0.0, "swiglu")]},
        {"fc_params": [(8, 0.0, "swiglu"), (8, 0.0)]},
    ],
    "end": [{}, {"num_cls_layers": 2}, {"num_cls_layers": 0}, {"num_cls_layers": 0, "include_global_token": True}],
    "embedding": [{}, {"embed_dims": [32]}, {"embed_dims": []}, {"embed_dims": [24, 16], "use_conv_embed": True}],
    "version": [{"version": version} for version in (1, 1, 2, 3, 3.5)],
    "evaluation": [{}, {}, {"pair_embed_sparse_eval": (False, False)}],
    "blocks": [
        {},
        {"block_params": {"ffn_ratio": 2, "scale_attn_mask": True}, "cls_block_params": {"num_heads": 2}},
        {"block_params": {"layer_scale_init_values": 0.5}, "cls_block_params": {"layer_scale_init_values": 0.2}},
        {"block_params": GATES, "cls_block_params": {"headwise_attn_output_gate": True} | dict.fromkeys(GATES, False)},
        {"block_params": {"use_qk_norm": True, "use_rmsnorm": True}, "cls_block_params": {"use_bias": True}},
        {"block_params": {"scale_heads": True, "activation": "relu"}, "cls_block_params": {"scale_resids": False}},
        {"block_params": {"use_bias": False}, "cls_block_params": {"activation": "swiglu", "scale_attn_mask": True}},
    ],
}
TAGGER_GRID = FLAGS | {
    "pairs": [{}, {"pair_input_dim": 5}, {"pair_input_dim": 8}],
    "activation": [{"activation": value} for value in ("gelu", "relu")],
    "head": HEADS[:2],
    "embedding": [{}, {"embed_dims": [32]}],
}


def options_of(release: str) -> list[dict]:
    chosen = list(sampled(GRID_04 if release == "0.4.17" else GRID, 12 if release == "0.4.17" else 32, seed=1))
    if release != "0.4.17":
        chosen += [{"version": 3.6}, {"version": 3.6, "activation": "relu", "pair_input_type": "ee"}]
    return chosen


CASES = [(release, options) for release in ("0.4.17", "0.5.3") for options in options_of(release)]


def taggers() -> list[tuple[str, str, dict]]:
    cases = []
    for release in ("0.4.17", "0.5.3"):
        kinds = [{}] if release == "0.4.17" else [{}, {"version": 2, "num_cls_layers": 0}, {"pair_input_type": "ee"}]
        for options in sampled(TAGGER_GRID | {"release": kinds}, 4, seed=2):
            fits = {"pair_input_dim": None} if options.get("pair_input_type") == "ee" else {}
            cases.append((release, "ParticleTransformerTagger", options | fits))
            cases.append((release, "ParticleTransformerTaggerWithExtraPairFeatures", options | fits))
    return cases


def named(value: object) -> str | None:
    return ", ".join(f"{key}={v}" for key, v in value.items()) or "defaults" if isinstance(value, dict) else None


def compare(network, options, batch: Batch) -> None:
    """Compare logits in float32, and in float64 the gradients of all parameters."""
    converted, model = convert(network, options)
    assert converted.assumed == {}
    assert config_from_dict(json.loads(json.dumps(converted.config.to_dict()))) == converted.config
    with torch.no_grad():
        expected = run(network, batch)
        torch.testing.assert_close(model(batch.x, batch.v, batch.mask, pairs=batch.pairs), expected, atol=1e-4, rtol=0)
    assert expected.std(0).max() > 0.05  # the jets are distinguished, so equality means something
    network.double(), model.double()
    batch = batch.double()
    weights = torch.randn(expected.shape, generator=torch.Generator().manual_seed(9)).double()
    (run(network, batch) * weights).sum().backward()
    (model(batch.x, batch.v, batch.mask, pairs=batch.pairs) * weights).sum().backward()
    tensors = network.state_dict(keep_vars=True).items()
    gradients = {name: torch.zeros_like(t) if t.grad is None else t.grad for name, t in tensors}
    expected_gradients = convert_part(gradients, "net", OPEN | SMALL | options).state
    for name, parameter in model.named_parameters():
        actual = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        scale = expected_gradients[name].abs().max().clamp(min=1e-6)
        torch.testing.assert_close(actual / scale, expected_gradients[name] / scale, atol=1e-6, rtol=0, msg=name)


@pytest.mark.parametrize(("release", "options"), CASES, ids=named)
def test_any_arguments(release, options):
    compare(make_network(release, options), options, jets_for(release, options))


@pytest.mark.parametrize(("release", "network", "options"), taggers(), ids=named)
def test_taggers_of_two_collections(release, network, options):
    extra = 2 if network.endswith("ExtraPairFeatures") else 0
    options = options | {"pair_extra_dim": extra}
    if release == "0.4.17":
        options = {name: value for name, value in options.items() if name != "pair_input_type"}
    compare(make_network(release, options, network), options, streams(extra))
