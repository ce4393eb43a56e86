"""A hundred damaged files of each kind, in processes of limited memory, and odd jets through some models."""

import importlib.util
import subprocess
import sys

import pytest
from helpers.references import ROOT

COLUMNS = ("equal", "refused", "changed", "exception", "memory", "died", "hung")


@pytest.mark.slow
def test_nothing_ends_in_another_error_or_without_end():
    command = [sys.executable, "benchmarks/reliability.py", "--quick"]
    environment = {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}", "OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=900)
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in done.stdout.splitlines() if "|" in line]
    counted = {row[0]: list(map(int, row[1:])) for row in rows if row[-1].isdigit()}
    files = {kind: dict(zip(COLUMNS, row, strict=True)) for kind, row in counted.items() if len(row) == len(COLUMNS)}
    jets = {model: row for model, row in counted.items() if len(row) < len(COLUMNS)}
    assert len(files) == 9, done.stderr
    assert {"part-full", "part-kin", "particlenet-full"} <= set(jets), done.stderr
    assert len(jets) == (4 if importlib.util.find_spec("triton") else 3), done.stderr
    for kind, counts in files.items():
        assert sum(counts.values()) == 100, kind
        assert not counts["exception"] + counts["memory"] + counts["died"] + counts["hung"], (kind, done.stderr)
        assert not counts["changed"] or kind not in (".pt", "npz", "parquet", "safetensors"), kind
    for model, (finite, _, not_a_number, exception) in jets.items():
        assert finite, model
        assert not not_a_number + exception, (model, done.stderr)
