"""The compiled forward pass gives the model's logits, weaver-core's among them."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from helpers.jets import COUNTS, write_jets
from helpers.models import random_jets, randomise, run_weaver, weaver_part

import part
from part.errors import PartError
from part.inference import tagger
from part.jets import JetBatch, make_batch
from part.jets.schema import FULL, JETCLASS
from part.models.backends.native import compile as compiling
from part.models.backends.native import forward
from part.models.build import build
from part.models.checkpoints.checkpoint import save_checkpoint, shipped
from part.models.checkpoints.weaver import convert_part
from part.models.config import LinParTConfig, ParTConfig
from part.models.numerics.precision import multiplies_bf16
from part.models.numerics.quantize import quantize_dynamic

SAMPLE = Path(__file__).parents[2] / "data_samples" / "jetclass_like.root"
needs_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="there is no g++ to compile with")
needs_bf16 = pytest.mark.skipif(
    shutil.which("g++") is None or not multiplies_bf16(), reason="no g++, or no processor that multiplies bfloat16"
)
SMALL = {"inputs": 17, "embed": (32,), "pair_embed": (8,), "layers": 3, "heads": 2}


def random_model(seed: int = 1, **config):
    torch.manual_seed(seed)
    return randomise(build(ParTConfig(**(SMALL | config))), seed)


@pytest.fixture(scope="module")
def real():
    """Real jets' x, v, mask: 2000 of them, of all lengths."""
    batch = make_batch(part.read_jets(SAMPLE, stop=2000), FULL)
    return batch.x, batch.v, batch.mask


def largest_difference(model, jets, precision: str = "fp32") -> float:
    with torch.inference_mode():
        expected, found = model(*jets), forward.Native(model, precision)(*jets)
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
def test_lengths_of_1_to_128_in_one_batch():
    model = random_model()
    assert largest_difference(model, random_jets(jets=128, particles=128)) < 1e-4


@needs_compiler
def test_real_particles_may_stand_anywhere_and_jets_be_empty():
    model, (x, v, mask) = random_model(), random_jets(jets=6, particles=20)
    run, order = forward.Native(model), torch.randperm(20, generator=torch.Generator().manual_seed(0))
    expected = run(x, v, mask)
    torch.testing.assert_close(run(x[:, order], v[:, order], mask[:, order]), expected, atol=1e-5, rtol=0)
    none = torch.zeros_like(mask[:1])
    between = [torch.cat((t[:3], other, t[3:])) for t, other in ((x, x[:1]), (v, v[:1]), (mask, none))]
    assert torch.equal(run(*between)[[0, 1, 2, 4, 5, 6]], expected)
    assert run(x[:0], v[:0], mask[:0]).shape == (0, 10)


@needs_compiler
@pytest.mark.parametrize("precision", ["fp32", pytest.param("bf16", marks=needs_bf16)])
def test_neither_neighbours_nor_threads_matter(precision):
    model, (x, v, mask) = random_model(), random_jets(jets=40, particles=30)
    run, before, found = forward.Native(model, precision), torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            found.append(run(x, v, mask))
            found.append(torch.cat([run(x[i : i + 1], v[i : i + 1], mask[i : i + 1]) for i in range(len(x))]))
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(logits, found[0]) for logits in found)


@needs_compiler
def test_extreme_numbers_end_as_the_models_do():
    model, (x, v, mask) = random_model(), random_jets(jets=3, particles=20)
    assert largest_difference(model, (x * 50, v * 1e4, mask)) < 1e-3


@needs_compiler
@pytest.mark.parametrize("place", [0, 1], ids=["features", "momenta"])
def test_what_is_no_number_makes_no_logits_of_that_jet_alone(place):
    jets = random_jets(jets=4, particles=20)
    jets[place][2, 0, 0] = torch.nan
    found = forward.Native(random_model())(*jets)
    assert found.isnan().all(1).tolist() == [False, False, True, False]
    assert not found[[0, 1, 3]].isnan().any()


@needs_compiler
def test_logits_of_real_jets_are_weavers(real):
    """In which the masses of close pairs cancel in float32, so that the order of operations matters."""
    reference = weaver_part("0.5.3")
    config, state = convert_part(reference.state_dict(), "net")
    model = build(config).eval()
    model.load_state_dict(state, strict=False)
    x, v, mask = (tensor[:300] for tensor in real)
    expected, found = run_weaver(reference, x, v, mask), forward.Native(model)(x, v, mask)
    assert expected.std() > 0.05
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)


@needs_bf16
def test_in_bf16_a_trained_model_says_what_it_says_in_fp32(real):
    model = part.load_model("part-full", device="cpu").model
    with torch.inference_mode():
        exact, rough = forward.Native(model)(*real), forward.Native(model, "bf16")(*real)
        autocast = part.load_model("part-full@bf16", device="cpu").logits(
            JetBatch(*(t[:200] for t in real), None, None)
        )
    drift = (rough - exact).abs()
    assert 1e-4 < drift.mean() < 0.01
    assert drift[:200].mean() < (autocast - exact[:200]).abs().mean()
    assert drift.max() < 0.2
    assert (rough.argmax(1) == exact.argmax(1)).float().mean() >= 0.995


@needs_bf16
@pytest.mark.parametrize("config", [{}, {"embed": (48, 32), "pair_embed": (24, 8)}, {"model": "ParTNoBias"}], ids=str)
def test_bf16_rounds_what_is_multiplied_and_no_more(config):
    """Of 8 bits each, which the sums hardly feel: logits of the order of 1."""
    assert 1e-5 < largest_difference(random_model(**config), random_jets(jets=9, particles=70), "bf16") < 0.1


@needs_compiler
def test_what_the_processor_tells_is_what_the_compiler_finds():
    """By the first the app knows, without compiling, whether to offer bf16."""
    assert bool(compiling.compiled("forward").prepare_bf16()) is multiplies_bf16()


@needs_bf16
def test_the_card_that_runs_natively_does_so_in_bf16(real):
    assert "part-native" in shipped()
    jets = part.read_jets(SAMPLE, stop=20)
    rough, exact = part.load_model("part-native@bf16", device="cpu"), part.load_model("part-native", device="cpu")
    assert (rough.name, rough.backend) == ("part-native@bf16", "native")
    assert 1e-5 < np.abs(rough.predict(jets) - exact.predict(jets)).max() < 0.05
    assert rough.identity != exact.identity


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
            forward.Native(build(config))
    model = random_model()
    quantize_dynamic(model)
    with pytest.raises(PartError, match="not int8"):
        forward.Native(model)


def test_without_a_compiler_it_says_so(monkeypatch):
    compiling.compiled.cache_clear()
    monkeypatch.setattr(compiling.shutil, "which", lambda name: None)
    with pytest.raises(PartError, match=r"needs g\+\+, which is not here"):
        forward.Native(random_model())
    compiling.compiled.cache_clear()


@needs_compiler
def test_a_compiler_that_fails_is_quoted(monkeypatch, tmp_path):
    compiling.compiled.cache_clear()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(compiling, "FLAGS", ("-no-such-option",))
    with pytest.raises(PartError, match=r"could not be compiled: .*no-such-option"):
        compiling.compiled("forward")
    assert list((tmp_path / "partscope").iterdir()) == []
    compiling.compiled.cache_clear()


def test_where_nothing_multiplies_bf16_it_says_so(monkeypatch):
    monkeypatch.setattr(forward, "compiled", lambda name: SimpleNamespace(prepare_bf16=lambda: 0))
    with pytest.raises(PartError, match="this processor has no bf16 arithmetic"):
        forward.Native(random_model(), "bf16")


def test_it_runs_on_the_cpu_only():
    with pytest.raises(PartError, match="runs on the CPU, not on meta"):
        tagger.native(random_model(), torch.device("meta"), "fp32")


def test_it_tells_what_memory_it_needs(real):
    model = part.load_model("part-full", device="cpu").model
    weights = sum(parameter.nbytes for parameter in model.parameters())
    idle, short, long = (forward.Native(model) for _ in range(3))
    short(*(t[:1] for t in real))
    long(*(t[:64] for t in real))
    assert weights < idle.scratch < short.scratch < long.scratch < 3 * weights
