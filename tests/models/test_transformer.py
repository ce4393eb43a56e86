"""The properties of the Particle Transformer; `test_contract.py` holds those of every model."""

import pytest
import torch
from helpers.models import PART, random_jets, random_model

from part.errors import PartError
from part.models.attention import set_backend
from part.models.build import build
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
        (ParTConfig, {"ffn": "relu"}, "ffn of ParT is 'relu'; expected one of gelu, swiglu"),
        (ParTConfig, {"gate": "headwise"}, "gate of ParT is 'headwise'; expected one of none, head, channel"),
        (ParTConfig, {"global_token": True}, "not from both: class_layers is 2"),
        (ParTConfig, {"class_layers": 0}, "not from neither"),
        (
            ParTConfig,
            {"normformer": False, "transposed_channels": True},
            "ParT without normformer cannot have transposed_channels",
        ),
        (PairAttnConfig, {"qk_norm": True}, "PairAttn has no queries and keys"),
        (LinParTConfig, {"global_token": True, "class_layers": 0}, "LinParT has slots for particles"),
    ],
)
def test_a_configuration_that_contradicts_itself_is_refused(config, changes, sentence):
    with pytest.raises(PartError, match=sentence):
        config(**changes)
