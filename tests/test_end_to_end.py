"""The whole way once, by the commands that a user would type: simulate, train, load, trace, export."""

import importlib.util
import json

import numpy as np
import pytest

import part
from part.__main__ import main

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("pythia8mc") is None, reason="needs pythia8mc: pip install -r requirements-simulate.txt"
)


def run(*words) -> None:
    assert main([str(word) for word in words]) == 0


@pytest.mark.slow
def test_from_nothing_to_a_figure(tmp_path):
    jets, others, runs, figures = (tmp_path / name for name in ("jets", "others", "runs", "figures"))
    run("simulate", "--classes", "QCD,Tbqq", "--jets", 24, "--seed", 5, "--out", jets)
    run("simulate", "--classes", "QCD,Tbqq", "--jets", 8, "--seed", 6, "--out", others)

    sizes = ("--epochs", 1, "--jets-per-epoch", 0, "--batch-size", 16, "--micro-batch", 8, "--calibration-jets", 24)
    run("train", "JetClass", "ParT", "full", "--train", jets, "--val", others, "--out", runs, "--name", "first", *sizes)
    model, file = runs / "first" / "first.safetensors", jets / "Tbqq_seed5.root"

    tagger = part.load_model(model)
    assert tagger.card["training"]["jets_seen"] == 48
    trace = tagger.trace(part.read_jets(file, 3, 4)).jet(0)

    view = ("--entry", 3, "--layer", 4, "--head", 6, "--order", "file", "--format", "pdf,npz,json")
    run("export", "--model", model, "--jets", file, *view, "--out", figures)
    written = {path.suffix: path for path in figures.iterdir()}
    assert written[".pdf"].read_bytes().startswith(b"%PDF")
    assert json.loads(written[".json"].read_text())["model"]["sha256"] == tagger.sha256
    with np.load(written[".npz"]) as numbers:
        matrices = [numbers[name] for name in numbers.files if numbers[name].shape == trace.pattern.shape[-2:]]
    assert any(np.allclose(matrix, trace.pattern[3, 5], atol=1e-5) for matrix in matrices)
