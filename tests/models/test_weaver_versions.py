"""The later architectures of weaver-core 0.5.3: their tensors reveal them, and the logits equal ours."""

from dataclasses import replace

import pytest
import torch
from helpers.models import TOKEN, random_jets, run_weaver, weaver_part
from helpers.weaver_part import OPEN, load

from part.errors import PartError
from part.jets.benchmarks import FULL
from part.jets.datasets import JETCLASS
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


def test_the_tensors_reveal_the_architecture_and_the_logits_are_weavers(architecture):
    options, config = architecture
    torch.manual_seed(0)
    reference = weaver_part("0.5.3", **options)
    converted = convert_part({f"mod.{key}": value for key, value in reference.state_dict().items()}, "net")
    assert converted.config == config
    jets = random_jets()
    expected = run_weaver(reference, *jets)
    assert expected.std(0).min() > 0.2  # the jets are distinguished, so equality means something
    close(load(converted)(*jets), expected, atol=1e-4)


def test_without_scales_the_old_layout_reorders_nothing():
    torch.manual_seed(0)
    off = everywhere(scale_fc=False, scale_attn=False, scale_heads=False, scale_resids=False)
    reference = weaver_part("0.4.17", num_layers=2, **off)
    model, jets = load(convert_part(reference.state_dict(), "net")), random_jets()
    assert not model.config.transposed_channels
    close(model(*jets), run_weaver(reference, *jets), atol=1e-4)


@pytest.mark.parametrize(
    ("release", "options", "sentence"),
    [
        ("0.5.3", {"fc_params": None}, r"no classifier: its network has no head \(fc_params=None\)"),
        ("0.5.3", {"for_segmentation": True}, r"classifies particles and not jets \(for_segmentation\)"),
        ("0.4.17", {"num_cls_layers": 0}, "no cls_blocks, without which weaver-core 0.4 gives the same answer"),
        ("0.4.17", {"block_params": {"add_bias_kv": True}}, r"blocks\.0\.attn\.bias_k belongs to no ParT of weaver"),
    ],
)
def test_what_is_no_classifier_of_jets_is_refused(release, options, sentence):
    reference = weaver_part(release, num_layers=1, **options)
    with pytest.raises(PartError, match=sentence):
        convert_part(reference.state_dict(), "net", OPEN)


def test_a_classifier_of_particles_that_only_a_keyword_reveals_is_refused():
    reference = weaver_part("0.5.3", num_layers=1, num_cls_layers=0, for_segmentation=True)
    with pytest.raises(PartError, match=r"classifies particles and not jets \(for_segmentation\)"):
        convert_part(reference.state_dict(), "net", OPEN | {"for_segmentation": True})


def test_a_project_checkpoint_of_version_3_comes_back(tmp_path):
    torch.manual_seed(0)
    imported = load(convert_part(weaver_part("0.5.3", version=3).state_dict(), "net"))
    second = load_checkpoint(save_checkpoint(tmp_path / "third.safetensors", imported, FULL, JETCLASS, {}))
    assert second.model.config == THIRD
    assert torch.equal(second.model(*random_jets()), imported.requires_grad_(False)(*random_jets()))
