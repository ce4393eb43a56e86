"""Outputs that are no classes: they stay as the network gives them, and what needs classes refuses them."""

import numpy as np
import pytest
import torch
import yaml
from helpers.own_models import INDEX_OF_MANY, MASS, write_own_model
from helpers.own_training import own_config, write_config, write_network, write_own_jets
from helpers.weaver_part import make_network

import part
from part.__main__ import main
from part.analysis.attribution.task import make_task
from part.analysis.registry import STUDIES, study_class
from part.analysis.study import check_study, study_jets
from part.comparison.models import check_comparable
from part.errors import PartError
from part.figures.jet_view import view_jet
from part.inference.numbers import predict_numbers
from part.jets.config.parsing import parse_config

pytestmark = pytest.mark.filterwarnings("ignore:Left out, as in weaver-core")
HYBRID = {
    "labels": {
        "type": "hybrid",
        "value_cls_names": ["is_b", "is_c", "is_light"],
        "value_custom": {"mass": "fj_energy", "eta": "fj_eta"},
    }
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("numbers")
    write_own_jets(folder / "own.root", n=30)
    write_own_model(folder / "mass.safetensors", classes=1, changes=MASS)
    write_own_model(folder / "classes.safetensors")
    write_own_model(folder / "both.safetensors", classes=5, changes=HYBRID)
    return folder


@pytest.fixture(scope="module")
def mass(folder):
    return part.load_model(folder / "mass.safetensors")


def read(folder, tagger):
    return part.read_jets(folder / "own.root", config=tagger.data_config)


def test_one_output_of_a_custom_label_is_a_number(folder, mass):
    assert (mass.dataset.labels, mass.dataset.targets) == ((), ("mass",))
    jets = read(folder, mass)  # whose labels are no indices of classes
    assert "truth" not in jets.fields
    batch = part.jets.features.make_batch(jets, mass.features)
    with torch.no_grad():
        expected = mass.model(batch.x, batch.v, batch.mask).numpy()
    np.testing.assert_allclose(predict_numbers(mass, jets), expected, atol=1e-5)
    np.testing.assert_allclose(mass.trace(jets).targets, expected, atol=1e-4)
    assert not np.allclose(expected, 1)  # as a softmax of one output would be
    assert mass.predict(jets).shape == (len(jets), 0)
    assert "not classes" in mass.data_config.notes[-1]


def test_numbers_beside_classes_are_not_in_the_softmax(folder):
    tagger = part.load_model(folder / "both.safetensors")
    jets = read(folder, tagger)
    np.testing.assert_allclose(tagger.predict(jets).sum(1), 1, atol=1e-5)
    numbers = predict_numbers(tagger, jets)
    assert numbers.shape == (len(jets), 2)
    jet_view = view_jet(tagger, jets[:1])
    assert jet_view.numbers == pytest.approx(dict(zip(("mass", "eta"), numbers[0].tolist(), strict=True)), abs=1e-4)
    assert predict_numbers(part.load_model(folder / "classes.safetensors"), jets).shape == (len(jets), 0)


def test_what_needs_classes_says_that_there_are_none(folder, mass):
    jets = read(folder, mass)
    sentence = r"mass has no .+: its outputs are numbers \(mass\), not classes\."
    with pytest.raises(PartError, match=sentence):
        make_task(mass, jets[:1])
    with pytest.raises(PartError, match=sentence):
        check_comparable({"a": mass, "b": mass})
    without = {name for name in STUDIES if getattr(study_class(name), "needs_classes", True)}
    others = {"bias", "sparsity", "atlas", "mean_attention", "components", "probes", "similarity"}
    assert set(STUDIES) - without == others
    for name in without:
        with pytest.raises(PartError, match=sentence):
            check_study(study_class(name)(), mass)


@pytest.mark.parametrize("name", ["sparsity", "components", "bias"])
def test_attention_is_studied_all_the_same(folder, mass, name):
    result = study_jets(study_class(name)(), mass, read(folder, mass)[:12])
    assert result.rows()


def test_a_jet_is_viewed_without_a_prediction(folder, mass):
    jet_view = view_jet(mass, read(folder, mass)[:1])
    assert "prediction" not in jet_view.figures
    assert {"matrix", "display"} <= set(jet_view.figures)
    assert jet_view.truth is None


@pytest.mark.parametrize(
    ("n_outputs", "names", "loss", "numbers"),
    [
        (2, (), True, ("mass", "eta")),  # a loss of numbers, and one output for each
        (2, (), False, ()),  # two classes, by an index
        (3, (), True, ()),  # as many outputs as labels there are not
        (1, (), False, ("mass",)),
        (1, ("signal",), False, ()),  # a name says that it is a class
    ],
)
def test_outputs_and_loss_decide_what_custom_labels_mean(n_outputs, names, loss, numbers):
    labels = {"type": "custom", "value": {"mass": "fj_energy", "eta": "fj_eta"}}
    config = parse_config(own_config(labels=labels), "own", "own.yaml").for_outputs(n_outputs, names, loss)
    dataset = config.dataset(n_outputs, names)
    assert len(dataset.labels) == (0 if numbers else n_outputs)
    assert config.is_regression == bool(numbers)
    if numbers:
        assert dataset.targets == numbers
        saved = yaml.safe_dump(config.options, sort_keys=False)
        again = parse_config(yaml.safe_load(saved), "own", "own.yaml").for_outputs(n_outputs)
        assert again.dataset(n_outputs) == dataset
        assert again.notes == config.notes


def test_the_loss_of_the_network_file_is_read(folder, tmp_path):
    options = {"embed_dims": [16, 32, 16], "pair_embed_dims": [8, 8], "num_layers": 2, "fc_params": [(12, 0.0)]}
    network = make_network("0.5.3", options, inputs=(7,), classes=2)
    torch.save(network.state_dict(), tmp_path / "net_best_epoch_state.pt")
    labels = {"type": "custom", "value": {"mass": "fj_energy", "eta": "fj_eta"}}
    write_config(tmp_path / "data.yaml", labels=labels)
    path = write_network(tmp_path / "network.py")
    text = path.read_text().replace("num_classes=3", "num_classes=2")
    path.write_text(text.replace("CrossEntropyLoss", "SmoothL1Loss"))
    tagger = part.load_model(tmp_path)
    assert tagger.dataset.targets == ("mass", "eta")
    assert main(["convert", str(tmp_path), str(tmp_path / "mine.safetensors")]) == 0
    mine = part.load_model(tmp_path / "mine.safetensors")
    jets = read(folder, tagger)
    np.testing.assert_allclose(predict_numbers(mine, jets), predict_numbers(tagger, jets), atol=1e-6)


def test_commands_write_numbers_or_say_that_there_are_no_classes(folder, mass, tmp_path, capsys):
    words = ["--model", f"{folder}/mass.safetensors", "--jets", f"{folder}/own.root"]
    assert main(["predict", *words, "--out", str(tmp_path / "scores.csv")]) == 0
    lines = (tmp_path / "scores.csv").read_text().splitlines()
    assert "output_mass" in lines[0]
    assert "score_" not in lines[0]
    assert main(["evaluate", *words]) == 2
    assert "not classes" in capsys.readouterr().err
    assert main(["inspect", f"{folder}/mass.safetensors", f"{folder}/own.root"]) == 0
    assert "mass" in capsys.readouterr().out


def test_a_model_with_a_class_index_is_not_taken_for_one(tmp_path):
    tagger = part.load_model(write_own_model(tmp_path / "many.safetensors", classes=188, changes=INDEX_OF_MANY))
    assert len(tagger.dataset.labels) == 188
