"""The trace of attention with q·k and a bias, in all versions of the architecture."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.models import PART, VERSION_35, random_jets, random_model, record, small_configs

from part.inference.trace import trace_model
from part.models.build import build

CONFIGS = {
    name: replace(config, layers=3)
    for name, config in small_configs().items()
    if config.attends_to == "particles" and config.has_qk and config.has_bias
}


@pytest.fixture(params=CONFIGS)
def model(request):
    return random_model(CONFIGS[request.param])


def close(a, b, atol=1e-5):
    torch.testing.assert_close(a, b, atol=atol, rtol=0)


def test_the_pattern_among_particles_is_the_softmax_of_scores_plus_bias(model):
    """This holds with a global token too, since leaving out a key rescales the others alike."""
    trace = trace_model(model, *random_jets())
    for index in range(len(trace.mask)):
        jet = trace.jet(index)
        weights = np.exp(jet.scores_qk + jet.bias)
        rows = jet.pattern / jet.pattern.sum(-1, keepdims=True)
        np.testing.assert_allclose(rows, weights / weights.sum(-1, keepdims=True), atol=1e-6)


def test_every_row_of_a_trace_adds_up(model):
    x, v, mask = random_jets()
    trace, tensors = trace_model(model, x, v, mask), record(model, x, v, mask)
    close(torch.from_numpy(trace.logits), model(x, v, mask))
    for name in ("scores_qk", "bias", "pattern", "value_norms"):
        assert getattr(trace, name).shape == (5, 3, 4, 40, 40)
        assert not getattr(trace, name)[np.broadcast_to(~mask[:, None, None, None], (5, 3, 4, 40, 40))].any()
    assert trace.residual_norms.shape == (5, 4, 40)
    to_token = torch.zeros(5, 3, 4, 40)
    if model.config.global_token:
        patterns = torch.stack([tensors[f"blocks.{i}.pattern"] for i in range(3)], 1)
        to_token = patterns[..., 1:, 0] * mask[:, None, None]
        np.testing.assert_array_equal(trace.class_pattern, patterns[..., 0, :])
        np.testing.assert_allclose(
            trace.residual_norms[:, -1], tensors["residual"][:, 1:].norm(dim=-1) * mask, rtol=1e-6
        )
        assert to_token[-1].min() > 0
    real = mask[:, None, None].expand(5, 3, 4, 40)
    np.testing.assert_allclose(trace.pattern.sum(-1) + to_token.numpy(), real, atol=1e-6)
    if not (model.config.class_layers or model.config.global_token):
        assert trace.class_pattern is None
        return
    np.testing.assert_allclose(trace.class_pattern.sum(-1), 1, atol=1e-6)
    assert trace.class_pattern.shape == (5, model.config.class_layers or 3, model.config.class_block.heads, 41)


def test_value_norms_are_the_lengths_of_what_the_gates_let_through(model):
    jets = random_jets()
    trace, tensors = trace_model(model, *jets), record(model, *jets)
    n_prefix = int(model.config.global_token)
    for i, block in enumerate(model.blocks):
        values = tensors[f"blocks.{i}.values"][:, :, None, n_prefix:]  # (J, H, 1, N, d)
        if f"blocks.{i}.gate" in tensors:
            values = values * tensors[f"blocks.{i}.gate"][:, :, n_prefix:, None]
        weights = block.attn.out.weight.detach().unflatten(1, (4, -1))
        lengths = torch.einsum("jhqkd,ohd->jhqko", values, weights).norm(dim=-1).numpy()
        np.testing.assert_allclose(trace.value_norms[:, i], trace.pattern[:, i] * lengths, atol=1e-6, rtol=1e-5)
    assert (f"blocks.{i}.gate" in tensors) == (model.config.gate != "none")


def test_the_length_of_a_query_counts_only_without_qk_norm(model):
    jets = random_jets()
    before = trace_model(model, *jets).scores_qk[:, 0]
    with torch.no_grad():
        for parameter in model.blocks[0].attn.qkv.parameters():
            parameter[: model.config.width] *= 3
    after = trace_model(model, *jets).scores_qk[:, 0]
    factor = 1 if model.config.qk_norm else 3
    np.testing.assert_allclose(after, factor * before, atol=1e-3 * factor)
    assert np.abs(before).max() > 1


def test_open_gates_change_nothing_and_closed_ones_silence_the_heads():
    jets = random_jets()
    model = random_model(replace(PART, **VERSION_35))
    plain = build(replace(PART, **VERSION_35 | {"gate": "none"})).eval()
    plain.load_state_dict({key: value for key, value in model.state_dict().items() if ".attn.gate." not in key})

    def gates(value):
        return lambda name, tensor: torch.full_like(tensor, value) if name.endswith("gate") else tensor

    close(model(*jets, tap=gates(1.0)), plain(*jets))
    silent = model(*jets, tap=gates(0.0))
    without_values = plain(*jets, tap=lambda name, t: torch.zeros_like(t) if name.endswith("values") else t)
    close(silent, without_values)
    assert (silent - model(*jets)).abs().max() > 0.05
