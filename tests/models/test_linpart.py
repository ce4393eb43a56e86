"""LinParT: particles attend to slots; with as many slots as particles it is ParT."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.models import LINPART, SMALL, random_jets, random_model, randomise, record

from part.errors import PartError
from part.inference.trace import trace_model
from part.models.build import build
from part.models.config import ParTConfig
from part.models.linpart import PAIR_BIASES, LinParTConfig, rank_in_pt
from part.models.no_bias import ParTNoBiasConfig

SLOTTED = replace(LINPART, length=40)


@pytest.fixture(params=PAIR_BIASES)
def model(request):
    return random_model(replace(SLOTTED, pair_bias=request.param)).requires_grad_(False)


def test_the_tap_receives_slots_and_the_particles_they_are_made_of(model):
    tensors = record(model, *random_jets())
    assert tensors["blocks.1.pattern"].shape == (5, 4, 40, 5)
    assert tensors["blocks.1.mixing"].shape == (5, 5, 40)
    torch.testing.assert_close(tensors["blocks.1.pattern"].sum(-1), torch.ones(5, 4, 40), atol=1e-5, rtol=0)
    assert not tensors["blocks.1.mixing"][0, :, 1:].any()  # the first jet has one particle
    logits = tensors["blocks.1.scores_qk"] + tensors.get("blocks.1.bias", torch.zeros(()))
    torch.testing.assert_close(logits.softmax(-1), tensors["blocks.1.pattern"], atol=1e-6, rtol=0)


def test_a_trace_has_slots_in_place_of_keys(model):
    x, v, mask = random_jets()
    trace = trace_model(model, x, v, mask)
    np.testing.assert_allclose(trace.logits, model(x, v, mask), atol=1e-5)
    assert trace.axes["pattern"] == ("jet", "layer", "head", "query", "slot")
    np.testing.assert_allclose(trace.pattern.sum(-1), np.broadcast_to(mask[:, None, None], (5, 2, 4, 40)), atol=1e-5)
    alone = trace.jet(2)
    n = int(mask[2].sum())
    assert (alone.pattern.shape, alone.mixing.shape) == ((2, 4, n, 5), (2, 5, n))
    assert trace.has("bias") == (model.config.pair_bias != "none")


def test_value_norms_are_those_of_the_mixed_values(model):
    """‖pattern_is W_O Σ_j mixing_sj v_j‖, step by step for one query, head and slot."""
    x, v, mask = random_jets()
    tensors = record(model, x, v, mask)
    trace = trace_model(model, x, v, mask)
    value = tensors["blocks.1.values"][4, 3, 2]
    output = model.blocks[1].attn.out.weight[:, 3 * 8 : 4 * 8] @ value
    expected = tensors["blocks.1.pattern"][4, 3, 7, 2] * output.norm()
    np.testing.assert_allclose(trace.value_norms[4, 1, 3, 7, 2], expected, rtol=1e-4)


@pytest.mark.parametrize("pair_bias", ["none", "projected"])
def test_with_a_slot_for_each_particle_linpart_equals_part(pair_bias):
    n = 12
    slotted = build(replace(SLOTTED, pair_bias=pair_bias, slots=n, length=n))
    mixing = {name: tensor.clone() for name, tensor in slotted.state_dict().items() if name.endswith("mixing")}
    randomise(slotted).load_state_dict(mixing, strict=False)
    plain = build((ParTConfig if pair_bias == "projected" else ParTNoBiasConfig)(**SMALL)).eval()
    plain.load_state_dict({name: t for name, t in slotted.state_dict().items() if name not in mixing})
    x, v, _ = random_jets(particles=n)
    full = torch.ones(1, n, dtype=torch.bool)
    torch.testing.assert_close(slotted(x[-1:], v[-1:], full), plain(x[-1:], v[-1:], full), atol=1e-5, rtol=0)


def test_landmarks_are_physical_and_add_up_to_the_jet():
    embed = build(replace(SLOTTED, pair_bias="landmark")).pair_embed
    _, v, mask = random_jets()
    momenta = embed.landmarks(v, mask, rank_in_pt(v, mask))
    torch.testing.assert_close(momenta.sum(1), (v * mask[..., None]).sum(1), rtol=1e-5, atol=1e-3)
    assert (momenta[..., 3] >= momenta[..., :3].norm(dim=-1) * (1 - 1e-5)).all()
    assert (momenta[..., 3] > 0).all()


def test_slots_start_as_the_leading_particles_and_all_others_together():
    model = build(replace(SLOTTED, slots=3, length=7))
    expected = torch.zeros(3, 7)
    expected[0, 0] = expected[1, 1] = 1
    expected[2, 2:] = 5**-0.5
    torch.testing.assert_close(model.blocks[0].attn.mixing.data, expected)
    fractions = model.pair_embed.assignment_logits.softmax(0)
    assert fractions.argmax(0).tolist() == [0, 1, 2, 2, 2, 2, 2]
    torch.testing.assert_close(fractions.max(0).values, torch.full((7,), 0.9))


def test_ranks_follow_pt_and_padding_comes_last():
    v = torch.tensor([[[3.0, 0, 9, 10], [9, 0, 0, 9], [0, 5, 0, 5], [99, 0, 0, 99]]])
    mask = torch.tensor([[True, True, True, False]])
    assert rank_in_pt(v, mask).tolist() == [[2, 0, 1, 3]]


def test_jets_longer_than_the_projection_are_refused(model):
    x, v, mask = random_jets(particles=41)
    with pytest.raises(PartError, match="up to 40 constituents, not 41"):
        model(x, v, mask)


def test_an_unknown_bias_is_refused():
    with pytest.raises(PartError, match="'quadratic'; expected none, projected or landmark"):
        LinParTConfig(pair_bias="quadratic")
