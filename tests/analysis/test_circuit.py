"""The study `circuit`: heads that were built to matter are found, ends are exact, the order of jets does not matter."""

import awkward as ak
import numpy as np
import pytest
import torch
from helpers.attribution import tagger_loader
from helpers.models import randomise
from helpers.muon_finder import muon_finder, with_muons

import part
from part.analysis.circuits.search.greedy import GreedySearch
from part.analysis.circuits.search.kept_heads import searched_heads
from part.analysis.circuits.search.study import CircuitStudy
from part.analysis.study import MergingAccumulator, study_jets
from part.errors import PartError
from part.jets.benchmarks import FULL
from part.jets.datasets import JETCLASS
from part.jets.labels import labels
from part.models.build import build
from part.models.checkpoints.checkpoint import save_checkpoint
from part.models.no_bias import ParTNoBiasConfig

pytestmark = pytest.mark.filterwarnings("ignore:.*more than 128 constituents")  # one of the jets is that long
SMALL = {"most": 3, "random": 5, "draws": 20}


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    return tagger_loader(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def muons(jets):
    """Jets with a muon (Tbl) and without (QCD), half and half."""
    many = ak.concatenate([jets[[0, 1, 4, 5, 7, 8]]] * 10)
    return with_muons(many, np.arange(len(many)) % 2 == 0)


@pytest.fixture(scope="module")
def finder(tmp_path_factory):
    return muon_finder(tmp_path_factory.mktemp("built") / "built.safetensors")


def test_the_heads_that_were_built_to_find_muons_are_found(finder, muons):
    """One head sees the muon, and one of either class block passes it on; alone none of them does anything."""
    result = study_jets(CircuitStudy("Tbl", "QCD", heads="all", tried=4, **SMALL), finder, muons)
    for sample in (0, 1):
        assert list(map(str, result.members(2, sample))) == ["layer 2, head 3", "class layer 1, head 2"]
    np.testing.assert_allclose(result.kept.value[:, 0], 0, atol=0.02)
    np.testing.assert_allclose(result.kept.value[:, 1:], 1, atol=0.02)
    np.testing.assert_allclose(result.removed.value[:, 1], 0, atol=0.02)
    np.testing.assert_allclose(result.lost.value[:, 1, :2], 1, atol=0.02)
    assert (result.auc.value[:, 1] == 1).all()
    assert result.overlap(2) == 1
    assert result.is_stable(2)
    assert (result.random_kept[:, :2] < 0.5).all()
    assert result.exceeded_by(2) == pytest.approx(1 / 6)


def test_with_class_heads_kept_it_is_the_one_head(finder, muons):
    result = study_jets(CircuitStudy("Tbl", "QCD", **SMALL), finder, muons)
    assert [str(result.members(1, sample)[0]) for sample in (0, 1)] == ["layer 2, head 3"] * 2
    np.testing.assert_allclose(result.kept.value, 1, atol=0.02)
    np.testing.assert_allclose(result.lost.value[:, 1:, 0], 1, atol=0.05)
    np.testing.assert_allclose(result.lost.value[:, 2, 1:], 0, atol=0.05)


def test_all_heads_are_faithful_and_none_is_not(load, jets):
    """A set that has all heads keeps exactly everything, and all heads but these keep exactly nothing."""
    tagger, sample = load("part"), labelled(jets)
    n = len(searched_heads(tagger))
    result = study_jets(CircuitStudy("Tbl", "QCD", heads="all", most=n, random=2, draws=20), tagger, sample)
    assert (result.kept.value[:, -1] == 1).all()
    assert (result.removed.value[:, -1] == 0).all()
    assert (result.agreement[:, -1] == 1).all()
    assert (result.auc.value[:, -1] == result.whole_auc.value[:, 0]).all()
    assert (result.random_kept[:, -1] == 1).all()
    assert [sorted(order) for order in result.searched.orders] == [list(range(n))] * 2
    assert len(result.rows()) == 2 * n
    assert {tuple(row) for row in result.rows()} == {tuple(result.rows()[0])}


def labelled(jets):
    """Return 24 different jets, Tbl and QCD in turn."""
    many = ak.concatenate([jets[[0, 1, 4, 5, 7, 8]]] * 4)
    return with_muons(many, np.arange(len(many)) % 2 == 0)


def test_where_all_heads_are_alike_a_random_set_is_as_good(tmp_path, jets):
    """With four heads of the same weights only the number of heads counts."""
    torch.manual_seed(0)
    model = randomise(build(ParTNoBiasConfig(embed=(16,), layers=1, heads=4, class_layers=0)))
    attention = model.blocks[0].attn
    with torch.no_grad():
        for tensor in (attention.qkv.weight, attention.qkv.bias):
            by_head = tensor.unflatten(0, (3, 4, -1))
            by_head.copy_(by_head[:, :1].expand_as(by_head).clone())
        columns = attention.out.weight.unflatten(1, (4, -1))
        columns.copy_(columns[:, :1].expand_as(columns).clone())
    tagger = part.load_model(save_checkpoint(tmp_path / "alike.safetensors", model, FULL, JETCLASS, {}))
    result = study_jets(CircuitStudy("Tbl", "QCD", **SMALL), tagger, labelled(jets))
    expected = np.repeat(result.kept.value[:1], 5, axis=0)  # of sample 1, on the jets that random sets are measured on
    np.testing.assert_allclose(result.random_kept, expected, atol=1e-3)
    assert np.ptp(result.kept.value[0]) > 0.1
    assert result.exceeded_by(2) > 0.1


@pytest.mark.parametrize("replacement", ["mean", "corrupted"])
def test_the_order_of_the_jets_and_the_number_of_processes_do_not_matter(load, jets, replacement):
    tagger, sample = load("part"), labelled(jets)
    study = CircuitStudy("Tbl", "QCD", replacement=replacement, **SMALL)
    one, other = (study_jets(study, tagger, some).arrays() for some in (sample, sample[::-1]))
    merged = in_pieces(study, tagger, [sample[:5], sample[5:6], sample[6:]]).arrays()
    for name, values in one.items():
        if values.dtype.kind == "U":
            assert (values == other[name]).all()
        else:
            np.testing.assert_allclose(values, other[name], rtol=1e-3, atol=1e-4, err_msg=name)
            np.testing.assert_allclose(values, merged[name], rtol=1e-3, atol=1e-4, err_msg=name)


def in_pieces(study, tagger, pieces):
    """Return the result as workers would make it: each piece of the jets in an accumulator of its own, in each pass."""
    whole, earlier = study.accumulator(tagger), []
    for number in range(study.n_passes):
        if number:
            whole.next_pass()
        for piece in pieces:
            own = study.accumulator(tagger)
            for sums in earlier:
                own.merge(sums)
                own.next_pass()
            assert isinstance(own, MergingAccumulator)
            own.add(piece, labels(piece, tagger.dataset))
            whole.merge(own.sums)
        earlier.append(whole.sums)
    return whole.result()


def test_fewer_tried_heads_find_the_same_where_gains_shrink():
    """With errors that add up, what was best before is best now."""
    worth = np.array([5.0, 1.0, 4.0, 3.0, 2.0, 0.5])

    def search(tried):
        greedy = GreedySearch(6, 6, tried)
        greedy.step(0, worth)
        while len(greedy.removed) < 5:
            flags = greedy.flags
            error = 20 - worth[flags].sum()
            greedy.step(error, error + np.where(flags, worth, -worth))
        return greedy

    few, all_of_them = search(1), search(6)
    assert few.grown == all_of_them.grown == (0, 2, 3, 4, 1, 5)
    assert few.order == all_of_them.order == (0, 2, 3, 4, 1, 5)


def test_options_and_jets_that_make_no_sense_are_refused(load, jets):
    tagger = load("part")
    with pytest.raises(PartError, match="most is 1; expected 2 or more"):
        CircuitStudy(most=1)
    with pytest.raises(PartError, match="replacement is 'noise'; choose one of mean, zero, corrupted"):
        CircuitStudy(replacement="noise")
    with pytest.raises(PartError, match="most is 8, but part has 4 such heads"):
        study_jets(CircuitStudy(), tagger, jets)
    with pytest.raises(PartError, match="share the class QCD"):
        study_jets(CircuitStudy("QCD", "QCD", most=3), tagger, jets)
    with pytest.raises(PartError, match=r"Sample 1 of 2 has \d of the two or more jets of"):
        study_jets(CircuitStudy(most=3), tagger, jets)
    bare = jets[[1, 3]][[name for name in jets.fields if not name.startswith("label")]]
    with pytest.raises(PartError, match="needs jets with labels"):
        study_jets(CircuitStudy(most=3), tagger, bare)
    with pytest.raises(PartError, match="has no attention heads to intervene on"):
        study_jets(CircuitStudy(), load("pfn"), jets)
