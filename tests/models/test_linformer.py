"""LinParT: particles attend to slots; with as many slots as particles it is ParT."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.models import random_jets, randomise

from part.errors import PartError
from part.inference.trace import trace_model
from part.models.build import build
from part.models.config import LinParTConfig, ParTConfig
from part.models.linpart import rank_in_pt

SMALL = LinParTConfig(embed=(16, 32), pair_embed=(8,), heads=4, layers=2, class_layers=1, slots=5, length=40)
BIASES = ("none", "projected", "landmark")


@pytest.fixture(params=BIASES)
def model(request):
    torch.manual_seed(0)
    return randomise(build(replace(SMALL, pair_bias=request.param)))


def test_padding_and_company_change_nothing(model):
    x, v, mask = random_jets()
    alone = [model(x[i : i + 1, :n], v[i : i + 1, :n], mask[i : i + 1, :n]) for i, n in enumerate(mask.sum(1))]
    torch.testing.assert_close(model(x, v, mask), torch.cat(alone), atol=1e-5, rtol=0)
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(
        model(torch.where(mask[..., None], x, noise), torch.where(mask[..., None], v, v[:, :1]), mask),
        model(x, v, mask),
        atol=1e-5,
        rtol=0,
    )


def test_the_order_in_the_file_changes_nothing(model):
    x, v, mask = random_jets()
    order = torch.randperm(x.shape[1], generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(model(x[:, order], v[:, order], mask[:, order]), model(x, v, mask), atol=1e-5, rtol=0)


def test_both_backends_agree_and_all_weights_learn(model):
    jets = random_jets()
    with torch.no_grad():
        explicit = model(*jets, tap=lambda name, tensor: tensor)
    torch.testing.assert_close(model(*jets), explicit, atol=1e-5, rtol=0)
    model(*jets).square().sum().backward()
    still = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert still == []


def test_the_tap_hears_slots_and_what_they_are_made_of(model):
    heard = {}
    model(*random_jets(), tap=lambda name, tensor: heard.setdefault(name, tensor))
    assert heard["blocks.1.pattern"].shape == (5, 4, 40, 5)
    assert heard["blocks.1.mixing"].shape == (5, 5, 40)
    torch.testing.assert_close(heard["blocks.1.pattern"].sum(-1), torch.ones(5, 4, 40), atol=1e-5, rtol=0)
    assert not heard["blocks.1.mixing"][0, :, 1:].any()  # the first jet has one particle
    logits = heard["blocks.1.scores_qk"] + heard.get("blocks.1.bias", torch.zeros(()))
    torch.testing.assert_close(logits.softmax(-1), heard["blocks.1.pattern"], atol=1e-6, rtol=0)


def test_a_trace_has_slots_in_place_of_keys(model):
    x, v, mask = random_jets()
    trace = trace_model(model, x, v, mask)
    np.testing.assert_allclose(trace.logits, model(x, v, mask).detach(), atol=1e-5)
    assert trace.axes["pattern"] == ("jet", "layer", "head", "query", "slot")
    np.testing.assert_allclose(trace.pattern.sum(-1), np.broadcast_to(mask[:, None, None], (5, 2, 4, 40)), atol=1e-5)
    alone = trace.jet(2)
    n = int(mask[2].sum())
    assert (alone.pattern.shape, alone.mixing.shape) == ((2, 4, n, 5), (2, 5, n))
    assert trace.has("bias") == (model.config.pair_bias != "none")


def test_value_norms_are_those_of_the_mixed_values(model):
    """‖pattern_is W_O Σ_j mixing_sj v_j‖, step by step for one query, head and slot."""
    x, v, mask = random_jets()
    heard = {}
    model(x, v, mask, tap=lambda name, tensor: heard.setdefault(name, tensor))
    trace = trace_model(model, x, v, mask)
    value = heard["blocks.1.values"][4, 3, 2]
    written = model.blocks[1].attn.out.weight[:, 3 * 8 : 4 * 8] @ value
    expected = (heard["blocks.1.pattern"][4, 3, 7, 2] * written.norm()).detach()
    np.testing.assert_allclose(trace.value_norms[4, 1, 3, 7, 2], expected, rtol=1e-4)


@pytest.mark.parametrize("pair_bias", ["none", "projected"])
def test_with_a_slot_for_each_particle_it_is_part(pair_bias):
    n = 12
    config = replace(SMALL, pair_bias=pair_bias, slots=n, length=n)
    ours = build(config)
    slots = {name: tensor.clone() for name, tensor in ours.state_dict().items() if name.endswith("mixing")}
    randomise(ours).load_state_dict(slots, strict=False)
    kind = "ParT" if pair_bias == "projected" else "ParTNoBias"
    names = ("embed", "pair_embed", "heads", "layers", "class_layers")
    part = build(ParTConfig(kind, **{name: getattr(config, name) for name in names})).eval()
    part.load_state_dict({name: t for name, t in ours.state_dict().items() if not name.endswith("mixing")})
    x, v, _ = random_jets(particles=n)
    full = torch.ones(1, n, dtype=torch.bool)
    torch.testing.assert_close(ours(x[-1:], v[-1:], full), part(x[-1:], v[-1:], full), atol=1e-5, rtol=0)


def test_landmarks_are_physical_and_add_up_to_the_jet():
    embed = build(replace(SMALL, pair_bias="landmark")).pair_embed
    _, v, mask = random_jets()
    momenta = embed.landmarks(v, mask, rank_in_pt(v, mask))
    torch.testing.assert_close(momenta.sum(1), (v * mask[..., None]).sum(1), rtol=1e-5, atol=1e-3)
    assert (momenta[..., 3] >= momenta[..., :3].norm(dim=-1) * (1 - 1e-5)).all()
    assert (momenta[..., 3] > 0).all()


def test_slots_are_the_hardest_particles_at_first_and_all_others_together():
    model = build(replace(SMALL, slots=3, length=7))
    expected = torch.zeros(3, 7)
    expected[0, 0] = expected[1, 1] = 1
    expected[2, 2:] = 5**-0.5
    torch.testing.assert_close(model.blocks[0].attn.mixing.data, expected)
    shares = model.pair_embed.shares.softmax(0)
    assert shares.argmax(0).tolist() == [0, 1, 2, 2, 2, 2, 2]
    torch.testing.assert_close(shares.max(0).values, torch.full((7,), 0.9))


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
