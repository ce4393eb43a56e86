"""A model gives finite numbers or one sentence that names the weight or the jet, by every backend."""

from dataclasses import replace
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import torch
from helpers.jets import write_jets, write_model
from helpers.own_models import write_own_model
from helpers.own_training import write_own_jets

import part
from part.__main__ import main
from part.inference.forward import CachedForward
from part.jets.benchmarks import FULL
from part.jets.datasets import JETCLASS
from part.models.build import build
from part.models.checkpoints.checkpoint import save_checkpoint
from part.models.config import ParTConfig

COUNTS = [9, 30, 7, 12, 3]  # the jet that is spoiled is neither the shortest nor the longest
SPOILED = 3
SMALL = {"embed": (32,), "pair_embed": (16,), "heads": 2, "layers": 1, "class_layers": 1}
BACKENDS = ("explicit", "fused", "flash", "native")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("finite") / "toy.safetensors", **SMALL)


def spoiled_jets(path, energy: float) -> ak.Array:
    jets = part.read_jets(write_jets(path, COUNTS))
    is_spoiled = ak.local_index(jets["part_energy"], axis=0) == SPOILED
    energies = ak.where(is_spoiled, jets["part_energy"] * 0 + energy, jets["part_energy"])
    return ak.with_field(jets, ak.values_astype(energies, np.float32), "part_energy")


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_momentum_that_no_particle_has_is_named_by_its_place(model, tmp_path, backend):
    tagger = part.load_model(model, "cpu", backend)
    jets = spoiled_jets(tmp_path / "jets.root", 1e38)
    for size in (256, 2):
        with pytest.raises(part.PartError, match=f"^jet {SPOILED}: part_energy is 1e\\+38; expected a number"):
            tagger.predict(jets, size)
    assert np.isfinite(tagger.predict(jets[[0, 1, 2, 4]])).all()
    for compute in (tagger.trace, tagger.run_with_cache, lambda jets: CachedForward(tagger, jets)):
        with pytest.raises(part.PartError, match=f"^jet {SPOILED}: part_energy is 1e\\+38; expected a number"):
            compute(jets)


def test_an_input_that_is_not_finite_is_named_by_its_place(model, tmp_path):
    jets = spoiled_jets(tmp_path / "jets.root", np.inf)
    with pytest.raises(part.PartError, match=f"jet {SPOILED}: "):
        part.load_model(model).predict(jets, batch_size=2)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("backend", BACKENDS)
def test_weights_that_are_not_finite_are_not_loaded(tmp_path, backend, value):
    network = build(ParTConfig(**SMALL))
    with torch.no_grad():
        network.blocks[0].attn.out.weight[3, 2] = value
    path = save_checkpoint(tmp_path / "broken.safetensors", network, FULL, JETCLASS, {"training": "none"})
    with pytest.raises(part.PartError, match=r"weights of .*broken.safetensors are not finite: blocks.0.attn.out.wei"):
        part.load_model(path, "cpu", backend)


def test_weights_that_become_nan_later_are_named(model, tmp_path):
    tagger = part.load_model(model, "cpu")
    with torch.no_grad():
        tagger.model.head.bias[1] = np.nan
    with pytest.raises(part.PartError, match=r"weights of toy are not finite: head.bias"):
        tagger.predict(part.read_jets(write_jets(tmp_path / "jets.root", COUNTS)))


@pytest.mark.filterwarnings("ignore:Left out, as in weaver-core")
def test_a_prepared_jet_is_named_by_its_entry(tmp_path, monkeypatch):
    tagger = part.load_model(write_own_model(tmp_path / "own.safetensors"), "cpu")
    jets = part.read_jets(write_own_jets(tmp_path / "jets.root"), config=tagger.data_config)
    entries = jets["entry"].tolist()
    assert entries[-1] > len(jets)  # the selection leaves some out
    last = np.sort(ak.to_numpy(ak.num(jets["inputs"])))[-1]
    logits = tagger.logits

    def spoil(batch, tap=None):
        outputs = logits(batch, tap).clone()
        return outputs.masked_fill_((batch.mask.sum(1) == last)[:, None], np.nan)

    monkeypatch.setattr(tagger, "logits", spoil)
    expected = entries[int(ak.argmax(ak.num(jets["inputs"])))]
    with pytest.raises(part.PartError, match=f"^entry {expected}: own gives no finite output"):
        tagger.predict(jets)


def run_command(words, tmp_path, energy: float, *more) -> tuple[int, Path]:
    """Run a command on a file with a spoiled jet, and return its exit code and the file."""
    path = tmp_path / "spoiled.parquet"
    ak.to_parquet(spoiled_jets(tmp_path / "plain.root", energy), path)
    return main(list(map(str, [*words, "--jets", path, *more]))), path


def words_of(command: str, model, out) -> list:
    models = ["--models", model, f"{model}@bf16"] if command == "compare" else ["--model", model]
    return [*command.split(), *models, "--out", out]


@pytest.mark.parametrize("command", ["predict", "evaluate", "compare"])
def test_strict_commands_end_with_the_file_and_the_jet(model, tmp_path, capsys, command):
    out = tmp_path / {"predict": "p.parquet", "evaluate": "e.json", "compare": "folder"}[command]
    code, path = run_command(words_of(command, model, out), tmp_path, 1e38, "--strict", "--device", "cpu")
    assert code == 2
    error = capsys.readouterr().err
    assert f"{path}: branch part_energy, entry {SPOILED}, constituent 0: 1e+38" in error
    assert not out.is_file()


@pytest.mark.parametrize("kind", ["topk", "importance", "bias", "sparsity"])
def test_strict_studies_name_the_entry_although_they_sort_jets(model, tmp_path, capsys, kind):
    words = words_of(f"study {kind}", model, tmp_path / "out")
    assert run_command(words, tmp_path, 1e38, "--start", 1, "--strict")[0] == 2
    assert f"entry {SPOILED}, constituent 0: 1e+38" in capsys.readouterr().err


def test_jets_of_a_data_config_are_refused_by_a_model_of_a_benchmark(model, tmp_path):
    own = part.load_model(write_own_model(tmp_path / "own.safetensors"))
    tagger = part.load_model(model)
    with pytest.warns(UserWarning, match="Left out"):
        jets = part.read_jets(write_own_jets(tmp_path / "jets.root"), config=own.data_config)
    for compute in (tagger.predict, tagger.trace, lambda jets: CachedForward(tagger, jets)):
        with pytest.raises(part.PartError, match="read with a data config, which toy does not have"):
            compute(jets)


@pytest.mark.filterwarnings("ignore::part.jets.notices.JetWarning")
def test_jets_of_another_data_config_are_refused(tmp_path):
    """Their inputs are as many, but are computed otherwise; another name makes no other config."""
    own = part.load_model(write_own_model(tmp_path / "own.safetensors"))
    collection = own.data_config.collections[0]
    shorter = replace(own.data_config, collections=(replace(collection, length=5),))
    path = write_own_jets(tmp_path / "jets.root")
    renamed, jets = (
        part.read_jets(path, config=config) for config in (replace(own.data_config, name="another"), shorter)
    )
    assert own.predict(ak.concatenate([renamed[[3, 1]], renamed[:2]])).shape == (4, 3)
    for compute in (own.predict, own.trace, lambda jets: CachedForward(own, jets)):
        with pytest.raises(part.PartError, match="the inputs of another data config than that of own"):
            compute(jets[1:])
