"""Int8 models in compiled code: the integers of every processor, torch's logits, and the backend that is chosen."""

import ctypes
import platform
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers.models import _CONFIGS, random_jets, randomise

import part
from part.jets import labels, make_batch
from part.jets.benchmarks import FULL
from part.models.backends.limits import unsupported_reason
from part.models.backends.native import compile as native_compile
from part.models.backends.native.forward import NativeModel
from part.models.build import build
from part.models.numerics import quantize
from part.models.numerics.int8 import SCHEMES
from part.models.numerics.quantize import prepare_qat, quantize_dynamic, quantize_static

SAMPLE = Path(__file__).parents[2] / "data_samples" / "jetclass_like.root"
pytestmark = pytest.mark.skipif(shutil.which("g++") is None, reason="there is no g++ to compile with")
rounds = pytest.mark.skipif(
    quantize.should_reduce_range(torch.device("cpu")), reason="torch does not round activations on this processor"
)
CONFIGS = {
    name: config for name, config in _CONFIGS.items() if config.model in ("ParT", "ParTNoBias", "PairAttn", "LinParT")
}
KERNELS = """
#include "int8.h"
extern "C" int64_t lanes() { return W; }
extern "C" void products(const int32_t *x, int64_t rows, int64_t words, const int32_t *w, int64_t vectors, int32_t *y) {
    request_amx();
    [[maybe_unused]] TileScope tiles;
    if (vectors == 2) int8_products<2>(x, rows, words, w, y);
    else int8_products<1>(x, rows, words, w, y);
}
extern "C" void rounded(const float *x, int64_t inputs, const float *scale, const float *shift, uint8_t *y) {
    round_row([&](int64_t i) { return load(x + i) * load(scale + i) + load(shift + i); }, inputs, y);
}
"""
PROCESSORS = {  # flags of the compiler, and what the processor then needs
    "this one": (("-march=native",), ()),
    "VNNI in 512 bits": (("-march=x86-64-v4", "-mavx512vnni"), ("avx512_vnni",)),
    "VNNI in 256 bits": (("-march=x86-64-v3", "-mavxvnni"), ("avx_vnni",)),
    "AVX-512 without VNNI": (("-march=x86-64-v4",), ("avx512f", "avx512bw", "avx512dq", "avx512vl")),
    "AVX2": (("-march=x86-64-v3",), ("avx2", "fma")),
    "the oldest one": (("-march=x86-64", "-Wno-psabi"), ()),
}


@pytest.fixture(scope="module", params=PROCESSORS)
def kernels(request, tmp_path_factory):
    flags, needed = PROCESSORS[request.param]
    path = Path("/proc/cpuinfo")
    if request.param != "this one" and platform.machine() != "x86_64":
        pytest.skip("there is one kind of this processor")
    if needed and not set(needed) <= set(path.read_text().split() if path.exists() else ()):
        pytest.skip("this processor lacks the instructions")
    folder = tmp_path_factory.mktemp("kernels")
    (folder / "kernels.cpp").write_text(KERNELS)
    common = [flag for flag in native_compile.FLAGS if not flag.startswith("-march")]
    command = [
        "g++",
        *common,
        *flags,
        f"-I{native_compile.FOLDER}",
        folder / "kernels.cpp",
        "-o",
        folder / "kernels.so",
    ]
    subprocess.run(command, check=True)
    return ctypes.CDLL(folder / "kernels.so")


def address(array: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


@pytest.mark.parametrize("inputs", [4, 16, 40, 64, 128, 192, 512])
@pytest.mark.parametrize("vectors", [1, 2])
def test_every_processor_sums_the_same_integers(kernels, inputs, vectors):
    """Extreme values included: 512 products of 255 and -128 or 127."""
    rng, lanes = np.random.default_rng(inputs), kernels.lanes()
    outputs = vectors * lanes
    weight = rng.integers(-128, 128, (outputs, inputs)).astype(np.int8)
    weight[0], weight[1] = -128, 127
    packed = np.ascontiguousarray(weight.reshape(outputs, inputs // 4, 4).transpose(1, 0, 2))
    for rows in (*range(1, 10), 15, 16, 17, 31, 32):
        x = rng.integers(0, 256, (32, inputs)).astype(np.uint8)
        x[0] = 255
        sums = np.empty((32, outputs), np.int32)
        sizes = ctypes.c_int64(rows), ctypes.c_int64(inputs // 4)
        kernels.products(address(x), *sizes, address(packed), ctypes.c_int64(vectors), address(sums))
        np.testing.assert_array_equal(sums[:rows], x[:rows].astype(int) @ weight.T.astype(int))


@pytest.mark.parametrize("inputs", [8, 16, 40])
def test_every_processor_rounds_to_the_nearest_integer(kernels, inputs):
    rng, spare = np.random.default_rng(0), 16
    x = rng.normal(0, 100, inputs + spare).astype(np.float32)
    x[:6] = [-1e30, 1e30, 0.25, 0.75, 1.25, -np.inf]  # two halves after scaling
    scale, shift = np.full(inputs + spare, 2, np.float32), np.full(inputs + spare, 3, np.float32)
    y = np.empty(inputs + spare, np.uint8)
    kernels.rounded(address(x), ctypes.c_int64(inputs), address(scale), address(shift), address(y))
    expected = np.clip(np.rint(x.astype(float) * 2 + 3), 0, 255)
    np.testing.assert_array_equal(y[:inputs], expected[:inputs])


def int8(config, scheme):
    """Return a model with rounded random weights, and the jets that it was calibrated on."""
    torch.manual_seed(0)
    model, jets = randomise(build(config)).eval(), random_jets(jets=30, particles=40, inputs=config.inputs)
    if scheme == "static":
        quantize_static(model, [jets])
    else:
        quantize_dynamic(model)
    return model, jets


@rounds
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", CONFIGS)
def test_logits_are_those_of_torch_but_for_values_between_two_integers(name, scheme):
    """Now and then float32 rounds an activation to the next integer, which moves the logits of that jet."""
    torch.manual_seed(0)
    exact = randomise(build(CONFIGS[name])).eval()
    model, jets = int8(CONFIGS[name], scheme)
    with torch.inference_mode():
        expected, in_floats, logits = model(*jets), exact(*jets), NativeModel(model)(*jets)
    gap = (logits - expected).abs()
    assert gap.median() < 2e-6
    assert gap.max() < 0.15
    assert gap.mean() < 0.1 * (in_floats - expected).abs().mean()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_logits_depend_neither_on_other_jets_nor_on_threads(scheme):
    model, (x, v, mask) = int8(_CONFIGS["ParT"], scheme)
    native, before, results = NativeModel(model), torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            results.append(native(x, v, mask))
            results.append(torch.cat([native(x[i : i + 1], v[i : i + 1], mask[i : i + 1]) for i in range(len(x))]))
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(logits, results[0]) for logits in results)


def test_the_shipped_model_gets_compiled_code_and_predicts_the_same():
    native, fused = part.load_model("part-int8", "cpu"), part.load_model("part-int8", "cpu", backend="fused")
    assert native.backend == "native"
    assert native.backend_reason == "Compiled code for this processor runs the model, without padding."
    jets = part.read_jets(SAMPLE, stop=1000)
    jets = jets[np.argsort([len(jet) for jet in jets["part_px"]], kind="stable")]
    batches = [make_batch(jets[start : start + 100], FULL) for start in range(0, len(jets), 100)]
    a, b = (torch.cat([tagger.logits(batch) for batch in batches]) for tagger in (native, fused))
    assert (a.argmax(1) == b.argmax(1)).float().mean() >= 0.995
    assert (a - b).abs().mean() < 0.02
    truth = torch.from_numpy(np.asarray(labels(jets, native.dataset)))
    reference = torch.cat([part.load_model("part-full", "cpu").logits(batch) for batch in batches])
    correct = [(logits.argmax(1) == truth).float().mean() for logits in (a, reference)]
    assert abs(correct[0] - correct[1]) <= 0.005  # of 1000 jets; docs/models.md compares 5000


def test_a_model_in_training_for_int8_stays_in_torch_and_says_why():
    model = build(_CONFIGS["ParT"])
    prepare_qat(model)
    reason = unsupported_reason(model, "native") or ""
    assert reason.endswith("this ParT: it does not run models in training for int8.")
