"""Corrupted jets are physical, depend on the content of the jet alone, and pairs match the tokens that they should."""

import awkward as ak
import numpy as np
import pytest
import torch
from helpers.attribution import tagger_loader
from helpers.jets import write_jets

import part
from part.analysis.circuits.corruptions import CORRUPTIONS, FLAVOUR, check_corruption, find_corruption
from part.analysis.circuits.pairs import DONORS, Donors, make_pairs, match_tokens, pair_classes, take_matched
from part.analysis.intervention import edits
from part.errors import PartError
from part.inference.forward import CachedForward
from part.jets import kinematics
from part.jets.datasets import JETCLASS, TOPLANDSCAPE
from part.jets.schema import DISPLACEMENT, MOMENTA
from part.jets.subjets import subjet_index


@pytest.fixture(scope="module")
def load(tmp_path_factory):
    return tagger_loader(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def jets(tmp_path_factory):
    return part.read_jets(write_jets(tmp_path_factory.mktemp("jets") / "j.root", [9, 1, 11, 30, 140], seed=3))


@pytest.fixture(scope="module")
def donors(tmp_path_factory):
    jets = part.read_jets(write_jets(tmp_path_factory.mktemp("donors") / "d.root", [10, 3, 11, 8, 40], seed=5))
    collected = Donors(JETCLASS, "QCD")
    collected.add(jets, np.zeros(len(jets), int))
    return collected


def flat(jets, names):
    return np.stack([ak.to_numpy(ak.flatten(jets[name])).astype(float) for name in names], -1)


def jet_mass(jets):
    return kinematics.m2(*(ak.to_numpy(ak.sum(ak.values_astype(jets[name], float), 1)) for name in MOMENTA))


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_each_depends_on_the_content_of_the_jet_alone(jets, donors, name):
    corruption = find_corruption(name)
    together = make_pairs(jets, corruption, donors).corrupted
    for i in (3, 0):
        alone = make_pairs(jets[i : i + 1], corruption, donors).corrupted
        for field in alone.fields:
            np.testing.assert_array_equal(ak.to_numpy(alone[field][0]), ak.to_numpy(together[field][i]))
    assert np.all(np.isfinite(flat(together, MOMENTA)))
    assert ak.all(together["part_energy"] > 0)


def test_a_turned_subjet_keeps_the_masses_of_subjets_and_changes_that_of_the_jet(jets):
    pairs = make_pairs(jets, find_corruption("subjet"))
    clean, corrupted = (flat(j, MOMENTA) for j in (pairs.clean, pairs.corrupted))
    np.testing.assert_allclose(clean[:, 3], corrupted[:, 3], rtol=1e-6)
    counts = ak.to_numpy(ak.num(pairs.clean["part_px"]))
    cell = np.repeat(3 * np.arange(len(counts)), counts) + ak.to_numpy(ak.flatten(subjet_index(pairs.clean, 3)))
    sums = [np.stack([np.bincount(cell, c, 15) for c in p4.T]) for p4 in (clean, corrupted)]
    np.testing.assert_allclose(*(kinematics.m2(*s) for s in sums), rtol=1e-6, atol=1e-2)
    several = counts > 3
    changed = np.abs(jet_mass(pairs.corrupted) / jet_mass(pairs.clean) - 1)
    assert np.all(changed[several] > 1e-3)
    np.testing.assert_array_equal(pairs.corrupted["part_px"][1], pairs.clean["part_px"][1])  # it has no second subjet


def test_shuffles_keep_the_jets_set_of_values_and_all_momenta(jets):
    for name, moved in (("identities", FLAVOUR), ("displacements", DISPLACEMENT)):
        pairs = make_pairs(jets, find_corruption(name))
        names = [field for field in moved if field in jets.fields]
        np.testing.assert_array_equal(flat(pairs.clean, MOMENTA), flat(pairs.corrupted, MOMENTA))
        clean, corrupted = flat(pairs.clean, names), flat(pairs.corrupted, names)
        assert (clean != corrupted).any()
        end = np.cumsum(ak.to_numpy(ak.num(pairs.clean["part_px"])))
        for start, stop in zip([0, *end[:-1]], end, strict=True):
            rows = [sorted(map(tuple, values[start:stop])) for values in (clean, corrupted)]
            assert rows[0] == rows[1]
    tracks = (clean != 0).any(-1)
    np.testing.assert_array_equal(tracks, (corrupted != 0).any(-1))  # neutral ones get no displacement


def test_half_of_the_constituents_come_from_the_donor_with_their_share_of_pt(jets, donors):
    pairs = make_pairs(jets[3:4], find_corruption("resampled"), donors)
    own, other = pairs.clean, donors.nearest(jets[3:4])
    changed = flat(own, MOMENTA)[:, 0] != flat(pairs.corrupted, MOMENTA)[:, 0]
    assert changed.sum() == len(changed) // 2
    share, donated = (
        np.sort(kinematics.pt(*flat(j, MOMENTA)[:, :2].T))[::-1] / kinematics.pt(*flat(j, MOMENTA)[:, :2].sum(0))
        for j in (own, other)
    )
    order = np.argsort(-kinematics.pt(*flat(own, MOMENTA)[:, :2].T))
    new = kinematics.pt(*flat(pairs.corrupted, MOMENTA)[:, :2].T)[order] / kinematics.pt(
        *flat(own, MOMENTA)[:, :2].sum(0)
    )
    expected = np.where(changed[order], donated[: len(share)], share)
    np.testing.assert_allclose(new, expected, rtol=1e-5)
    own_kinds, new_kinds = flat(own, ["part_charge"]), flat(pairs.corrupted, ["part_charge"])
    np.testing.assert_array_equal(own_kinds[~changed], new_kinds[~changed])


def test_controls_add_one_constituent_and_keep_the_momentum(jets):
    for name, tolerance in (("collinear", 1e-4), ("soft", 2e-3)):
        pairs = make_pairs(jets, find_corruption(name))
        np.testing.assert_array_equal(ak.num(pairs.corrupted["part_px"]), ak.num(pairs.clean["part_px"]) + 1)
        np.testing.assert_allclose(pairs.corrupted["jet_pt"], pairs.clean["jet_pt"], rtol=tolerance)
    assert ak.num(pairs.corrupted["part_px"])[4] == 128  # the longest jet leaves room for it


def test_the_donor_is_nearest_in_multiplicity_and_pt_and_no_order_changes_it(jets, donors):
    n = ak.to_numpy(ak.num(donors.nearest(jets[:3])["part_px"]))
    assert n[0] in (8, 10)
    assert n[1] == 3
    assert n[2] in (10, 11)
    reversed_order = Donors(JETCLASS, "QCD")
    pool = ak.concatenate([jet for _, jet in donors.sums])[::-1]
    for i in range(len(pool)):
        reversed_order.add(pool[i : i + 1], np.zeros(1, int))
    assert [key for key, _ in reversed_order.sums] == [key for key, _ in donors.sums]
    assert len(donors.sums) <= DONORS
    np.testing.assert_array_equal(reversed_order.nearest(jets)["jet_pt"], donors.nearest(jets)["jet_pt"])


@pytest.mark.parametrize("model", ["part", "global"])
def test_tokens_of_different_jets_match_by_rank_and_those_of_an_edited_one_by_place(load, jets, donors, model):
    tagger = load(model)
    for name in ("class", "soft"):
        pairs = make_pairs(jets, find_corruption(name), donors)
        clean, corrupted = (CachedForward(tagger, j) for j in (pairs.clean, pairs.corrupted))
        match = match_tokens(pairs, clean, corrupted)
        n_prefix = clean.mask.shape[1] - clean.batch.mask.shape[1]
        assert (match[:, :n_prefix] == 0).all()
        assert (match[~clean.mask] == -1).all()
        for own, theirs, row in zip(clean.batch.v, corrupted.batch.v, match[:, n_prefix:], strict=True):
            if name == "soft":
                assert (row[row >= 0] - n_prefix == torch.arange((row >= 0).sum())).all()
            else:
                places = (row >= 0).nonzero()[:, 0]
                order = [
                    v[p].square()[:, :2].sum(-1).argsort(descending=True)
                    for v, p in ((own, places), (theirs, row[places] - n_prefix))
                ]
                assert (order[0] == order[1]).all()
        taken = take_matched(clean.states[0], corrupted.states[0], match)
        assert (taken[match < 0] == clean.states[0][match < 0]).all()
        b, t = (match >= 0).nonzero(as_tuple=True)
        assert (taken[b, t] == corrupted.states[0][b, match[b, t]]).all()


def test_what_cannot_be_is_refused_in_a_sentence(load, jets):
    with pytest.raises(PartError, match="no corruption 'none'; choose one of class, "):
        check_corruption(load("part"), "none")
    with pytest.raises(PartError, match="no QCD jets"):
        make_pairs(jets, find_corruption("class"), Donors(JETCLASS, "QCD"))
    with pytest.raises(PartError, match="need jets with labels"):
        Donors(JETCLASS, "QCD").add(jets, None)
    with pytest.raises(PartError, match="share the class"):
        pair_classes(JETCLASS, "QCD", "QCD")
    assert pair_classes(JETCLASS, "", "") == ("Tbqq", "QCD")
    assert pair_classes(JETCLASS, "", "Tbqq") == ("QCD", "Tbqq")
    assert pair_classes(JETCLASS, "QCD", "") == ("QCD", "Hbb")
    assert pair_classes(TOPLANDSCAPE, "", "") == TOPLANDSCAPE.classes


def test_one_angle_for_all_is_a_rotation_of_the_jet(jets):
    turned = edits.rotate(jets, np.full(ak.sum(ak.num(jets["part_px"])), 0.7))
    np.testing.assert_allclose(flat(turned, MOMENTA), flat(edits.rotate(jets, 0.7), MOMENTA))
