"""Studies of models with a data config of their own: what its roles allow, and what is left out."""

import numpy as np
import pytest
from helpers.own_models import WITHOUT_MOMENTA, write_own_model
from helpers.own_training import own_config, write_own_jets

import part
from part.analysis.attribution.methods import attribute, supported_methods
from part.analysis.attribution.sample_study import AttributionStudy
from part.analysis.attribution.single_jet_study import JetAttributionStudy
from part.analysis.attribution.task import make_task
from part.analysis.bias.bias_function import bias_on_lund_plane
from part.analysis.bias.embedding import all_pairs, check_lund_plane, evaluate_bias, pair_feature_names
from part.analysis.bias.study import BiasStudy
from part.analysis.intervention import edits
from part.analysis.intervention.ablation import ablate, ablation_targets
from part.analysis.intervention.activation_patching import with_flavour_of
from part.analysis.intervention.irc import IRCStudy
from part.analysis.intervention.patching import PatchingStudy
from part.analysis.intervention.probes import ProbesStudy
from part.analysis.sparsity.components import ComponentsStudy
from part.analysis.sparsity.study import SparsityStudy
from part.analysis.study import study_jets
from part.errors import PartError
from part.figures.studies.attribution import charts
from part.figures.studies.attribution_jet import charts as jet_charts
from part.inference.forward import CachedForward
from part.jets.benchmarks import FULL, KIN
from part.jets.datasets import JETCLASS
from part.jets.features import make_batch
from part.jets.hashing import jet_hashes
from part.jets.schema import DISPLACEMENT, IDENTITY

pytestmark = pytest.mark.filterwarnings("ignore:Left out, as in weaver-core")
EE = {"pair_features": "ee", "pair_inputs": 6, "biased_blocks": (1,), "class_layers": 0}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return write_own_jets(tmp_path_factory.mktemp("jets") / "jets.root", n=40)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    options = {"plain": {}, "vertices": {"kind": "vertices"}, "bare": {"changes": WITHOUT_MOMENTA}, "ee": EE}
    paths = {name: write_own_model(folder / f"{name}.safetensors", **chosen) for name, chosen in options.items()}
    return {name: part.load_model(path) for name, path in paths.items()}


@pytest.fixture(params=["plain", "vertices", "bare", "ee"])
def tagger(request, models):
    return models[request.param]


@pytest.fixture
def jets(tagger, path):
    return part.read_jets(path, config=tagger.data_config)


def test_a_data_config_uses_what_the_roles_of_its_inputs_say(models):
    features = models["plain"].features
    assert features.uses(("part_charge", "part_d0val", "part_isMuon"))
    assert not features.uses(IDENTITY)
    assert not features.uses(DISPLACEMENT)
    assert FULL.uses(IDENTITY + DISPLACEMENT)
    assert not KIN.uses(IDENTITY)


def test_only_species_that_the_inputs_say_are_ablated(tagger, jets):
    targets = ablation_targets(tagger)
    assert [str(target) for target in targets if target.kind == "species"] == ["muons"]
    forward = CachedForward(tagger, jets)
    without = ablate(forward, jets, targets)[targets.index(next(t for t in targets if t.kind == "species"))]
    has_muon = np.array([any(flags) for flags in jets["part_isMuon"].tolist()])
    changed = ((without - forward.probabilities).abs() > 1e-5).any(-1).cpu().numpy()
    assert has_muon.any()
    assert not changed[~has_muon].any()
    assert changed[has_muon].any()


@pytest.mark.parametrize("study", [SparsityStudy(untrained=False), ComponentsStudy()])
def test_studies_of_attention_take_all_of_them(tagger, jets, study):
    result = study_jets(study, tagger, jets)
    if isinstance(study, SparsityStudy):
        known = np.isfinite(result.trained.statistic("inter_subjet").value).all()
        assert known == ("part_px" in jets.fields)
        assert np.isfinite(result.trained.statistic("entropy").value).all()
    else:
        is_known = dict(zip(result.features, np.isfinite(result.correlation).any((0, 1)), strict=True))
        assert is_known["charge"]
        assert is_known["ln pT"] == ("part_px" in jets.fields)
        assert not is_known["photon"]


def test_observables_of_momenta_are_refused_without_any(models, path):
    tagger = models["bare"]
    with pytest.raises(PartError, match=r"which of its variables are the momenta.*roles\.part_px"):
        study_jets(ProbesStudy(), tagger, part.read_jets(path, config=tagger.data_config))


def test_jets_whose_inputs_are_computed_already_are_not_edited(tagger, jets):
    changes = (
        lambda: edits.recompute_derived(jets),
        lambda: edits.drop(jets),
        lambda: edits.smear(jets, 0.1),
        lambda: edits.boost(jets, 0.1),
        lambda: with_flavour_of(jets[:1], jets[1:2]),
    )
    for change in changes:
        with pytest.raises(PartError, match="does not follow an edit of constituents"):
            change()
    for study in (IRCStudy(), PatchingStudy("is_b", "is_c", corruption="flavour")):
        with pytest.raises(PartError, match="computed from files by its data config"):
            study.check(tagger)


def test_patching_takes_the_classes_of_the_model_where_none_are_chosen(models, path):
    tagger = models["plain"]
    assert PatchingStudy().classes(tagger.dataset) == ("is_b", "is_light")
    assert PatchingStudy(corrupted="is_b").classes(tagger.dataset) == ("is_c", "is_b")
    assert PatchingStudy().classes(JETCLASS) == ("Tbqq", "QCD")
    result = study_jets(PatchingStudy(), tagger, part.read_jets(path, config=tagger.data_config))
    assert (result.study.clean, result.study.corrupted) == ("is_b", "is_light")
    assert np.isfinite(result.value).all()


def test_random_choices_do_not_depend_on_the_order_of_jets(tagger, jets):
    hashes = jet_hashes(jets)
    assert len(set(hashes.tolist())) == len(jets)
    np.testing.assert_array_equal(jet_hashes(jets[::-1]), hashes[::-1])


def test_attributions_to_inputs_name_them_and_leave_tokens_in_their_collections(tagger, jets):
    task = make_task(tagger, jets[:1])
    assert {"integrated", "smoothgrad", "occlusion"} <= set(supported_methods(tagger))
    result = attribute(task, "integrated")
    own = sum(tagger.features.widths) or len(tagger.features)
    assert result.names == tuple(feature.name for feature in tagger.features.features[:own])
    assert result.parts.shape == (len(task), own)
    baseline = task.x.clone()
    baseline[..., :own] = 0  # and not the flags of the collections
    assert result.total == pytest.approx(task.value - float(task.value_of_inputs(baseline)), abs=1e-4)


def test_the_bias_of_other_pair_features_is_explained_by_these(models, path):
    tagger = models["ee"]
    jets = part.read_jets(path, config=tagger.data_config)
    assert pair_feature_names(tagger)[-1] == "lnJADE"
    pairs = all_pairs(make_batch(jets[:1], tagger.features), tagger.config)
    assert pairs.features.shape == (len(pairs), 6)
    bias = tagger.trace(jets[:1]).bias[0]
    assert not bias[[0, 2]].any()
    np.testing.assert_allclose(evaluate_bias(tagger, pairs.features), bias[1][:, pairs.i, pairs.j].T, atol=1e-5)
    result = study_jets(BiasStudy(pairs=4, baseline=8), tagger, jets[:10])
    assert result.features == pair_feature_names(tagger)
    assert result.size.value.shape == (4, 6)
    with pytest.raises(PartError, match="only one of lnkT"):
        check_lund_plane(tagger)
    check_lund_plane(models["plain"])
    assert np.isfinite(bias_on_lund_plane(lambda features: evaluate_bias(models["plain"], features), -1.5)).all()


WITHOUT_VECTORS = {"inputs": {name: group for name, group in own_config()["inputs"].items() if name != "pf_vectors"}}


@pytest.mark.parametrize(("changes", "is_known"), [(WITHOUT_MOMENTA, False), (WITHOUT_VECTORS, True), ({}, True)])
def test_pt_is_compared_where_the_momenta_are_known(changes, is_known, tmp_path, path):
    """Also where the interaction takes none; where they are not known the charts leave it out."""
    tagger = part.load_model(write_own_model(tmp_path / "own.safetensors", changes=changes))
    jets = part.read_jets(path, 0, 2, config=tagger.data_config)
    assert np.isfinite(make_task(tagger, jets[:1]).pt).all() == is_known
    sample = charts(study_jets(AttributionStudy(methods=("occlusion", "rollout")), tagger, jets))
    alone = jet_charts(study_jets(JetAttributionStudy(permutations=2), tagger, jets[:1]))
    for shown in (sample, alone):
        assert ("pT" in shown["agreement"].rows) == is_known
        assert np.isfinite(shown["agreement"].values).all()
        assert ("pT" in {series.name for series in shown["deletion"].series}) == is_known
        assert ("pT" in shown["infidelity"].series[0].x) == is_known
