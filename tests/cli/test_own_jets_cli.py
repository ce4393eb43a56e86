"""Commands on models with data configs of their own: empty selections, class names, and labels beyond the classes."""

import json

import pyarrow.parquet as pq
import pytest
import torch
from helpers.models import weaver_part
from helpers.own_models import INDEX_OF_MANY, write_own_model
from helpers.own_training import DEFINITIONS, write_config, write_own_jets
from helpers.references import shared

import part
from part.__main__ import main
from part.benchmarking.results import read
from part.jets.config.parsing import load_config

pytestmark = pytest.mark.filterwarnings("ignore:Left out, as in weaver-core")
NEVER = {"test_time_selection": "fj_pt < 0"}
QCD = {"labels": {"type": "simple", "value": ["is_b", "is_c", "QCD"]}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    jets = write_own_jets(folder / "jets.root")
    changes = {"plain": {}, "never": NEVER, "index": INDEX_OF_MANY}
    for name, changed in changes.items():
        write_own_model(folder / f"{name}.safetensors", changes=changed)
    assert jets.is_file()
    return folder


def call(command, folder, model, *more):
    models = [f"{folder / model}.safetensors"] + [f"{folder / model}.safetensors@bf16"] * (command[0] == "compare")
    option = "--model" if command[0] in ("evaluate", "study") else "--models"
    return main([*command, option, *models, "--jets", str(folder / "jets.root"), "--device", "cpu", *map(str, more)])


@pytest.mark.parametrize(
    "command",
    [("evaluate",), ("compare",), ("bench", "sweep"), ("study", "topk"), ("study", "importance")],
)
def test_a_selection_of_no_jets_is_said(folder, tmp_path, capsys, command):
    assert call(command, folder, "never", "--out", tmp_path / "out") == 2
    assert "selects none of the 40 jets" in capsys.readouterr().err


@pytest.mark.parametrize("command", [("evaluate",), ("compare",), ("study", "importance")])
def test_a_label_beyond_the_classes_is_said(folder, tmp_path, capsys, command):
    assert call(command, folder, "index", "--out", tmp_path / "out") == 2
    error = capsys.readouterr().err
    assert "expected 0 to 2 for index" in error
    if command == ("evaluate",):
        assert f"{folder / 'jets.root'}, jets from entry 0 on: entry " in error


def test_importance_draws_the_rejection_of_classes_whose_names_have_underscores(tmp_path):
    """A class of the name of the background gives the others rejections."""
    jets, model = tmp_path / "jets.root", tmp_path / "own.safetensors"
    write_own_jets(jets)
    write_own_model(model, changes=QCD | {"new_variables": DEFINITIONS | {"QCD": "is_light"}})
    words = ["study", "importance", "--model", model, "--jets", jets, "--out", tmp_path / "out", "--draws", 20]
    assert main([*map(str, words), "--format", "svg"]) == 0
    rows = json.loads((tmp_path / "out" / "summary.json").read_text())["rows"]
    assert "delta_rejection_is_b_50%" in rows[0]
    assert (tmp_path / "out" / "rejection_is_b_50%.svg").is_file()


def test_bench_reads_own_jets_by_the_models_data_config(folder, tmp_path, capsys):
    more = ("--batches", 2, "--repeats", 2, "--out", tmp_path / "b.json")
    assert call(("bench", "sweep"), folder, "plain", *more) == 0
    assert len(read(tmp_path / "b.json").rows) == 1
    models = [str(folder / f"{name}.safetensors") for name in ("plain", "index")]
    words = ["bench", "sweep", "--models", *models, "--jets", str(folder / "jets.root"), "--device", "cpu"]
    assert main([*words, "--out", str(tmp_path / "c.json")]) == 2
    assert "read files by different data configs" in capsys.readouterr().err


def test_bench_says_which_entry_is_not_selected(folder, tmp_path, capsys):
    config = part.load_model(folder / "plain.safetensors").data_config
    selected = part.read_jets(folder / "jets.root", config=config)["entry"].tolist()
    left_out = next(entry for entry in range(40) if entry not in selected)
    more = ("--out", tmp_path / "b.json", "--entries", f"{selected[0]},{left_out}")
    assert call(("bench", "sweep"), folder, "plain", *more) == 2
    assert f"the data config plain does not select entry {left_out}." in capsys.readouterr().err


@pytest.mark.witness
@pytest.mark.filterwarnings("ignore::part.jets.notices.JetWarning")
def test_bench_takes_the_files_of_a_training(tmp_path):
    training, out = shared("cases/weaver/flavour"), tmp_path / "profile.json"
    words = ["bench", "profile", "--models", training / "net_best_epoch_state.pt", "--jets", training / "jets.root"]
    files = ["--config", training / "data.auto.yaml", "--network", training / "network.py"]
    assert main([*map(str, [*words, *files]), "--device", "cpu", "--passes", "1", "--out", str(out)]) == 0
    (profile,) = read(out).rows
    assert profile["model"] == str(training / "net_best_epoch_state.pt")


@pytest.mark.witness
@pytest.mark.filterwarnings("ignore::part.errors.AssumptionWarning")
def test_a_standardisation_that_predict_computes_is_written_down(tmp_path):
    """With the file that it writes the same jets give the same predictions, and nothing is computed."""
    torch.save(weaver_part("0.5.3", inputs=7, classes=3).state_dict(), tmp_path / "net.pt")
    paths = [write_own_jets(tmp_path / f"{seed}.root", seed=seed) for seed in (1, 2)]
    configs = {"first": write_config(tmp_path / "data.yaml", "auto"), "second": tmp_path / "first.auto.yaml"}
    for out, config in configs.items():
        words = ["predict", "--model", tmp_path / "net.pt", "--config", config, "--jets", *paths]
        assert main([*map(str, words), "--device", "cpu", "--out", str(tmp_path / f"{out}.parquet")]) == 0
    assert load_config(tmp_path / "first.auto.yaml").is_standardised
    assert not (tmp_path / "second.auto.yaml").exists()
    first, second = (pq.read_table(tmp_path / f"{name}.parquet") for name in ("first", "second"))
    assert first.equals(second)


def test_predict_marks_jets_outside_the_training(tmp_path, capsys):
    jets, out = shared("real_jets/jetclass2_50.parquet"), tmp_path / "scores.parquet"
    assert main(["predict", "--model", "part-kin", "--jets", str(jets), "--out", str(out), "--device", "cpu"]) == 0
    outside = pq.read_table(out)["outside_training"].to_pylist()
    assert 20 < sum(outside) < 50
    said = f"{sum(outside)} of 50 jets are unlike those of the training (column outside_training); the first: pT "
    assert said in capsys.readouterr().out
