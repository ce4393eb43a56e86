from dataclasses import replace

import awkward as ak
import numpy as np
import pytest
from helpers.jets import write_jets

import part
from part.errors import PartError
from part.figures.particles import constituents
from part.figures.view import ORDERS
from part.jets import kinematics


@pytest.fixture(scope="module")
def jets(tmp_path_factory):
    return part.read_jets(write_jets(tmp_path_factory.mktemp("jets") / "jets.root", [30, 1, 2]))


def test_kinematics_are_those_of_the_momenta(jets):
    particles, jet = constituents(jets[:1]), jets[0]
    np.testing.assert_allclose(particles.pt, np.sqrt(jet.part_px**2 + jet.part_py**2), rtol=1e-6)
    np.testing.assert_allclose(particles.delta_r**2, particles.deta**2 + particles.dphi**2)
    assert particles.species.tolist() == kinematics.species(jets[:1])[0].tolist()
    charged = ak.to_numpy(jet.part_charge) != 0
    assert np.isnan(particles.d0_significance[~charged]).all()
    expected = ak.to_numpy(jet.part_d0val)[charged] / ak.to_numpy(jet.part_d0err)[charged]
    np.testing.assert_allclose(particles.d0_significance[charged], expected, rtol=1e-6)


@pytest.mark.parametrize("name", ORDERS)
def test_an_order_is_a_permutation(jet_view, name):
    assert sorted(jet_view.constituents.order(name)) == list(range(len(jet_view.constituents)))


def test_orders_sort(jet_view):
    particles = jet_view.constituents
    assert (np.diff(particles.pt[particles.order("pt")]) <= 0).all()
    assert (particles.order("file") == np.arange(len(particles))).all()
    subjet = particles.order("subjet")
    assert (np.diff(particles.subjet[subjet]) >= 0).all()
    for index in range(3):
        assert (np.diff(particles.pt[subjet][particles.subjet[subjet] == index]) <= 0).all()
    species = particles.species[particles.order("species")]
    assert species[-1] == -1  # unknown ones last
    assert (np.diff(species[:-1]) >= 0).all()


@pytest.mark.parametrize("name", ["subjet", "species"])
def test_groups_tile_the_axis_and_hold_one_kind_each(jet_view, name):
    particles = jet_view.constituents
    kind = getattr(particles, name)[particles.order(name)]
    covered = []
    for _, first, stop in particles.groups(name):
        assert len(set(kind[first:stop])) == 1
        covered += range(first, stop)
    assert covered == list(range(len(particles)))
    assert particles.groups("pt") == particles.groups("file") == ()
    titles = [title for title, _, _ in particles.groups(name)]
    assert len(set(titles)) == len(titles)
    if name == "species":
        assert titles[-1] == "unknown"


def test_pair_distances_go_around_the_azimuth(jet_view):
    distances = jet_view.constituents.pair_delta_r
    assert (np.diag(distances) == 0).all()
    np.testing.assert_array_equal(distances, distances.T)
    around = replace(jet_view.constituents, deta=np.zeros(2), dphi=np.array([3.1, -3.1]))
    assert around.pair_delta_r[0, 1] == pytest.approx(2 * np.pi - 6.2)


def test_a_jet_of_one_particle(jets):
    particles = constituents(jets[1:2])
    assert len(particles) == 1
    assert particles.groups("subjet") == (("subjet 1", 0, 1),)


def test_several_jets_are_refused(jets):
    with pytest.raises(PartError, match="one jet, such as jets"):
        constituents(jets)


def test_kinematic_files_have_no_charges_or_impact_parameters(jets):
    kinematic = [name for name in jets.fields if name in ("part_px", "part_py", "part_pz", "part_energy")]
    particles = constituents(jets[kinematic][:1])
    assert particles.charge is None
    assert particles.d0_significance is None
    assert not particles.has_species
    assert particles.describe(0).startswith("particle, pT ")


def test_a_constituent_of_unknown_species_has_its_number_alone(jet_view):
    particles = jet_view.constituents
    for index, species in enumerate(particles.species.tolist()):
        assert particles.numbered(index) == (
            f"{particles.symbol(index)} {index + 1}" if species >= 0 else str(index + 1)
        )
