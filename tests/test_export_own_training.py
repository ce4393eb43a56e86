"""The provenance of figures of trainings with weaver-core, and the script that reproduces them."""

import subprocess
import sys

import numpy as np
import pytest
from helpers.own_models import write_own_model, write_weaver_training
from helpers.own_training import write_own_jets

import part
from part.errors import PartError
from part.export import make, origin, save
from part.export.reproduction import provenance_record, script
from part.figures.view import View

pytestmark = [
    pytest.mark.filterwarnings("ignore:Left out, as in weaver-core"),
    pytest.mark.filterwarnings("ignore::part.models.checkpoints.weaver_training.AssumptionWarning"),
]
OPTIONS = {"use_pre_activation_pair": True}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return write_own_jets(tmp_path_factory.mktemp("jets") / "jets.root", n=20)


def export(model, path, **given):
    tagger = part.load_model(model, device="cpu", **given)
    jets = part.read_jets(path, config=tagger.data_config)
    entry = int(jets["entry"][-1])
    return make(tagger, jets[-1:], origin(tagger, model, path, entry, View("matrix")))


@pytest.fixture(scope="module")
def exported(path, tmp_path_factory):
    folder = write_weaver_training(tmp_path_factory.mktemp("trainings") / "mine")
    return export(folder, path, options=OPTIONS)


def test_the_record_says_how_the_weights_were_read(exported):
    model = provenance_record(exported)["model"]
    assert model["name"] == "mine"
    assert model["options"] == OPTIONS
    assert model["assumed"]["remove_self_pair"] is False
    assert set(model["assumed"]) & set(OPTIONS) == set()
    assert model["data_config"]["file"].endswith("own.yaml")
    assert len(model["data_config"]["sha256"]) == 64
    assert "network" not in model


def test_the_script_gives_the_same_numbers(exported, tmp_path):
    save(exported, tmp_path / "first", ("npz",))
    (tmp_path / "again.py").write_text(script(exported))
    words = [sys.executable, str(tmp_path / "again.py"), str(tmp_path / "second")]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    first, second = (np.load(tmp_path / name / f"{exported.stem}.npz") for name in ("first", "second"))
    for name in first.files:
        np.testing.assert_array_equal(first[name], second[name])


def test_another_data_config_is_rejected(exported):
    source = exported.provenance
    source.expect(source.model_sha256, source.jets_sha256, source.training.sha256)
    with pytest.raises(PartError, match=r"own\.yaml is not the file"):
        source.expect(source.model_sha256, source.jets_sha256, {"own.yaml": "0" * 64})


def test_files_that_were_given_apart_are_given_in_the_script_too(path, tmp_path):
    folder = write_weaver_training(tmp_path / "told", has_network=True)
    weights, config, network = (folder / name for name in ("net_best_epoch_state.pt", "own.yaml", "network.py"))
    text = script(export(weights, path, config=config, network=network))
    assert "config=args.config, network=args.network" in text
    assert f'"--config", default={str(config)!r}, help=' in text
    assert f'"--network", default={str(network)!r}' in text
    assert "options=" not in text
    assert "dataset=" not in text


def test_a_checkpoint_of_the_project_needs_no_other_file(path, tmp_path):
    figure = export(write_own_model(tmp_path / "mine.safetensors"), path)
    assert "part.load_model(model, device='cpu')" in script(figure)
    assert {"options", "assumed", "network"}.isdisjoint(provenance_record(figure)["model"])
    assert figure.provenance.training.sha256 == {}
