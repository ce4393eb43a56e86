"""`python -m part quantize` writes checkpoints that run like any other; bad requests are refused in one sentence."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.jets import COUNTS, write_jets, write_model

import part
from part.__main__ import main

SMALL = {"embed": (16, 32), "pair_embed": (8,), "heads": 4, "layers": 2, "class_layers": 1}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quantize")
    write_model(folder / "net.safetensors", **SMALL)
    write_model(folder / "kin.safetensors", features="kin", **SMALL)
    write_jets(folder / "jets.root", COUNTS)
    write_jets(folder / "bare.root", [20, 10, 15], momenta_only=True)
    return folder


def command(folder, method, *options, model="net", out="new"):
    files = ["--model", str(folder / f"{model}.safetensors"), "--out", str(folder / f"{out}.safetensors")]
    return main(["quantize", *files, "--method", method, *options])


@pytest.mark.filterwarnings("ignore:.*more than 128 constituents")
@pytest.mark.parametrize("method", ["dynamic", "static", "qat"])
def test_an_int8_model_runs_like_any_other(folder, method, capsys):
    options = ["--calibration", str(folder / "jets.root"), "--jets", "10", "--steps", "2"]
    assert command(folder, method, *options, out=method) == 0
    assert "% of its size in floating point" in capsys.readouterr().out
    original = part.load_model(folder / "net.safetensors", device="cpu")
    tagger = part.load_model(folder / f"{method}.safetensors", device="cpu")
    assert tagger.n_parameters == original.n_parameters
    card = tagger.card
    assert card["quantized_from"]["sha256"] == original.sha256
    assert card["quantization"]["method"] == method
    assert card["quantization"].get("jets") == {"dynamic": None, "static": 10, "qat": 10}[method]
    jets = part.read_jets(folder / "jets.root")
    np.testing.assert_allclose(tagger.predict(jets), original.predict(jets), atol=0.1)  # attention is sharp
    # Torch, which traces, and compiled code now and then round an activation to different integers.
    np.testing.assert_allclose(tagger.trace(jets).probabilities, tagger.predict(jets), atol=0.02)


def test_static_calibration_needs_no_labels(folder):
    assert command(folder, "static", "--calibration", str(folder / "bare.root"), model="kin", out="unlabelled") == 0


@pytest.mark.parametrize(
    ("method", "options", "sentence"),
    [
        ("static", [], "--method static needs jets; give some with --calibration"),
        ("qat", [], "--method qat needs jets; give some with --calibration"),
        ("qat", ["--calibration", "bare.root"], "bare.root has no labels"),
        ("static", ["--calibration", "jets.root", "--jets", "0"], "--jets is 0; it must be 1 or more"),
        ("static", ["--calibration", "no.root"], "No jets at"),
    ],
)
def test_bad_requests_are_refused_and_leave_no_file(folder, method, options, sentence, capsys):
    options = [str(folder / word) if word.endswith(".root") else word for word in options]
    assert command(folder, method, *options, model="kin", out="never") == 2
    assert sentence in capsys.readouterr().err
    assert not list(folder.glob("*never*"))


def test_existing_files_other_suffixes_and_unknown_methods_are_refused(folder, capsys):
    assert command(folder, "dynamic", out="net") == 2
    assert "exists; give another name" in capsys.readouterr().err
    files = ["--model", str(folder / "net.safetensors"), "--out", str(folder / "new.pt")]
    assert main(["quantize", *files, "--method", "dynamic"]) == 2
    assert "should end in .safetensors" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        command(folder, "int4")
    assert "invalid choice: 'int4'" in capsys.readouterr().err


def test_an_int8_model_is_not_quantized_again(folder, capsys):
    assert command(folder, "dynamic", out="once") == 0
    assert command(folder, "dynamic", model="once", out="twice") == 2
    assert "This ParT is int8 already" in capsys.readouterr().err
    assert not list(folder.glob("*twice*"))


@pytest.mark.slow
def test_only_int8_models_import_torchao_which_prints_nothing(folder):
    script = f"""
import sys, part
part.load_model({str(folder / "net.safetensors")!r}, device="cpu")
assert "torchao" not in sys.modules
from part.models.numerics.quantize import quantize_dynamic
assert "torchao" in sys.modules
"""
    root = Path(__file__).parents[2]
    process = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, timeout=300)
    assert (process.returncode, process.stdout, process.stderr) == (0, "", "")
