import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.jets import write_jets, write_model

from part.__main__ import main

ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
SMALL = {"embed": (24,), "pair_embed": (8,), "heads": 3, "layers": 2, "class_layers": 1}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("export")
    write_jets(folder / "jets.root", [20, 9])
    write_model(folder / "toy.safetensors", **SMALL)
    return folder


def test_the_command_line_counts_from_one(folder, tmp_path, capsys):
    arguments = ["export", "--model", str(folder / "toy.safetensors"), "--jets", str(folder / "jets.root")]
    arguments += ["--layer", "2", "--head", "3", "--query", "4", "--quantity", "bias", "--out", str(tmp_path)]
    assert main([*arguments, "--format", "json,csv"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert sorted(Path(line).name for line in printed if line.startswith(str(tmp_path))) == [
        "toy_entry0_matrix_L2H3_bias.csv",
        "toy_entry0_matrix_L2H3_bias.json",
        "toy_entry0_matrix_L2H3_bias_constituents.csv",
    ]
    record = json.loads((tmp_path / "toy_entry0_matrix_L2H3_bias.json").read_text())
    assert (record["view"]["layer"], record["view"]["head"], record["view"]["query"]) == (1, 2, 3)


@pytest.mark.slow
def test_a_figure_of_a_model_in_bfloat16_says_so_and_is_reproduced_by_its_script(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(folder)
    arguments = ["export", "--jets", "jets.root", "--format", "npz,json,py"]
    assert main([*arguments, "--model", "toy.safetensors@bf16", "--out", str(tmp_path)]) == 0
    assert main([*arguments, "--model", "toy.safetensors", "--out", str(tmp_path)]) == 0
    stem = "toy-bf16_entry0_matrix_L1H1_pattern"
    assert json.loads((tmp_path / f"{stem}.json").read_text())["model"]["name"] == "toy@bf16"
    subprocess.run(
        [sys.executable, str(tmp_path / f"{stem}.py"), str(tmp_path / "reproduced")], check=True, env=ENVIRONMENT
    )
    exported, reproduced = (np.load(place / f"{stem}.npz") for place in (tmp_path, tmp_path / "reproduced"))
    exact = np.load(tmp_path / "toy_entry0_matrix_L1H1_pattern.npz")
    assert exported.files == reproduced.files == exact.files
    assert all(exported[name].tobytes() == reproduced[name].tobytes() for name in exported.files)
    assert 0 < np.abs(exported["values"] - exact["values"]).max() < 0.1


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (["--layer", "0"], "--layer is 0; layers count from 1"),
        (["--head", "4"], "toy has 3 heads; there is no head 4"),
        (["--query", "21"], "The jet has 20 constituents; there is no constituent 21"),
        (["--format", "png,bmp"], "There is no format 'bmp'"),
        (["--width", "40"], "The width is 40 inches; expected 2.4 to 12"),
        (["--entry", "2"], "start 2 is beyond the last entry"),
        (["--jets", "nowhere.root"], "nowhere.root: No such file"),
        (["--model", "nowhere.pt"], "There is no checkpoint nowhere.pt"),
    ],
)
def test_bad_input_ends_with_one_sentence(folder, tmp_path, capsys, extra, message):
    arguments = ["export", "--model", str(folder / "toy.safetensors"), "--jets", str(folder / "jets.root")]
    assert main([*arguments, "--out", str(tmp_path / "out"), *extra]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_several_models_are_panels_of_one_figure_or_cards_of_one_page(folder, tmp_path, capsys):
    arguments = ["export", "--model", str(folder / "toy.safetensors"), "--beside", str(folder / "toy.safetensors@bf16")]
    arguments += ["--jets", str(folder / "jets.root"), "--out", str(tmp_path), "--layer", "2"]
    assert main([*arguments, "--format", "pdf"]) == 0
    assert (tmp_path / "toy_toy-bf16_entry0_matrix_L2H1_pattern.pdf").read_bytes().startswith(b"%PDF")
    assert main([*arguments, "--interactive", "--entries", "0-1"]) == 0
    page = (tmp_path / "toy_toy-bf16_2-jets_interactive.html").read_text()
    assert page.count('id="block-') == 4
    assert '"layer": 1' in page
    capsys.readouterr()
    assert main([*arguments, "--format", "npz"]) == 2
    assert "drawn as pdf, svg, png; got 'npz'" in capsys.readouterr().err
    assert main([*arguments, "--interactive"]) == 0
    assert main([*arguments, "--interactive"]) == 2
    assert "exists; use --force" in capsys.readouterr().err
    assert main([*arguments, "--interactive", "--entries", "5-1"]) == 2
    assert "'5-1' is no entry" in capsys.readouterr().err
