"""The architectures of weaver-core 0.5.3 after ParT's first: told by their tensors, and equal to ours."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from helpers.models import random_jets, randomise, run_weaver, weaver_part

from part.inference.trace import trace_model
from part.jets.schema import FULL, JETCLASS
from part.models.attention import set_backend
from part.models.build import build
from part.models.checkpoints.checkpoint import load_checkpoint, save_checkpoint
from part.models.checkpoints.weaver import convert_part
from part.models.config import ParTConfig


def everywhere(**options) -> dict:
    return {"block_params": options, "cls_block_params": options}


SECOND = ParTConfig(ffn="swiglu", normformer=False)
THIRD = replace(SECOND, norm="rms", biases=False, dropout=0.0)
GATED = replace(THIRD, qk_norm=True, gate="channel")
TOKEN = {"class_layers": 0, "global_token": True}
ARCHITECTURES = {
    "1": ({"version": 1}, ParTConfig()),
    "1 with SwiGLU": ({"version": 1, **everywhere(activation="swiglu")}, ParTConfig(ffn="swiglu")),
    "2": ({"version": 2}, SECOND),
    "2 with biased gates": (
        {"version": 2, **everywhere(elementwise_attn_output_gate=True, use_qk_norm=True)},
        replace(SECOND, qk_norm=True, gate="channel"),
    ),
    "2 with a token": (
        {"version": 2, "include_global_token": True, "num_cls_layers": 0},
        replace(SECOND, **TOKEN),
    ),
    "3": ({"version": 3}, THIRD),
    "3 with head gates": ({"version": 3, **everywhere(headwise_attn_output_gate=True)}, replace(THIRD, gate="head")),
    "3.5": ({"version": 3.5}, GATED),
    "3.6": ({"version": 3.6}, replace(GATED, **TOKEN)),
}
SMALL = {"embed": (16, 32), "pair_embed": (8,), "heads": 4, "layers": 3}


@pytest.fixture(params=ARCHITECTURES)
def architecture(request):
    torch.manual_seed(0)
    return ARCHITECTURES[request.param]


@pytest.fixture
def model(architecture):
    return randomise(build(replace(architecture[1], **SMALL)))


def close(a, b, atol=1e-5):
    torch.testing.assert_close(a, b, atol=atol, rtol=0)


def saved(folder, reference):
    path = folder / "net.pt"
    torch.save({f"mod.{key}": value for key, value in reference.state_dict().items()}, path)
    return path


def listen(model, *jets) -> dict:
    heard = {}
    with torch.no_grad():
        model(*jets, tap=lambda name, tensor: heard.setdefault(name, tensor))
    return heard


def test_the_tensors_tell_the_architecture_and_the_logits_are_weavers(architecture, tmp_path):
    options, config = architecture
    reference = weaver_part("0.5.3", **options)
    checkpoint = load_checkpoint(saved(tmp_path, reference))
    assert checkpoint.model.config == config
    jets = random_jets()
    expected = run_weaver(reference, *jets)
    assert expected.std(0).min() > 0.2  # the jets are told apart, so equality means something
    close(checkpoint.model(*jets), expected, atol=1e-4)


def test_without_scales_the_old_layout_reorders_nothing():
    torch.manual_seed(0)
    off = everywhere(scale_fc=False, scale_attn=False, scale_heads=False, scale_resids=False)
    reference = weaver_part("0.4.17", num_layers=2, **off)
    config, state = convert_part(reference.state_dict(), "net")
    model = build(config).eval()
    model.load_state_dict(state, strict=False)
    jets = random_jets()
    close(model(*jets), run_weaver(reference, *jets), atol=1e-4)


def test_order_padding_and_company_change_nothing(model):
    x, v, mask = random_jets()
    logits = model(x, v, mask)
    order = torch.randperm(x.shape[1], generator=torch.Generator().manual_seed(3))
    close(model(x[:, order], v[:, order], mask[:, order]), logits)
    noise = ~mask[..., None] * 50.0
    close(model(x + noise, v + noise, mask), logits)
    alone = [model(x[i : i + 1, :n], v[i : i + 1, :n], mask[i : i + 1, :n]) for i, n in enumerate(mask.sum(1))]
    close(torch.cat(alone), logits)


def test_both_backends_agree_and_every_weight_counts(model):
    jets = random_jets()
    fused = model(*jets)
    set_backend(model, "explicit")
    close(model(*jets), fused)
    model(*jets).square().sum().backward()
    assert [name for name, p in model.named_parameters() if not p.grad.any()] == []


def test_the_pattern_among_particles_is_the_softmax_of_scores_plus_bias(model):
    """With a global token too: leaving out a key rescales the others alike."""
    trace = trace_model(model, *random_jets())
    for index in range(len(trace.mask)):
        jet = trace.jet(index)
        weights = np.exp(jet.scores_qk + jet.bias)
        rows = jet.pattern / jet.pattern.sum(-1, keepdims=True)
        np.testing.assert_allclose(rows, weights / weights.sum(-1, keepdims=True), atol=1e-6)


def test_every_row_of_a_trace_adds_up(model):
    x, v, mask = random_jets()
    trace, heard = trace_model(model, x, v, mask), listen(model, x, v, mask)
    close(torch.from_numpy(trace.logits), model(x, v, mask))
    for name in ("scores_qk", "bias", "pattern", "value_norms"):
        assert getattr(trace, name).shape == (5, 3, 4, 40, 40)
        assert not getattr(trace, name)[np.broadcast_to(~mask[:, None, None, None], (5, 3, 4, 40, 40))].any()
    assert trace.residual_norms.shape == (5, 4, 40)
    to_token = torch.zeros(5, 3, 4, 40)
    if model.config.global_token:
        patterns = torch.stack([heard[f"blocks.{i}.pattern"] for i in range(3)], 1)
        to_token = patterns[..., 1:, 0] * mask[:, None, None]
        np.testing.assert_array_equal(trace.class_pattern, patterns[..., 0, :])
        np.testing.assert_allclose(trace.residual_norms[:, -1], heard["residual"][:, 1:].norm(dim=-1) * mask, rtol=1e-6)
        assert to_token[-1].min() > 0
    real = mask[:, None, None].expand(5, 3, 4, 40)
    np.testing.assert_allclose(trace.pattern.sum(-1) + to_token.numpy(), real, atol=1e-6)
    np.testing.assert_allclose(trace.class_pattern.sum(-1), 1, atol=1e-6)
    assert trace.class_pattern.shape == (5, model.config.class_layers or 3, 4, 41)


def test_value_norms_are_the_lengths_of_what_the_gates_let_through(model):
    jets = random_jets()
    trace, heard = trace_model(model, *jets), listen(model, *jets)
    ahead = int(model.config.global_token)
    for i, block in enumerate(model.blocks):
        values = heard[f"blocks.{i}.values"][:, :, None, ahead:]  # (J, H, 1, N, d)
        if f"blocks.{i}.gate" in heard:
            values = values * heard[f"blocks.{i}.gate"][:, :, ahead:, None]
        weights = block.attn.out.weight.detach().unflatten(1, (4, -1))
        lengths = torch.einsum("jhqkd,ohd->jhqko", values, weights).norm(dim=-1).numpy()
        np.testing.assert_allclose(trace.value_norms[:, i], trace.pattern[:, i] * lengths, atol=1e-6, rtol=1e-5)
    assert (f"blocks.{i}.gate" in heard) == (model.config.gate != "none")


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


def test_open_gates_change_nothing_and_shut_ones_silence_the_heads():
    jets = random_jets()
    model = randomise(build(replace(GATED, **SMALL)))
    plain = build(replace(GATED, gate="none", **SMALL)).eval()
    plain.load_state_dict({key: value for key, value in model.state_dict().items() if ".attn.gate." not in key})

    def gates(value):
        return lambda name, tensor: torch.full_like(tensor, value) if name.endswith("gate") else tensor

    close(model(*jets, tap=gates(1.0)), plain(*jets))
    silent = model(*jets, tap=gates(0.0))
    without_values = plain(*jets, tap=lambda name, t: torch.zeros_like(t) if name.endswith("values") else t)
    close(silent, without_values)
    assert (silent - model(*jets)).abs().max() > 0.05


@pytest.mark.parametrize("kind", ["ParTNoBias", "PairAttn"])
def test_the_variants_take_them_too(kind):
    x, v, mask = random_jets()
    config = replace(THIRD, model=kind, gate="channel", **TOKEN, **SMALL)
    model = randomise(build(config))
    alone = [model(x[i : i + 1, :n], v[i : i + 1, :n], mask[i : i + 1, :n]) for i, n in enumerate(mask.sum(1))]
    close(torch.cat(alone), model(x, v, mask))
    trace = trace_model(model, x, v, mask)
    close(torch.from_numpy(trace.logits), model(x, v, mask))
    assert trace.pattern.shape == (5, 3, 4, 40, 40)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (everywhere(layer_scale_init_values=1e-5), r"blocks\.0\.ls1\.gamma belongs to no ParT"),
        ({"block_params": {"scale_attn_mask": True}}, r"blocks\.0\.c_mask belongs to no ParT"),
        ({"use_conv_embed": True}, r"embed\.conv_embed\.0\.weight belongs to no ParT"),
        ({"pair_extra_dim": 2}, r"pair_embed\.fts_embed\.0\.weight belongs to no ParT"),
        ({"pair_input_dim": 5}, r"pair_embed\.norm\.weight has shape \(5,\), expected \(4,\)"),
        ({"pair_embed_dims": None, "version": 3}, "there is no pair embedding"),
        ({"fc_params": ((64, 0.1),)}, r"fc\.0\.0\.weight belongs to no ParT"),
        ({"fc_params": ((64, 0.1, "swiglu"),), "version": 3}, r"fc\.0\.0\.w12\.weight belongs to no ParT"),
        ({"block_params": {"scale_heads": False}}, r"unknown tensor blocks\.0\.ffn\.norm\.bias"),
        ({"block_params": {"scale_fc": False}}, r"lacks the tensor blocks\.0\.ffn\.norm\.bias"),
        ({"block_params": {"use_bias": False}}, r"unknown tensor class_blocks\.0\.attn\.out\.bias"),
        ({"block_params": {"headwise_attn_output_gate": True}}, r"lacks the tensor class_blocks\.0\.attn\.gate\.bias"),
        ({"num_cls_layers": 0}, "unknown architecture"),
        ({"version": 3.6, "fc_params": None}, r"there is no head\.weight"),
    ],
)
def test_what_we_do_not_have_is_refused_by_name(options, sentence, tmp_path):
    reference = weaver_part("0.5.3", num_layers=1, **options)
    with pytest.raises(ValueError, match=sentence):
        load_checkpoint(saved(tmp_path, reference))


def test_an_old_part_without_class_blocks_is_refused(tmp_path):
    with pytest.raises(ValueError, match="there are no cls_blocks"):
        load_checkpoint(saved(tmp_path, weaver_part("0.4.17", num_layers=1, num_cls_layers=0)))


def test_a_project_checkpoint_of_version_3_comes_back(tmp_path):
    torch.manual_seed(0)
    imported = load_checkpoint(saved(tmp_path, weaver_part("0.5.3", version=3)))
    again = load_checkpoint(save_checkpoint(tmp_path / "third.safetensors", imported.model, FULL, JETCLASS, {}))
    assert again.model.config == THIRD
    assert torch.equal(again.model(*random_jets()), imported.model(*random_jets()))
