"""A teacher's probabilities from a table belong to the right jets, however paths are written and jets are shuffled."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from helpers.jets import write_jets, write_model

import part
from part.__main__ import main
from part.jets.benchmarks import FULL
from part.jets.datasets import JETCLASS, TOPLANDSCAPE
from part.jets.streaming import EntryRange, entry_ranges
from part.training.config import TrainingConfig
from part.training.data.decode import Decoder
from part.training.data.stream import JetStream, split_into_blocks
from part.training.data.teacher_scores import TeacherScores
from part.training.trainer import train

SMALL = {"embed": (24,), "pair_embed": (8,), "heads": 3, "layers": 1, "class_layers": 1}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("distillation")
    for seed, name in enumerate(("a", "b")):
        write_jets(folder / f"{name}.root", [4 + (7 * i + seed) % 9 for i in range(40)], seed)
    write_jets(folder / "val.root", [5, 9, 7, 12] * 10, 7)
    model = write_model(folder / "teacher.safetensors", **SMALL)
    files = [str(folder / f"{name}.root") for name in ("a", "b")]
    assert main(["predict", "--model", str(model), "--jets", *files, "--out", str(folder / "scores.parquet")]) == 0
    return folder


def test_every_jet_has_the_probabilities_of_the_teacher(folder, monkeypatch):
    monkeypatch.chdir(folder)
    teacher = part.load_model(folder / "teacher.safetensors", device="cpu")
    teacher_scores = TeacherScores(str(folder / "scores.parquet"), JETCLASS)
    decoder = Decoder(FULL, JETCLASS, teacher_scores=teacher_scores)
    stream = JetStream(split_into_blocks(entry_ranges(["a.root", "b.root"]), 15), decoder, pool=30)
    for selection in stream.selections(0, 80):
        batch = selection.batch(np.arange(len(selection)))
        np.testing.assert_allclose(batch.teacher_probabilities, teacher.logits(batch).softmax(-1), atol=1e-6)


def test_jets_without_scores_in_the_table_are_named(folder):
    teacher_scores = TeacherScores(str(folder / "scores.parquet"), JETCLASS)
    with pytest.raises(part.PartError, match=r"has no scores of all jets 30 to 41 of .*a\.root"):
        teacher_scores.probabilities(EntryRange(str(folder / "a.root"), 30, 41))
    with pytest.raises(part.PartError, match=r"of all jets 0 to 1 of .*val\.root"):
        teacher_scores.probabilities(EntryRange(str(folder / "val.root"), 0, 1))


def test_tables_in_a_folder_are_one_table_and_repeated_jets_count_once(folder, tmp_path):
    scores = pq.read_table(folder / "scores.parquet")
    pq.write_table(scores.slice(0, 50), tmp_path / "first.parquet")
    pq.write_table(scores.slice(30), tmp_path / "second.parquet")
    one, both = (TeacherScores(str(place), JETCLASS) for place in (folder / "scores.parquet", tmp_path))
    for name in ("a", "b"):
        jets = EntryRange(str(folder / f"{name}.root"), 0, 40)
        assert np.array_equal(one.probabilities(jets), both.probabilities(jets))


def test_another_table_is_refused(folder, tmp_path):
    with pytest.raises(part.PartError, match="has no column score_"):
        TeacherScores(str(folder / "scores.parquet"), TOPLANDSCAPE)
    pq.write_table(pa.table({"x": [1]}), tmp_path / "other.parquet")
    with pytest.raises(part.PartError, match="has no column file"):
        TeacherScores(str(tmp_path / "other.parquet"), JETCLASS)
    (tmp_path / "cut.parquet").write_bytes((folder / "scores.parquet").read_bytes()[:200])
    with pytest.raises(part.PartError, match="no complete parquet"):
        TeacherScores(str(tmp_path / "cut.parquet"), JETCLASS)


def test_a_model_learns_the_same_from_the_table_as_from_the_teacher(folder, tmp_path):
    options = {
        "dataset": "JetClass", "model": "PFN", "features": "full", "val": (str(folder / "val.root"),),
        "train": tuple(str(folder / f"{name}.root") for name in ("a", "b")), "out": str(tmp_path), "epochs": 2,
        "jets_per_epoch": 80, "batch_size": 16, "precision": "fp32", "val_jets": 40,
    }  # fmt: skip
    queried = train(TrainingConfig(**options, name="queried", distill=str(folder / "teacher.safetensors")))
    read = train(TrainingConfig(**options, name="read", distill=str(folder / "scores.parquet")))
    one, other = (part.load_model(path, device="cpu").model.state_dict() for path in (queried, read))
    for name in one:
        torch.testing.assert_close(other[name], one[name], atol=1e-4, rtol=1e-3)
    reflected = train(TrainingConfig(**options, name="reflected", distill=str(folder / "scores.parquet"), reflect=True))
    third = part.load_model(reflected, device="cpu").model.state_dict()
    assert any(not torch.allclose(third[name], other[name]) for name in other)
