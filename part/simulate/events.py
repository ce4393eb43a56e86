"""Pythia 8 events as flat numpy arrays: generation in batches, visible particles, decay products.

Shapes: P particles of all events of a batch, in event order. GeV, mm.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields

import awkward as ak
import numpy as np

from part.errors import PartError
from part.simulate.processes import COMMON, Process

BATCH = 200  # events a call
INVISIBLE = (12, 14, 16)
RESONANCES = (6, 23, 24, 25)


@dataclass(frozen=True)
class Particles:
    """Particles of a batch, (P,) each. `event` counts from 0; vertices in mm, momenta in GeV."""

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

    def take(self, where: np.ndarray) -> "Particles":
        """The particles chosen by a mask or by indices; `mother` keeps meaning the whole batch."""
        return Particles(*(getattr(self, field.name)[where] for field in fields(self)))


@dataclass(frozen=True)
class Decays:
    """Heavy particles that decay visibly, (G,), and their products, (D,) each with its `parent` in 0..G-1."""

    event: np.ndarray
    pid: np.ndarray
    pt: np.ndarray
    eta: np.ndarray
    phi: np.ndarray
    count: np.ndarray
    parent: np.ndarray
    product_eta: np.ndarray
    product_phi: np.ndarray


def import_pythia():
    """The module pythia8mc; PartError, telling how to install it, where it is missing."""
    try:
        import pythia8mc
    except ImportError as error:
        raise PartError(
            "Simulation needs Pythia 8: run `pip install -r requirements-simulate.txt` and try again."
        ) from error
    return pythia8mc


def new_generator(process: Process, variant: int, seed: int):
    """A Pythia instance, initialised. Raises PartError where Pythia is missing or refuses a setting."""
    pythia = import_pythia().Pythia("", False)
    settings = COMMON + process.collision + process.settings + process.variants[variant]
    for setting in (*settings, "Random:setSeed = on", f"Random:seed = {seed}"):
        if not pythia.readString(setting):
            raise PartError(f"Pythia 8 does not know the setting {setting!r} of class {process.label}.")
    if not pythia.init():
        raise PartError(f"Pythia 8 could not be initialised for class {process.label}.")
    return pythia


def generate(process: Process, seeds: tuple[int, ...]) -> Iterator[Particles]:
    """Batches without end; the variants of the process take turns, each with its own seed."""
    generators = [new_generator(process, i, seed) for i, seed in enumerate(seeds)]
    while True:
        for generator in generators:
            yield read_batch(generator.nextBatch(BATCH), generator.particleData.charge)


def read_batch(batch: ak.Array, charge_of: Callable[[int], float]) -> Particles:
    """Flat arrays from what `nextBatch` returns, with each particle's own production vertex.

    pythia8mc 8.317 puts one entry too many before the vertices of each event, so that the vertex of particle
    i of event v lies at i + v + 1 of the flat list and the end of the list is cut off. Events whose vertices
    were cut are left out.
    """
    particles = batch.prt
    vertex = particles.vProd.layout
    offsets = np.asarray(vertex.offsets.data)
    n_vertices = len(vertex.content.index.data)
    n_events = int(np.sum(offsets[1:] + np.arange(1, len(offsets)) <= n_vertices))
    offsets = offsets[: n_events + 1]
    total = offsets[-1]
    event = np.repeat(np.arange(n_events), np.diff(offsets))

    where = np.asarray(vertex.content.index.data)[np.arange(total) + event + 1]

    def position(axis: str) -> np.ndarray:
        values = np.asarray(vertex.content.content.content(axis).data)
        return np.where(where >= 0, values[where], 0.0)

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


def visible(particles: Particles) -> Particles:
    """The stable particles that a detector can see."""
    return particles.take((particles.status > 0) & ~np.isin(np.abs(particles.pid), INVISIBLE))


def with_parton(particles: Particles, flavours: tuple[int, ...]) -> np.ndarray:
    """The events in which a parton of one of these flavours leaves the hard process."""
    outgoing = (np.abs(particles.status) == 23) & np.isin(np.abs(particles.pid), flavours)
    return np.unique(particles.event[outgoing])


def decays(particles: Particles) -> Decays:
    """The visible decays of top quarks, Higgs, W and Z bosons: quarks, gluons and charged leptons of each.

    A W from a top quark or a Higgs belongs to the decay of the latter.
    """
    heavy = np.isin(np.abs(particles.pid), RESONANCES)
    from_heavy = (particles.mother >= 0) & heavy[particles.mother]
    kind = np.abs(particles.pid)
    product = (np.abs(particles.status) == 23) & from_heavy & ~np.isin(kind, INVISIBLE) & ~heavy
    chosen = np.flatnonzero(product)
    first = particles.mother[chosen]
    while np.any(climbs := from_heavy[first]):
        first = np.where(climbs, particles.mother[first], first)
    parents, parent = np.unique(first, return_inverse=True)
    pt, eta, phi = _angles(particles.take(parents))
    _, product_eta, product_phi = _angles(particles.take(chosen))
    return Decays(
        event=particles.event[parents],
        pid=particles.pid[parents],
        pt=pt,
        eta=eta,
        phi=phi,
        count=np.bincount(parent, minlength=len(parents)),
        parent=parent,
        product_eta=product_eta,
        product_phi=product_phi,
    )


def _angles(p: Particles) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    pt = np.hypot(p.px, p.py)
    return pt, np.arcsinh(p.pz / np.maximum(pt, 1e-9)), np.arctan2(p.py, p.px)
