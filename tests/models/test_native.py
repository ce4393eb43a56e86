"""The compiled forward pass gives the model's logits."""

import shutil

import numpy as np
import pytest
import torch
from random_models import random_jets, randomise
from toy_jets import COUNTS, write_jets

import part
from part.errors import PartError
from part.jets.schema import FULL, JETCLASS
from part.models import native
from part.models.build import build
from part.models.checkpoint import save_checkpoint
from part.models.config import LinParTConfig, ParTConfig
from part.models.quantize import quantize_dynamic

needs_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="there is no g++ to compile with")
SMALL = {"inputs": 17, "embed": (32,), "pair_embed": (8,), "layers": 3, "heads": 2}


def random_model(seed: int = 1, **config):
    return randomise(build(ParTConfig(**(SMALL | config))), seed)


def largest_difference(model, jets) -> float:
    with torch.inference_mode():
        expected, found = model(*jets), native.Native(model)(*jets)
    assert expected.abs().max() > 0.1
    return float((expected - found).abs().max())


@needs_compiler
@pytest.mark.parametrize(
    "config",
    [
        {},
        {"embed": (128, 512, 128), "pair_embed": (64, 64, 64), "heads": 8, "layers": 8},
        {"transposed_channels": True},
        {"inputs": 7, "classes": 2},
        {"embed": (64,), "heads": 2},
        {"classes": 17, "class_layers": 1, "ffn_ratio": 2},
        {"model": "ParTNoBias"},
        {"heads": 1, "embed": (48, 32), "pair_embed": (24, 8)},
    ],
    ids=str,
)
def test_logits_are_the_models(config):
    model = random_model(**config)
    jets = random_jets(jets=9, particles=70, inputs=model.config.inputs)
    assert largest_difference(model, jets) < 1e-4


@needs_compiler
@pytest.mark.parametrize("particles", [1, 2, 15, 16, 17, 128])
def test_jets_of_any_length_are_taken(particles):
    model = random_model()
    assert largest_difference(model, random_jets(jets=3, particles=particles)) < 1e-4


@needs_compiler
@pytest.mark.parametrize("threads", [1, 2])
def test_neither_neighbours_nor_threads_matter(threads):
    model, (x, v, mask) = random_model(), random_jets(jets=40, particles=30)
    run, before = native.Native(model), torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        together = run(x, v, mask)
        alone = torch.cat([run(x[i : i + 1], v[i : i + 1], mask[i : i + 1]) for i in range(len(x))])
    finally:
        torch.set_num_threads(before)
    assert torch.equal(together, alone)


@needs_compiler
def test_extreme_numbers_end_as_the_models_do():
    model, (x, v, mask) = random_model(), random_jets(jets=3, particles=20)
    assert largest_difference(model, (x * 50, v * 1e4, mask)) < 1e-3


@needs_compiler
def test_a_tagger_predicts_natively_and_is_traced_as_ever(tmp_path):
    jets = part.read_jets(write_jets(tmp_path / "jets.root", COUNTS))
    path = save_checkpoint(tmp_path / "net.safetensors", random_model(), FULL, JETCLASS, {})
    plain, fast = part.load_model(path), part.load_model(path, backend="native")
    with pytest.warns(UserWarning, match="more than 128 constituents"):
        np.testing.assert_allclose(fast.predict(jets), plain.predict(jets), atol=2e-6)
    np.testing.assert_array_equal(fast.trace(jets[:2]).pattern, plain.trace(jets[:2]).pattern)
    assert fast.parity(jets[:2]) < 1e-4
    assert fast.identity != plain.identity


def test_models_it_does_not_know_are_refused_in_a_sentence():
    for config, reason in (
        (LinParTConfig("LinParT", **SMALL), "no LinParT"),
        (ParTConfig(**SMALL, qk_norm=True), "not its later options"),
        (ParTConfig(**(SMALL | {"heads": 4})), "heads in steps of 16"),
    ):
        with pytest.raises(PartError, match=reason):
            native.Native(build(config))
    model = random_model()
    quantize_dynamic(model)
    with pytest.raises(PartError, match="not int8"):
        native.Native(model)


def test_without_a_compiler_it_says_so(monkeypatch):
    native.compiled.cache_clear()
    monkeypatch.setattr(native.shutil, "which", lambda name: None)
    with pytest.raises(PartError, match=r"needs g\+\+, which is not here"):
        native.Native(random_model())
    native.compiled.cache_clear()


@needs_compiler
def test_a_compiler_that_fails_is_quoted(monkeypatch, tmp_path):
    native.compiled.cache_clear()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(native, "FLAGS", ("-no-such-option",))
    with pytest.raises(PartError, match=r"could not be compiled: .*no-such-option"):
        native.compiled()
    assert list((tmp_path / "partscope").iterdir()) == []
    native.compiled.cache_clear()


@needs_compiler
def test_it_runs_in_fp32_on_the_cpu_only(tmp_path):
    path = save_checkpoint(tmp_path / "net.safetensors", random_model(), FULL, JETCLASS, {})
    with pytest.raises(PartError, match="fp32 on the CPU, not in bf16"):
        part.load_model(f"{path}@bf16", backend="native")
