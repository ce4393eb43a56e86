"""Calorimeters: towers, and energy flow from towers and tracks, as in Delphes (arXiv:1307.6346).

Each calorimeter returns its tracks, and a neutral tower wherever a cell holds significantly more energy than its
tracks. JetClass's card (arXiv:2202.03772) assigns no resolution to tracks here, so that the calorimeter always counts
as the better measurement: tracks in a cell without a significant excess are rescaled to the energy of the cell, and are
lost in a cell below threshold. This reduces the mean multiplicity of a jet from 45 to 40. The older Delphes of
TopLandscape (arXiv:1902.09914) leaves tracks unchanged.

Energies are in GeV. Shapes: P particles, T tracks, K towers.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from part.simulate.events import Particles
from part.simulate.propagation import Flight
from part.simulate.tracks import Tracks, log_normal


@dataclass(frozen=True)
class Calorimeter:
    """The cells of a calorimeter, their resolution and their thresholds.

    Attributes
    ----------
    edges : np.ndarray
        The edges of the rows in eta, ascending.
    phi_cells : np.ndarray
        The number of cells in each row.
    resolution : callable
        `resolution(|eta|, E)` is sigma(E) in GeV.
    e_min, significance : float
        Energies below `e_min` (GeV) or below `significance` sigma count as noise.
    rescales : bool
        Whether tracks in a cell without a significant excess are rescaled to the energy of the cell.
    """

    edges: np.ndarray
    phi_cells: np.ndarray
    resolution: Callable[[np.ndarray, np.ndarray], np.ndarray]
    e_min: float
    significance: float
    rescales: bool = True


@dataclass(frozen=True)
class Towers:
    """Neutral towers, (K,) each. They are massless and point from the origin to a random point of their cell."""

    event: np.ndarray
    energy: np.ndarray
    eta: np.ndarray
    phi: np.ndarray


def _mirror(edges: list[float]) -> np.ndarray:
    return np.array([-e for e in reversed(edges) if e > 0] + edges)


def _cms_ecal(eta: np.ndarray, e: np.ndarray) -> np.ndarray:
    core = np.sqrt((0.008 * e) ** 2 + 0.11**2 * e + 0.40**2)
    worse = np.where(eta <= 1.5, 1 + 0.64 * eta**2, 2.16 + 5.6 * (eta - 2) ** 2)
    return np.where(eta <= 2.5, worse * core, np.sqrt((0.107 * e) ** 2 + 2.08**2 * e))


def _cms_hcal(eta: np.ndarray, e: np.ndarray) -> np.ndarray:
    central = np.sqrt((0.05 * e) ** 2 + 1.5**2 * e)
    return np.where(eta <= 3.0, central, np.sqrt((0.13 * e) ** 2 + 2.7**2 * e))


def _quadrature(a: float, b: float, c: float, e: np.ndarray) -> np.ndarray:
    return np.sqrt((a * e) ** 2 + b**2 * e + c**2)


def _atlas_ecal(eta: np.ndarray, e: np.ndarray) -> np.ndarray:
    return np.where(eta <= 3.2, _quadrature(0.0017, 0.101, 0.0, e), _quadrature(0.0350, 0.285, 0.0, e))


def _atlas_hcal(eta: np.ndarray, e: np.ndarray) -> np.ndarray:
    barrel, endcap = _quadrature(0.0302, 0.5205, 1.59, e), _quadrature(0.0500, 0.706, 0.0, e)
    return np.select([eta <= 1.7, eta <= 3.2], [barrel, endcap], _quadrature(0.0942, 1.0, 0.0, e))


_MOST_CELLS = 360  # in a row
_FORWARD = [3.125, 3.3, 3.475, 3.65, 3.825, 4.0, 4.175, 4.35, 4.525, 4.7, 5.0]
_ECAL_EDGES = _mirror([0.0174 * i for i in range(171)] + _FORWARD)
_HCAL_ENDCAP = [1.74, 1.83, 1.93, 2.043, 2.172, 2.322, 2.5, 2.65, 2.868, 2.95]
_HCAL_EDGES = _mirror([0.087 * i for i in range(20)] + _HCAL_ENDCAP + _FORWARD)
_HCAL_MIDDLE = np.abs(_HCAL_EDGES[1:] + _HCAL_EDGES[:-1]) / 2
_HCAL_CELLS = np.select([_HCAL_MIDDLE < 1.653, _HCAL_MIDDLE < 4.525], [72, 36], 18)
_ECAL_CELLS = np.full(len(_ECAL_EDGES) - 1, 360)
CMS_ECAL = Calorimeter(_ECAL_EDGES, _ECAL_CELLS, _cms_ecal, 0.5, 2.0)
CMS_HCAL = Calorimeter(_HCAL_EDGES, _HCAL_CELLS, _cms_hcal, 1.0, 1.0)

# In the card of 2016 both calorimeters have the same cells of 0.1 x 10 degrees. With the finer ECAL of later cards and
# with rescaled tracks, the multiplicities differed from TopLandscape's and the jets were narrower.
_ATLAS_EDGES = _mirror([i / 10 for i in range(26)] + [2.8, 3.0, 3.2, 3.5, 3.7, 3.9, 4.1, 4.3, 4.5, 4.7, 4.9])
_ATLAS_CELLS = np.where(np.abs(_ATLAS_EDGES[1:] + _ATLAS_EDGES[:-1]) / 2 < 2.5, 36, 18)
ATLAS_ECAL = Calorimeter(_ATLAS_EDGES, _ATLAS_CELLS, _atlas_ecal, 0.5, 1.0, rescales=False)
ATLAS_HCAL = Calorimeter(_ATLAS_EDGES, _ATLAS_CELLS, _atlas_hcal, 1.0, 1.0, rescales=False)


def energy_fractions(pid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the fractions of the energy that are deposited in the ECAL and in the HCAL."""
    kind = np.abs(pid)
    electromagnetic = (kind == 11) | (kind == 22)
    ecal = np.select([electromagnetic, np.isin(kind, (310, 3122))], [1.0, 0.3], 0.0)
    hcal = np.where((kind == 13) | electromagnetic, 0.0, 1.0 - ecal)
    return ecal, hcal


@dataclass(frozen=True)
class _Cells:
    """The measured energies of the cells with a deposit, (K,) each."""

    number: np.ndarray  # ascending
    event: np.ndarray
    measured: np.ndarray
    sigma: np.ndarray
    eta: np.ndarray
    phi: np.ndarray


def measure(
    calorimeter: Calorimeter,
    particles: Particles,
    flight: Flight,
    fraction: np.ndarray,
    tracks: Tracks,
    rng: np.random.Generator,
) -> tuple[Tracks, Towers]:
    """Measure the energy flow of one calorimeter: its tracks, rescaled where necessary, and its neutral towers.

    fraction: the fraction (P,) of the energy of each particle that is deposited in this calorimeter.
    """
    cells = _fill(calorimeter, particles, flight, fraction, rng)
    number, inside = _locate(calorimeter, tracks.event, tracks.hit_eta, tracks.hit_phi)
    tracks = tracks.take(inside)
    cell = np.searchsorted(cells.number, number[inside])  # exists, since the particle of the track has hit it
    tracked = np.bincount(cell, tracks.energy, minlength=len(cells.number))
    excess = np.maximum(cells.measured - tracked, 0.0)
    neutral = (excess > calorimeter.e_min) & (excess > calorimeter.significance * cells.sigma)
    if calorimeter.rescales:
        scale = np.where(neutral, 1.0, cells.measured / np.where(tracked > 0, tracked, 1.0))[cell]
        tracks = replace(tracks, pt=tracks.pt * scale).take(scale > 0)
    return tracks, Towers(cells.event[neutral], excess[neutral], cells.eta[neutral], cells.phi[neutral])


def _fill(
    calorimeter: Calorimeter,
    particles: Particles,
    flight: Flight,
    fraction: np.ndarray,
    rng: np.random.Generator,
) -> _Cells:
    """Deposit the energy of all particles in the cells and measure it."""
    energy = particles.energy * fraction
    number, inside = _locate(calorimeter, particles.event, flight.eta, flight.azimuth)
    hits = inside & flight.reaches & (energy > 0)
    number, cell = np.unique(number[hits], return_inverse=True)
    deposited = np.bincount(cell, energy[hits], minlength=len(number))

    rows = len(calorimeter.phi_cells)
    row, column = number // _MOST_CELLS % rows, number % _MOST_CELLS
    low, high = calorimeter.edges[row], calorimeter.edges[row + 1]
    centre = np.abs(low + high) / 2
    measured = log_normal(deposited, calorimeter.resolution(centre, deposited), rng)
    sigma = calorimeter.resolution(centre, measured)
    signal = (measured >= calorimeter.e_min) & (measured >= calorimeter.significance * sigma)
    return _Cells(
        number=number,
        event=number // _MOST_CELLS // rows,
        measured=np.where(signal, measured, 0.0),
        sigma=sigma,
        eta=low + rng.random(len(number)) * (high - low),
        phi=-np.pi + 2 * np.pi * (column + rng.random(len(number))) / calorimeter.phi_cells[row],
    )


def _locate(
    calorimeter: Calorimeter, event: np.ndarray, eta: np.ndarray, phi: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return a number for each (event, row, cell), and whether the point lies on the calorimeter at all."""
    rows = len(calorimeter.phi_cells)
    row = np.searchsorted(calorimeter.edges, eta, side="right") - 1
    inside = (row >= 0) & (row < rows)
    row = np.clip(row, 0, rows - 1)
    n = calorimeter.phi_cells[row]
    cell = np.minimum(((phi + np.pi) / (2 * np.pi) * n).astype(np.int64), n - 1)
    return (event * rows + row) * _MOST_CELLS + cell, inside
