"""The emulated detector for single particles with a known response."""

import numpy as np
import pytest

from part.simulate.calorimeter import CMS_ECAL, CMS_HCAL, energy_fractions
from part.simulate.detector import detect
from part.simulate.events import Particles
from part.simulate.tracks import (
    CHARGED_HADRON,
    ELECTRON,
    MUON,
    NEUTRAL_HADRON,
    PHOTON,
    efficiency,
    impact_resolution,
    log_normal,
)

MASS = {211: 0.13957, 11: 0.000511, 13: 0.10566, 22: 0.0, 130: 0.49761}


def single_particles(pid, pt, n, eta=0.3):
    """Return n events of one particle each, from the origin, at all azimuths."""
    phi = np.linspace(-np.pi, np.pi, n, endpoint=False) + 0.001
    pt = np.full(n, float(pt))
    pz, mass, zeros = pt * np.sinh(eta), np.full(n, MASS[pid]), np.zeros(n)
    charge = np.full(n, {211: 1.0, 11: -1.0, 13: -1.0}.get(pid, 0.0))
    energy = np.sqrt((pt * np.cosh(eta)) ** 2 + mass**2)
    return Particles(
        np.arange(n), np.full(n, pid), np.ones(n, int), np.full(n, -1), charge,
        pt * np.cos(phi), pt * np.sin(phi), pz, energy, mass, zeros, zeros, zeros,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("pid", "species"),
    [(211, CHARGED_HADRON), (11, ELECTRON), (13, MUON), (22, PHOTON), (130, NEUTRAL_HADRON)],
)
def test_particles_keep_their_identity_and_charge(pid, species):
    candidates = detect(single_particles(pid, 50.0, 400), np.random.default_rng(1))
    hadronic = pid == 211  # a missed track or a large excess gives a neutral tower as well
    kinds = set(candidates.species)
    assert species in kinds
    assert kinds <= ({species, NEUTRAL_HADRON} if hadronic else {species, PHOTON} if pid == 11 else {species})
    charge = candidates.charge[candidates.species == species]
    assert set(charge) == {{211: 1.0, 11: -1.0, 13: -1.0}.get(pid, 0.0)}


@pytest.mark.parametrize(("pid", "calorimeter"), [(22, CMS_ECAL), (130, CMS_HCAL)])
def test_neutral_particles_are_measured_with_the_calorimeters_resolution(pid, calorimeter):
    n = 20_000
    particles = single_particles(pid, 100.0, n)
    candidates = detect(particles, np.random.default_rng(2))
    energy = particles.energy[0]
    sigma = calorimeter.resolution(np.array([0.3]), np.array([energy]))[0]
    assert len(candidates.event) == n
    assert candidates.energy.mean() == pytest.approx(energy, abs=5 * sigma / np.sqrt(n))
    assert candidates.energy.std() == pytest.approx(sigma, rel=0.04)
    momentum = np.sqrt(candidates.px**2 + candidates.py**2 + candidates.pz**2)
    assert candidates.energy == pytest.approx(momentum)  # massless
    for name in ("d0val", "d0err", "dzval", "dzerr", "charge"):
        assert not getattr(candidates, name).any()


@pytest.mark.parametrize(("pid", "rate"), [(13, 0.99)])
def test_muons_leave_no_energy_and_are_measured_by_the_tracker_alone(pid, rate):
    n = 20_000
    candidates = detect(single_particles(pid, 50.0, n), np.random.default_rng(3))
    pt = np.hypot(candidates.px, candidates.py)
    width = 50.0 * np.hypot(0.01, 1e-4 * 50.0)
    assert len(pt) / n == pytest.approx(rate, abs=5 * np.sqrt(rate * (1 - rate) / n))
    assert pt.mean() == pytest.approx(50.0, abs=5 * width / np.sqrt(n))
    assert pt.std() == pytest.approx(width, rel=0.03)


def test_impact_parameters_are_smeared_by_the_error_that_is_reported():
    candidates = detect(single_particles(13, 50.0, 20_000, eta=1.0), np.random.default_rng(4))
    d0err, dzerr = impact_resolution(np.array([50.0]), np.array([1.0]))
    assert (d0err[0], dzerr[0]) == (0.0101, 0.0342)  # the table's row from 49.5 GeV, |eta| 0.9 to 1.4
    assert (candidates.d0val / candidates.d0err).std() == pytest.approx(1.0, rel=0.03)
    assert (candidates.dzval / candidates.dzerr).std() == pytest.approx(1.0, rel=0.03)


def test_a_lone_hadrons_track_is_rescaled_to_the_calorimeter():
    """One particle a cell: the energies add up to the calorimeter's, not to the track's."""
    n = 20_000
    particles = single_particles(211, 20.0, n)
    candidates = detect(particles, np.random.default_rng(5))
    total = np.bincount(candidates.event, candidates.energy, minlength=n)
    energy = particles.energy[0]
    sigma = CMS_HCAL.resolution(np.array([0.3]), np.array([energy]))[0]
    assert total.mean() == pytest.approx(energy, rel=0.03)
    assert total.std() == pytest.approx(sigma, rel=0.05)
    tracks = candidates.take(candidates.species == CHARGED_HADRON)
    mass = np.sqrt(tracks.energy**2 - tracks.px**2 - tracks.py**2 - tracks.pz**2)
    assert mass == pytest.approx(MASS[211], abs=1e-4)  # rescaling keeps the mass


def test_tracks_vanish_with_a_cell_below_threshold():
    candidates = detect(single_particles(211, 0.4, 2000, eta=0.1), np.random.default_rng(6))
    assert len(candidates.event) < 600  # 0.4 GeV in a cell whose threshold is 1 GeV
    measured = np.bincount(candidates.event, candidates.energy)
    assert np.all(measured[measured > 0] >= CMS_HCAL.e_min * (1 - 1e-9))


def test_soft_tracks_carry_the_pseudorapidity_of_the_calorimeters_front():
    candidates = detect(single_particles(211, 1.5, 4000, eta=0.5), np.random.default_rng(7))
    tracks = candidates.species == CHARGED_HADRON
    momentum_eta = np.arcsinh(candidates.pz / np.hypot(candidates.px, candidates.py))
    assert momentum_eta[tracks] == pytest.approx(0.5)
    radius = 1.5 / (0.299792458e-3 * 3.8)
    path = 2 * radius * np.arcsin(1290 / (2 * radius))
    assert candidates.file_eta[tracks] == pytest.approx(np.arcsinh(np.sinh(0.5) * path / 1290))


@pytest.mark.parametrize(
    ("species", "pt", "eta", "expected"),
    [
        (CHARGED_HADRON, 0.5, 1.0, 0.70),
        (CHARGED_HADRON, 0.5, 2.0, 0.60),
        (CHARGED_HADRON, 5.0, -1.0, 0.95),
        (CHARGED_HADRON, 5.0, -2.0, 0.85),
        (ELECTRON, 50.0, 1.0, 0.95),
        (ELECTRON, 150.0, 1.0, 0.99),
        (MUON, 5.0, 2.4, 0.98),
        (MUON, 5.0, 2.6, 0.0),
        (CHARGED_HADRON, 0.09, 0.0, 0.0),
    ],
)
def test_tracking_efficiency_is_the_cards(species, pt, eta, expected):
    assert efficiency(np.array([species]), np.array([pt]), np.array([eta]))[0] == expected


def test_log_normal_has_the_requested_mean_and_width():
    value = log_normal(np.full(400_000, 3.0), np.full(400_000, 2.0), np.random.default_rng(8))
    assert value.mean() == pytest.approx(3.0, rel=0.01)
    assert value.std() == pytest.approx(2.0, rel=0.03)
    assert np.all(value > 0)
    assert log_normal(np.zeros(3), np.ones(3), np.random.default_rng(8)).tolist() == [0.0, 0.0, 0.0]


def test_energy_is_shared_between_the_calorimeters_and_muons_leave_none():
    pid = np.array([22, -11, 211, 2112, 310, -3122, 13])
    ecal, hcal = energy_fractions(pid)
    assert ecal.tolist() == [1, 1, 0, 0, 0.3, 0.3, 0]
    assert hcal.tolist() == [0, 0, 1, 1, 0.7, 0.7, 0]
