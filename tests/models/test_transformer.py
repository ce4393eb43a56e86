"""The properties of the Particle Transformer; `test_contract.py` holds those of every model."""

import pytest
import torch
from helpers.models import PART, SMALL, random_jets, random_model, record

from part.errors import PartError
from part.inference.trace import trace_model
from part.models.attention import set_backend
from part.models.build import build, config_from_dict
from part.models.config import ParTConfig
from part.models.linpart import LinParTConfig
from part.models.pair_attention import PairAttnConfig


def test_it_has_the_published_number_of_parameters():
    assert sum(p.numel() for p in build(ParTConfig()).parameters()) == 2_143_486


def test_padded_keys_stay_masked_when_a_tap_replaces_the_bias_that_masked_them():
    model, (x, v, mask) = random_model(PART), random_jets()

    def without_bias(name, tensor):
        return torch.zeros_like(tensor) if name.endswith("bias") else tensor

    noise = ~mask[..., None] * 50.0
    changed = model(x + noise, v, mask, tap=without_bias)
    torch.testing.assert_close(changed, model(x, v, mask, tap=without_bias), atol=2e-5, rtol=0)


def test_explicit_and_fused_attention_of_the_published_size_have_the_same_gradients():
    gradients = []
    for backend in ("explicit", "fused"):
        model = random_model(ParTConfig(layers=2, dropout=0.0))
        set_backend(model, backend)
        model(*random_jets()).square().sum().backward()
        gradients.append({name: p.grad for name, p in model.named_parameters()})
    for name, gradient in gradients[0].items():
        scale = gradient.abs().max().clamp(min=1e-3)
        torch.testing.assert_close(gradients[1][name] / scale, gradient / scale, atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    ("config", "changes", "sentence"),
    [
        (ParTConfig, {"heads": 7}, "The width 128 of ParT is not a multiple of its 7 heads"),
        (ParTConfig, {"norm": "batch"}, "norm of ParT is 'batch'; expected one of layer, rms"),
        (ParTConfig, {"ffn": "silu"}, "ffn of ParT is 'silu'; expected one of gelu, relu, swiglu"),
        (ParTConfig, {"activation": "swiglu"}, "activation of ParT is 'swiglu'; expected one of gelu, relu"),
        (ParTConfig, {"normformer": ("ffn", "all")}, "normformer of ParT is 'all'; expected one of attn, ffn, heads"),
        (ParTConfig, {"head": ((8, "tanh"),)}, "head of ParT is 'tanh'; expected one of gelu, relu, swiglu"),
        (ParTConfig, {"gate": "headwise"}, "gate of ParT is 'headwise'; expected one of none, head, channel"),
        (ParTConfig, {"global_token": True}, "not from both: class_layers is 2"),
        (ParTConfig, {"biased_blocks": (0, 8)}, "ParT has 8 particle blocks, so block 8 cannot be biased"),
        (ParTConfig, {"pair_inputs": 2}, "ParT cannot take 2 pair features of 'pp'"),
        (ParTConfig, {"pair_inputs": 7}, "cannot take 7 pair features of 'pp'"),
        (ParTConfig, {"pair_features": "xyzt", "pair_inputs": 7}, "cannot take 7 pair features of 'xyzt'"),
        (ParTConfig, {"pair_features": "ee:spherical"}, "cannot take 4 pair features of 'ee:spherical'"),
        (ParTConfig, {"pair_features": "muons"}, "cannot take 4 pair features of 'muons'"),
        (ParTConfig, {"extra_pair_features": -1}, "extra_pair_features of ParT is -1; expected 0 to 100,000"),
        (ParTConfig, {"pair_inputs": 0}, "no features for its pair embedding; without one, pair_embed is None"),
        (ParTConfig, {"embed": (), "collections": (9, 6), "inputs": 17, "heads": 1}, "without an embedding takes one"),
        (ParTConfig, {"collections": (17,)}, "expected two collections or more"),
        (ParTConfig, {"collections": (17, 6)}, "17 inputs for collections .*expected two .* and 25 inputs or more"),
        (ParTConfig, {"in_class_blocks": (("embed", (8,)),)}, "ParT has one embed for all its places"),
        (ParTConfig, {"in_class_blocks": (("heads", 7),)}, "not a multiple of its 7 heads"),
        (ParTConfig, {"outside_blocks": (("heads", 4),)}, "ParT has one heads for all its places"),
        (
            ParTConfig,
            {"normformer": False, "transposed_channels": True},
            "ParT without normformer cannot have transposed_channels",
        ),
        (PairAttnConfig, {"qk_norm": True}, "PairAttn has no queries and keys"),
        (LinParTConfig, {"global_token": True, "class_layers": 0}, "LinParT has slots for particles"),
        (LinParTConfig, {"biased_blocks": (0,)}, "LinParT has its bias in all blocks alike"),
        (LinParTConfig, {"self_pairs": False}, "LinParT takes lnkT, lnz, lnΔ and lnm² of all pairs"),
        (PairAttnConfig, {"biased_blocks": (0,)}, "PairAttn has no attention without a bias"),
        (PairAttnConfig, {"pair_embed": None}, "PairAttn has no attention without a bias"),
    ],
)
def test_a_configuration_that_contradicts_itself_is_refused(config, changes, sentence):
    with pytest.raises(PartError, match=sentence):
        config(**changes)


def test_a_card_of_the_published_network_has_the_entries_that_it_always_had():
    names = ["model", "inputs", "classes", "dropout", "embed", "pair_embed", "heads", "layers", "class_layers"]
    names += ["ffn_ratio", "transposed_channels", "norm", "ffn", "biases", "normformer", "qk_norm", "gate"]
    assert set(ParTConfig().to_dict()) == {*names, "global_token"}
    assert ParTConfig(self_pairs=False).to_dict().keys() - ParTConfig().to_dict().keys() == {"self_pairs"}


@pytest.mark.parametrize("value", [7, "gelu", [[8]], [8], [[8, "gelu", 1]]])
def test_a_card_with_a_value_of_a_wrong_type_is_refused_in_a_sentence(value):
    with pytest.raises(
        PartError, match=r"The head of ParT is .*; expected a list of lists of a whole number and a word"
    ):
        config_from_dict(ParTConfig().to_dict() | {"head": value})


def test_the_extra_pair_features_must_be_given():
    model, (x, v, mask) = random_model(ParTConfig(**SMALL, extra_pair_features=2)), random_jets()
    pairs = torch.randn(5, 40, 40, 2)
    with pytest.raises(PartError, match=r"takes 2 extra features of each pair, pairs= has 0"):
        model(x, v, mask)
    with pytest.raises(PartError, match=r"takes 2 extra features of each pair, pairs= has 1"):
        model(x, v, mask, pairs=pairs[..., :1])
    with pytest.raises(PartError, match=r"takes 0 extra features of each pair, pairs= has 2"):
        random_model(PART)(x, v, mask, pairs=pairs)
    assert (model(x, v, mask, pairs=pairs) - model(x, v, mask, pairs=pairs * 0)).abs().max() > 1e-3


def test_only_blocks_with_the_bias_depend_on_momenta():
    x, v, mask = random_jets()
    without = random_model(ParTConfig(**SMALL, biased_blocks=()))
    assert not without.config.has_bias
    assert torch.equal(without(x, v, mask), without(x, v * 2, mask))
    second = record(random_model(ParTConfig(**SMALL, biased_blocks=(1,))), x, v, mask)
    assert "blocks.0.bias" not in second
    assert "blocks.1.bias" in second
    trace = trace_model(random_model(ParTConfig(**SMALL, biased_blocks=(1,))), x, v, mask)
    assert not trace.bias[:, 0].any()
    assert trace.bias[:, 1].any()


def test_a_negative_scale_of_the_bias_leaves_padding_masked_and_has_a_gradient():
    model, (x, v, mask) = random_model(ParTConfig(**SMALL, bias_scale=True)), random_jets()
    with torch.no_grad():
        model.blocks[0].c_bias.fill_(-1.5)
        model.blocks[1].c_bias.zero_()
    logits = model(x, v, mask)
    assert torch.equal(model(x + 50 * ~mask[..., None], v, mask), logits)
    logits.square().sum().backward()
    assert all(block.c_bias.grad.isfinite().all() and block.c_bias.grad.any() for block in model.blocks)


def test_the_mean_over_particles_is_that_of_the_real_ones():
    config = ParTConfig(**SMALL | {"class_layers": 0, "layers": 1})
    model, (x, v, mask) = random_model(config), random_jets()
    assert model.class_token is None
    states = record(model, x, v, mask)["residual"]
    means = torch.stack([states[i, : mask[i].sum()].mean(0) for i in range(5)])
    torch.testing.assert_close(model(x, v, mask), model.classify(means), atol=1e-5, rtol=0)
    assert trace_model(model, x, v, mask).class_pattern is None
