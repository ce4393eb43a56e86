"""python -m part compare --heads: the matches are those of the library, here and on workers."""

import csv
import json

import pytest
from helpers.jets import write_jets, write_model

import part
from part.__main__ import main
from part.comparison.match_heads import match_heads_in_files
from part.jets.datasets import JETCLASS
from part.jets.streaming import entry_ranges, proportional_subset
from part.models.build import build
from part.models.checkpoints.checkpoint import save_checkpoint
from part.models.pfn import PFNConfig

SMALL = {"embed": (24,), "pair_embed": (8,), "heads": 3, "layers": 2, "class_layers": 1}
NAMES = ("alpha", "deep", "pfn")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("heads")
    write_jets(folder / "a.root", [8, 12, 20, 5, 9] * 6)
    write_jets(folder / "b.root", [14, 3, 22] * 5, seed=1)
    write_model(folder / "alpha.safetensors", 0, **SMALL)
    write_model(folder / "deep.safetensors", 1, **SMALL | {"layers": 3})
    features = part.load_model(folder / "alpha.safetensors").features
    save_checkpoint(folder / "pfn.safetensors", build(PFNConfig()), features, JETCLASS, {})
    return folder


def words(folder, out, *more: str) -> list[str]:
    models = [str(folder / f"{name}.safetensors") for name in NAMES]
    jets = [str(folder / f"{name}.root") for name in "ab"]
    given = ("compare", "--models", *models, "--jets", *jets, "--out", str(folder / out), "--replicas", "0")
    return [*given, "--attention-jets", "20", "--heads", *more]


def table(out) -> list[dict[str, str]]:
    return list(csv.DictReader((out / "heads.csv").read_text().splitlines()))


def test_heads_are_matched_on_the_jets_that_attention_is_compared_on(folder, capsys):
    assert main(words(folder, "out")) == 0
    content = json.loads((folder / "out" / "summary.json").read_text())
    models = {name: part.load_model(folder / f"{name}.safetensors") for name in NAMES}
    ranges = proportional_subset(entry_ranges([str(folder / f"{name}.root") for name in "ab"]), 20)
    matches = match_heads_in_files(models, ranges)
    assert content["heads"] == matches.summary()
    assert [row["second"] for row in content["heads"]] == ["deep", "pfn"]
    assert content["heads"][0]["jets"] == 20
    rows = table(folder / "out")
    assert [int(row["match_head"]) for row in rows] == [row["match_head"] for row in matches.rows()]
    assert matches.text() in capsys.readouterr().out


@pytest.mark.slow
def test_workers_match_the_same_heads(folder):
    assert main(words(folder, "here")) == 0
    assert main(words(folder, "workers", "--workers", "2")) == 0
    here, there = table(folder / "here"), table(folder / "workers")
    assert [row["match_head"] for row in here] == [row["match_head"] for row in there]
    for name in ("similarity", "half_width", "shuffled_error"):
        assert [float(row[name]) for row in here] == pytest.approx([float(row[name]) for row in there], abs=1e-5)


def test_heads_need_several_models(folder, capsys):
    jets = str(folder / "a.root")
    one = ["compare", "--models", str(folder / "alpha.safetensors"), "--jets", jets, "--other-jets", jets]
    assert main([*one, "--out", str(folder / "two"), "--heads"]) == 2
    assert "--heads matches the heads of several models; expected it without --other-jets." in capsys.readouterr().err
