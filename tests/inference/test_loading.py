"""Trainings with weaver-core through `load_model`: what their files say, what options override, what is assumed."""

import shutil

import numpy as np
import pytest
import torch
from helpers.models import weaver_part
from helpers.own_training import write_config, write_network, write_own_jets
from helpers.references import weaver_module

import part
from part.__main__ import main
from part.errors import AssumptionWarning, PartError
from part.models.checkpoints.training_files import is_folder_of_training

pytestmark = [pytest.mark.witness, pytest.mark.filterwarnings("ignore::part.jets.notices.JetWarning")]


@pytest.fixture
def training(tmp_path):
    """Return a folder with the files of a training: random weights, data config, network file."""
    network = weaver_module("0.5.3").ParticleTransformer(
        input_dim=7,
        num_classes=3,
        embed_dims=[16, 32, 16],
        pair_embed_dims=[8, 8],
        num_heads=4,
        num_layers=2,
        num_cls_layers=1,
        fc_params=[(12, 0.0)],
    )
    folder = tmp_path / "mine"
    folder.mkdir()
    torch.save({f"mod.{key}": value for key, value in network.state_dict().items()}, folder / "net_best_epoch_state.pt")
    write_config(folder / "data.yaml")
    write_network(folder / "network.py")
    write_own_jets(tmp_path / "jets.root", 30)
    return folder


def save(path, **options):
    torch.save(weaver_part("0.5.3", **options).state_dict(), path)
    return path


def test_a_folder_of_one_training_is_a_model(training):
    (training / "net_epoch-0_state.pt").write_bytes((training / "net_best_epoch_state.pt").read_bytes())
    assert is_folder_of_training(training)
    tagger = part.load_model(training)
    jets = part.read_jets(training.parent / "jets.root", config=tagger.data_config)
    files = {"config": training / "data.yaml", "network": training / "network.py"}
    apart = part.load_model(training / "net_best_epoch_state.pt", **files)
    np.testing.assert_array_equal(tagger.predict(jets), apart.predict(jets))
    assert not tagger.assumed
    assert tagger.dataset.classes == ("is_b", "is_c", "is_light")


def test_two_data_configs_in_a_folder_are_one_too_many(training):
    shutil.copy(training / "data.yaml", training / "other.yaml")
    with pytest.raises(PartError, match=r"holds 2 files that may be its data config.*data.yaml, other.yaml"):
        part.load_model(training)


def test_options_override_the_network_file_and_change_the_answer(training):
    kept, changed = (
        part.load_model(training, options={"use_pre_activation_pair": value}).config for value in (True, False)
    )
    assert not kept.pair_activation_last
    assert changed.pair_activation_last
    jets = part.read_jets(training.parent / "jets.root", config=training / "data.yaml")
    keys = {part.load_model(training, options={"remove_self_pair": value}).cache_key for value in (True, False)}
    assert len(keys) == 2  # the same weights, another model
    assert len(jets)


def test_names_of_classes_and_roles_come_from_options(training, tmp_path):
    (tmp_path / "names.txt").write_text("beauty\ncharm\nlight\n")
    options = {"classes": str(tmp_path / "names.txt"), "roles.part_d0err": "cand_dxy"}
    tagger = part.load_model(training, options=options)
    assert tagger.dataset.classes == ("beauty", "charm", "light")
    jets = part.read_jets(tmp_path / "jets.root", config=tagger.data_config)
    np.testing.assert_array_equal(jets["part_d0err"][0], jets["part_d0val"][0])


def test_weights_and_config_of_different_trainings_are_refused(training):
    inputs = {"pf_features": {"length": 20, "vars": ["pf_logpt", "pf_deta"]}}
    other = write_config(training / "other.yaml", inputs=inputs)
    with pytest.raises(PartError, match=r"do not belong together: the weights take 7 inputs, .* describes 2"):
        part.load_model(training / "net_best_epoch_state.pt", config=other, network=training / "network.py")


def test_jets_that_were_read_otherwise_are_refused_in_one_sentence(training):
    tagger = part.load_model(training)
    with pytest.raises(PartError, match="read without the data config data"):
        tagger.predict(part.read_jets("data_samples/jetclass_like.root", stop=2))


def test_what_is_assumed_is_warned_of_and_kept(tmp_path):
    path = save(tmp_path / "net.pt")
    with pytest.warns(AssumptionWarning, match="nothing says use_pre_activation_pair"):
        tagger = part.load_model(path)
    assert tagger.assumed["use_pre_activation_pair"] is False
    assert tagger.card["assumed"] == tagger.assumed


@pytest.mark.parametrize("classes", [2, 5, 188])
def test_other_numbers_of_classes_are_numbered_or_named(classes, tmp_path):
    path = save(tmp_path / "net.pt", classes=classes)
    names = part.load_model(path).dataset.classes
    assert names == tuple(f"class {i}" for i in range(classes))
    named = part.load_model(path, options={"classes": [f"c{i}" for i in range(classes)]})
    assert named.dataset.classes[-1] == f"c{classes - 1}"
    jets = part.read_jets("data_samples/jetclass_like.root", stop=5)
    assert named.predict(jets).shape == (5, classes)
    with pytest.raises(PartError, match="classes names 1"):
        part.load_model(path, options={"classes": ["one"]})


def test_thirteen_inputs_may_be_those_of_two_feature_sets(tmp_path):
    path = save(tmp_path / "net.pt", inputs=13, classes=2)
    tagger = part.load_model(path, dataset="QuarkGluon")
    assert tagger.assumed["features"] == "kinpid"
    assert part.load_model(path, dataset="QuarkGluon", options={"features": "kinpidplus"}).features.name == "kinpidplus"


def test_other_numbers_of_inputs_need_a_data_config(tmp_path):
    with pytest.raises(PartError, match=r"takes 9 inputs, .* give the data config"):
        part.load_model(save(tmp_path / "net.pt", inputs=9))


def test_missing_files_are_named(training):
    with pytest.raises(PartError, match="no such file; expected a data config"):
        part.load_model(training / "net_best_epoch_state.pt", config=training / "none.yaml")
    with pytest.raises(PartError, match="no such file; expected a network file"):
        part.load_model(training / "net_best_epoch_state.pt", network=training / "none.py")


@pytest.mark.parametrize(
    ("call", "says"),
    [
        ("self.mod(pf_features, mask=pf_mask)", "passes no v on to ParticleTransformer"),
        ("self.mod(pf_features * 0.5, v=pf_vectors, mask=pf_mask)", "passes pf_features * 0.5 on as x"),
        ("2 * self.mod(pf_features, v=pf_vectors, mask=pf_mask)", "does more than to call mod"),
    ],
)
def test_a_forward_that_does_more_than_to_pass_its_inputs_on_is_warned_of(training, call, says):
    text = (training / "network.py").read_text()
    plain = "self.mod(pf_features, v=pf_vectors, mask=pf_mask)"
    assert plain in text
    (training / "network.py").write_text(text.replace(plain, call))
    with pytest.warns(AssumptionWarning, match="its answers may differ") as said:
        tagger = part.load_model(training)
    assert says in str(said[0].message)
    assert any(says in note for note in tagger.card["notes"])


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([1], r"The options are \[1\]; expected a mapping"),
        ({1: 2}, r"expected a mapping of names"),
        ({"features": "bogus"}, "features is 'bogus'; expected kinpid or kinpidplus"),
        ({"classes": "a,b,a"}, "classes names a twice"),
        ({"classes": "/nonexistent"}, "there is no such file"),
        ({"roles.part_colour": "cand_charge"}, "part_colour"),
    ],
)
def test_options_that_cannot_be_are_refused(training, options, says):
    with pytest.raises(PartError, match=says):
        part.load_model(training, options=options)


def test_a_checkpoint_without_its_standardisation_is_not_written(training, capsys):
    write_config(training / "data.yaml", "auto")
    assert main(["convert", str(training), str(training / "own.safetensors")]) == 2
    assert "give the .auto.yaml" in capsys.readouterr().err
    assert not (training / "own.safetensors").exists()


def test_roles_are_stated_of_a_converted_checkpoint_too(training):
    assert main(["convert", str(training), str(training / "own.safetensors")]) == 0
    tagger = part.load_model(training / "own.safetensors", options={"roles.part_d0val": "cand_dxy"})
    assert tagger.data_config.roles.constituents[0]["part_d0val"] == "cand_dxy"
    tagger = part.load_model(training / "own.safetensors", options={"roles": {"part_dzval": "cand_dxy"}})
    assert tagger.data_config.roles.constituents[0]["part_dzval"] == "cand_dxy"
    with pytest.raises(PartError, match="part_colour"):
        part.load_model(training / "own.safetensors", options={"roles.part_colour": "cand_dxy"})
    with pytest.raises(PartError, match="but for the roles"):
        part.load_model(training / "own.safetensors", options={"trim": False})
