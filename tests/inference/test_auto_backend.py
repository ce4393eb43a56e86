"""The backend that a model gets without asking: the fastest one that gives its logits here, and the sentence why."""

import os
import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from helpers.jets import COUNTS, write_jets, write_model

import part
from part.inference import engines
from part.models.attention import BACKENDS
from part.models.backends.native import compile as native_compile

needs_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="there is no g++ to compile with")
TOY = {"embed": (32,), "heads": 2, "layers": 2, "class_layers": 1, "pair_embed": (8,)}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("auto")
    return write_model(folder / "toy.safetensors", **TOY), write_jets(
        folder / "jets.root", [n for n in COUNTS if n < 129]
    )


@pytest.fixture
def empty_cache(monkeypatch, tmp_path) -> Path:
    """Return the folder of compiled code of a user who has none yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    native_compile.load_library.cache_clear()
    yield tmp_path / "partscope"
    native_compile.load_library.cache_clear()


@needs_compiler
def test_a_model_gets_compiled_code_and_says_so(files):
    auto, fused = part.load_model(files[0], "cpu"), part.load_model(files[0], "cpu", backend="fused")
    assert auto.backend == "native"
    assert auto.backend_reason == "Compiled code for this processor runs the model, without padding."
    assert (fused.backend, fused.backend_reason) == ("fused", "The caller, or the model's card, asked for it.")
    jets = part.read_jets(files[1])
    np.testing.assert_allclose(auto.predict(jets), fused.predict(jets), atol=1e-5)
    assert auto.run_by_modules().backend == "fused"
    assert fused.run_by_modules() is fused


def test_a_model_that_compiled_code_cannot_run_says_what_it_lacks():
    tagger = part.load_model("pfn-full", "cpu")
    assert tagger.backend == "fused"
    assert tagger.backend_reason.startswith("Torch runs the model. The native backend cannot run this PFN: it has no")


def test_a_card_may_ask_for_a_backend(files):
    assert part.load_model("part-flash", "cpu").backend == "flash"
    assert part.load_model("part-flash", "cpu", backend="explicit").backend == "explicit"


def test_auto_is_never_the_answer(files):
    assert "auto" in BACKENDS
    model = part.load_model(files[0], "cpu").model
    for device in ("cpu", "cuda", "meta"):
        for precision in ("fp32", "bf16"):
            backend, reason = engines.choose_backend(model, "auto", torch.device(device), precision)
            assert backend in set(BACKENDS) - {"auto"}
            assert reason.endswith(".")


def test_a_processor_without_bf16_leaves_bf16_to_torch(files, monkeypatch):
    monkeypatch.setattr(engines, "cpu_supports_bf16", lambda: False)
    tagger = part.load_model(f"{files[0]}@bf16", "cpu")
    assert tagger.backend == "fused"
    assert tagger.backend_reason.endswith("this processor has no bf16 arithmetic.")
    assert part.load_model(files[0], "cpu").backend == ("fused" if shutil.which("g++") is None else "native")


def test_a_gpu_needs_triton_and_a_compiler(files, monkeypatch):
    model, cuda = part.load_model("part-full", "cpu").model, torch.device("cuda")
    monkeypatch.setattr(engines.importlib.util, "find_spec", lambda name: None)
    backend, reason = engines.choose_backend(model, "auto", cuda, "bf16")
    assert (backend, "need Triton" in reason) == ("fused", True)
    monkeypatch.setattr(engines.importlib.util, "find_spec", lambda name: SimpleNamespace())
    monkeypatch.setattr(engines.shutil, "which", lambda name: "/usr/bin/gcc")
    assert engines.choose_backend(model, "auto", cuda, "bf16")[0] == "packed"


def test_without_a_compiler_nothing_is_lost_but_speed(files, empty_cache, monkeypatch):
    monkeypatch.setattr(native_compile.shutil, "which", lambda name: None)
    tagger = part.load_model(files[0], "cpu")
    assert tagger.backend == "fused"
    assert native_compile.NO_COMPILER in tagger.backend_reason
    assert native_compile.ready_libraries() == ()
    assert not empty_cache.exists()
    assert tagger.predict(part.read_jets(files[1])).shape[1] == 10


@needs_compiler
@pytest.mark.slow
def test_the_first_model_of_a_machine_waits_for_nothing(files, empty_cache):
    """Another process compiles meanwhile, once, and the next model that is loaded has its code."""
    with pytest.warns(UserWarning, match="toy: Torch runs the model.* is being compiled, once, in the background"):
        first = part.load_model(files[0], "cpu")
    assert first.backend == "fused"
    (lock,) = empty_cache.glob("*.lock")
    with pytest.warns(UserWarning, match="being compiled"):
        part.load_model(files[0], "cpu")  # starts no second one
    assert list(empty_cache.glob("*.lock")) == [lock]
    while lock.exists():
        time.sleep(0.2)
    assert native_compile.ready_libraries() == ("forward",)
    second = part.load_model(files[0], "cpu")
    assert second.backend == "native"
    jets = part.read_jets(files[1])
    np.testing.assert_allclose(first.predict(jets), second.predict(jets), atol=1e-5)


@needs_compiler
def test_an_interrupted_compilation_is_taken_up_again(empty_cache, monkeypatch):
    started = []
    monkeypatch.setattr(native_compile.subprocess, "Popen", lambda command, **_: started.append(command[-1]))
    assert native_compile.missing_reason("forward") == native_compile.COMPILING
    assert native_compile.missing_reason("forward") == native_compile.COMPILING
    assert started == ["forward"]
    (lock,) = empty_cache.glob("*.lock")
    long_ago = time.time() - native_compile.STALE - 1
    os.utime(lock, (long_ago, long_ago))
    native_compile.missing_reason("forward")
    assert started == ["forward", "forward"]


@needs_compiler
def test_a_cache_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert "cannot be kept in" in native_compile.missing_reason("forward")


@needs_compiler
def test_changed_weights_and_hooks_are_followed(files):
    tagger, jets = part.load_model(files[0], "cpu"), part.read_jets(files[1])
    before = tagger.predict(jets)
    with torch.no_grad():
        tagger.model.head.bias[0] += 5
    changed = tagger.predict(jets)
    assert (changed[:, 0] > before[:, 0]).all()
    np.testing.assert_allclose(changed, tagger.run_by_modules().predict(jets), atol=1e-5)
    handle = tagger.model.head.register_forward_hook(lambda module, args, output: torch.zeros_like(output))
    np.testing.assert_allclose(tagger.predict(jets), 0.1, atol=1e-6)  # ten classes, all logits 0
    handle.remove()
    np.testing.assert_array_equal(tagger.predict(jets), changed)
    tagger.model.head = torch.nn.Linear(32, 10)
    torch.nn.init.zeros_(tagger.model.head.weight)
    torch.nn.init.zeros_(tagger.model.head.bias)
    np.testing.assert_allclose(tagger.predict(jets), 0.1, atol=1e-6)
    tagger.model.head.bias = torch.nn.Parameter(torch.tensor([50.0] + [0.0] * 9))
    np.testing.assert_allclose(tagger.predict(jets)[:, 0], 1, atol=1e-6)
