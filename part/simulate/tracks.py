"""Track reconstruction: efficiencies and resolutions of the Delphes card of JetClass (arXiv:2202.03772).

The resolutions of the impact parameters are those of arXiv:1405.6569, in the table beside this file. Momenta are in
GeV, lengths in mm. Shapes: P particles, T tracks.
"""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from part.simulate.events import Particles
from part.simulate.propagation import Flight

CHARGED_HADRON, NEUTRAL_HADRON, PHOTON, ELECTRON, MUON = range(5)  # in the order of schema.SPECIES
TRACK_ETA = 2.5
TRACK_PT = 0.1
_TABLE = np.loadtxt(Path(__file__).with_name("track_resolution.txt"))

# Efficiency (barrel, endcap) per species below each pT edge.
_EFFICIENCY = {
    CHARGED_HADRON: ((1.0, (0.70, 0.60)), (np.inf, (0.95, 0.85))),
    ELECTRON: ((1.0, (0.73, 0.50)), (100.0, (0.95, 0.83)), (np.inf, (0.99, 0.90))),
    MUON: ((1.0, (0.75, 0.70)), (np.inf, (0.99, 0.98))),
}
# Relative pT resolution a ⊕ b pT in |eta| < 0.5, 1.5, 2.5.
_PT_RESOLUTION = {
    CHARGED_HADRON: ((0.06, 0.10, 0.25), (1.3e-3, 1.7e-3, 3.1e-3)),
    ELECTRON: ((0.03, 0.05, 0.15), (1.3e-3, 1.7e-3, 3.1e-3)),
    MUON: ((0.01, 0.015, 0.025), (1.0e-4, 1.5e-4, 3.5e-4)),
}


@dataclass(frozen=True)
class Tracks:
    """Reconstructed tracks, (T,) each: `eta`, `phi` of the momentum, `hit_eta`, `hit_phi` of the end point."""

    event: np.ndarray
    species: np.ndarray
    charge: np.ndarray
    pt: np.ndarray
    eta: np.ndarray
    phi: np.ndarray
    mass: np.ndarray
    hit_eta: np.ndarray
    hit_phi: np.ndarray
    d0val: np.ndarray
    d0err: np.ndarray
    dzval: np.ndarray
    dzerr: np.ndarray

    def take(self, selection: np.ndarray) -> "Tracks":
        """Select tracks by a mask or by indices."""
        return Tracks(*(getattr(self, field.name)[selection] for field in fields(self)))

    @property
    def energy(self) -> np.ndarray:
        """The energy in GeV."""
        return np.hypot(self.pt * np.cosh(self.eta), self.mass)


def charged_species(pid: np.ndarray) -> np.ndarray:
    """Identify charged particles by their true type: electrons, muons and hadrons."""
    kind = np.abs(pid)
    return np.select([kind == 11, kind == 13], [ELECTRON, MUON], CHARGED_HADRON)


def log_normal(mean: np.ndarray, sigma: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw positive numbers with this mean and standard deviation; 0 where the mean is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        b = np.sqrt(np.log1p((sigma / mean) ** 2))
        value = np.exp(np.log(mean) - 0.5 * b**2 + b * rng.standard_normal(len(mean)))
    return np.where(mean > 0, value, 0.0)


def efficiency(species: np.ndarray, pt: np.ndarray, eta: np.ndarray) -> np.ndarray:
    """Return the probability that a charged particle is reconstructed as a track."""
    result = np.zeros(len(pt))
    endcap = (np.abs(eta) > 1.5).astype(int)
    for kind, steps in _EFFICIENCY.items():
        values = np.array([value for _, value in steps])
        step = np.searchsorted([edge for edge, _ in steps], pt, side="left")
        result = np.where(species == kind, values[step, endcap], result)
    return np.where((pt > TRACK_PT) & (np.abs(eta) <= TRACK_ETA), result, 0.0)


def pt_resolution(species: np.ndarray, pt: np.ndarray, eta: np.ndarray) -> np.ndarray:
    """Return the relative resolution of the pT of tracks."""
    region = np.searchsorted([0.5, 1.5], np.abs(eta), side="left")
    result = np.zeros(len(pt))
    for kind, (a, b) in _PT_RESOLUTION.items():
        relative = np.hypot(np.take(a, region), np.take(b, region) * pt)
        result = np.where(species == kind, relative, result)
    return np.minimum(result, 1.0)


def impact_resolution(pt: np.ndarray, eta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return sigma(d0) and sigma(dz) in mm."""
    row = np.maximum(np.searchsorted(_TABLE[:, 0], pt, side="right") - 1, 0)
    region = np.searchsorted([0.9, 1.4], np.abs(eta), side="left")
    return _TABLE[row, 1 + region], _TABLE[row, 4 + region]


def reconstruct_tracks(particles: Particles, flight: Flight, rng: np.random.Generator) -> Tracks:
    """Reconstruct tracks of charged particles, with smeared pT, d0 and dz. The direction is not smeared."""
    species = charged_species(particles.pid)
    pt = np.hypot(particles.px, particles.py)
    efficient = rng.random(len(pt)) < efficiency(species, pt, flight.eta)
    tracked = np.flatnonzero(efficient & (particles.charge != 0) & flight.reaches)
    species, pt, hit_eta = species[tracked], pt[tracked], flight.eta[tracked]
    eta = np.arcsinh(particles.pz[tracked] / pt)
    pt = log_normal(pt, pt * pt_resolution(species, pt, hit_eta), rng)
    d0err, dzerr = impact_resolution(pt, eta)
    return Tracks(
        event=particles.event[tracked],
        species=species,
        charge=particles.charge[tracked],
        pt=pt,
        eta=eta,
        phi=flight.phi[tracked],
        mass=particles.mass[tracked],
        hit_eta=hit_eta,
        hit_phi=flight.azimuth[tracked],
        d0val=flight.d0[tracked] + d0err * rng.standard_normal(len(tracked)),
        d0err=d0err,
        dzval=flight.dz[tracked] + dzerr * rng.standard_normal(len(tracked)),
        dzerr=dzerr,
    )
