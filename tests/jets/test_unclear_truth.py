"""Truth that contradicts itself stops no file: such a jet has no class, or no partons, and it is said of how many."""

import json

import awkward as ak
import numpy as np
import pyarrow.parquet as pq
import pytest
from helpers.jet_samples import assert_rejected, columns, write_parquet, write_tree
from helpers.jets import write_model

from part.__main__ import main
from part.errors import PartError
from part.jets import make_batch, read_jets
from part.jets.benchmarks import FULL
from part.jets.config.parsing import parse_config
from part.jets.config.reading import read_prepared
from part.jets.datasets import JETCLASS
from part.jets.labels import UNKNOWN, labels
from part.jets.notices import JetWarning
from part.jets.schema import TRUTH
from part.jets.truth import partons

N, BAD = 12, 7  # jet 7 is labelled as TTBar, and below as Hbb too
SMALL = {"embed": (16,), "pair_embed": (8,), "heads": 2, "layers": 1, "class_layers": 1}
SAID = rf"Taken as of no class: 1 jet whose labels say several.*entry {BAD}: it belongs to 2 classes of JetClass"


@pytest.fixture
def two_labels() -> dict:
    table = columns(N)
    return table | {"label_Hbb": table["label_Hbb"] | (np.arange(N) == BAD)}


@pytest.fixture
def path(two_labels, tmp_path):
    return write_tree(tmp_path / "jets.root", two_labels)


def without(jet: int) -> list[int]:
    return [i for i in range(N) if i != jet]


class TestTwoLabels:
    def test_the_jet_has_no_class_and_the_others_have_theirs(self, path):
        with pytest.warns(JetWarning, match=SAID):
            jets = read_jets(path, strict=False)
        truth = labels(jets, JETCLASS)
        assert truth[BAD] == UNKNOWN
        assert truth[without(BAD)].tolist() == [i % 10 for i in without(BAD)]
        assert len(make_batch(jets, FULL, JETCLASS).x) == N

    def test_strict_stops_where_a_class_is_needed(self, path):
        jets = read_jets(path)  # nothing has asked for a class yet
        with pytest.raises(PartError, match=f"jet {BAD} belongs to 2 classes of JetClass"):
            labels(jets, JETCLASS)

    def test_entries_are_those_of_the_file(self, path):
        with pytest.warns(JetWarning, match=f"entry {BAD}:"):
            assert labels(read_jets(path, 5, strict=False), JETCLASS)[BAD - 5] == UNKNOWN

    def test_commands_count_it_and_leave_it_out(self, path, tmp_path, capsys):
        model = str(write_model(tmp_path / "toy.safetensors", **SMALL))
        given = ["--model", model, "--jets", str(path), "--out"]
        assert main(["predict", *given, str(tmp_path / "p.parquet")]) == 0
        assert "Taken as of no class: 1 jet" in capsys.readouterr().err
        assert pq.read_table(tmp_path / "p.parquet")["label"].to_pylist()[BAD] == UNKNOWN
        assert main(["evaluate", *given, str(tmp_path / "e.json"), "--replicas", "0"]) == 0
        result = json.loads((tmp_path / "e.json").read_text())
        assert (result["jets"], result["jets_without_class"]) == (N - 1, 1)
        assert any(sentence.startswith("Taken as of no class: 1 jet") for sentence in result["notices"])
        capsys.readouterr()
        for command, out in (("predict", "s.parquet"), ("evaluate", "s.json")):
            assert main([command, *given, str(tmp_path / out), "--strict"]) == 2
            sentence = capsys.readouterr().err.splitlines()[-1]
            assert sentence.endswith(
                f"jets.root, jets from entry 0 on: jet {BAD} belongs to 2 classes of JetClass; expected one"
            )


class TestDataConfig:
    def test_two_labels(self, path):
        names = [f"part_{name}" for name in ("px", "py", "pz", "energy")]
        inputs = {"pf_features": {"length": 128, "vars": names}, "pf_vectors": {"length": 128, "vars": names}}
        chosen = {"type": "simple", "value": list(JETCLASS.labels)}
        config = parse_config({"treename": "tree", "inputs": inputs, "labels": chosen}, "own", "own.yaml")
        with pytest.warns(JetWarning, match=f"entry {BAD}: a jet belongs to 2 classes of own"):
            jets = read_prepared(str(path), config, strict=False)
        assert [i for i in range(N) if jets[TRUTH][i] == UNKNOWN] == [BAD]
        with pytest.raises(PartError, match=f"entry {BAD}: a jet belongs to 2 classes"):
            read_prepared(str(path), config)


class TestPartons:
    @pytest.fixture
    def table(self) -> dict:
        n = [2] * N
        lists = {
            f"parton_{name}": ak.unflatten(np.full(2 * N, value), n)
            for name, value in {"pt": 100.0, "eta": 0.0, "phi": 0.0, "pid": 5}.items()
        }
        shorter = ak.concatenate([lists["parton_eta"][:BAD], [[0.0]], lists["parton_eta"][BAD + 1 :]])
        return columns(N) | lists | {"parton_eta": shorter}

    def test_the_jet_has_no_partons_and_the_others_have_theirs(self, table, tmp_path):
        path = write_parquet(tmp_path / "jets.parquet", table)
        sentence = (
            f"Taken without their partons: 1 jet .* parton_eta, entry {BAD}: 1 partons; expected 2 as in parton_pt"
        )
        with pytest.warns(JetWarning, match=sentence):
            jets = read_jets(path, strict=False)
        assert ak.num(jets["parton_pt"]).tolist() == [0 if i == BAD else 2 for i in range(N)]
        assert jets["parton_pid"][0].tolist() == [5, 5]
        assert ak.num(partons(jets, radius=100.0)).tolist() == [0 if i == BAD else 2 for i in range(N)]
        assert_rejected(path, f"branch parton_eta, entry {BAD}: 1 partons; expected 2")
