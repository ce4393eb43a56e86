"""The study `importance`: its sums, its corrected intervals, and a head that was built to attend to muons is found."""

import awkward as ak
import numpy as np
import pytest
from helpers.muon_finder import muon_finder, with_muons

from part.analysis.intervention.effects import change
from part.analysis.intervention.importance import ImportanceStudy
from part.analysis.intervention.reference import REPLACEMENTS
from part.analysis.study import study_jets
from part.errors import PartError
from part.jets.class_groups import merge_classes
from part.jets.datasets import JETCLASS
from part.jets.labels import labels

pytestmark = pytest.mark.filterwarnings("ignore:.*more than 128 constituents")  # one of the jets is that long


@pytest.mark.parametrize("replacement", REPLACEMENTS)
def test_the_order_of_the_jets_does_not_matter(tagger, jets, replacement):
    study, jets = ImportanceStudy(replacement, draws=20), jets[[0, 1, 3, 4]]
    one, other = (study_jets(study, tagger, sample) for sample in (jets, jets[::-1]))
    for name, result in one.arrays().items():
        if result.dtype.kind == "f":
            np.testing.assert_allclose(result, other.arrays()[name], atol=1e-5, err_msg=name)
    assert one.heads("accuracy").shape == (3, 4)
    assert one.table("accuracy", kind="class head")[0].shape == (2, 5)
    assert {tuple(row) for row in one.rows()} == {tuple(one.rows()[0])}


def test_without_labels_there_is_the_divergence(tagger, jets):
    bare = jets[[1, 3]][[name for name in jets.fields if not name.startswith("label")]]
    assert set(study_jets(ImportanceStudy(draws=20), tagger, bare).changes) == {"divergence"}


def test_a_group_of_classes_is_one_class_for_all_measures(tagger, jets):
    groups = ("H*", "Z or W=Zqq,Wqq")
    sample = jets[[0, 1, 3, 4]]
    merged = merge_classes(JETCLASS, groups)
    truth, probabilities = merged.truth(labels(sample, JETCLASS)), merged.probabilities(tagger.predict(sample))
    result = study_jets(ImportanceStudy(draws=20, groups=groups), tagger, sample)
    assert result.changes["accuracy"].full == (probabilities.argmax(1) == truth).mean()
    expected = -np.log(probabilities[np.arange(4), truth]).mean()
    assert result.changes["cross_entropy"].full == pytest.approx(expected, rel=1e-4)
    with pytest.raises(PartError, match="share the class Hbb"):
        study_jets(ImportanceStudy(groups=("H*", "bb=Hbb,Zqq")), tagger, sample)


def test_the_correction_lets_one_in_twenty_families_through():
    """Without any effect, about 5 % of 100 families of 40 correlated comparisons claim one."""
    rng = np.random.default_rng(1)
    claims = 0
    for _ in range(100):
        per_jet = rng.normal(size=(41, 100)) + rng.normal(size=100)
        per_jet[0] = 0
        weights = rng.multinomial(100, np.full(100, 0.01), 200) / 100
        claims += (change(per_jet.mean(1), per_jet @ weights.T).p < 0.05).any()
    assert claims <= 12


def test_an_effect_has_an_interval_and_no_effect_has_an_empty_one():
    rng = np.random.default_rng(2)
    per_jet = np.stack((np.zeros(400), rng.normal(0.5, 1, 400), np.zeros(400)))
    weights = rng.multinomial(400, np.full(400, 1 / 400), 500) / 400
    result = change(per_jet.mean(1), per_jet @ weights.T)
    assert result.significant.tolist() == [True, False]
    assert result.high[0] - result.low[0] == pytest.approx(2 * 1.96 / 20, rel=0.2)  # of the mean of 400 jets
    assert (result.low[1], result.value[1], result.high[1], result.p[1]) == (0, 0, 0, 1)


def test_the_map_finds_the_head_that_was_built_to_attend_to_muons(tmp_path, jets):
    """Only head 3 of layer 2 writes to the channel that the logits read, and only values of muons."""
    tagger = muon_finder(tmp_path / "built.safetensors")
    many = ak.concatenate([jets[[0, 1, 4, 5, 7, 8]]] * 10)
    muons = np.arange(len(many)) % 3 == 0
    result = study_jets(ImportanceStudy(draws=100), tagger, with_muons(many, muons))
    assert result.changes["accuracy"].full == 1
    lost = -result.heads("accuracy")
    assert np.unravel_index(lost.argmax(), lost.shape) == (1, 2)
    expected = np.zeros((3, 4), bool)
    expected[1, 2] = True
    np.testing.assert_array_equal(result.heads("accuracy", "significant"), expected)
    assert result.heads("accuracy", "high")[1, 2] < -0.2  # all jets are predicted as the same class
    losses = dict(zip(map(str, result.targets), result.changes["accuracy"].value, strict=True))
    assert losses["muons"] < -0.2
    assert losses["photons"] == 0
