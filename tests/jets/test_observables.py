"""Substructure of jets whose observables are known in closed form."""

import awkward as ak
import numpy as np
import pytest

from part.jets.datasets import JETCLASS, QUARKGLUON
from part.jets.observables import correlators, observables, prongs, soft_drop_mass, subjettiness


def jet_of(*particles):
    """Return one jet of massless particles, given as pT, η, φ."""
    pt, eta, phi = np.array(particles, float).T
    p4 = pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), pt * np.cosh(eta)
    return ak.Array(
        [{f"part_{n}": values.tolist() for n, values in zip(("px", "py", "pz", "energy"), p4, strict=True)}]
    )


def test_two_massless_particles():
    jet = jet_of((60, 0.1, 0.0), (40, 0.4, 0.4))
    values = observables(jet)
    mass = np.sqrt(2 * 60 * 40 * (np.cosh(0.3) - np.cos(0.4)))
    assert values["mass"][0] == pytest.approx(mass)
    assert values["soft-drop mass"][0] == pytest.approx(mass)  # z = 0.4 passes the cut
    assert values["τ21"][0] == pytest.approx(0, abs=1e-12)
    e2, e3 = correlators(jet)
    assert (e2[0], e3[0]) == (pytest.approx(0.6 * 0.4 * 0.5), 0)
    assert np.isnan(values["τ32"][0])


def test_soft_drop_removes_branches_below_the_cut():
    assert soft_drop_mass(jet_of((95, 0.0, 0.0), (5, 0.5, 0.0)))[0] == pytest.approx(0, abs=1e-3)
    assert soft_drop_mass(jet_of((95, 0.0, 0.0)))[0] == 0


def test_three_particles_on_an_equilateral_triangle():
    side, height = 0.3, 0.3 * np.sqrt(3) / 2
    jet = jet_of((50, 0, 0), (50, side, 0), (50, side / 2, height))
    e2, e3 = correlators(jet)
    assert e2[0] == pytest.approx(3 * side / 9)
    assert e3[0] == pytest.approx(side**3 / 27)
    assert subjettiness(jet, 3)[0] == pytest.approx(0, abs=1e-12)
    # To the centre of the triangle, which lies a third of a side times √3 away; η adds up only about like an angle.
    assert subjettiness(jet, 1)[0] == pytest.approx(side / np.sqrt(3) / 0.8, rel=0.02)


def test_observables_do_not_depend_on_the_other_jets():
    jets = ak.concatenate([jet_of((60, 0.1, 0.0), (40, 0.4, 0.4)), jet_of(*np.random.default_rng(0).random((9, 3)))])
    batched = observables(jets)
    for name, values in batched.items():
        alone = [observables(jets[i : i + 1])[name][0] for i in range(2)]
        np.testing.assert_allclose(values, alone, atol=1e-9, err_msg=name)


def test_prongs_are_those_of_the_class():
    assert prongs(JETCLASS, np.arange(10)).tolist() == [1, 2, 2, 2, 4, 2, 2, 2, 3, 1]
    assert prongs(QUARKGLUON, np.array([0])) is None
