"""The compiled training step gives torch's loss and torch's gradient of every parameter."""

import copy
import shutil

import pytest
import torch
from helpers.models import random_jets, randomise
from torch.nn import functional as F

from part.errors import PartError
from part.jets.features import JetBatch
from part.models.attention import set_backend
from part.models.backends.native import compile as native_compile
from part.models.backends.native.gradients import loss_and_gradients, untrainable_reason
from part.models.build import build
from part.models.config import ParTConfig
from part.models.linpart import LinParTConfig
from part.models.no_bias import ParTNoBiasConfig
from part.models.numerics.precision import cpu_supports_bf16
from part.models.pair_attention import PairAttnConfig
from part.training.lightning_module import calibrate_batchnorm

needs_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="there is no g++ to compile with")
needs_bf16 = pytest.mark.skipif(
    shutil.which("g++") is None or not cpu_supports_bf16(),
    reason="there is no g++, or the processor does not multiply bfloat16",
)
SMALL = {"embed": (32,), "pair_embed": (16,), "layers": 2, "heads": 2, "class_layers": 1, "dropout": 0.0}
BIASES = ("none", "projected", "landmark")
CONFIGS = {
    "ParT": ParTConfig(dropout=0.0),
    "transposed": ParTConfig(**SMALL, transposed_channels=True),
    "four momenta": ParTConfig(**SMALL | {"inputs": 7, "classes": 2, "embed": (64, 32), "pair_embed": (32, 16)}),
    "one pair layer": ParTConfig(**SMALL | {"pair_embed": ()}),
    "ParTNoBias": ParTNoBiasConfig(**SMALL),
    "PairAttn": PairAttnConfig(**SMALL),
    **{bias: LinParTConfig(slots=5, pair_bias=bias, **SMALL) for bias in BIASES},
}


def micro_batches(jets, *sizes) -> list[JetBatch]:
    """Return micro-batches of these sizes, each padded to its own longest jet."""
    batches, no_labels = [], torch.zeros(len(jets[0]), dtype=torch.int64)
    for x, v, mask, none in zip(*(t.split(sizes) for t in (*jets, no_labels)), strict=True):
        n = max(1, int(mask.sum(1).max()))
        batches.append(JetBatch(x[:, :n], v[:, :n], mask[:, :n], none, none))
    return batches


def trainable_model(config):
    torch.manual_seed(0)
    model = randomise(build(config)).train()
    calibrate_batchnorm(model, micro_batches(random_jets(10, 40, config.inputs), 10)[0])
    set_backend(model, "explicit")
    return model


def probabilities(jets: int, classes: int) -> torch.Tensor:
    return torch.randn(jets, classes, generator=torch.Generator().manual_seed(3)).mul(2).softmax(-1)


def both(config, jets, *sizes, bf16=False):
    """Return the losses of torch and of compiled code, and the models, one with the gradients of each."""
    reference = trainable_model(config)
    model, targets = copy.deepcopy(reference), probabilities(len(jets[0]), config.classes)
    expected = F.cross_entropy(reference(*jets), targets)
    loss = loss_and_gradients(model, micro_batches(jets, *sizes), targets, bf16)
    expected.backward()
    loss.backward()
    return expected, loss, reference, model


def assert_same_gradients(reference, model, **within):
    gradients = dict(model.named_parameters())
    for name, parameter in reference.named_parameters():
        scale = parameter.grad.abs().max()
        assert scale > 0, name
        torch.testing.assert_close(gradients[name].grad / scale, parameter.grad / scale, msg=name, rtol=0, **within)


@needs_compiler
@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_loss_and_all_gradients_are_torchs(config):
    jets = random_jets(9, 40, config.inputs)
    expected, loss, reference, model = both(config, jets, 4, 5)
    torch.testing.assert_close(loss, expected)
    assert_same_gradients(reference, model, atol=2e-3 if getattr(config, "pair_bias", "") == "landmark" else 3e-4)


LIVE = [name for name in CONFIGS if name != "landmark"]


@needs_compiler
@pytest.mark.parametrize("config", [CONFIGS[name] for name in LIVE], ids=LIVE)
def test_statistics_of_the_batch_give_torchs_gradients_and_running_statistics(config):
    jets, targets = random_jets(9, 40, config.inputs), probabilities(9, config.classes)
    torch.manual_seed(0)
    reference = randomise(build(config)).train()
    set_backend(reference, "explicit")
    model = copy.deepcopy(reference)
    assert untrainable_reason(model) is None
    expected = F.cross_entropy(reference(*jets), targets)
    loss = loss_and_gradients(model, micro_batches(jets, 4, 5), targets, False)
    expected.backward()
    loss.backward()
    torch.testing.assert_close(loss, expected, atol=2e-5, rtol=0)
    gradients, largest = dict(model.named_parameters()), max(p.grad.abs().max() for p in reference.parameters())
    for name, parameter in reference.named_parameters():
        scale = parameter.grad.abs().max()
        if scale < 1e-5 * largest:  # a BatchNorm cancels the bias before it
            assert gradients[name].grad.abs().max() < 1e-4 * largest
            continue
        scale = max(scale, 1e-3 * largest)  # terms of this size may cancel; torch's own sum is as uncertain then
        torch.testing.assert_close(gradients[name].grad / scale, parameter.grad / scale, msg=name, rtol=0, atol=1e-3)
    running = dict(model.named_buffers())
    for name, buffer in reference.named_buffers():
        torch.testing.assert_close(running[name], buffer, msg=name, rtol=1e-4, atol=1e-5)


@needs_compiler
@pytest.mark.parametrize("particles", [1, 2, 16, 17, 128])
def test_jets_of_any_length_have_the_same_gradients(particles):
    expected, loss, reference, model = both(ParTConfig(**SMALL), random_jets(3, particles), 1, 2)
    torch.testing.assert_close(loss, expected)
    if particles > 1:
        assert_same_gradients(reference, model, atol=1e-3)


@needs_bf16
@pytest.mark.parametrize("config", [CONFIGS[name] for name in ("ParT", "PairAttn", "projected")], ids=lambda c: c.model)
def test_in_bf16_gradients_point_the_same_way(config):
    expected, loss, reference, model = both(config, random_jets(9, 40), 9, bf16=True)
    torch.testing.assert_close(loss, expected, atol=0.02, rtol=0)
    assert not torch.equal(loss, expected)
    gradients = dict(model.named_parameters())
    for name, parameter in reference.named_parameters():
        along = F.cosine_similarity(parameter.grad.flatten(), gradients[name].grad.flatten(), 0)
        assert along > 0.97, name


@needs_compiler
def test_threads_change_only_rounding_and_a_second_run_changes_nothing():
    config, jets = CONFIGS["projected"], random_jets(40, 30)
    before, models = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 2):
            torch.set_num_threads(threads)
            model = trainable_model(config)
            loss_and_gradients(model, micro_batches(jets, 40), probabilities(40, 10), False).backward()
            models.append(model)
    finally:
        torch.set_num_threads(before)
    assert_same_gradients(models[0], models[1], atol=1e-4)
    assert_same_gradients(models[1], models[2], atol=0.0)


@needs_compiler
def test_gaps_between_particles_are_masked_as_in_torch():
    x, v, mask = random_jets(6, 12)
    mask[4, 1] = False
    expected, loss, reference, model = both(ParTConfig(**SMALL), (x * mask[..., None], v * mask[..., None], mask), 6)
    torch.testing.assert_close(loss, expected)
    assert_same_gradients(reference, model, atol=3e-4)


@needs_compiler
def test_a_jet_with_nan_makes_the_loss_nan():
    x, v, mask = random_jets(4, 12)
    x[1, 0, 0] = torch.nan
    assert loss_and_gradients(
        trainable_model(ParTConfig(**SMALL)), micro_batches((x, v, mask), 4), probabilities(4, 10), False
    ).isnan()


@needs_compiler
def test_a_jet_with_more_particles_than_ranks_is_refused():
    with pytest.raises(PartError, match="up to 40 constituents, not 41"):
        loss_and_gradients(
            trainable_model(LinParTConfig(length=40, **SMALL)),
            micro_batches(random_jets(2, 41), 2),
            probabilities(2, 10),
            False,
        )


@needs_compiler
def test_what_cannot_be_trained_is_reported_in_a_sentence():
    assert untrainable_reason(trainable_model(ParTConfig(**SMALL))) is None
    for config, reason in (
        (ParTConfig(**SMALL, qk_norm=True), "no code for a qk_norm"),
        (ParTConfig(**SMALL, pair_activation_last=False), "no code for a bias without self-pairs or last activation"),
        (ParTConfig(**SMALL | {"dropout": 0.1}), "no dropout"),
        (ParTConfig(**SMALL | {"pair_embed": (8,)}), "pair embeddings in steps of 16"),
    ):
        assert reason in untrainable_reason(trainable_model(config))
    landmark = build(CONFIGS["landmark"]).train()
    assert "BatchNorm statistics of this pair embedding fixed" in untrainable_reason(landmark)


def test_without_a_compiler_torch_trains(monkeypatch):
    native_compile.load_library.cache_clear()
    monkeypatch.setattr(native_compile.shutil, "which", lambda name: None)
    assert "needs g++" in untrainable_reason(trainable_model(ParTConfig(**SMALL)))
    native_compile.load_library.cache_clear()
