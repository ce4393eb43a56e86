"""The compiled forward pass gives the model's logits, and weaver-core's."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from helpers.jets import COUNTS, write_jets
from helpers.models import random_jets, randomise, run_weaver, weaver_part
from helpers.weaver_part import load

import part
from part.errors import PartError
from part.inference.engines import make_engine
from part.jets import JetBatch, make_batch
from part.jets.benchmarks import FULL
from part.jets.datasets import JETCLASS
from part.models.backends.native import compile as native_compile
from part.models.backends.native import forward
from part.models.build import build, config_class
from part.models.checkpoints.checkpoint import save_checkpoint
from part.models.checkpoints.weaver import convert_part
from part.models.numerics.precision import cpu_supports_bf16

SAMPLE = Path(__file__).parents[2] / "data_samples" / "jetclass_like.root"
needs_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="there is no g++ to compile with")
needs_bf16 = pytest.mark.skipif(
    shutil.which("g++") is None or not cpu_supports_bf16(),
    reason="there is no g++, or the processor does not multiply bfloat16",
)
SMALL = {"inputs": 17, "embed": (32,), "pair_embed": (8,), "layers": 3, "heads": 2}


def random_model(seed: int = 1, model: str = "ParT", **config):
    torch.manual_seed(seed)
    return randomise(build(config_class(model)(**(SMALL | config))), seed)


@pytest.fixture(scope="module")
def real():
    """Return x, v and mask of 2000 real jets of all lengths."""
    batch = make_batch(part.read_jets(SAMPLE, stop=2000), FULL)
    return batch.x, batch.v, batch.mask


def largest_difference(model, jets, precision: str = "fp32") -> float:
    with torch.inference_mode():
        expected, logits = model(*jets), forward.NativeModel(model, precision)(*jets)
    assert expected.abs().max() > 0.1
    return float((expected - logits).abs().max())


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
        {"pair_activation_last": False},
        {"self_pairs": False, "pair_embed": ()},
        {"biased_blocks": (1,)},
        {"biased_blocks": ()},
        {"pair_embed": None},
        {"class_layers": 0},
        {"head": ((24, "relu"), (40, "gelu"), (7, "relu"))},
        {"ffn": "relu", "activation": "relu"},
        {"collections": (9, 6), "class_layers": 0, "pair_activation_last": False},
    ],
    ids=str,
)
def test_logits_are_the_models(config):
    model = random_model(**config)
    jets = random_jets(jets=9, particles=70, inputs=model.config.inputs)
    assert largest_difference(model, jets) < 1e-4


@needs_compiler
@pytest.mark.parametrize("particles", [1, 2, 15, 16, 17, 128])
def test_jets_of_any_length_run(particles):
    assert largest_difference(random_model(), random_jets(jets=3, particles=particles)) < 1e-4


@needs_compiler
def test_lengths_of_1_to_128_in_one_batch():
    model = random_model()
    assert largest_difference(model, random_jets(jets=128, particles=128)) < 1e-4


@needs_compiler
def test_real_particles_may_be_anywhere_and_jets_empty():
    model, (x, v, mask) = random_model(), random_jets(jets=6, particles=20)
    native, order = forward.NativeModel(model), torch.randperm(20, generator=torch.Generator().manual_seed(0))
    expected = native(x, v, mask)
    torch.testing.assert_close(native(x[:, order], v[:, order], mask[:, order]), expected, atol=1e-5, rtol=0)
    none = torch.zeros_like(mask[:1])
    between = [torch.cat((t[:3], other, t[3:])) for t, other in ((x, x[:1]), (v, v[:1]), (mask, none))]
    assert torch.equal(native(*between)[[0, 1, 2, 4, 5, 6]], expected)
    assert native(x[:0], v[:0], mask[:0]).shape == (0, 10)


@needs_compiler
@pytest.mark.parametrize("precision", ["fp32", pytest.param("bf16", marks=needs_bf16)])
def test_logits_depend_neither_on_other_jets_nor_on_threads(precision):
    model, (x, v, mask) = random_model(), random_jets(jets=40, particles=30)
    native, before, results = forward.NativeModel(model, precision), torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            results.append(native(x, v, mask))
            results.append(torch.cat([native(x[i : i + 1], v[i : i + 1], mask[i : i + 1]) for i in range(len(x))]))
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(logits, results[0]) for logits in results)


@needs_compiler
def test_extreme_inputs_give_the_models_logits():
    model, (x, v, mask) = random_model(), random_jets(jets=3, particles=20)
    assert largest_difference(model, (x * 50, v * 1e4, mask)) < 1e-3


@needs_compiler
@pytest.mark.parametrize("place", [0, 1], ids=["features", "momenta"])
def test_a_nan_makes_the_logits_of_that_jet_alone_nan(place):
    jets = random_jets(jets=4, particles=20)
    jets[place][2, 0, 0] = torch.nan
    logits = forward.NativeModel(random_model())(*jets)
    assert logits.isnan().all(1).tolist() == [False, False, True, False]
    assert not logits[[0, 1, 3]].isnan().any()


@pytest.mark.slow
@needs_compiler
def test_logits_of_real_jets_are_weavers(real):
    """In real jets the masses of close pairs cancel in float32, so the order of operations matters."""
    reference = weaver_part("0.5.3")
    model, (x, v, mask) = load(convert_part(reference.state_dict(), "net")), (tensor[:300] for tensor in real)
    expected, logits = run_weaver(reference, x, v, mask), forward.NativeModel(model)(x, v, mask)
    assert expected.std() > 0.05
    torch.testing.assert_close(logits, expected, atol=1e-4, rtol=0)


@pytest.mark.slow
@needs_bf16
def test_in_bf16_a_trained_model_predicts_what_it_does_in_fp32(real):
    model = part.load_model("part-full", device="cpu").model
    with torch.inference_mode():
        fp32, bf16 = forward.NativeModel(model)(*real), forward.NativeModel(model, "bf16")(*real)
        autocast = part.load_model("part-full@bf16", device="cpu", backend="fused").logits(
            JetBatch(*(t[:200] for t in real), None, None)
        )
    drift = (bf16 - fp32).abs()
    assert 1e-4 < drift.mean() < 0.01
    assert drift[:200].mean() < (autocast - fp32[:200]).abs().mean()
    assert drift.max() < 0.2
    assert (bf16.argmax(1) == fp32.argmax(1)).float().mean() >= 0.995


@needs_bf16
@pytest.mark.parametrize("config", [{}, {"embed": (48, 32), "pair_embed": (24, 8)}, {"model": "ParTNoBias"}], ids=str)
def test_bf16_rounds_the_factors_of_products_only(config):
    """The factors are rounded to 8 bits each; most of that averages out in the sums. The logits are of order 1."""
    assert 1e-5 < largest_difference(random_model(**config), random_jets(jets=9, particles=70), "bf16") < 0.1


@needs_compiler
def test_cpu_supports_bf16_agrees_with_the_compiler():
    """The app relies on it to know, without compiling, whether to offer bf16."""
    assert bool(native_compile.load_library("forward").prepare_bf16()) is cpu_supports_bf16()


@needs_bf16
def test_a_shipped_checkpoint_runs_natively_in_bf16():
    jets = part.read_jets(SAMPLE, stop=20)
    bf16, fp32 = part.load_model("part-full@bf16", device="cpu"), part.load_model("part-full", device="cpu")
    assert (bf16.name, bf16.backend) == ("part-full@bf16", "native")
    assert 1e-5 < np.abs(bf16.predict(jets) - fp32.predict(jets)).max() < 0.05
    assert bf16.cache_key != fp32.cache_key


@needs_compiler
def test_a_tagger_predicts_natively_and_its_trace_is_unchanged(tmp_path):
    jets = part.read_jets(write_jets(tmp_path / "jets.root", COUNTS))
    path = save_checkpoint(tmp_path / "net.safetensors", random_model(), FULL, JETCLASS, {})
    plain, fast = part.load_model(path, backend="fused"), part.load_model(path, backend="native")
    with pytest.warns(UserWarning, match="more than 128 constituents"):
        np.testing.assert_allclose(fast.predict(jets), plain.predict(jets), atol=2e-6)
    np.testing.assert_array_equal(fast.trace(jets[:2]).pattern, plain.trace(jets[:2]).pattern)
    assert fast.backend_logit_gap(jets[:2]) < 1e-4
    assert fast.cache_key != plain.cache_key


def test_unsupported_models_are_refused_in_a_sentence():
    with pytest.raises(PartError, match="The native backend cannot run this ParT: it has no code for extra pair"):
        forward.NativeModel(random_model(extra_pair_features=2))


def test_without_a_compiler_the_error_says_so(monkeypatch):
    native_compile.load_library.cache_clear()
    monkeypatch.setattr(native_compile.shutil, "which", lambda name: None)
    with pytest.raises(PartError, match=r"cannot run: compiled code needs g\+\+, or the compiler that"):
        forward.NativeModel(random_model())
    native_compile.load_library.cache_clear()


@needs_compiler
def test_a_compiler_that_fails_is_quoted(monkeypatch, tmp_path):
    native_compile.load_library.cache_clear()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(native_compile, "FLAGS", ("-no-such-option",))
    with pytest.raises(PartError, match=r"could not be compiled: .*no-such-option"):
        native_compile.load_library("forward")
    (failure,) = (tmp_path / "partscope").iterdir()
    assert failure.suffix == ".failed"
    assert "no-such-option" in native_compile.missing_reason("forward")  # so that nobody tries again
    native_compile.load_library.cache_clear()


def test_on_a_processor_without_bf16_the_error_says_so(monkeypatch):
    monkeypatch.setattr(forward, "load_library", lambda name: SimpleNamespace(prepare_bf16=lambda: 0))
    with pytest.raises(PartError, match="this processor has no bf16 arithmetic"):
        forward.NativeModel(random_model(), "bf16")


def test_it_runs_on_the_cpu_only():
    with pytest.raises(PartError, match="runs on the CPU, not on meta"):
        make_engine(random_model(), "native", torch.device("meta"), "fp32")


def test_workspace_bytes_grow_with_the_batch(real):
    model = part.load_model("part-full", device="cpu").model
    weights = sum(parameter.nbytes for parameter in model.parameters())
    idle, short, long = (forward.NativeModel(model) for _ in range(3))
    short(*(t[:1] for t in real))
    long(*(t[:64] for t in real))
    assert 0.95 * weights < idle.workspace_bytes < short.workspace_bytes < long.workspace_bytes < 3 * weights
