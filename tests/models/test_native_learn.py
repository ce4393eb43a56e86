"""What compiled code learns from a batch is what torch does: the loss, and the gradient of every parameter."""

import copy
import shutil

import pytest
import torch
from helpers.models import random_jets, randomise
from torch.nn import functional as F

from part.errors import PartError
from part.jets.features import JetBatch
from part.models.attention import set_backend
from part.models.backends.native import compile as compiling
from part.models.backends.native.learn import learn, untrainable
from part.models.build import build
from part.models.config import LinParTConfig, ParTConfig
from part.models.numerics.precision import multiplies_bf16
from part.training.lightning_module import calibrate

needs_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="there is no g++ to compile with")
needs_bf16 = pytest.mark.skipif(
    shutil.which("g++") is None or not multiplies_bf16(), reason="no g++, or no processor that multiplies bfloat16"
)
SMALL = {"embed": (32,), "pair_embed": (16,), "layers": 2, "heads": 2, "class_layers": 1, "dropout": 0.0}
BIASES = ("none", "projected", "landmark")
CONFIGS = {
    "ParT": ParTConfig(dropout=0.0),
    "transposed": ParTConfig(**SMALL, transposed_channels=True),
    "four momenta": ParTConfig(**SMALL | {"inputs": 7, "classes": 2, "embed": (64, 32), "pair_embed": (32, 16)}),
    "one pair map": ParTConfig(**SMALL | {"pair_embed": ()}),
    "ParTNoBias": ParTConfig("ParTNoBias", **SMALL),
    "PairAttn": ParTConfig("PairAttn", **SMALL),
    **{bias: LinParTConfig(slots=5, pair_bias=bias, **SMALL) for bias in BIASES},
}


def cut(jets, *sizes) -> list[JetBatch]:
    """Micro-batches of these sizes, each padded to its own longest jet."""
    parts, nothing = [], torch.zeros(len(jets[0]), dtype=torch.int64)
    for x, v, mask, none in zip(*(t.split(sizes) for t in (*jets, nothing)), strict=True):
        n = max(1, int(mask.sum(1).max()))
        parts.append(JetBatch(x[:, :n], v[:, :n], mask[:, :n], none, none))
    return parts


def prepared(config):
    torch.manual_seed(0)
    model = randomise(build(config)).train()
    calibrate(model, cut(random_jets(10, 40, config.inputs), 10)[0])
    set_backend(model, "explicit")
    return model


def probabilities(jets: int, classes: int) -> torch.Tensor:
    return torch.randn(jets, classes, generator=torch.Generator().manual_seed(3)).mul(2).softmax(-1)


def both(config, jets, *sizes, bf16=False):
    """Loss and gradients of torch, and those of the compiled code."""
    reference = prepared(config)
    model, targets = copy.deepcopy(reference), probabilities(len(jets[0]), config.classes)
    expected = F.cross_entropy(reference(*jets), targets)
    found = learn(model, cut(jets, *sizes), targets, bf16)
    expected.backward()
    found.backward()
    return expected, found, reference, model


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
    expected, found, reference, model = both(config, jets, 4, 5)
    torch.testing.assert_close(found, expected)
    assert_same_gradients(reference, model, atol=2e-3 if getattr(config, "pair_bias", "") == "landmark" else 3e-4)


@needs_compiler
@pytest.mark.parametrize("particles", [1, 2, 16, 17, 128])
def test_jets_of_any_length_are_learned_from(particles):
    expected, found, reference, model = both(ParTConfig(**SMALL), random_jets(3, particles), 1, 2)
    torch.testing.assert_close(found, expected)
    if particles > 1:
        assert_same_gradients(reference, model, atol=1e-3)


@needs_bf16
@pytest.mark.parametrize("config", [CONFIGS[name] for name in ("ParT", "PairAttn", "projected")], ids=lambda c: c.model)
def test_in_bf16_gradients_point_the_same_way(config):
    expected, found, reference, model = both(config, random_jets(9, 40), 9, bf16=True)
    torch.testing.assert_close(found, expected, atol=0.02, rtol=0)
    assert not torch.equal(found, expected)
    gradients = dict(model.named_parameters())
    for name, parameter in reference.named_parameters():
        along = F.cosine_similarity(parameter.grad.flatten(), gradients[name].grad.flatten(), 0)
        assert along > 0.97, name


@needs_compiler
def test_threads_change_nothing_but_rounding_and_a_second_run_nothing():
    config, jets = CONFIGS["projected"], random_jets(40, 30)
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 2):
            torch.set_num_threads(threads)
            model = prepared(config)
            learn(model, cut(jets, 40), probabilities(40, 10), False).backward()
            found.append(model)
    finally:
        torch.set_num_threads(before)
    assert_same_gradients(found[0], found[1], atol=1e-4)
    assert_same_gradients(found[1], found[2], atol=0.0)


@needs_compiler
def test_gaps_between_particles_are_as_they_are_to_torch():
    x, v, mask = random_jets(6, 12)
    mask[4, 1] = False
    expected, found, reference, model = both(ParTConfig(**SMALL), (x * mask[..., None], v * mask[..., None], mask), 6)
    torch.testing.assert_close(found, expected)
    assert_same_gradients(reference, model, atol=3e-4)


@needs_compiler
def test_a_jet_that_is_no_number_makes_no_loss():
    x, v, mask = random_jets(4, 12)
    x[1, 0, 0] = torch.nan
    assert learn(prepared(ParTConfig(**SMALL)), cut((x, v, mask), 4), probabilities(4, 10), False).isnan()


@needs_compiler
def test_slots_take_no_jet_that_is_longer_than_they_know():
    with pytest.raises(PartError, match="up to 40 constituents, not 41"):
        learn(prepared(LinParTConfig(length=40, **SMALL)), cut(random_jets(2, 41), 2), probabilities(2, 10), False)


@needs_compiler
def test_what_it_cannot_train_is_told_in_a_sentence():
    assert untrainable(prepared(ParTConfig(**SMALL))) is None
    for config, reason in (
        (ParTConfig(**SMALL, qk_norm=True), "not its later options"),
        (ParTConfig(**SMALL | {"dropout": 0.1}), "no dropout"),
        (ParTConfig(**SMALL | {"pair_embed": (8,)}), "pair embeddings in steps of 16"),
    ):
        assert reason in untrainable(prepared(config))
    assert "BatchNorm statistics fixed" in untrainable(build(ParTConfig(**SMALL)).train())


def test_without_a_compiler_torch_trains(monkeypatch):
    compiling.compiled.cache_clear()
    monkeypatch.setattr(compiling.shutil, "which", lambda name: None)
    assert "needs g++" in untrainable(prepared(ParTConfig(**SMALL)))
    compiling.compiled.cache_clear()
