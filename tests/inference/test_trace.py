"""The identities of a trace, on jets of different lengths."""

import numpy as np
import pytest
import torch
from helpers.models import random_jets, randomise

from part.inference.trace import AXES, trace_model
from part.models.build import build
from part.models.config import ParTConfig

J, N, LAYERS, HEADS = 5, 40, 3, 8


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return randomise(build(ParTConfig(layers=LAYERS)))


@pytest.fixture(scope="module")
def trace(model):
    return trace_model(model, *random_jets(J, N))


def softmax(x):
    weights = np.exp(x - x.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)


def test_every_array_has_the_axes_it_names(trace):
    sizes = {"jet": J, "layer": LAYERS, "head": HEADS, "query": N, "key": N, "particle": N}
    sizes |= {"depth": LAYERS + 1, "class": 10, "class layer": 2, "token": N + 1}
    # Only slots have the first, only several collections the second, and only outputs beside classes the last.
    assert set(trace.names) == set(AXES) - {"mixing", "kind", "targets"}
    for name in trace.names:
        array = getattr(trace, name)
        assert array.shape == tuple(sizes[axis] for axis in trace.axes[name])
        assert array.dtype == (bool if name == "mask" else np.float32)


def test_scores_plus_bias_through_softmax_is_the_pattern(trace):
    for index in range(J):
        jet = trace.jet(index)
        np.testing.assert_allclose(softmax(jet.scores_qk + jet.bias), jet.pattern, atol=1e-6)


def test_rows_sum_to_one_on_real_particles_and_padding_is_zero(trace):
    real = np.broadcast_to(trace.mask[:, None, None, :], trace.pattern.shape[:-1])
    np.testing.assert_allclose(trace.pattern.sum(-1), real, atol=1e-6)
    pairs = trace.mask[:, :, None] & trace.mask[:, None, :]
    for name in ("scores_qk", "bias", "pattern", "value_norms"):
        padding = np.broadcast_to(~pairs[:, None, None], trace.pattern.shape)
        assert not getattr(trace, name)[padding].any(), name
    np.testing.assert_allclose(trace.class_pattern.sum(-1), 1, atol=1e-6)
    assert not trace.class_pattern[:, :, :, 1:][np.broadcast_to(~trace.mask[:, None, None], (J, 2, HEADS, N))].any()


def test_traced_logits_equal_untraced(model, trace):
    with torch.no_grad():
        logits = model(*random_jets(J, N)).numpy()
    np.testing.assert_allclose(trace.logits, logits, atol=2e-5)
    np.testing.assert_allclose(trace.probabilities, softmax(logits), atol=1e-5)


def test_value_norms_are_the_norms_of_what_each_head_adds(model):
    x, v, mask = random_jets(J, N)
    values = {}

    def keep(name, tensor):
        values[name] = tensor
        return tensor

    with torch.no_grad():
        model(x, v, mask, tap=keep)
    pattern, value = values["blocks.1.pattern"][4], values["blocks.1.values"][4]
    head, query, key = 5, 3, 7
    written = torch.zeros(HEADS * 16)
    written[head * 16 : (head + 1) * 16] = pattern[head, query, key] * value[head, key]
    expected = (model.blocks[1].attn.out.weight.detach() @ written).norm()
    traced = trace_model(model, x, v, mask).value_norms[4, 1, head, query, key]
    assert traced == pytest.approx(float(expected), rel=1e-4)


def test_residual_norms_grow_from_the_embedding_to_the_last_state(model, trace):
    x, _, mask = random_jets(J, N)
    with torch.no_grad():
        start = model.embed(x, mask).norm(dim=-1).numpy()
    np.testing.assert_allclose(trace.residual_norms[:, 0], start, rtol=1e-5)
    assert (trace.residual_norms[:, -1][trace.mask] > 0).all()


def test_one_jet_alone_equals_the_same_jet_in_a_batch(model, trace):
    x, v, mask = random_jets(J, N)
    n = int(mask[2].sum())
    alone = trace_model(model, x[2:3, :n], v[2:3, :n], mask[2:3, :n]).jet(0)
    from_batch = trace.jet(2)
    assert alone.pattern.shape == (LAYERS, HEADS, n, n)
    assert alone.axes["pattern"] == ("layer", "head", "query", "key")
    for name in alone.names:
        np.testing.assert_allclose(getattr(alone, name), getattr(from_batch, name), atol=1e-4, err_msg=name)


def test_a_jet_that_is_not_there_is_refused(trace):
    for index in (J, -J - 1):
        with pytest.raises(ValueError, match=f"no jet {index}"):
            trace.jet(index)
    with pytest.raises(ValueError, match="no jet 0"):
        trace.jet(0).jet(0)
