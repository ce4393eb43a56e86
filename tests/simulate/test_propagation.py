"""Propagation compared with closed forms."""

import numpy as np
import pytest

from part.simulate.propagation import ATLAS, CMS, GEV_PER_TESLA_MM, Volume, propagate

RADIUS, HALF_LENGTH, FIELD = CMS.radius, CMS.half_length, CMS.field


def fly(position, momentum, charge, volume=CMS):
    rows = [np.atleast_1d(np.asarray(a, dtype=float)) for a in (*position, *momentum)]
    return propagate(tuple(rows[:3]), tuple(rows[3:]), np.atleast_1d(charge), volume)


@pytest.mark.parametrize("volume", [CMS, ATLAS])
@pytest.mark.parametrize("charge", [1, -1])
@pytest.mark.parametrize("pt", [0.9, 2.0, 50.0])
def test_a_track_from_the_origin_turns_by_the_chord_it_spans(pt, charge, volume):
    flight = fly((0, 0, 0), (pt, 0, 0.3 * pt), charge, volume)
    radius = pt / (GEV_PER_TESLA_MM * volume.field)
    half_turn = np.arcsin(volume.radius / (2 * radius))  # a chord leaves the tangent by half of the arc's angle
    assert np.hypot(flight.x, flight.y) == pytest.approx(volume.radius)
    assert flight.azimuth == pytest.approx(-charge * half_turn)
    assert flight.z == pytest.approx(0.3 * 2 * radius * half_turn)
    assert flight.d0 == pytest.approx(0, abs=1e-9)
    assert flight.dz == pytest.approx(0, abs=1e-9)
    assert flight.phi == pytest.approx(0, abs=1e-12)


def test_a_soft_track_curls_to_the_end_cap_on_its_circle():
    pt, pz = 0.5, 0.4
    flight = fly((0, 0, 0), (pt, 0, pz), 1)
    radius = pt / (GEV_PER_TESLA_MM * FIELD)
    assert 2 * radius < RADIUS
    angle = HALF_LENGTH * pt / pz / radius
    assert flight.z == pytest.approx(HALF_LENGTH)
    assert flight.x == pytest.approx(radius * np.sin(angle))
    assert flight.y == pytest.approx(-radius * (1 - np.cos(angle)))


@pytest.mark.parametrize(("charge", "field"), [(0, FIELD), (1, 0.0), (-1, 0.0)])
def test_without_charge_or_field_the_flight_is_straight(charge, field):
    flight = fly((10, 0, 5), (0, 3, 6), charge, Volume(RADIUS, HALF_LENGTH, field))
    assert flight.x == pytest.approx(10)
    assert flight.y == pytest.approx(np.sqrt(RADIUS**2 - 100))
    assert flight.z == pytest.approx(5 + 2 * np.sqrt(RADIUS**2 - 100))
    assert flight.d0 == 0


def test_a_high_momentum_track_ends_where_a_straight_line_does():
    rng = np.random.default_rng(3)
    position, phi, pt = rng.normal(0, 20, (3, 50)), rng.uniform(-np.pi, np.pi, 50), 1e5
    momentum = pt * np.stack([np.cos(phi), np.sin(phi), rng.normal(0, 1, 50)])
    bent = propagate(tuple(position), tuple(momentum), np.ones(50))
    straight = propagate(tuple(position), tuple(momentum), np.zeros(50))
    for axis in "xyz":
        assert getattr(bent, axis) == pytest.approx(getattr(straight, axis), abs=0.05)
    assert bent.d0 == pytest.approx(position[0] * np.sin(phi) - position[1] * np.cos(phi), abs=1e-3)


def test_impact_parameters_are_those_of_the_nearest_point_of_the_helix():
    rng = np.random.default_rng(4)
    n = 20
    position, phi = rng.normal(0, 5, (3, n)), rng.uniform(-np.pi, np.pi, n)
    pt, slope, charge = rng.uniform(0.3, 5, n), rng.normal(0, 1, n), rng.choice([-1, 1], n)
    momentum = pt * np.stack([np.cos(phi), np.sin(phi), slope])
    flight = propagate(tuple(position), tuple(momentum), charge)
    radius = pt / (GEV_PER_TESLA_MM * FIELD * charge)
    s = np.linspace(-60, 60, 240_001)[:, None]  # mm along the transverse path, in half microns
    x = position[0] + radius * (np.sin(phi) - np.sin(phi - s / radius))
    y = position[1] - radius * (np.cos(phi) - np.cos(phi - s / radius))
    distance = np.hypot(x, y)
    nearest = np.argmin(distance, axis=0)
    assert np.abs(flight.d0) == pytest.approx(distance[nearest, np.arange(n)], abs=1e-3)
    assert flight.dz == pytest.approx(position[2] + s[nearest, 0] * slope, abs=5e-3)
    point = nearest, np.arange(n)
    expected = x[point] * np.sin(flight.phi) - y[point] * np.cos(flight.phi)
    assert flight.d0 == pytest.approx(expected, abs=1e-3)


def test_particles_born_outside_do_not_reach_the_calorimeter():
    flight = fly(([RADIUS + 1, 0, 0], [0, 0, 0], [0, HALF_LENGTH + 1, 0]), ([1, 1, 1], [0, 0, 0], [1, 1, 1]), [0, 1, 1])
    assert flight.reaches.tolist() == [False, False, True]
