"""Edits of jets conserve what they must, and give jets that can be used like any other."""

import awkward as ak
import numpy as np
import pytest
import torch
from helpers.jets import COUNTS, write_jets

from part.analysis.intervention import edits
from part.jets import kinematics, make_batch, read_jets
from part.jets.benchmarks import FULL
from part.jets.preprocessing import add_derived_fields
from part.jets.schema import ANGLES, JET_MOMENTUM, MOMENTA
from part.models.pair_features import pair_features


@pytest.fixture(scope="module")
def jets(tmp_path_factory):
    return read_jets(write_jets(tmp_path_factory.mktemp("jets") / "toys.root", COUNTS))


def flat(jets, names=MOMENTA):
    return np.stack([ak.to_numpy(ak.flatten(jets[name])).astype(float) for name in names], 1)


def total(jets):
    return np.stack([ak.to_numpy(ak.sum(ak.values_astype(jets[name], float), axis=1)) for name in MOMENTA], 1)


def pairs(jets, index):
    """Return lnkT, lnz, lnΔ, lnm² of all pairs of one jet."""
    p4 = torch.tensor(np.stack([ak.to_numpy(jets[name][index]) for name in MOMENTA], 1))
    i, j = np.triu_indices(len(p4), 1)
    return pair_features(p4[i], p4[j]).numpy()


EDITS = {
    "recompute_derived": edits.recompute_derived,
    "drop": lambda jets: edits.drop(jets, 2),
    "add_soft": lambda jets: edits.add_soft(jets, 0.01, 0.3, 1.0),
    "split": lambda jets: edits.split(jets, 0, 0.3, 0.02),
    "rotate": lambda jets: edits.rotate(jets, 0.7),
    "boost": lambda jets: edits.boost(jets, -0.4),
    "smear": lambda jets: edits.smear(jets, 0.1),
}


@pytest.mark.parametrize("name", EDITS)
def test_what_follows_from_the_constituents_is_computed_again(jets, name):
    edited = EDITS[name](jets)
    bare = ak.zip({n: edited[n] for n in edited.fields if n not in JET_MOMENTUM + ANGLES}, depth_limit=1)
    for branch in JET_MOMENTUM + ANGLES:
        np.testing.assert_array_equal(
            ak.flatten(edited[branch], axis=None), ak.flatten(add_derived_fields(bare)[branch], axis=None)
        )
    assert set(jets.fields) >= set(edited.fields)
    assert "label_QCD" in edited.fields
    assert make_batch(edited, FULL).x.isfinite().all()


@pytest.mark.parametrize(
    "none",
    [
        lambda jets: edits.rotate(jets, 0.0),
        lambda jets: edits.boost(jets, 0.0),
        lambda jets: edits.smear(jets, 0.0),
        lambda jets: edits.drop(jets, 500),
        lambda jets: edits.split(jets, 500, 0.5),
    ],
)
def test_an_edit_of_no_size_changes_nothing(jets, none):
    np.testing.assert_allclose(flat(none(jets)), flat(jets), rtol=1e-12, atol=1e-9)


def test_dropping_takes_that_constituent_alone(jets):
    edited = edits.drop(jets, 0)
    assert ak.num(edited["part_px"]).tolist() == [max(n - 1, 1) for n in COUNTS]
    pt = ak.to_numpy(kinematics.pt(jets["part_px"][0], jets["part_py"][0]))
    remaining = np.delete(np.arange(COUNTS[0]), pt.argmax())
    np.testing.assert_array_equal(edited["part_px"][0], jets["part_px"][0][remaining])
    np.testing.assert_array_equal(edited["part_charge"][0], jets["part_charge"][0][remaining])


def test_soft_radiation_is_a_photon_of_that_pt_fraction_at_that_distance(jets):
    edited, before = edits.add_soft(jets, 0.02, 0.25, 2.0), total(jets)
    assert ak.num(edited["part_px"]).tolist() == [n + 1 for n in COUNTS]
    px, py, pz, energy = (ak.to_numpy(edited[name][:, -1]) for name in MOMENTA)
    np.testing.assert_allclose(np.hypot(px, py), 0.02 * np.hypot(*before[:, :2].T), rtol=1e-6)
    np.testing.assert_allclose(kinematics.m2(px, py, pz, energy), 0, atol=1e-6 * energy.max() ** 2)
    axis = kinematics.eta(*before[:, :3].T), kinematics.phi(*before[:, :2].T)
    np.testing.assert_allclose(
        kinematics.delta_r(kinematics.eta(px, py, pz), kinematics.phi(px, py), *axis), 0.25, rtol=1e-4
    )
    assert ak.all(edited["part_isPhoton"][:, -1] == 1)
    assert not ak.any(edited["part_isChargedHadron"][:, -1])
    assert not ak.any(edited["part_d0val"][:, -1])
    for name in jets.fields:
        if name.startswith("part_") and name not in ANGLES:
            np.testing.assert_allclose(ak.flatten(edited[name][:, :-1]), ak.flatten(jets[name]), err_msg=name)


def test_a_collinear_split_conserves_four_momentum(jets):
    edited = edits.split(jets, 1, 0.3)
    assert ak.num(edited["part_px"]).tolist() == [n + (n > 1) for n in COUNTS]
    np.testing.assert_allclose(total(edited), total(jets), rtol=1e-6)
    wide = edits.split(jets, 1, 0.3, 0.05)
    np.testing.assert_allclose(total(wide)[:, :3], total(jets)[:, :3], rtol=1e-6)
    # The energy by the mass that opens up, at most z (1 - z) ΔR² pT² / 2 E of the one that is split.
    gained = (total(wide) - total(edited))[:, 3]
    pt = ak.to_numpy(ak.max(kinematics.pt(jets["part_px"], jets["part_py"]), axis=1))
    assert (gained > -1e-9).all()
    assert (gained <= 0.3 * 0.7 * 0.05**2 * pt / 2 + 1e-9).all()


def test_the_halves_of_a_split_are_so_far_apart(jets):
    edited = edits.split(jets[:1], 0, 0.5, 0.01)
    pt = kinematics.pt(jets["part_px"][0], jets["part_py"][0])
    place = int(np.argmax(ak.to_numpy(pt)))
    p = np.stack([ak.to_numpy(edited[name][0]) for name in MOMENTA], 1)[[place, -1]]
    eta, phi = kinematics.eta(*p[:, :3].T), kinematics.phi(*p[:, :2].T)
    assert kinematics.delta_r(eta[0], phi[0], eta[1], phi[1]) == pytest.approx(0.01, rel=1e-3)


def test_a_rotation_keeps_the_jet_the_energies_and_the_masses_of_pairs(jets):
    edited = edits.rotate(jets, 1.3)
    np.testing.assert_allclose(total(edited), total(jets), rtol=1e-6)
    np.testing.assert_allclose(ak.flatten(edited["part_energy"]), ak.flatten(jets["part_energy"]), rtol=1e-6)
    np.testing.assert_allclose(pairs(edited, 1)[:, 3], pairs(edits.recompute_derived(jets), 1)[:, 3], atol=1e-3)
    assert np.abs(flat(edited) - flat(jets)).max() > 1


def test_a_boost_along_the_beam_keeps_all_pair_features(jets):
    np.testing.assert_allclose(pairs(edits.boost(jets, 0.8), 1), pairs(edits.recompute_derived(jets), 1), atol=1e-3)
    np.testing.assert_allclose(edits.boost(jets, 0.8)["jet_pt"], edits.recompute_derived(jets)["jet_pt"], rtol=1e-6)


def test_smearing_has_the_width_it_says_and_keeps_directions(jets):
    many = ak.concatenate([jets] * 40)
    edited = edits.smear(many, 0.05, seed=3)
    ratio = flat(edited) / flat(many)
    np.testing.assert_allclose(ratio[:, 1:], ratio[:, :1] * np.ones(3), rtol=1e-6)
    assert np.log(ratio[:, 0]).std() == pytest.approx(0.05, rel=0.03)


def test_nonsense_is_refused_in_a_sentence(jets):
    with pytest.raises(ValueError, match="fraction of 0; expected more than 0"):
        edits.add_soft(jets, 0.0, 0.1)
    with pytest.raises(ValueError, match="fraction of 1 of the momentum"):
        edits.split(jets, 0, 1.0)
