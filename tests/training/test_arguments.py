"""The words of a training's command line are read as the command itself reads them."""

import argparse
import json
import re
from dataclasses import replace

import pytest
from helpers.own_training import write_config

from part.cli import train
from part.errors import PartError
from part.models.build import MODELS
from part.training.arguments import parse_arguments, to_arguments
from part.training.config import TrainingConfig, options_from_dict
from part.training.recipes import config_from_options, published_recipe

FILES = ["--train", "a.root", "--val", "b.root"]


def parse_as_command(words: list[str]) -> TrainingConfig:
    parser = argparse.ArgumentParser(exit_on_error=False)
    train.add_arguments(parser)
    return train.training_config(parser.parse_args(words))


@pytest.mark.parametrize("model", MODELS)
def test_choices_survive_the_command_line(model):
    changes = {
        "train": ("a b.root", "*.root"),
        "lr": 0.0123,
        "start_from": "x",
        "balanced": True,
        "jets_per_epoch": None,
    }
    plain = TrainingConfig("JetClass", "ParT", "full", ("a.root",), ("b.root",), "toy", epochs=4)
    config = replace(plain, model=model, **(published_recipe("JetClass", model) | changes))
    written = json.loads(json.dumps(config.to_dict()))
    words = to_arguments(options_from_dict(written))
    assert parse_as_command(words) == config
    assert config_from_options(parse_arguments(words)) == config


@pytest.mark.parametrize(
    "words",
    [
        ["JetClass", "PFN", *FILES],
        ["JetClass", "ParT", "full", *FILES, "--name=x", "--epochs", "3", "--jets-per-epoch=0", "--val-jets", "0"],
        ["QuarkGluon", "ParT", "kin", "--train", "a", "b c", "--val=d", "--flat", "0.5", "--clip=0", "--soft", ".1"],
        [
            "JetClass",
            "ParT",
            "kin",
            *FILES,
            "--seed",
            "3",
            "--bal",
            "--refl",
            "--head",
            "2",
            "--epochs=1",
            "--epochs=2",
        ],
        ["JetClass", "ParT", "kin", *FILES, "--finetune", "part-kin", "--dropout=0.0", "--out", "a b", "--tensorboard"],
        [*FILES, "--lr=1e-4", "--slots=4", "--devices=2", "--balanced", "JetClass", "LinParT", "kin"],
    ],
    ids=" ".join,
)
def test_words_mean_what_they_mean_to_the_command(words):
    assert config_from_options(parse_arguments(words)) == parse_as_command(words)


def test_with_a_data_config_the_model_is_the_only_word(tmp_path):
    path = str(write_config(tmp_path / "mine.yaml"))
    words = ["--config", path, "PFN", *FILES, "--no-weights", "--lr=0.1"]
    config = config_from_options(parse_arguments(words))
    assert config == parse_as_command(words) == parse_as_command(["PFN", *words[:2], *words[3:]])
    assert (config.dataset, config.model, config.features, config.name) == ("mine", "PFN", "mine", "pfn-mine")
    assert (config.epochs, config.jets_per_epoch, config.batch_size) == (20, None, 4096)
    written = json.loads(json.dumps(config.to_dict()))
    assert TrainingConfig(**options_from_dict(written)) == config
    again = to_arguments(options_from_dict(written))
    assert again[0] == "PFN"
    assert not any(word.startswith("--data-config") for word in again)
    assert config_from_options(parse_arguments(again)) == config == parse_as_command(again)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--config", "a.yaml", *FILES], "the following arguments are required: model"),
        (["--config", "a.yaml", "ParT", "kin", *FILES], "ParT kin; with --config the only word is the model"),
        (["ParT", *FILES, "--config"], "argument --config: expected one argument"),
    ],
)
def test_words_beside_a_data_config_are_refused(words, message, capsys):
    with pytest.raises(PartError, match=re.escape(message)):
        parse_arguments(words)
    with pytest.raises((SystemExit, argparse.ArgumentError, PartError)) as refused:
        parse_as_command(words)
    assert message in capsys.readouterr().err + str(refused.value)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["JetClass"], "the following arguments are required: model, --train, --val"),
        (["JetClass", "ParT", "kin", "more", *FILES], "unrecognized arguments: more"),
        (["JetClass", "ParT", "kin", *FILES, "--bogus", "3"], "unrecognized arguments: --bogus 3"),
        (["JetClass", "ParT", "kin", *FILES, "--bogus=3"], "unrecognized arguments: --bogus=3"),
        (["JetClass", "ParT", "kin", *FILES, "--seed", "x"], "argument --seed: invalid int value: 'x'"),
        (["JetClass", "ParT", "kin", *FILES, "--v", "3"], "ambiguous option: --v could match --val, --val-jets"),
        (["JetClass", "ParT", "kin", *FILES, "--epoch"], "argument --epochs: expected one argument"),
        (["JetClass", "ParT", "kin", "--train", "--val", "b"], "argument --train: expected at least one argument"),
        (["JetClass", "ParT", "kin", *FILES, "--packed=1"], "argument --packed: ignored explicit argument '1'"),
    ],
)
def test_words_that_cannot_be_understood_are_refused_as_by_the_command(words, message, capsys):
    with pytest.raises(PartError) as error:
        parse_arguments(words)
    assert str(error.value) == f"The options cannot be understood: {message}."
    with pytest.raises((SystemExit, argparse.ArgumentError)) as refused:
        parse_as_command(words)
    assert message in capsys.readouterr().err + str(refused.value)
