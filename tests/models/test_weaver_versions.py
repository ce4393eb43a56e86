"""The later architectures of weaver-core 0.5.3: their tensors reveal them, and the logits equal ours."""

from dataclasses import replace

import pytest
import torch
from helpers.models import TOKEN, random_jets, run_weaver, weaver_part

from part.jets.schema import FULL, JETCLASS
from part.models.build import build
from part.models.checkpoints.checkpoint import load_checkpoint, save_checkpoint
from part.models.checkpoints.weaver import convert_part
from part.models.config import ParTConfig


def everywhere(**options) -> dict:
    return {"block_params": options, "cls_block_params": options}


SECOND = ParTConfig(ffn="swiglu", normformer=False)
THIRD = replace(SECOND, norm="rms", biases=False, dropout=0.0)
GATED = replace(THIRD, qk_norm=True, gate="channel")
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
pytestmark = pytest.mark.witness


@pytest.fixture(params=ARCHITECTURES)
def architecture(request):
    return ARCHITECTURES[request.param]


def close(a, b, atol=1e-5):
    torch.testing.assert_close(a, b, atol=atol, rtol=0)


def saved(folder, reference):
    path = folder / "net.pt"
    torch.save({f"mod.{key}": value for key, value in reference.state_dict().items()}, path)
    return path


def test_the_tensors_reveal_the_architecture_and_the_logits_are_weavers(architecture, tmp_path):
    options, config = architecture
    torch.manual_seed(0)
    reference = weaver_part("0.5.3", **options)
    checkpoint = load_checkpoint(saved(tmp_path, reference))
    assert checkpoint.model.config == config
    jets = random_jets()
    expected = run_weaver(reference, *jets)
    assert expected.std(0).min() > 0.2  # the jets are distinguished, so equality means something
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
def test_what_is_not_implemented_is_refused_by_name(options, sentence, tmp_path):
    reference = weaver_part("0.5.3", num_layers=1, **options)
    with pytest.raises(ValueError, match=sentence):
        load_checkpoint(saved(tmp_path, reference))


def test_an_old_part_without_class_blocks_is_refused(tmp_path):
    with pytest.raises(ValueError, match="there are no cls_blocks"):
        load_checkpoint(saved(tmp_path, weaver_part("0.4.17", num_layers=1, num_cls_layers=0)))


def test_a_project_checkpoint_of_version_3_comes_back(tmp_path):
    torch.manual_seed(0)
    imported = load_checkpoint(saved(tmp_path, weaver_part("0.5.3", version=3)))
    second = load_checkpoint(save_checkpoint(tmp_path / "third.safetensors", imported.model, FULL, JETCLASS, {}))
    assert second.model.config == THIRD
    assert torch.equal(second.model(*random_jets()), imported.model(*random_jets()))
