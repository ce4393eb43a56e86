"""Detectors emulated as in Delphes (arXiv:1307.6346): JetClass's (arXiv:2202.03772) and ATLAS, without pile-up.

All particles of a batch of events are processed together: they are propagated to the calorimeters, charged ones may
give tracks, electrons and photons are measured in the ECAL, hadrons in the HCAL. Particles are identified by their true
type.

Momenta are in GeV, lengths in mm. Shapes: P particles, K candidates.
"""

from dataclasses import dataclass, fields

import numpy as np

from part.simulate import propagation
from part.simulate.calorimeter import (
    ATLAS_ECAL,
    ATLAS_HCAL,
    CMS_ECAL,
    CMS_HCAL,
    Calorimeter,
    Towers,
    energy_fractions,
    measure,
)
from part.simulate.events import Particles
from part.simulate.propagation import Volume, propagate
from part.simulate.tracks import (
    CHARGED_HADRON,
    ELECTRON,
    MUON,
    NEUTRAL_HADRON,
    PHOTON,
    Tracks,
    charged_species,
    reconstruct_tracks,
)


@dataclass(frozen=True)
class Detector:
    """The volume of a tracker and the two calorimeters around it. The track reconstruction is the same in all.

    outer_eta: whether files store the pseudorapidity of a track at its entry into the calorimeter, or that of its
    momentum.
    """

    volume: Volume
    ecal: Calorimeter
    hcal: Calorimeter
    outer_eta: bool


CMS = Detector(propagation.CMS, CMS_ECAL, CMS_HCAL, outer_eta=True)
ATLAS = Detector(propagation.ATLAS, ATLAS_ECAL, ATLAS_HCAL, outer_eta=False)


@dataclass(frozen=True)
class Candidates:
    """The input of the jet clustering, energy-flow candidates or particles, (K,) each.

    `species` is an index into schema.SPECIES. `file_eta` is the pseudorapidity that is stored for the constituent; jets
    are clustered from the momenta. `pid` is the PDG code, 0 behind a detector.
    """

    event: np.ndarray
    species: np.ndarray
    pid: np.ndarray
    charge: np.ndarray
    px: np.ndarray
    py: np.ndarray
    pz: np.ndarray
    energy: np.ndarray
    file_eta: np.ndarray
    d0val: np.ndarray
    d0err: np.ndarray
    dzval: np.ndarray
    dzerr: np.ndarray

    def take(self, selection: np.ndarray) -> "Candidates":
        """Select candidates by a mask or by indices."""
        return Candidates(*(getattr(self, field.name)[selection] for field in fields(self)))


def particle_level(particles: Particles) -> Candidates:
    """Return visible, stable particles as candidates, without a detector.

    Their `file_eta` is the rapidity, as in the files of QuarkGluon.
    """
    zeros = np.zeros(len(particles.event))
    neutral = np.where(particles.pid == 22, PHOTON, NEUTRAL_HADRON)
    return Candidates(
        event=particles.event,
        species=np.where(particles.charge != 0, charged_species(particles.pid), neutral),
        pid=particles.pid,
        charge=particles.charge,
        px=particles.px,
        py=particles.py,
        pz=particles.pz,
        energy=particles.energy,
        file_eta=np.arctanh(particles.pz / particles.energy),
        d0val=zeros,
        d0err=zeros,
        dzval=zeros,
        dzerr=zeros,
    )


def detect(particles: Particles, rng: np.random.Generator, detector: Detector = CMS) -> Candidates:
    """Reconstruct the energy-flow candidates of visible, stable particles."""
    position = (particles.x, particles.y, particles.z)
    flight = propagate(position, (particles.px, particles.py, particles.pz), particles.charge, detector.volume)
    tracks = reconstruct_tracks(particles, flight, rng)
    electrons, hadrons, muons = (tracks.take(tracks.species == species) for species in (ELECTRON, CHARGED_HADRON, MUON))
    ecal_fraction, hcal_fraction = energy_fractions(particles.pid)
    electrons, photons = measure(detector.ecal, particles, flight, ecal_fraction, electrons, rng)
    hadrons, neutrals = measure(detector.hcal, particles, flight, hcal_fraction, hadrons, rng)
    return _join(
        *(_from_tracks(tracks, detector.outer_eta) for tracks in (hadrons, electrons, muons)),
        _from_towers(photons, PHOTON),
        _from_towers(neutrals, NEUTRAL_HADRON),
    )


def _from_towers(towers: Towers, species: int) -> Candidates:
    pt = towers.energy / np.cosh(towers.eta)
    zeros = np.zeros(len(pt))
    return Candidates(
        event=towers.event,
        species=np.full(len(pt), species),
        pid=np.zeros(len(pt), int),
        charge=zeros,
        px=pt * np.cos(towers.phi),
        py=pt * np.sin(towers.phi),
        pz=pt * np.sinh(towers.eta),
        energy=towers.energy,
        file_eta=towers.eta,
        d0val=zeros,
        d0err=zeros,
        dzval=zeros,
        dzerr=zeros,
    )


def _from_tracks(tracks: Tracks, outer_eta: bool) -> Candidates:
    return Candidates(
        event=tracks.event,
        species=tracks.species,
        pid=np.zeros(len(tracks.event), int),
        charge=tracks.charge,
        px=tracks.pt * np.cos(tracks.phi),
        py=tracks.pt * np.sin(tracks.phi),
        pz=tracks.pt * np.sinh(tracks.eta),
        energy=tracks.energy,
        file_eta=tracks.hit_eta if outer_eta else tracks.eta,
        d0val=tracks.d0val,
        d0err=tracks.d0err,
        dzval=tracks.dzval,
        dzerr=tracks.dzerr,
    )


def _join(*groups: Candidates) -> Candidates:
    """Concatenate candidates, grouped by event."""
    joined = Candidates(
        *(np.concatenate([getattr(group, field.name) for group in groups]) for field in fields(Candidates))
    )
    return joined.take(np.argsort(joined.event, kind="stable"))
