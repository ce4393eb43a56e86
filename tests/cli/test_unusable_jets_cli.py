"""Commands take the jets that can be used, say how many cannot and why, and with --strict stop at the first."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from helpers.jet_samples import columns, with_value, write_tree
from helpers.jets import write_model

from part.__main__ import main

SMALL = {"embed": (32,), "pair_embed": (16,), "heads": 2, "layers": 1, "class_layers": 1}
N = 30
LEFT = [i for i in range(N) if i not in (4, 9)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("unusable")
    write_model(folder / "toy.safetensors", **SMALL)
    table = columns(N)
    spoiled = {"part_px": with_value(table["part_px"], np.nan, 4), "part_deta": with_value(table["part_deta"], 3e38, 9)}
    write_tree(folder / "jets.root", table | spoiled)
    write_tree(folder / "kept.root", {name: column[LEFT] for name, column in table.items()})
    write_tree(folder / "none.root", table | {"part_px": table["part_px"] * np.float32(np.nan)})
    return folder


def run(folder, command: str, jets: str, out, *more) -> int:
    models = ["--models", "toy", "toy@bf16"] if command == "compare" else ["--model", "toy"]
    models = [str(folder / f"{word.replace('toy', 'toy.safetensors')}") if "toy" in word else word for word in models]
    return main([*command.split(), *models, "--jets", str(folder / jets), "--out", str(out), *more])


def said(error: str, folder) -> None:
    assert "Left out: 2 jets that cannot be used; the first: " in error
    assert f"{folder / 'jets.root'}: branch part_px, entry 4, constituent 1: nan" in error


def test_predict(folder, tmp_path, capsys):
    outputs = {name: tmp_path / f"{name}.parquet" for name in ("jets", "kept")}
    for name, out in outputs.items():
        assert run(folder, "predict", f"{name}.root", out) == 0
        if name == "jets":
            output = capsys.readouterr()
            said(output.err, folder)
            assert f"Wrote 28 jets of {N}, those that can be used," in output.out
    jets, kept = (pq.read_table(out) for out in outputs.values())
    assert jets["entry"].to_pylist() == LEFT
    scores = [name for name in jets.column_names if name.startswith("score_")]
    for name in scores:
        assert np.isfinite(jets[name].to_numpy()).all()
        np.testing.assert_allclose(jets[name], kept[name], atol=1e-6)


def test_evaluate_counts_them_in_its_json(folder, tmp_path, capsys):
    results = []
    for name in ("jets", "kept"):
        out = tmp_path / f"{name}.json"
        assert run(folder, "evaluate", f"{name}.root", out, "--replicas", "0") == 0
        results.append(json.loads(out.read_text()))
    said(capsys.readouterr().err, folder)
    first, second = results
    assert (first["jets"], first.pop("jets_unusable")) == (28, 2)
    (notice,) = first.pop("notices")
    assert notice.startswith("Left out: 2 jets")
    assert first == second


def test_compare(folder, tmp_path, capsys):
    out = tmp_path / "out"
    assert run(folder, "compare", "jets.root", out, "--replicas", "0", "--attention-jets", "8") == 0
    said(capsys.readouterr().err, folder)
    summary = json.loads((out / "summary.json").read_text())
    assert summary["notices"][0].startswith("Left out: 2 jets")
    assert pq.read_table(out / "per_jet.parquet")["entry"].to_pylist() == LEFT
    assert {row["entry"] for row in summary["most_different"]} <= set(LEFT)


def test_study(folder, tmp_path, capsys):
    assert run(folder, "study sparsity", "jets.root", tmp_path / "out") == 0
    said(capsys.readouterr().err, folder)
    (path,) = (tmp_path / "out").glob("*.json")
    assert "Left out: 2 jets" in path.read_text()


def test_columns_of_the_file_belong_to_the_jets(folder, tmp_path):
    out = tmp_path / "p.parquet"
    assert run(folder, "predict", "jets.root", out, "--columns", "jet_sdmass") == 0
    table = columns(N)
    np.testing.assert_array_equal(pq.read_table(out)["jet_sdmass"].to_numpy(), table["jet_sdmass"][LEFT])


@pytest.mark.parametrize("command", ["predict", "evaluate", "compare", "study sparsity"])
def test_strict(folder, tmp_path, capsys, command):
    out = tmp_path / "p.parquet" if command == "predict" else tmp_path / "out"
    assert run(folder, command, "jets.root", out, "--strict") == 2
    error = capsys.readouterr().err
    assert "branch part_px, entry 4, constituent 1: nan; expected a finite number" in error
    assert "Left out" not in error


@pytest.mark.parametrize("command", ["predict", "evaluate", "compare", "study sparsity"])
def test_none_can_be_used(folder, tmp_path, capsys, command):
    out = tmp_path / "p.parquet" if command == "predict" else tmp_path / "out"
    assert run(folder, command, "none.root", out) == 2
    sentence = capsys.readouterr().err.splitlines()[-1]
    assert f"None of the 30 jets can be used (the first: {folder / 'none.root'}: branch part_px, entry 0" in sentence
