"""python -m part study: the numbers of the library in files, and figures."""

import csv
import json

import numpy as np
import pytest
from helpers.jet_samples import write_tree
from helpers.jets import write_jets, write_model
from helpers.truth import with_partons

import part
from part.__main__ import main
from part.analysis.intervention.topk import TopKStudy
from part.analysis.physics.study import PhysicsStudy
from part.analysis.study import study_jets
from part.analysis.truth.study import TruthStudy

COUNTS = [5, 9, 3, 12, 4, 8, 6]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    write_jets(folder / "jets.root", COUNTS)
    write_jets(folder / "bare.root", COUNTS, momenta_only=True)
    write_model(folder / "alpha.safetensors", embed=(16,), pair_embed=(8,), heads=2, layers=2, class_layers=1)
    return folder


def study(folder, out, *more: str, jets: str = "jets.root", kind: str = "topk") -> int:
    model = str(folder / "alpha.safetensors")
    return main(["study", kind, "--model", model, "--jets", str(folder / jets), "--out", str(out), *more])


def test_the_files_hold_the_numbers_of_the_library(folder, tmp_path, capsys):
    assert study(folder, tmp_path / "out", "--k", "1", "4", "--draws", "50") == 0
    expected = study_jets(
        TopKStudy((1, 4), 50), part.load_model(folder / "alpha.safetensors"), part.read_jets(folder / "jets.root")
    )
    content = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert content["rows"] == expected.rows()
    assert content["study"] == "TopKStudy(ks=(1, 4), draws=50, seed=0)"
    assert content["model"] == "alpha"
    assert content["files"][0]["stop"] == len(COUNTS)
    with (tmp_path / "out" / "table.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["divergence"]) for row in rows] == expected.divergence.value.tolist()
    arrays = np.load(tmp_path / "out" / "arrays.npz")
    np.testing.assert_array_equal(arrays["same_class"], expected.same_class.value)
    assert (tmp_path / "out" / "accuracy.pdf").read_bytes().startswith(b"%PDF")
    table = capsys.readouterr().out.splitlines()
    assert table[0].split()[:2] == ["k", "jets"]
    assert len(table) == 3


def test_shares_of_prongs_need_jets_that_say_them(folder, tmp_path, capsys):
    assert study(folder, tmp_path, kind="truth") == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert "None of 7 jets can be compared with the truth" in error
    assert "parton_*" in error


def test_shares_of_prongs_and_correlations_are_those_of_the_library(folder, tmp_path):
    jets = with_partons(part.read_jets(folder / "jets.root"))
    write_tree(folder / "partons.root", {name: jets[name] for name in jets.fields})
    options = ("--methods", "rollout", "--pt-edges", "0", "200", "inf")
    model, edges = part.load_model(folder / "alpha.safetensors"), (0, 200, float("inf"))
    expected = {
        "truth": study_jets(TruthStudy(("rollout",), match="kt", pt_edges=edges), model, jets),
        "physics": study_jets(PhysicsStudy(("rollout",), draws=20, pt_edges=edges), model, jets),
    }
    for kind, more in (("truth", ("--match", "kt")), ("physics", ("--draws", "20"))):
        out = tmp_path / kind
        assert study(folder, out, *options, *more, "--format", "png", jets="partons.root", kind=kind) == 0
        content = json.loads((out / "summary.json").read_text())["rows"]
        rows = expected[kind].rows()
        assert [row["source"] for row in content] == [row["source"] for row in rows]
        name = {"truth": "share", "physics": "rho"}[kind]
        np.testing.assert_allclose([row[name] for row in content], [row[name] for row in rows], rtol=1e-3, atol=1e-4)
    assert (tmp_path / "truth" / "leading_prong_excess.png").exists()
    assert (tmp_path / "physics" / "received_kT.png").exists()


def test_what_is_left_out_unasked_is_said(folder, tmp_path, capsys):
    for more, is_said in (((), True), (("--methods", "rollout"), False)):
        out = tmp_path / str(is_said)
        assert study(folder, out, "--stop", "2", "--draws", "2", "--format", "png", *more, kind="physics") == 0
        assert ("Shapley values are left out unless --methods names them" in capsys.readouterr().out) == is_said


@pytest.mark.slow
def test_a_range_of_jets_can_be_chosen(folder, tmp_path):
    assert study(folder, tmp_path, "--start", "2", "--stop", "5", "--k", "1") == 0
    content = json.loads((tmp_path / "summary.json").read_text())
    assert content["rows"][0]["jets"] == 3


@pytest.mark.slow
def test_files_are_overwritten_only_on_request(folder, tmp_path, capsys):
    (tmp_path / "table.csv").write_text("mine")
    assert study(folder, tmp_path, "--k", "1") == 2
    assert "use --force" in capsys.readouterr().err
    assert (tmp_path / "table.csv").read_text() == "mine"
    assert study(folder, tmp_path, "--k", "1", "--force") == 0


def test_bad_input_ends_with_one_sentence(folder, tmp_path, capsys):
    assert study(folder, tmp_path, jets="bare.root") == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert "bare.root" in error
    assert "part_charge" in error
    assert not list(tmp_path.iterdir())


def test_long_tables_are_printed_in_part(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("part.cli.study.PRINTED", 2)
    assert study(folder, tmp_path, "--k", "1", "2", "3", "4", "5") == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[-1] == f"3 more rows are in {tmp_path / 'table.csv'}."
    assert len(printed) == 4
    assert len(list(csv.DictReader((tmp_path / "table.csv").read_text().splitlines()))) == 5
