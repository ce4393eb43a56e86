"""What the weights of weaver-core do not tell: all ways of reading them, and labelled jets that show which is right."""

import awkward as ak
import numpy as np
import pytest
from helpers.own_models import write_own_model, write_weaver_training
from helpers.own_training import write_own_jets

import part
from part.cli.assumptions import print_assumptions
from part.errors import PartError
from part.inference.assumptions import accuracies, alternatives, choices, with_options
from part.jets.streaming import entry_ranges

pytestmark = [
    pytest.mark.filterwarnings("ignore:Left out, as in weaver-core"),
    pytest.mark.filterwarnings("ignore::part.models.checkpoints.weaver_training.AssumptionWarning"),
]
RIGHT = {"use_pre_activation_pair": True, "remove_self_pair": False}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_weaver_training(tmp_path_factory.mktemp("trainings") / "mine")


@pytest.fixture(scope="module")
def tagger(folder):
    return part.load_model(folder)


@pytest.fixture(scope="module")
def jets(tagger, tmp_path_factory):
    """Jets whose truth is what the weights predict if they are read in the right way."""
    path = write_own_jets(tmp_path_factory.mktemp("jets") / "jets.root", n=120)
    jets = part.read_jets(path, config=tagger.data_config)
    return ak.with_field(jets, with_options(tagger, RIGHT).predict(jets).argmax(1), "truth")


def test_all_combinations_of_what_is_true_or_false_are_tried(tagger):
    tried = alternatives(tagger)
    assert tried[0] == {keyword: tagger.assumed[keyword] for keyword in choices(tagger)}
    flags = [(options["use_pre_activation_pair"], options["remove_self_pair"]) for options in tried]
    assert set(flags) == {(False, False), (False, True), (True, False), (True, True)}
    assert {options["activation"] for options in tried} == {"gelu", "relu"}


def test_with_options_reads_the_same_weights_in_another_way(tagger, jets):
    other = with_options(tagger, RIGHT)
    assert other.sha256 == tagger.sha256
    assert other.cache_key != tagger.cache_key
    assert not other.config.pair_activation_last
    assert tagger.config.pair_activation_last
    assert "use_pre_activation_pair" not in other.assumed
    assert np.abs(other.predict(jets) - tagger.predict(jets)).max() > 0.01


def test_the_accuracies_show_which_way_is_right(tagger, jets):
    found = accuracies(tagger, jets)
    assert [options for options, _ in found] == alternatives(tagger)
    best = max(found, key=lambda pair: pair[1])
    assert best[0] | RIGHT == best[0]
    assert best[1] == 1
    assert found[0][1] < 1
    assert accuracies(tagger, jets[[name for name in jets.fields if name != "truth"]]) == []


def test_a_network_file_leaves_nothing_to_try(tmp_path):
    tagger = part.load_model(write_weaver_training(tmp_path / "told", has_network=True))
    assert tagger.assumed == {}
    assert alternatives(tagger) == []


def test_a_checkpoint_of_the_project_says_all_itself(tmp_path):
    tagger = part.load_model(write_own_model(tmp_path / "mine.safetensors"))
    assert alternatives(tagger) == []
    with pytest.raises(PartError, match="nothing to choose"):
        with_options(tagger, RIGHT)


def test_the_commands_print_the_accuracies(tagger, tmp_path, capsys):
    path = write_own_jets(tmp_path / "jets.root", n=50)
    print_assumptions(tagger, entry_ranges([str(path)], config=tagger.data_config))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Nothing says these keywords of mine; accuracy on ")
    assert len(lines) == 1 + len(alternatives(tagger))
    assert lines[1].endswith("(assumed)")
    told = part.load_model(write_own_model(tmp_path / "own.safetensors"))
    print_assumptions(told, entry_ranges([str(path)], config=told.data_config))
    assert capsys.readouterr().out == ""
