"""Trainings with weaver-core, from its own training to our predictions, beside what its own `--predict` writes."""

import json
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest
import uproot
from helpers.own_training import CLASSES, write_config, write_network, write_own_jets
from helpers.references import saved_tolerance, shared
from helpers.weaver_run import run_weaver

import part
from part.__main__ import main

KINDS = ("plain", "vertices", "auto")
TRAININGS = ("flavour", "two_streams", "lepton_collider", "edge_conv_streams", "many_classes")


@pytest.fixture(scope="module", params=KINDS)
def trained(request, tmp_path_factory):
    """Return a folder in which weaver-core trained an epoch, and its predictions for other jets."""
    folder = tmp_path_factory.mktemp(request.param)
    write_own_jets(folder / "train.root", 200, seed=1)
    write_own_jets(folder / "test.root", 120, seed=2)
    config = write_config(folder / "data.yaml", request.param)
    network = write_network(folder / "network.py", request.param)
    own = ("--data-config", config, "--network-config", network, "--model-prefix", "net", "--batch-size", 32)
    train = ("--data-train", "train.root", "--num-epochs", 1, "--fetch-step", 1.0, "--train-val-split", 0.8)
    run_weaver(folder, *own, *train)
    weights = folder / "net_best_epoch_state.pt"
    assert weights.exists()
    own = (*own[:4], "--model-prefix", weights, "--batch-size", 32)
    run_weaver(folder, *own, "--predict", "--data-test", "test.root", "--predict-output", "scores.root")
    scores = next(folder.rglob("scores.root"))
    with uproot.open(f"{scores}:Events") as tree:
        return folder, tree.arrays(library="np")


@pytest.mark.slow
@pytest.mark.witness
@pytest.mark.filterwarnings("ignore::part.jets.notices.JetWarning")
class TestOneEpochOfWeaver:
    def test_predict_writes_weavers_probabilities(self, trained):
        folder, weaver = trained
        out = folder / "ours.parquet"
        words = ["--model", folder / "net_best_epoch_state.pt", "--config", folder / "data.yaml"]
        words += ["--network", folder / "network.py", "--jets", folder / "test.root", "--out", out, "--force"]
        assert main(["predict", *map(str, words)]) == 0
        table = pq.read_table(out)
        assert 0 < len(table) < 120  # the selection leaves some out
        for name in CLASSES:
            np.testing.assert_allclose(table[f"score_{name}"], weaver[f"score_{name}"], atol=1e-5)
        np.testing.assert_array_equal(np.stack([weaver[name] for name in CLASSES]).argmax(0), table["label"])
        np.testing.assert_array_equal(table["fj_pt"], weaver["fj_pt"])

    def test_a_converted_checkpoint_needs_no_other_file(self, trained, tmp_path):
        folder, weaver = trained
        out = tmp_path / "own.safetensors"
        words = [folder / "net_best_epoch_state.pt", out, "--config", folder / "data.yaml"]
        assert main(["convert", *map(str, [*words, "--network", folder / "network.py"])]) == 0
        tagger = part.load_model(out)
        assert not tagger.assumed
        jets = part.read_jets(folder / "test.root", config=tagger.data_config)
        probabilities = tagger.predict(jets)
        for i, name in enumerate(CLASSES):
            np.testing.assert_allclose(probabilities[:, i], weaver[f"score_{name}"], atol=1e-5)


def difference(probabilities: np.ndarray, expected: np.ndarray) -> float:
    """Return the largest difference of log-probabilities; see `saved_tolerance` for other processors: the median."""
    gaps = np.abs(np.log(probabilities) - np.log(expected)).max(1)
    return float(saved_tolerance(gaps.max(), np.median(gaps)))


@pytest.mark.witness
@pytest.mark.filterwarnings("ignore::part.jets.notices.JetWarning")
@pytest.mark.parametrize("name", TRAININGS)
class TestWholeTrainings:
    """Random weights, whose probabilities weaver-core itself gave."""

    def arguments(self, name):
        folder = shared(f"cases/weaver/{name}")
        return folder, folder / "net_best_epoch_state.pt", folder / "data.yaml", folder / "network.py"

    def test_in_python(self, name):
        folder, weights, config, network = self.arguments(name)
        expected = np.load(folder / "expected.npz")
        tagger = part.load_model(weights, config=config, network=network)
        jets = part.read_jets(next(folder.glob("jets.*")), config=config)
        np.testing.assert_array_equal(jets["entry"], expected["entries"])
        np.testing.assert_array_equal(jets["truth"], expected["labels"])
        assert difference(tagger.predict(jets), expected["probabilities"]) < saved_tolerance(1e-4, 0.02)
        trace = tagger.trace(jets[:4])
        assert difference(trace.probabilities, expected["probabilities"][:4]) < saved_tolerance(1e-4, 0.02)

    def test_on_the_command_line(self, name, tmp_path):
        folder, weights, config, network = self.arguments(name)
        expected, out = np.load(folder / "expected.npz"), tmp_path / "scores.parquet"
        words = ["predict", "--model", weights, "--config", config, "--network", network, "--out", out]
        assert main(list(map(str, [*words, "--jets", next(folder.glob("jets.*"))]))) == 0
        table = pq.read_table(out)
        scores = np.stack([table[column] for column in table.column_names if column.startswith("score_")], axis=1)
        np.testing.assert_array_equal(table["entry"], expected["entries"])
        assert difference(scores, expected["probabilities"]) < saved_tolerance(1e-4, 0.02)

    def test_as_a_folder(self, name):
        folder, *_ = self.arguments(name)
        tagger = part.load_model(folder)
        jets = part.read_jets(next(folder.glob("jets.*")), config=tagger.data_config)
        expected = np.load(folder / "expected.npz")["probabilities"]
        assert difference(tagger.predict(jets), expected) < saved_tolerance(1e-4, 0.02)


@pytest.mark.witness
@pytest.mark.filterwarnings("ignore::part.jets.notices.JetWarning")
def test_a_comparison_is_of_the_selected_jets_alone(tmp_path):
    """The same weights twice, once converted: they agree on every selected jet, and on no others.

    The data config of the second has another name, which makes it no other config.
    """
    folder = shared("cases/weaver/flavour")
    jets, out = next(folder.glob("jets.*")), tmp_path / "comparison"
    assert main(["convert", str(folder), str(tmp_path / "own.safetensors")]) == 0
    other = tmp_path / "other"
    shutil.copytree(folder, other, ignore=shutil.ignore_patterns("jets.*", "*.npz"))
    for path in list(other.glob("*.yaml")):
        path.rename(path.with_name(path.name.replace("data", "renamed")))
    words = ["compare", "--models", tmp_path / "own.safetensors", other, "--jets", jets, "--out", out, "--replicas", 0]
    assert main(list(map(str, words))) == 0
    expected = np.load(folder / "expected.npz")
    table, summary = pq.read_table(out / "per_jet.parquet"), json.loads((out / "summary.json").read_text())
    np.testing.assert_array_equal(table["entry"], expected["entries"])
    first, second = summary["models"]
    assert first["jets"] == second["jets"] == len(expected["entries"])
    assert second["agreement_with_first"] == 1
    listed = {row["entry"] for row in summary["most_different"]}
    assert listed <= set(expected["entries"].tolist())
