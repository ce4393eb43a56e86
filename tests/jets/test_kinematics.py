"""Kinematics compared with closed forms."""

import awkward as ak
import numpy as np
import pytest

from part.jets import kinematics as kin
from part.jets.schema import SPECIES


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_pt_eta_phi_of_a_known_particle():
    pt, eta, phi = 50.0, 1.3, -2.0
    px, py, pz = pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)
    assert kin.pt(px, py) == pytest.approx(pt)
    assert kin.eta(px, py, pz) == pytest.approx(eta)
    assert kin.phi(px, py) == pytest.approx(phi)


def test_rapidity_is_pseudorapidity_without_mass_and_shifts_under_boosts(rng):
    pt, eta, phi = rng.exponential(20, 100) + 1, rng.normal(0, 1.5, 100), rng.uniform(-3, 3, 100)
    pz, p = pt * np.sinh(eta), pt * np.cosh(eta)
    np.testing.assert_allclose(kin.rapidity(pz, p), eta, rtol=1e-9, atol=1e-12)
    energy = np.hypot(p, 2.0)
    boost = 0.7
    pz_b = np.cosh(boost) * pz + np.sinh(boost) * energy
    e_b = np.cosh(boost) * energy + np.sinh(boost) * pz
    np.testing.assert_allclose(kin.rapidity(pz_b, e_b) - kin.rapidity(pz, energy), boost, rtol=1e-9)
    np.testing.assert_allclose(kin.m2(pt * np.cos(phi), pt * np.sin(phi), pz_b, e_b), 4.0, rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_delta_phi_is_in_its_range(rng, dtype):
    a, b = rng.uniform(-np.pi, np.pi, (2, 10_000)).astype(dtype)
    edges = np.array([0, np.pi, -np.pi, 1e-9, -1e-9, np.nextafter(np.pi, 4), -1e-20], dtype)
    a, b = np.concatenate([a, np.repeat(edges, 7)]), np.concatenate([b, np.tile(edges, 7)])
    difference = kin.delta_phi(a, b)
    assert difference.dtype == dtype
    assert difference.min() >= dtype(-np.pi)
    assert difference.max() < dtype(np.pi)
    np.testing.assert_allclose(np.cos(difference), np.cos(a - b), atol=1e-5)
    np.testing.assert_allclose(np.sin(difference), np.sin(a - b), atol=1e-5)


def test_delta_phi_is_the_shorter_angle():
    assert kin.delta_phi(3.0, -3.0) == pytest.approx(6 - 2 * np.pi)
    assert kin.delta_phi(np.pi, 0.0) == -np.pi


def test_delta_r():
    assert kin.delta_r(1.0, 3.1, 0.7, -3.1) == pytest.approx(np.hypot(0.3, 6.2 - 2 * np.pi))


def test_kt_and_z():
    assert kin.kt(30.0, 10.0, 0.4) == pytest.approx(4.0)
    assert kin.z(30.0, 10.0) == pytest.approx(0.25)
    assert kin.z(10.0, 10.0) == 0.5


def test_m2_of_a_massless_pair():
    """The closed form is 2 pT1 pT2 (cosh Δη - cos Δφ)."""
    p4 = np.zeros(4)
    pts, etas, phis = (40.0, 25.0), (0.3, -0.4), (1.0, 1.8)
    for pt, eta, phi in zip(pts, etas, phis, strict=True):
        p4 += pt * np.array([np.cos(phi), np.sin(phi), np.sinh(eta), np.cosh(eta)])
    expected = 2 * pts[0] * pts[1] * (np.cosh(0.7) - np.cos(0.8))
    assert kin.m2(*p4) == pytest.approx(expected)


def test_species():
    flags = (
        "part_isChargedHadron",
        "part_isNeutralHadron",
        "part_isPhoton",
        "part_isElectron",
        "part_isMuon",
    )
    rows = {name: [[int(i == j) for i in range(6)], [0]] for j, name in enumerate(flags)}
    jets = ak.zip({"part_px": [[1.0] * 6, [1.0]], **rows}, depth_limit=1)
    assert kin.species(jets).to_list() == [[0, 1, 2, 3, 4, -1], [-1]]
    assert kin.species(jets[["part_px"]]).to_list() == [[-1] * 6, [-1]]
    assert SPECIES[kin.species(jets)[0, 4]] == "muon"


def test_awkward_in_awkward_out(rng):
    px, py, pz = (ak.unflatten(rng.normal(size=10), [3, 0, 7]) for _ in range(3))
    assert ak.num(kin.eta(px, py, pz)).to_list() == [3, 0, 7]
    assert ak.all(abs(kin.delta_phi(kin.phi(px, py), 3.0)) <= np.pi)
