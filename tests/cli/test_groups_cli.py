"""Groups of classes on the command line: evaluate, compare and predict."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from helpers.jets import write_jets, write_model

import part
from part.__main__ import main

SMALL = {"embed": (24,), "pair_embed": (8,), "heads": 3, "layers": 1, "class_layers": 1}
MERGED = np.array([0, 1, 1, 1, 1, 1, 2, 2, 3, 3])  # QCD, the five H, the two V, the two T


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("groups")
    write_jets(folder / "0.root", [8, 12, 20, 5, 9, 11, 7, 6, 15, 10] * 9)
    for seed, name in enumerate(("alpha", "beta")):
        write_model(folder / f"{name}.safetensors", seed, **SMALL)
    return folder


@pytest.fixture(scope="module")
def scores(folder):
    return part.load_model(folder / "alpha.safetensors").predict(part.read_jets(folder / "0.root"))


def words(folder, command: str, *more: object) -> list[str]:
    return [command, "--model", f"{folder}/alpha.safetensors", "--jets", f"{folder}/0.root", *map(str, more)]


def test_groups_are_classes_of_the_result(folder, scores, tmp_path, capsys):
    more = ["--group", "H=Hbb,Hcc,Hgg,H4q,Hqql", "--group", "T*", "--background", "V=Zqq,Wqq", "--replicas", 20]
    assert main(words(folder, "evaluate", "--out", tmp_path / "a.json", *more)) == 0
    content = json.loads((tmp_path / "a.json").read_text())
    assert list(content["classes"]) == ["QCD", "H", "V", "T*"]
    assert content["classes"]["H"]["jets"] == 5 * 9
    assert content["groups"] == ["H=Hbb,Hcc,Hgg,H4q,Hqql", "T*"]
    assert content["background"] == "V=Zqq,Wqq"
    rejections = {name for name in content if name.startswith("rejection")}
    assert rejections == {f"rejection_{name}_50%" for name in ("QCD", "H", "T*")}
    sums = np.stack([scores[:, group == MERGED].sum(1) for group in range(4)], 1)
    right = sums.argmax(1) == MERGED[np.arange(90) % 10]
    assert content["accuracy"] == pytest.approx(right.mean(), abs=1e-5)
    low, high = content["intervals"]["accuracy"]
    assert low <= content["accuracy"] <= high
    assert "groups" not in capsys.readouterr().out


def test_groups_that_share_a_class_end_in_one_sentence(folder, capsys):
    assert main(words(folder, "evaluate", "--group", "H*", "--group", "bb=Hbb,QCD")) == 2
    assert "share the class Hbb" in capsys.readouterr().err


def test_groups_are_compared_as_classes(folder, scores, tmp_path):
    models = ["--models", *(f"{folder}/{name}.safetensors" for name in ("alpha", "beta"))]
    more = ["--group", "H=Hbb,Hcc,Hgg,H4q,Hqql", "--background", "T*", "--replicas", "20", "--attention-jets", "5"]
    assert main(["compare", *models, "--jets", f"{folder}/0.root", "--out", str(tmp_path), *more]) == 0
    content = json.loads((tmp_path / "summary.json").read_text())
    assert content["classes"] == ["QCD", "H", "Zqq", "Wqq", "T*"]
    confusion = np.array(content["confusion"]["alpha"])
    assert confusion.sum(1).tolist() == [9, 45, 9, 9, 18]
    assert set(content["roc"]["beta"]) == {"efficiency", "QCD", "H", "Zqq", "Wqq"}
    assert content["groups"] == ["H=Hbb,Hcc,Hgg,H4q,Hqql"]
    table = pq.read_table(tmp_path / "per_jet.parquet").to_pydict()
    np.testing.assert_allclose(table["score_alpha_H"], scores[:, 1:6].sum(1), rtol=1e-5)
    np.testing.assert_allclose(table["score_alpha_T*"], scores[:, 8:].sum(1), rtol=1e-5)
    assert set(table["label"]) == set(range(5))


def test_predict_adds_the_scores_of_groups(folder, scores, tmp_path):
    assert main(words(folder, "predict", "--group", "H=Hbb,Hcc", "--out", tmp_path / "scores.parquet")) == 0
    table = pq.read_table(tmp_path / "scores.parquet").to_pydict()
    np.testing.assert_allclose(table["score_H"], scores[:, 1:3].sum(1), rtol=1e-6)


def test_a_study_explains_a_group(folder, tmp_path):
    more = ["--start", 1, "--stop", 2, "--class", "H=Hbb,Hcc", "--against", "T*", "--permutations", 2]
    study = ["study", "attribution_jet", *words(folder, "study", "--out", tmp_path / "out", *more)[1:]]
    assert main([*study, "--format", "svg"]) == 0
    rows = (tmp_path / "out" / "table.csv").read_text().splitlines()
    assert len(rows) == 1 + 12
    assert main([*study, "--force", "--class", "W_*"]) == 2
