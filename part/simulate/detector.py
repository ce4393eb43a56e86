"""JetClass's detector, emulated: Delphes (arXiv:1307.6346), the card of arXiv:2202.03772, no pile-up.

All particles of a batch of events are handled at once: they fly to the calorimeters, charged ones may give
tracks, electrons and photons are measured in the ECAL, hadrons in the HCAL. Particles are identified by their
true type.

Shapes: P particles, K candidates. GeV, mm.
"""

from dataclasses import dataclass, fields

import numpy as np

from part.simulate.calorimeter import ECAL, HCAL, Towers, energy_fractions, measure
from part.simulate.events import Particles
from part.simulate.propagation import FIELD, propagate
from part.simulate.tracks import (
    CHARGED_HADRON,
    ELECTRON,
    MUON,
    NEUTRAL_HADRON,
    PHOTON,
    Tracks,
    reconstruct_tracks,
)


@dataclass(frozen=True)
class Candidates:
    """Energy-flow candidates, (K,) each; `species` indexes schema.SPECIES.

    `eta_out` is the pseudorapidity that the file gives the constituent: for a track that of the point where
    it enters the calorimeter. Jets are clustered from the momenta.
    """

    event: np.ndarray
    species: np.ndarray
    charge: np.ndarray
    px: np.ndarray
    py: np.ndarray
    pz: np.ndarray
    energy: np.ndarray
    eta_out: np.ndarray
    d0val: np.ndarray
    d0err: np.ndarray
    dzval: np.ndarray
    dzerr: np.ndarray

    def take(self, where: np.ndarray) -> "Candidates":
        return Candidates(*(getattr(self, field.name)[where] for field in fields(self)))


def detect(particles: Particles, rng: np.random.Generator) -> Candidates:
    """Energy-flow candidates of visible, stable particles."""
    position = (particles.x, particles.y, particles.z)
    flight = propagate(position, (particles.px, particles.py, particles.pz), particles.charge, FIELD)
    tracks = reconstruct_tracks(particles, flight, rng)
    electrons, hadrons, muons = (tracks.take(tracks.species == species) for species in (ELECTRON, CHARGED_HADRON, MUON))
    ecal_part, hcal_part = energy_fractions(particles.pid)
    electrons, photons = measure(ECAL, particles, flight, ecal_part, electrons, rng)
    hadrons, neutrals = measure(HCAL, particles, flight, hcal_part, hadrons, rng)
    return _join(
        *(_from_tracks(found) for found in (hadrons, electrons, muons)),
        _from_towers(photons, PHOTON),
        _from_towers(neutrals, NEUTRAL_HADRON),
    )


def _from_towers(towers: Towers, species: int) -> Candidates:
    pt = towers.energy / np.cosh(towers.eta)
    zeros = np.zeros(len(pt))
    return Candidates(
        event=towers.event,
        species=np.full(len(pt), species),
        charge=zeros,
        px=pt * np.cos(towers.phi),
        py=pt * np.sin(towers.phi),
        pz=pt * np.sinh(towers.eta),
        energy=towers.energy,
        eta_out=towers.eta,
        d0val=zeros,
        d0err=zeros,
        dzval=zeros,
        dzerr=zeros,
    )


def _from_tracks(tracks: Tracks) -> Candidates:
    return Candidates(
        event=tracks.event,
        species=tracks.species,
        charge=tracks.charge,
        px=tracks.pt * np.cos(tracks.phi),
        py=tracks.pt * np.sin(tracks.phi),
        pz=tracks.pt * np.sinh(tracks.eta),
        energy=tracks.energy,
        eta_out=tracks.hit_eta,
        d0val=tracks.d0val,
        d0err=tracks.d0err,
        dzval=tracks.dzval,
        dzerr=tracks.dzerr,
    )


def _join(*parts: Candidates) -> Candidates:
    """All candidates, grouped by event."""
    joined = Candidates(
        *(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Candidates))
    )
    return joined.take(np.argsort(joined.event, kind="stable"))
