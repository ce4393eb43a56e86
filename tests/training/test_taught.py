"""Soft labels from a table find their jets, whatever way the files are written and however jets are shuffled."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from helpers.jets import write_jets, write_model

import part
from part.__main__ import main
from part.jets.schema import FULL, JETCLASS, TOPLANDSCAPE
from part.jets.streaming import Span, spans
from part.training.data.decode import Decoder
from part.training.data.stream import JetStream, cut
from part.training.data.teacher_scores import Taught
from part.training.plan import Plan
from part.training.trainer import train

SMALL = {"embed": (24,), "pair_embed": (8,), "heads": 3, "layers": 1, "class_layers": 1}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("taught")
    for seed, name in enumerate(("a", "b")):
        write_jets(folder / f"{name}.root", [4 + (7 * i + seed) % 9 for i in range(40)], seed)
    write_jets(folder / "val.root", [5, 9, 7, 12] * 10, 7)
    model = write_model(folder / "teacher.safetensors", **SMALL)
    files = [str(folder / f"{name}.root") for name in ("a", "b")]
    assert main(["predict", "--model", str(model), "--jets", *files, "--out", str(folder / "said.parquet")]) == 0
    return folder


def test_every_jet_has_what_the_teacher_says_of_it(folder, monkeypatch):
    monkeypatch.chdir(folder)
    teacher = part.load_model(folder / "teacher.safetensors", device="cpu")
    taught = Taught(str(folder / "said.parquet"), JETCLASS)
    decoder = Decoder(FULL, JETCLASS, taught=taught)
    stream = JetStream(cut(spans(["a.root", "b.root"]), 15), decoder, pool=30)
    for drawn in stream.draw(0, 80):
        batch = drawn.batch(np.arange(len(drawn)))
        np.testing.assert_allclose(batch.taught, teacher.logits(batch).softmax(-1), atol=1e-6)


def test_jets_that_the_table_does_not_have_are_told(folder):
    taught = Taught(str(folder / "said.parquet"), JETCLASS)
    with pytest.raises(part.PartError, match=r"has no scores of all jets 30 to 41 of .*a\.root"):
        taught.of(Span(str(folder / "a.root"), 30, 41))
    with pytest.raises(part.PartError, match=r"of all jets 0 to 1 of .*val\.root"):
        taught.of(Span(str(folder / "val.root"), 0, 1))


def test_tables_in_a_folder_are_one_and_a_jet_that_two_have_counts_once(folder, tmp_path):
    said = pq.read_table(folder / "said.parquet")
    pq.write_table(said.slice(0, 50), tmp_path / "first.parquet")
    pq.write_table(said.slice(30), tmp_path / "second.parquet")
    one, both = (Taught(str(place), JETCLASS) for place in (folder / "said.parquet", tmp_path))
    for name in ("a", "b"):
        jets = Span(str(folder / f"{name}.root"), 0, 40)
        assert np.array_equal(one.of(jets), both.of(jets))


def test_another_table_is_refused(folder, tmp_path):
    with pytest.raises(part.PartError, match="has no column score_"):
        Taught(str(folder / "said.parquet"), TOPLANDSCAPE)
    pq.write_table(pa.table({"x": [1]}), tmp_path / "other.parquet")
    with pytest.raises(part.PartError, match="has no column file"):
        Taught(str(tmp_path / "other.parquet"), JETCLASS)
    (tmp_path / "cut.parquet").write_bytes((folder / "said.parquet").read_bytes()[:200])
    with pytest.raises(part.PartError, match="no whole parquet"):
        Taught(str(tmp_path / "cut.parquet"), JETCLASS)


def test_a_model_learns_the_same_from_the_table_as_from_the_teacher(folder, tmp_path):
    options = {
        "dataset": "JetClass", "model": "PFN", "features": "full", "val": (str(folder / "val.root"),),
        "train": tuple(str(folder / f"{name}.root") for name in ("a", "b")), "out": str(tmp_path), "epochs": 2,
        "jets_per_epoch": 80, "batch_size": 16, "precision": "fp32", "val_jets": 40,
    }  # fmt: skip
    asked = train(Plan(**options, name="asked", distill=str(folder / "teacher.safetensors")))
    read = train(Plan(**options, name="read", distill=str(folder / "said.parquet")))
    one, other = (part.load_model(path, device="cpu").model.state_dict() for path in (asked, read))
    for name in one:
        torch.testing.assert_close(other[name], one[name], atol=1e-4, rtol=1e-3)
    mirrored = train(Plan(**options, name="mirrored", distill=str(folder / "said.parquet"), reflect=True))
    third = part.load_model(mirrored, device="cpu").model.state_dict()
    assert any(not torch.allclose(third[name], other[name]) for name in other)
