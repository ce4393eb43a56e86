"""What was left out of jets is said once for a call, with the number of different jets."""

import warnings

import numpy as np
import pytest
from helpers.field import JET, of_no_class, with_nan, without_momentum
from helpers.jet_samples import columns, write_tree
from helpers.jets import write_model

import part
from part.analysis.intervention.lens import LensStudy
from part.analysis.study import study_files
from part.comparison.compare import compare_files
from part.jets import notices
from part.jets.notices import NOT_A_NUMBER, WITHOUT_MOMENTUM, JetWarning, Notices, gathered, notify, plural, say
from part.jets.streaming import entry_ranges

SMALL = {"embed": (16,), "pair_embed": (8,), "heads": 2, "layers": 1, "class_layers": 1}


@pytest.fixture
def file(tmp_path):
    return write_tree(tmp_path / "jets.root", of_no_class(without_momentum(with_nan_in_others(columns(12)))))


def with_nan_in_others(table: dict) -> dict:
    """Return the table with NaN in jets 6 and 7, and in the one that is unusual otherwise."""
    values = table["part_dzval"]
    for jet in (6, 7):
        values = with_nan(table | {"part_dzval": values}, jet)["part_dzval"]
    return table | {"part_dzval": values}


def model(folder, name: str, seed: int = 0, features: str = "full"):
    return part.load_model(write_model(folder / f"{name}.safetensors", seed, features, **SMALL))


def said(call) -> list[str]:
    with warnings.catch_warnings(record=True) as recorded:
        warnings.simplefilter("always")
        call()
    return [str(warning.message) for warning in recorded if warning.category is JetWarning]


def test_a_jet_of_several_batches_counts_once():
    def read_twice():
        with gathered():
            for _ in range(2):
                notify(WITHOUT_MOMENTUM, {("a.root", 3): 2, ("a.root", 5): 1})
                with gathered():
                    notify(WITHOUT_MOMENTUM, {("a.root", 5): 1, ("b.root", 5): 4})

    assert said(read_twice) == ["Left out: 7 constituents without momentum, in 3 jets."]


def test_without_a_surrounding_block_a_notice_is_a_warning_at_once():
    assert said(lambda: notify(NOT_A_NUMBER, [7], "part_dz")) == [NOT_A_NUMBER.format(jets="1 jet", detail="part_dz")]
    assert said(lambda: notify(NOT_A_NUMBER, [], "part_dz")) == []
    assert said(lambda: say("A sentence {with} braces.")) == ["A sentence {with} braces."]


def test_the_caller_may_say_them_itself_with_or_without_numbers():
    heard: list[str] = []
    for counted in (True, False):
        with gathered(heard.append, counted):
            notify(NOT_A_NUMBER, [1, 2], "part_dz")
    assert [sentence.partition(" (")[0] for sentence in heard] == [
        "NaN among the inputs of 2 jets",
        "NaN among the inputs of some jets",
    ]


def test_notices_of_another_process_are_passed_on():
    with gathered(lambda sentence: None) as other:
        notify(NOT_A_NUMBER, [1, 2], "part_dz")
    heard: list[str] = []
    with gathered(heard.append):
        notify(NOT_A_NUMBER, [2, 3], "part_dz")
        other.pass_on()
    assert heard[0].startswith("NaN among the inputs of 3 jets")


def test_no_more_jets_are_kept_than_one_counts(monkeypatch):
    monkeypatch.setattr(notices, "MAX_COUNTED", 5)
    many = Notices()
    for start in range(0, 12, 3):
        many.add(NOT_A_NUMBER, "part_dz", dict.fromkeys(range(start, start + 3), 1))
    assert "more than 6 jets" in many.sentences()[0]


def test_after_an_error_nothing_is_said():
    @gathered()
    def fail():
        notify(NOT_A_NUMBER, [1], "part_dz")
        raise part.PartError("no")

    with pytest.raises(part.PartError):  # and no warning, which would be an error here
        fail()


def test_numbers_have_their_nouns():
    assert (plural(1, "jet"), plural(2000, "jet")) == ("1 jet", "2,000 jets")


def test_a_prediction_in_several_batches_says_how_many_jets(tmp_path, file):
    tagger, kin = model(tmp_path, "full"), model(tmp_path, "kin", 1, "kin")
    [left_out] = said(lambda: part.read_jets(file))
    assert left_out.startswith("Left out: 1 constituent")
    with pytest.warns(JetWarning):
        jets = part.read_jets(file)
    [sentence] = said(lambda: tagger.predict(jets, batch_size=3))
    assert sentence.startswith("NaN among the inputs of 2 jets (part_dz)")
    assert said(lambda: kin.predict(jets)) == []


def test_a_study_of_two_passes_and_a_comparison_of_two_models_count_each_jet_once(tmp_path, file):
    tagger, ranges = model(tmp_path, "full"), entry_ranges([str(file)])
    other = model(tmp_path, "other", 1)
    sentences = said(lambda: study_files(LensStudy(), tagger, ranges))
    assert [sentence.split()[0] for sentence in sentences] == ["Left", "NaN", "No"]
    assert "2 jets" in sentences[1]
    assert "1 of 12 jets" in sentences[2]
    sentences = said(lambda: compare_files({"a": tagger, "b": other}, ranges, attention_jets=2, replicas=2))
    assert {"Left out: 1 constituent without momentum, in 1 jet."} < set(sentences)
    assert sum("2 jets (part_dz)" in sentence for sentence in sentences) == 1


def test_what_needs_no_class_takes_all_jets_and_the_rest_leaves_one_out(tmp_path, file):
    tagger, ranges = model(tmp_path, "full"), entry_ranges([str(file)])
    with pytest.warns(JetWarning):
        lens = study_files(LensStudy(), tagger, ranges).measures
    with pytest.warns(JetWarning):
        comparison = compare_files({"a": tagger, "b": model(tmp_path, "b", 1)}, ranges, attention_jets=2, replicas=2)
    assert lens["divergence"].jets[0] == 12
    assert lens["accuracy"].jets[0] == 11
    assert (len(comparison), comparison.without_class, comparison.quality[0]["jets"]) == (12, 1, 11)
    assert comparison.confusion(0).sum() == sum(comparison.outcomes(1).values()) == 11
    known = np.arange(12) != JET
    right = comparison.classes[0][known] == (np.arange(12) % 10)[known]
    assert comparison.quality[0]["accuracy"] == pytest.approx(right.mean(), abs=1e-5)
