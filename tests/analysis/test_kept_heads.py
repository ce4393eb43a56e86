"""A model in which some heads are kept: the others give a constant, or what they give in the corrupted jet."""

import numpy as np
import pytest
from helpers.attribution import tagger_loader

from part.analysis.circuits.corruptions import find_corruption
from part.analysis.circuits.pairs import Pairs
from part.analysis.circuits.search.jets_of_classes import Labelled, Partners, of_two_classes
from part.analysis.circuits.search.kept_heads import KeptHeads, searched_heads
from part.analysis.circuits.search.projection import outputs_of_corrupted
from part.analysis.intervention.reference import Reference
from part.inference.forward import HEAD_OUTPUT, CachedForward
from part.jets.class_groups import class_group

pytestmark = pytest.mark.filterwarnings("ignore:.*more than 128 constituents")  # one of the jets is that long


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    return tagger_loader(tmp_path_factory.mktemp("models"))


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
