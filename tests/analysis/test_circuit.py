"""The study `circuit`: heads that were built to matter are found, ends are exact, the order of jets does not matter."""

import awkward as ak
import numpy as np
import pytest
import torch
from helpers.attribution import tagger_loader
from helpers.models import randomise
from helpers.muon_finder import muon_finder, with_muons

import part
from part.analysis.circuits.corruptions import find_corruption
from part.analysis.circuits.pairs import Pairs
from part.analysis.circuits.search.greedy import GreedySearch
from part.analysis.circuits.search.jets_of_classes import Labelled, Partners, of_two_classes
from part.analysis.circuits.search.kept_heads import KeptHeads, searched_heads
from part.analysis.circuits.search.projection import outputs_of_corrupted
from part.analysis.circuits.search.study import CircuitStudy
from part.analysis.intervention.reference import Reference
from part.analysis.study import MergingAccumulator, study_jets
from part.errors import PartError
from part.inference.forward import HEAD_OUTPUT, CachedForward
from part.jets.benchmarks import FULL
from part.jets.class_groups import class_group
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


@pytest.mark.parametrize("replacement", ["mean", "zero"])
@pytest.mark.parametrize("name", ["part", "nobias", "pairattn", "global", "mean", "linpart"])
def test_other_weights_do_what_replaced_outputs_do(load, jets, name, replacement):
    """Every set, and every head that is added to or removed from it, is that of a tap which replaces outputs."""
    tagger, sample = load(name), jets[[0, 1, 4]]
    heads, reference = searched_heads(tagger), Reference()
    reference.add(CachedForward(tagger, sample, {HEAD_OUTPUT}), sample)
    constants = {tap: reference.mean(tap) for tap in reference.names} if replacement == "mean" else {}
    contrast = class_group(tagger.dataset, "Tbqq"), class_group(tagger.dataset, "H*")
    model = KeptHeads(tagger, heads, constants, contrast)
    model.load(of_two_classes(sample, np.full(len(sample), 8), contrast, 1))
    kept = np.random.default_rng(0).random(len(heads)) < 0.5
    expected = by_tap(tagger, sample, heads, kept, constants)
    np.testing.assert_allclose(model.differences(kept), expected, rtol=1e-4, atol=1e-4)
    own, flipped = model.flips(kept, range(len(heads)))
    np.testing.assert_allclose(own, expected, rtol=1e-4, atol=1e-4)
    for head, values in enumerate(flipped):
        other = kept.copy()
        other[head] = not other[head]
        np.testing.assert_allclose(values, by_tap(tagger, sample, heads, other, constants), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(model.differences(kept), expected, rtol=1e-4, atol=1e-4)
    assert flipped.std(0).max() > 1e-3


@pytest.mark.parametrize("corruption", ["class", "subjet", "soft"])
@pytest.mark.parametrize("name", ["part", "global", "mean", "linpart"])
def test_replaced_heads_give_what_they_give_in_the_corrupted_jet(load, jets, name, corruption):
    tagger, sample = load(name), jets[[0, 1, 4, 5]]
    heads, contrast = searched_heads(tagger), (class_group(tagger.dataset, "Tbqq"), class_group(tagger.dataset, "H*"))
    own = Labelled(sample, np.arange(4), np.array([0, 1, 0, 1]), np.zeros(4, int))
    partners = Partners(tagger.dataset, contrast, 1)
    partners.add(own, as_donors=True)
    paired = partners.paired(own, find_corruption(corruption))
    model = KeptHeads(tagger, heads, None, contrast)
    model.load(paired)
    outputs = outputs_of_corrupted(tagger, paired.pairs)
    kept = np.random.default_rng(1).random(len(heads)) < 0.5
    expected = by_tap(tagger, paired.jets, heads, kept, outputs)
    np.testing.assert_allclose(model.differences(kept), expected, rtol=1e-4, atol=1e-4)
    assert abs(expected - by_tap(tagger, paired.jets, heads, ~kept, outputs)).max() > 1e-4
    found, flipped = model.flips(kept, range(len(heads)))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    for head, values in enumerate(flipped):
        other = kept.copy()
        other[head] = not other[head]
        np.testing.assert_allclose(values, by_tap(tagger, paired.jets, heads, other, outputs), rtol=1e-4, atol=1e-4)


def test_heads_replaced_by_those_of_the_jet_itself_change_nothing(load, jets):
    tagger, sample = load("part"), jets[[0, 1, 4]]
    contrast = class_group(tagger.dataset, "Tbqq"), class_group(tagger.dataset, "H*")
    model = KeptHeads(tagger, searched_heads(tagger), None, contrast)
    model.load(Labelled(sample, np.arange(3), np.zeros(3, int), np.zeros(3, int), Pairs(sample, sample, True)))
    n = len(searched_heads(tagger))
    np.testing.assert_allclose(model.differences(np.zeros(n, bool)), model.differences(np.ones(n, bool)), atol=1e-5)


def test_a_jet_is_corrupted_by_one_of_the_other_class_and_of_its_own_sample(load, jets):
    tagger, sample = load("part"), jets[[0, 1, 4, 5, 7, 8]]
    contrast = class_group(tagger.dataset, "Tbqq"), class_group(tagger.dataset, "QCD")
    own = Labelled(sample, np.arange(6), np.array([0, 1, 0, 1, 0, 1]), np.array([0, 0, 0, 0, 1, 1]))
    partners = Partners(tagger.dataset, contrast, 2)
    partners.add(own, as_donors=True)
    pairs = partners.paired(own, find_corruption("class")).pairs
    momenta = sample["part_px"].tolist()
    donors = [momenta.index(jet) for jet in pairs.corrupted["part_px"].tolist()]
    assert set(donors[0::2][:2]) <= {1, 3}
    assert set(donors[1::2][:2]) <= {0, 2}
    assert donors[4:] == [5, 4]


def by_tap(tagger, jets, heads, kept, constants) -> np.ndarray:
    """Return ln p(Tbqq) - ln p(any Higgs) with the outputs of heads replaced as the model runs."""

    def replace(name, tensor):
        block, _, tap = name.rpartition(".")
        if tap != HEAD_OUTPUT:
            return tensor
        kind, _, layer = block.rpartition(".")
        tensor = tensor.clone()
        for head, is_kept in zip(heads, kept, strict=True):
            own = "class_blocks" if head.kind == "class head" else "blocks"
            if not is_kept and (own, str(head.layer)) == (kind, layer):
                tensor[:, head.head] = constants[name][..., head.head, :, :] if constants else 0
        return tensor

    probabilities = CachedForward(tagger, jets).rerun_from(0, 1, replace, only_first=False)[0].double()
    return (probabilities[:, 8].log() - probabilities[:, 1:6].sum(1).log()).numpy()


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
