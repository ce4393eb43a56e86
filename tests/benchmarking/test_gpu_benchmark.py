"""The benchmark of a GPU runs to its end without one, so that on a GPU nothing fails for a missing import."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.witness
def test_a_dry_run_measures_all_that_a_quick_run_does():
    pytest.importorskip("triton")
    command = [sys.executable, "benchmarks/gpu.py", "--dry-run"]
    environment = os.environ | {"PYTHONPATH": "tests", "OMP_NUM_THREADS": "1"}
    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert "cannot run" not in result.stdout
    assert [line.split(":")[0] for line in lines[1:4]] == ["parity"] * 3
    compared = [line.split(": ")[:2] for line in lines[4:]]
    assert [title for title, _ in compared] == ["inference, batch 3, bf16"] * 2 + ["training, batch 2, bf16"] * 2
    assert [rest.split()[0] for _, rest in compared] == ["packed", "flash"] * 2
    assert all(" jets/s, weaver " in line for line in lines[4:])
