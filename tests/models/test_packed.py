"""ParT on packed tokens gives the model's logits and gradients.

It runs on a GPU if there is one, else in Triton's interpreter.
"""

import copy

import pytest
import torch
from helpers.jets import COUNTS, write_jets
from helpers.models import random_jets, randomise, run_weaver, weaver_part
from helpers.weaver_part import load
from torch.nn import functional as F

import part
from part.errors import PartError
from part.jets.benchmarks import FULL
from part.jets.datasets import JETCLASS
from part.jets.features import JetBatch
from part.models.build import build, config_class
from part.models.checkpoints.checkpoint import save_checkpoint
from part.models.checkpoints.weaver import convert_part
from part.models.linpart import LinParTConfig
from part.models.numerics.quantize import quantize_dynamic
from part.training.micro_batches import forward_micro_batches

pytest.importorskip("triton", reason="triton is not installed: pip install -r requirements-test.txt")

from part.models.backends import packed

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
SMALL = {"embed": (32,), "pair_embed": (16, 16), "layers": 2, "heads": 2, "dropout": 0.0}
needs_gpu = pytest.mark.skipif(DEVICE == "cpu", reason="there is no GPU")


def random_model(model: str = "ParT", **config):
    torch.manual_seed(0)
    return randomise(build(config_class(model)(**(SMALL | config)))).to(DEVICE)


def jets(count: int = 5, particles: int = 30, **options):
    return [t.to(DEVICE) for t in random_jets(count, particles, **options)]


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"model": "ParTNoBias"},
        {"transposed_channels": True},
        {"embed": (48, 64), "pair_embed": (32, 32, 32), "heads": 4, "class_layers": 1},
        {"normformer": False, "biases": False, "norm": "rms", "ffn": "swiglu"},
        {"pair_activation_last": False},
        {"self_pairs": False},
        {"biased_blocks": (1,)},
        {"pair_embed": None, "embed": (), "inputs": 32},
        {"head": ((24, "relu"), (8, "swiglu")), "ffn": "relu", "activation": "relu"},
        {"collections": (9, 6), "conv_embed": True, "layer_scale": True},
        {"normformer": ("heads",), "in_class_blocks": (("normformer", True), ("heads", 1), ("ffn_ratio", 2))},
    ],
    ids=str,
)
def test_logits_are_the_models(config):
    model, batch = random_model(**config), jets(inputs=config.get("inputs", 17))
    with torch.no_grad():
        expected = model(*batch)
        assert expected.std() > 0.1
        torch.testing.assert_close(packed.logits(model, *batch), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.slow
def test_jets_of_one_particle_and_of_128_share_a_batch():
    model, (x, v, mask) = random_model(layers=1, pair_embed=(16,)), jets(2, 128)
    assert mask.sum(1).tolist() == [1, 128]
    with torch.no_grad():
        torch.testing.assert_close(packed.logits(model, x, v, mask), model(x, v, mask), atol=1e-5, rtol=1e-5)


def test_logits_do_not_depend_on_order_gaps_or_other_jets():
    model, (x, v, mask) = random_model(), jets(5, 20)
    order = torch.tensor([3, 0, 4, 1, 2], device=DEVICE)
    spread = [F.pad(t, (0, 0) * (t.ndim - 2) + (3, 2)) for t in (x, v, mask)]
    with torch.no_grad():
        expected = packed.logits(model, x, v, mask)
        shuffled, alone = (
            packed.logits(model, *(t[order] for t in spread)),
            packed.logits(model, *(t[2:3] for t in (x, v, mask))),
        )
    torch.testing.assert_close(shuffled, expected[order], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(alone, expected[2:3], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("version", ["0.4.17", "0.5.3"])
def test_logits_equal_weavers(version):
    small = {"num_layers": 2, "num_heads": 2, "embed_dims": [32], "pair_embed_dims": [16, 16]}
    reference = weaver_part(version, **small)
    model, batch = load(convert_part(reference.state_dict(), "net")).to(DEVICE), random_jets()
    expected = run_weaver(reference, *batch)
    assert expected.std() > 0.05
    with torch.no_grad():
        logits = packed.logits(model, *(t.to(DEVICE) for t in batch))
    torch.testing.assert_close(logits.cpu(), expected, atol=1e-4, rtol=0)


def step(forward, model, batch):
    """Return the logits and all gradients of a loss."""
    logits = forward(model, *batch)
    labels = torch.arange(len(logits), device=DEVICE) % logits.shape[1]
    model.zero_grad()
    F.cross_entropy(logits, labels).backward()
    return logits.detach(), {name: p.grad.clone() for name, p in model.named_parameters()}


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"model": "ParTNoBias"},
        {"self_pairs": False, "biased_blocks": (1,), "pair_activation_last": False},
        {"collections": (9, 6), "layers": 1},
    ],
    ids=str,
)
@pytest.mark.parametrize("train", [False, True])
def test_gradients_and_statistics_are_the_models(train, config):
    model, batch = random_model(**config).train(train), jets()
    other = copy.deepcopy(model)
    expected, expected_gradients = step(lambda m, *b: m(*b), model, batch)
    logits, gradients = step(packed.logits, other, batch)
    torch.testing.assert_close(logits, expected, atol=1e-5, rtol=1e-5)
    largest = max(gradient.abs().max() for gradient in expected_gradients.values())
    for name, gradient in expected_gradients.items():
        # Relative to the largest: where a BatchNorm removes a parameter's effect, its gradient is only rounding.
        scale = max(gradient.abs().max(), 1e-2 * largest)
        torch.testing.assert_close(gradients[name] / scale, gradient / scale, atol=1e-4, rtol=0, msg=name)
    for (name, mine), before in zip(other.named_buffers(), model.buffers(), strict=True):
        torch.testing.assert_close(mine, before, msg=name)


@pytest.mark.slow
def test_two_trainings_agree_to_the_last_bit():
    model, batch = random_model().train(), jets()
    first, second = (step(packed.logits, copy.deepcopy(model), batch)[1] for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_half_precision_is_as_close_as_the_models():
    half = torch.bfloat16 if DEVICE == "cuda" else torch.float16  # the interpreter has no bf16
    model, batch = random_model(), jets()
    with torch.no_grad():
        exact = model(*batch)
        with torch.autocast(DEVICE, half):
            reference, actual = model(*batch), packed.logits(model, *batch)
    assert (actual - exact).abs().max() < 2 * (reference - exact).abs().max()


def test_weights_cast_beforehand_are_those_that_autocast_casts():
    model, batch = random_model(), jets()
    with torch.no_grad(), torch.autocast(DEVICE, torch.bfloat16):
        assert torch.equal(packed._to_bf16(model)(*batch), model(*batch))
    assert all(p.dtype == torch.float32 for p in model.parameters())


def test_unused_space_changes_nothing():
    """The sizes allow for more particles, longer jets and more pairs than the batch has, as in a graph."""
    model, (x, v, mask) = random_model(), jets(3, 10)
    layout = packed.PackedLayout.from_mask(mask)
    larger = packed.PackedLayout.placeholder(layout.cu_seqlens, layout.bias_offsets, 64, 400)
    tokens = [F.pad(t.flatten(0, 1)[layout.token_index], (0, 0, 0, 7)) for t in (x, v)]
    with torch.no_grad():
        logits, expected = packed.forward_packed(model, *tokens, larger), packed.logits(model, x, v, mask)
    torch.testing.assert_close(logits, expected, atol=1e-5, rtol=1e-5)


def test_bucket_sizes_suffice_and_waste_little():
    for count in (0, 1, 16, 17, 129, 5000, 23_111):
        size = packed._bucket_size(count)
        assert count <= size <= max(16, count * 1.125 + 16)
        assert size % 16 == 0
    assert len({packed._bucket_size(count) for count in range(1024, 2048)}) <= 9


def test_unsupported_models_are_refused_in_a_sentence():
    quantized = random_model().cpu()
    quantize_dynamic(quantized)
    for model, reason in (
        (build(LinParTConfig(**SMALL)), "no code for LinParT"),
        (random_model(qk_norm=True), "no code for a qk_norm"),
        (random_model(class_layers=0), "no code for a mean over tokens"),
        (random_model(class_layers=0, global_token=True), "no code for a global_token"),
        (random_model(pair_features="xyzt:spherical", pair_inputs=7), "no code for pair features other than"),
        (random_model(extra_pair_features=2), "no code for extra pair features"),
        (random_model(bias_scale=True), "no code for a scale of the bias"),
        (random_model(in_class_blocks=(("gate", "channel"),)), "no code for gates"),
        (random_model(heads=4), "heads of 16 or 32 or 64 channels"),
        (random_model(in_class_blocks=(("heads", 4),)), "heads of 16 or 32 or 64 channels"),
        (random_model(pair_embed=(16, 32)), "pair layers of one width"),
        (quantized, "not int8"),
    ):
        with pytest.raises(PartError, match=reason):
            packed.PackedModel(model)


def test_a_tagger_runs_it_on_a_gpu_only(tmp_path):
    path = save_checkpoint(tmp_path / "net.safetensors", random_model().cpu(), FULL, JETCLASS, {})
    with pytest.raises(PartError, match=r"runs on an NVIDIA GPU .*, not on cpu"):
        part.load_model(path, device="cpu", backend="packed")


def test_inference_without_graphs_is_the_same():
    model, batch = random_model(), jets(3, 10)
    with torch.no_grad():
        expected = packed.logits(model, *batch)
    assert torch.equal(packed.PackedModel(model, graphs=False)(*batch), expected)


@needs_gpu
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_graphs_replay_the_pass_on_other_jets(precision):
    model = random_model()
    plain, graphs = packed.PackedModel(model, precision, graphs=False), packed.PackedModel(model, precision)
    for seed in range(3):
        for count in (1, 5):
            batch = jets(count, 40, seed=seed)
            atol = (
                1e-5 if precision == "fp32" else 5e-2
            )  # other sizes may select other matrix kernels, which round differently
            torch.testing.assert_close(graphs(*batch), plain(*batch), atol=atol, rtol=1e-5)


@needs_gpu
def test_a_tagger_predicts_on_packed_tokens(tmp_path):
    samples = part.read_jets(write_jets(tmp_path / "jets.root", COUNTS))
    path = save_checkpoint(tmp_path / "net.safetensors", random_model().cpu(), FULL, JETCLASS, {})
    tagger = part.load_model(path, backend="packed")
    assert tagger.backend_logit_gap(samples[:2]) < 1e-4


def test_training_takes_micro_batches_packed():
    model, batch = random_model().train(), jets()
    labels = torch.zeros(5, dtype=torch.long, device=DEVICE)
    micro = [JetBatch(*(t[rows] for t in batch), labels[rows], labels[rows]) for rows in (slice(0, 2), slice(2, 5))]
    torch.testing.assert_close(
        torch.cat(forward_micro_batches(model, micro, packed=True)), model(*batch), atol=1e-5, rtol=1e-5
    )
