"""The packed kernels compile for an H100 or H200, which needs no GPU. Triton's interpreter would not check types."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

pytest.importorskip("triton", reason="triton is not installed: pip install -r requirements-test.txt")

# Every launch of the model's forward and backward pass is compiled instead of run. Contraction shows as fma.rn.f32; the
# fused operations inside the logarithm and the error function are fma.rn.ftz.f32.
SCRIPT = """
import json
import torch
from triton.backends.compiler import GPUTarget
from triton.runtime import driver
from triton.runtime.jit import JITFunction

class Hopper:
    def get_current_target(self): return GPUTarget("cuda", 90, 32)
    def get_current_device(self): return 0
    def get_current_stream(self, device): return 0

launches = []

def compile_only(kernel, grid):
    def launch(*args, **options):
        asm = kernel.run(*args, grid=grid, warmup=True, **options).asm
        launches.append((kernel.__name__, len(asm["cubin"]), "mma" in asm["ptx"], "fma.rn.f32" in asm["ptx"]))
    return launch

driver.set_active(Hopper())
JITFunction.__getitem__ = compile_only

from part.models.backends import packed
from part.models.build import build
from part.models.config import ParTConfig
from helpers.models import random_jets

model = build(ParTConfig(layers=1, class_layers=1, dropout=0.0))
for half in (False, True):
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        packed.logits(model.train(), *random_jets(3, 100)).float().sum().backward()
        with torch.no_grad():
            packed.logits(model.eval(), *random_jets(3, 100))
print(json.dumps(launches))
"""


@pytest.fixture(scope="module")
def compiled() -> list[tuple[str, int, bool, bool]]:
    """Return each launch's kernel name, code size, whether it uses tensor cores, and whether anything is contracted.

    In fp32, then in bf16: forward, class forward, class backward, backward; bias, forward, class forward. Each but the
    bias is launched three times, for jets of 1, 50 and 100 particles.
    """
    tests = Path(__file__).parents[1]
    env = {key: value for key, value in os.environ.items() if key != "TRITON_INTERPRET"}
    env["PYTHONPATH"] = os.pathsep.join((str(tests), str(tests.parent)))
    run = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, env=env)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_all_launches_compile_and_use_tensor_cores_in_bf16(compiled):
    half = len(compiled) // 2
    names = ["_forward_kernel"] * 6 + ["_backward_kernel"] * 6 + ["_pair_bias_kernel"] + ["_forward_kernel"] * 6
    assert [name for name, *_ in compiled] == 2 * names
    assert all(size > 0 for _, size, *_ in compiled)
    assert [multiply for _, _, multiply, _ in compiled] == [False] * half + [True] * half


def test_pair_features_are_not_contracted(compiled):
    (bias,) = (row for row in compiled[len(compiled) // 2 :] if row[0] == "_pair_bias_kernel")
    assert not bias[3]
    assert all(row[3] for row in compiled if row[0] == "_backward_kernel")  # where it is allowed
