"""Int8 models are close to their originals, unchanged by saving, traceable, and scaled by the calibration jets."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.models import random_jets, randomise

from part.errors import PartError
from part.inference.trace import trace_model
from part.jets.benchmarks import FULL
from part.jets.datasets import JETCLASS
from part.models.build import build
from part.models.checkpoints.checkpoint import load_checkpoint, save_checkpoint
from part.models.config import ParTConfig
from part.models.linpart import LinParTConfig
from part.models.no_bias import ParTNoBiasConfig
from part.models.numerics import quantize
from part.models.numerics.int8 import SCHEMES, float_weight, int8_scheme, plain_tensors
from part.models.numerics.quantize import convert_qat, prepare_qat, quantize_dynamic, quantize_static
from part.models.pair_attention import PairAttnConfig
from part.models.particlenet import ParticleNetConfig
from part.models.pfn import PFNConfig

# Without VNNI instructions an int8 product overflows, and activations stay in float.
rounds = pytest.mark.skipif(
    quantize.should_reduce_range(torch.device("cpu")), reason="int8 products overflow on this processor"
)
SMALL_SIZES = {"embed": (16, 32), "pair_embed": (8,), "heads": 4, "layers": 2, "class_layers": 1}
SMALL = ParTConfig(**SMALL_SIZES)
VERSION_36 = replace(
    SMALL, norm="rms", ffn="swiglu", biases=False, normformer=False, qk_norm=True, gate="channel",
    class_layers=0, global_token=True,
)  # fmt: skip
CONFIGS = {
    "ParT": SMALL,
    "version 3.6": VERSION_36,
    "ParTNoBias": ParTNoBiasConfig(**SMALL_SIZES),
    "PairAttn": PairAttnConfig(**SMALL_SIZES),
    "LinParT": LinParTConfig(**SMALL_SIZES, slots=8),
    "PFN": PFNConfig(),
}


def float_model(config=SMALL):
    torch.manual_seed(0)
    return randomise(build(config)).requires_grad_(False)


def int8(scheme, config=SMALL):
    model = float_model(config)
    if scheme == "dynamic":
        quantize_dynamic(model)
    else:
        quantize_static(model, [random_jets()])
    return model


@pytest.fixture(params=SCHEMES)
def scheme(request):
    return request.param


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_a_saved_model_is_loaded_bit_for_bit(scheme, config, tmp_path):
    model, jets = int8(scheme, config), random_jets()
    saved = save_checkpoint(tmp_path / "net.safetensors", model, FULL, JETCLASS, {})
    loaded = load_checkpoint(saved)
    assert int8_scheme(loaded.model) == loaded.card["int8"] == scheme
    with torch.inference_mode():
        assert torch.equal(loaded.model(*jets), model(*jets))


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_logits_are_close_to_the_originals_but_not_equal(scheme, config):
    jets = random_jets()
    logits, rounded = float_model(config)(*jets), int8(scheme, config)(*jets)
    relative = (rounded - logits).norm() / logits.norm()
    assert 1e-5 < relative < 0.1


def test_the_file_with_as_many_parameters_is_less_than_a_third_in_size(scheme, tmp_path):
    config = ParTConfig()
    model, original = int8(scheme, config), float_model(config)
    assert sum(p.numel() for p in model.parameters()) == sum(p.numel() for p in original.parameters())
    sizes = [
        save_checkpoint(tmp_path / f"{name}.safetensors", m, FULL, JETCLASS, {}).stat().st_size
        for name, m in (("int8", model), ("float", original))
    ]
    assert sizes[0] / sizes[1] < 0.3


def test_folded_layers_and_unsupported_sizes_stay_in_float(scheme):
    types = {key: tensor.dtype for key, tensor in plain_tensors(int8(scheme)).items()}
    for name in ("pair_embed.layers.0.linear", "embed.layers.0.1", "head"):
        assert types[f"{name}.weight"] == torch.float32
    for name in ("embed.layers.1.1", "blocks.1.attn.qkv", "class_blocks.0.attn.qkv", "class_blocks.0.ffn.down"):
        assert types[f"{name}.weight.qdata"] == torch.int8


@pytest.mark.parametrize("name", ["ParT", "version 3.6", "PairAttn", "LinParT"])
def test_its_trace_is_close_to_the_originals(scheme, name):
    config, (x, v, mask) = CONFIGS[name], random_jets()
    model, original = int8(scheme, config), trace_model(float_model(config), x, v, mask)
    trace = trace_model(model, x, v, mask)
    assert trace.names == original.names
    np.testing.assert_allclose(trace.pattern, original.pattern, atol=0.05)
    np.testing.assert_allclose(trace.value_norms, original.value_norms, atol=0.05 * original.value_norms.max())
    with torch.inference_mode():
        np.testing.assert_allclose(trace.logits, model(x, v, mask).numpy(), atol=0.01 * np.abs(trace.logits).max())


def test_the_identities_of_a_trace_hold(scheme):
    model, (x, v, mask) = int8(scheme), random_jets()
    jet = trace_model(model, x, v, mask).jet(4)
    logits = torch.from_numpy(jet.scores_qk + jet.bias)
    np.testing.assert_allclose(logits.softmax(-1).numpy(), jet.pattern, atol=1e-6)
    np.testing.assert_allclose(jet.class_pattern.sum(-1), 1, atol=1e-6)
    cache = {}
    model(x, v, mask, tap=lambda name, tensor: cache.setdefault(name, tensor))
    head, query, key = 2, 3, 7
    value = torch.zeros(32)
    value[8 * head : 8 * (head + 1)] = cache["blocks.1.values"][4, head, key]
    output = model.blocks[1].attn.out(value[None, None]) - model.blocks[1].attn.out.bias  # through int8 itself
    expected = float(output.norm()) * jet.pattern[1, head, query, key]
    assert jet.value_norms[1, head, query, key] == pytest.approx(expected, rel=0.02)


def test_the_weight_in_floating_point_is_within_half_a_step_of_the_original():
    exact, layer = float_model().blocks[0].attn.qkv, int8("dynamic").blocks[0].attn.qkv
    assert (float_weight(layer) - exact.weight).abs().le(0.5001 * layer.weight.scale).all()
    assert float_weight(exact) is exact.weight


def scales(*batches):
    model = float_model()
    quantize_static(model, batches)
    values = {key: t.item() for key, t in plain_tensors(model).items() if key.endswith("act_quant_scale")}
    assert len(values) == 1 + 3 * 4
    return values


def test_static_scales_span_the_calibration_activations():
    a, b = random_jets(seed=0), random_jets(seed=1)
    from_a, from_b, from_both = scales(a), scales(b), scales(a, b)
    assert from_a != from_b
    for key, value in from_both.items():
        assert value >= max(from_a[key], from_b[key]) * (1 - 1e-6), key
    activations = []
    original = float_model()
    original.blocks[0].ffn.down.register_forward_pre_hook(lambda module, inputs: activations.append(inputs[0]))
    original(*a)
    span = float(activations[0].max() - activations[0].min())
    assert from_a["blocks.0.ffn.down.weight.act_quant_scale"] == pytest.approx(span / 255, rel=1e-5)


@rounds
def test_quantization_aware_training_computes_what_int8_will():
    model, jets = float_model(), random_jets()
    prepare_qat(model)
    expected = model(*jets)
    convert_qat(model)
    assert int8_scheme(model) == "dynamic"
    torch.testing.assert_close(model(*jets), expected, atol=1e-3, rtol=0)


def test_quantization_aware_training_gives_every_weight_a_gradient():
    model = float_model().requires_grad_(True)
    prepare_qat(model)
    model(*random_jets()).square().sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@rounds
def test_activations_stay_in_float_where_the_int8_product_overflows(scheme, monkeypatch, tmp_path):
    jets = random_jets()
    logits, rounded = float_model()(*jets), int8(scheme)
    monkeypatch.setattr(quantize, "should_reduce_range", lambda device: True)
    guarded = int8(scheme)
    assert (guarded(*jets) - logits).norm() < (rounded(*jets) - logits).norm()
    saved = save_checkpoint(tmp_path / "net.safetensors", guarded, FULL, JETCLASS, {})
    assert torch.equal(load_checkpoint(saved).model(*jets), guarded(*jets))
    monkeypatch.undo()
    assert torch.equal(load_checkpoint(saved).model(*jets), rounded(*jets))  # the file is the same


def test_a_card_with_another_scheme_is_refused(scheme, tmp_path):
    saved = save_checkpoint(tmp_path / "net.safetensors", int8(scheme), FULL, JETCLASS, {})
    path = saved.with_suffix(".json")
    card = json.loads(path.read_text())
    other = {"dynamic": "static", "static": "dynamic"}[scheme]
    for value, sentence in (
        ("int4", "no int8 scheme 'int4'; this version knows dynamic, static"),
        (other, r"(lacks the|has an unknown) tensor blocks\.0\.attn\.out\.weight\.act_quant_scale"),
        (None, r"lacks the tensor blocks\.0\.attn\.out\.weight "),
    ):
        path.write_text(json.dumps(card | {"int8": value}))
        with pytest.raises(PartError, match=sentence):
            load_checkpoint(saved)


@pytest.mark.parametrize(
    "convert", [quantize_dynamic, prepare_qat, lambda model: quantize_static(model, [random_jets()])]
)
def test_an_int8_model_is_not_quantized_again(convert):
    with pytest.raises(PartError, match="This ParT is int8 already"):
        convert(int8("dynamic"))


def test_a_model_of_convolutions_is_refused():
    with pytest.raises(PartError, match=r"Only \d+% of ParticleNet's weights lie in linear layers"):
        quantize_dynamic(build(ParticleNetConfig()))
