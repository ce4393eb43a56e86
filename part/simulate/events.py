"""Pythia 8 events as flat numpy arrays: generation in batches, visible particles, decay products.

Momenta are in GeV, lengths in mm. Shapes: P particles of all events of a batch, in event order.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from types import ModuleType
from typing import Any

import awkward as ak
import numpy as np

from part.errors import PartError
from part.simulate.processes import COMMON, Process

BATCH = 200  # events in each call of Pythia
INVISIBLE = (12, 14, 16)
RESONANCES = (6, 23, 24, 25)
HARD_PARTONS = (1, 2, 3, 4, 5, 21)
# Pythia's codes for copies whose momentum only recoils: against radiation from the beams, from other partons, and
# against the primordial kT.
RECOILS = (44, 52, 62)


@dataclass(frozen=True)
class Particles:
    """The particles of a batch of events, (P,) each. `event` counts from 0."""

    event: np.ndarray
    pid: np.ndarray
    status: np.ndarray
    mother: np.ndarray  # index into these arrays, -1 for none
    charge: np.ndarray  # in units of e
    px: np.ndarray
    py: np.ndarray
    pz: np.ndarray
    energy: np.ndarray
    mass: np.ndarray
    x: np.ndarray
    y: np.ndarray
    z: np.ndarray

    def take(self, selection: np.ndarray) -> "Particles":
        """Select particles by a mask or by indices; `mother` still refers to the full batch."""
        return Particles(*(getattr(self, field.name)[selection] for field in fields(self)))


@dataclass(frozen=True)
class Decays:
    """Heavy particles that decay visibly, (G,) each, and their products, (D,) each, with a `parent` in 0..G-1."""

    event: np.ndarray
    particle: np.ndarray  # index into the particles, ascending
    pid: np.ndarray
    pt: np.ndarray
    eta: np.ndarray
    phi: np.ndarray
    count: np.ndarray
    parent: np.ndarray
    product_eta: np.ndarray
    product_phi: np.ndarray


@dataclass(frozen=True)
class Partons:
    """Products of decays and outgoing partons of hard processes before they radiate, (Q,) each.

    `decay` is the index of their decay, -1 for partons of the hard process.
    """

    event: np.ndarray
    decay: np.ndarray
    pid: np.ndarray
    pt: np.ndarray
    eta: np.ndarray
    phi: np.ndarray
    energy: np.ndarray


def import_pythia() -> ModuleType:
    """Import pythia8mc. Raises PartError with the command that installs it if it is missing."""
    try:
        import pythia8mc
    except ImportError as error:
        raise PartError("Simulation needs Pythia 8: pip install pythia8mc.") from error
    return pythia8mc


def new_generator(process: Process, variant: int, seed: int) -> Any:
    """Initialise a Pythia instance. Raises PartError if Pythia is missing or rejects a setting."""
    pythia = import_pythia().Pythia("", False)
    settings = COMMON + process.collision + process.settings + process.variants[variant]
    for setting in (*settings, "Random:setSeed = on", f"Random:seed = {seed}"):
        if not pythia.readString(setting):
            raise PartError(f"Pythia 8 does not know the setting {setting!r} of class {process.label}.")
    if not pythia.init():
        raise PartError(f"Pythia 8 could not be initialised for class {process.label}.")
    return pythia


def generate_batches(process: Process, seeds: tuple[int, ...]) -> Iterator[Particles]:
    """Generate batches of events without end; the variants of the process alternate, each with its own seed."""
    generators = [new_generator(process, i, seed) for i, seed in enumerate(seeds)]
    while True:
        for generator in generators:
            yield read_batch(generator.nextBatch(BATCH), generator.particleData.charge)


def read_batch(batch: ak.Array, charge_of: Callable[[int], float]) -> Particles:
    """Convert the result of `nextBatch` to flat arrays, with the production vertex of each particle.

    pythia8mc 8.317 inserts one superfluous entry before the vertices of each event, so that the vertex of the i-th
    particle of the batch in event v lies at i + v + 1 of the flat list, whose end is truncated. Events with truncated
    vertices are left out.
    """
    particles = batch.prt
    vertex = particles.vProd.layout
    offsets = np.asarray(vertex.offsets.data)
    n_vertices = len(vertex.content.index.data)
    n_events = int(np.sum(offsets[1:] + np.arange(1, len(offsets)) <= n_vertices))
    offsets = offsets[: n_events + 1]
    total = offsets[-1]
    event = np.repeat(np.arange(n_events), np.diff(offsets))

    index = np.asarray(vertex.content.index.data)[np.arange(total) + event + 1]

    def position(axis: str) -> np.ndarray:
        values = np.asarray(vertex.content.content.content(axis).data)
        return np.where(index >= 0, values[index], 0.0)

    def flat(array: ak.Array) -> np.ndarray:
        return ak.to_numpy(ak.flatten(array))[:total]

    mother = flat(particles.mother1).astype(np.int64)
    pid = flat(particles.id)
    kinds, kind = np.unique(pid, return_inverse=True)
    return Particles(
        event=event,
        pid=pid,
        status=flat(particles.status),
        mother=np.where(mother > 0, mother + offsets[event], -1),
        charge=np.array([charge_of(int(k)) for k in kinds])[kind],
        px=flat(particles.p.px),
        py=flat(particles.p.py),
        pz=flat(particles.p.pz),
        energy=flat(particles.p.e),
        mass=flat(particles.m),
        x=position("px"),
        y=position("py"),
        z=position("pz"),
    )


def select_visible(particles: Particles) -> Particles:
    """Select the stable particles except for neutrinos."""
    return particles.take((particles.status > 0) & ~np.isin(np.abs(particles.pid), INVISIBLE))


def events_with_parton(particles: Particles, flavours: tuple[int, ...]) -> np.ndarray:
    """Return the events in which a parton of one of these flavours leaves the hard process."""
    outgoing = (np.abs(particles.status) == 23) & np.isin(np.abs(particles.pid), flavours)
    return np.unique(particles.event[outgoing])


def find_decays(particles: Particles) -> Decays:
    """Find the decays of top quarks, Higgs, W and Z bosons to quarks, gluons and charged leptons.

    The products of a W boson from a top quark or a Higgs boson belong to the latter.
    """
    products, ancestor = _decay_products(particles)
    visible = ~np.isin(np.abs(particles.pid[products]), INVISIBLE)
    products = products[visible]
    parents, parent = np.unique(ancestor[visible], return_inverse=True)
    pt, eta, phi = _angles(particles.take(parents))
    _, product_eta, product_phi = _angles(particles.take(products))
    return Decays(
        event=particles.event[parents],
        particle=parents,
        pid=particles.pid[parents],
        pt=pt,
        eta=eta,
        phi=phi,
        count=np.bincount(parent, minlength=len(parents)),
        parent=parent,
        product_eta=product_eta,
        product_phi=product_phi,
    )


def find_partons(particles: Particles, decays: Decays) -> Partons:
    """Find the products of the decays, neutrinos among them, and the quarks and gluons of the hard processes.

    A parton of the hard process has the momentum that it has before it radiates, after all recoils: at an earlier stage
    it is four times as far from the axis of its jet.
    """
    products, ancestor = _decay_products(particles)
    is_known = np.isin(ancestor, decays.particle)
    products, decay = products[is_known], np.searchsorted(decays.particle, ancestor[is_known])
    is_outgoing = np.abs(particles.status) == 23
    hard = is_outgoing & np.isin(np.abs(particles.pid), HARD_PARTONS) & ~_from_resonance(particles)
    hard = _last_copies(particles, np.flatnonzero(hard))
    chosen = particles.take(np.concatenate([products, hard]))
    pt, eta, phi = _angles(chosen)
    decay = np.concatenate([decay, np.full(len(hard), -1)])
    return Partons(chosen.event, decay, chosen.pid, pt, eta, phi, chosen.energy)


def _from_resonance(particles: Particles) -> np.ndarray:
    heavy = np.isin(np.abs(particles.pid), RESONANCES)
    return (particles.mother >= 0) & heavy[particles.mother]


def _decay_products(particles: Particles) -> tuple[np.ndarray, np.ndarray]:
    """Return the particles that resonances finally decay to, and the first resonance of each of these chains."""
    from_heavy = _from_resonance(particles)
    heavy = np.isin(np.abs(particles.pid), RESONANCES)
    products = np.flatnonzero((np.abs(particles.status) == 23) & from_heavy & ~heavy)
    ancestor = particles.mother[products]
    while np.any(has_heavy_mother := from_heavy[ancestor]):
        ancestor = np.where(has_heavy_mother, particles.mother[ancestor], ancestor)
    return products, ancestor


def _last_copies(particles: Particles, index: np.ndarray) -> np.ndarray:
    """Return the last copies of particles before they radiate."""
    mother = particles.mother
    is_copy = np.isin(np.abs(particles.status), RECOILS) & (mother >= 0) & (particles.pid == particles.pid[mother])
    copy = np.full(len(mother), -1)
    copy[mother[is_copy]] = np.flatnonzero(is_copy)
    while np.any(has_copy := copy[index] >= 0):
        index = np.where(has_copy, copy[index], index)
    return index


def _angles(p: Particles) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    pt = np.hypot(p.px, p.py)
    return pt, np.arcsinh(p.pz / np.maximum(pt, 1e-9)), np.arctan2(p.py, p.px)
