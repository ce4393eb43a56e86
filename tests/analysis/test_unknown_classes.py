"""A jet of no class counts wherever no class is needed, and is left out, with a word, wherever one is."""

import awkward as ak
import numpy as np
import pytest
from helpers.jets import COUNTS, write_jets, write_model

import part
from part.analysis.bias.bias_ablation import BiasAblationStudy
from part.analysis.intervention.importance import ImportanceStudy
from part.analysis.intervention.lens import LensStudy
from part.analysis.intervention.patching import PatchingStudy
from part.analysis.intervention.probes import ProbesStudy
from part.analysis.intervention.topk import TopKStudy
from part.analysis.sparsity.study import SparsityStudy
from part.analysis.study import study_jets
from part.errors import PartError
from part.jets.datasets import JETCLASS
from part.jets.notices import JetWarning
from part.jets.observables import prongs

SMALL = {"embed": (16,), "pair_embed": (8,), "heads": 2, "layers": 2, "class_layers": 1}
UNKNOWN = (4, 7)
SHORT = [min(count, 40) for count in COUNTS]
OTHERS = np.setdiff1d(np.arange(len(COUNTS)), UNKNOWN)


@pytest.fixture(scope="module")
def tagger(tmp_path_factory):
    return part.load_model(write_model(tmp_path_factory.mktemp("models") / "alpha.safetensors", **SMALL), "cpu")


@pytest.fixture(scope="module")
def jets(tmp_path_factory):
    return without_class(part.read_jets(write_jets(tmp_path_factory.mktemp("jets") / "toys.root", SHORT)), UNKNOWN)


def without_class(jets: ak.Array, chosen: tuple[int, ...] | range) -> ak.Array:
    known = ~np.isin(np.arange(len(jets)), chosen)
    columns = {name: jets[name] * known if name.startswith("label_") else jets[name] for name in jets.fields}
    return ak.zip(columns, depth_limit=1)


def studied(study, tagger, jets: ak.Array, without: int):
    """Return the result of a study, which says how many jets have no class."""
    with pytest.warns(JetWarning, match=f"No class is known for {without} of {len(jets)} jets"):
        return study_jets(study, tagger, jets)


def test_top_k(tagger, jets):
    study = TopKStudy(ks=(1, 3), draws=20)
    result, expected = studied(study, tagger, jets, 2), study_jets(study, tagger, jets[OTHERS])
    assert (result.jets, expected.jets) == (12, 10)
    assert result.accuracy == pytest.approx(expected.accuracy)
    np.testing.assert_allclose(result.change, expected.change)


def test_a_bias_that_is_switched_off(tagger, jets):
    study = BiasAblationStudy(replicas=20)
    result, expected = studied(study, tagger, jets, 2), study_jets(study, tagger, jets[OTHERS])
    assert result.probabilities.shape[1] == 12
    accuracies = [[e.value for e in r.effects if e.quantity == "accuracy"] for r in (result, expected)]
    assert accuracies[0]
    np.testing.assert_allclose(*accuracies)


def test_importance(tagger, jets):
    study = ImportanceStudy(draws=20)
    result, expected = studied(study, tagger, jets, 2), study_jets(study, tagger, jets[OTHERS])
    assert result.jets == 12
    for name in ("accuracy", "cross_entropy"):
        assert result.changes[name].full == pytest.approx(expected.changes[name].full, abs=1e-5)
        np.testing.assert_allclose(result.changes[name].value, expected.changes[name].value, atol=1e-5)


def test_the_lens(tagger, jets):
    result, expected = studied(LensStudy(), tagger, jets, 2), study_jets(LensStudy(), tagger, jets[OTHERS])
    for name in ("accuracy", "true_class"):
        np.testing.assert_allclose(result.measures[name].value, expected.measures[name].value, atol=1e-6)
    assert result.measures["divergence"].jets.tolist() == [12] * 3


def test_the_groups_of_sparsity(tagger, jets):
    result = studied(SparsityStudy(untrained=False), tagger, jets, 2).trained
    n_jets = result.numbers.jets.reshape(len(result.numbers.jets), -1).max(1)
    classes = result.groups["class"]
    assert n_jets[0] == 12
    assert n_jets[classes].sum() == 10


def test_patching(tagger, jets):
    with pytest.raises(PartError, match="There are no H4q jets"):  # the only one lost its class
        study_jets(PatchingStudy(clean="QCD", corrupted="H4q"), tagger, jets)


def test_probes(tagger, tmp_path):
    jets = part.read_jets(write_jets(tmp_path / "many.root", [12] * 70))
    result = studied(ProbesStudy(), tagger, without_class(jets, UNKNOWN), 2)
    assert (result.jets, "prongs" in result.observables) == (68, True)
    assert np.isnan(prongs(JETCLASS, np.array([-1, 0]))).tolist() == [True, False]


def test_jets_that_all_have_no_class_are_as_jets_without_labels(tagger, jets):
    none = without_class(jets, range(12))
    assert studied(TopKStudy(ks=(1,), draws=5), tagger, none, 12).accuracy is None
    assert set(studied(ImportanceStudy(draws=5), tagger, none, 12).changes) == {"divergence"}
    quantities = studied(BiasAblationStudy(replicas=5), tagger, none, 12).quantities
    assert "accuracy" not in quantities
    assert "logit drift" in quantities
    assert np.isnan(studied(LensStudy(), tagger, none, 12).measures["accuracy"].value).all()
