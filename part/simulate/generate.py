"""Generation of jets, and of shards: files with the jets of one class and seed, independent of each other."""

import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

import awkward as ak
import numpy as np

from part.jets import kinematics
from part.jets.schema import IDENTITY
from part.simulate import clustering, events
from part.simulate.detector import Candidates, detect, particle_level
from part.simulate.samples import SAMPLES, Sample
from part.simulate.writing import count_stored_jets, write_jets

_n_generated: "Synchronized[int] | None" = None  # jets of all workers together: a shared counter, set in each worker


@dataclass(frozen=True)
class Shard:
    """A file to generate, with `jets` jets of one class of a dataset."""

    dataset: str
    label: str
    seed: int
    jets: int
    folder: Path
    compact: bool = False

    @property
    def path(self) -> Path:
        """The path of the file."""
        return self.folder / SAMPLES[self.dataset].file_name(self.label, self.seed)

    @property
    def is_complete(self) -> bool:
        """Return whether the file exists with the requested number of jets."""
        return count_stored_jets(self.path) == self.jets


def generate_jets(
    dataset: str, label: str, n_jets: int, seed: int, progress: Callable[[int], None] = lambda n: None
) -> ak.Array:
    """Generate jets of one class. The same arguments give the same jets.

    Parameters
    ----------
    dataset : str
        `JetClass`, `TopLandscape` or `QuarkGluon`.
    label : str
        The short name of the class, such as `Hbb`.
    n_jets : int
        The number of jets. Fewer jets are the first of many.
    seed : int
        The seed of all random numbers.
    progress : callable
        Called after each batch of events with the number of jets that it gave.

    Returns
    -------
    ak.Array
        Records with the branch names of JetClass; momenta in GeV, impact parameters in mm.

    Raises
    ------
    PartError
        If Pythia 8 is missing or cannot be initialised.
    """
    sample = SAMPLES[dataset]
    process = sample.process(label)
    root = np.random.SeedSequence([seed, sample.first_class + sample.number(label)])
    detector_seed, *pythia_seeds = root.spawn(1 + len(process.variants))
    rng = np.random.default_rng(detector_seed)
    seeds = tuple(1 + int(child.generate_state(1)[0]) % 900_000_000 for child in pythia_seeds)
    batches: list[ak.Array] = []
    count = 0
    for particles in events.generate_batches(process, seeds):
        jets = select_jets(particles, sample, label, rng)[: n_jets - count]
        batches.append(jets)
        count += len(jets)
        progress(len(jets))
        if count == n_jets:
            break
    return _add_substructure_and_labels(ak.concatenate(batches), sample, label)


def select_jets(particles: events.Particles, sample: Sample, label: str, rng: np.random.Generator) -> ak.Array:
    """Return the jets of a batch of events that belong to the class, with their constituents."""
    process, visible = sample.process(label), events.select_visible(particles)
    candidates = particle_level(visible) if sample.detector is None else detect(visible, rng, sample.detector)
    jets = clustering.find_jets(candidates, sample.cuts)
    if process.flavours:
        jets = jets[np.isin(jets.event, events.events_with_parton(particles, process.flavours))]
    decays = events.find_decays(particles)
    matched = np.full(len(jets), -1)
    if process.products:
        matched = clustering.match_decays(jets, decays, process.products, sample.cuts.radius)
        jets, matched = jets[matched >= 0], matched[matched >= 0]
    columns = {name: jets[name] for name in ("jet_pt", "jet_eta", "jet_phi", "jet_energy")}
    columns["momenta"] = clustering.constituent_vectors(jets, candidates)
    constituents = _constituents(candidates, jets, sample.massless)
    columns |= {name: constituents[name] for name in sample.branches}
    for name in ("pt", "eta", "phi", "pid"):
        values = getattr(decays, name)
        columns[f"aux_genpart_{name}"] = values[matched] if process.products else np.zeros(len(jets), values.dtype)
    columns["aux_truth_match"] = (matched >= 0).astype(np.int32)
    columns |= _partons(events.find_partons(particles, decays), jets, matched, sample.cuts.radius)
    return ak.zip(columns, depth_limit=1)


def _constituents(candidates: Candidates, jets: ak.Array, massless: bool) -> dict[str, ak.Array]:
    """Return the jagged branches, constituents in falling order of pT.

    As in JetClass, the pseudorapidity of a track is that of its entry into the calorimeter, while pT, azimuth and mass
    are those of its momentum. Soft tracks that curl to the end caps therefore lie far from the jet axis; otherwise the
    spread of Δη would be 8 % too small. TopLandscape has no such tracks.
    """
    counts = ak.num(jets.constituents)
    flat = candidates.take(ak.to_numpy(ak.flatten(jets.constituents)))
    jet_eta, jet_phi = (np.repeat(ak.to_numpy(jets[name]), counts) for name in ("jet_eta", "jet_phi"))
    pt = np.hypot(flat.px, flat.py)
    mass_squared = 0.0 if massless else np.maximum(flat.energy**2 - pt**2 - flat.pz**2, 0.0)
    columns = {"px": flat.px, "py": flat.py, "pz": pt * np.sinh(flat.file_eta)}
    columns["energy"] = np.sqrt((pt * np.cosh(flat.file_eta)) ** 2 + mass_squared)
    columns["deta"] = (flat.file_eta - jet_eta) * np.where(jet_eta < 0, -1.0, 1.0)
    columns["dphi"] = (np.arctan2(flat.py, flat.px) - jet_phi + np.pi) % (2 * np.pi) - np.pi
    columns |= {name: getattr(flat, name) for name in ("d0val", "d0err", "dzval", "dzerr", "charge", "pid")}
    columns |= {name.removeprefix("part_"): flat.species == i for i, name in enumerate(IDENTITY[1:])}
    return {f"part_{name}": ak.unflatten(values, counts) for name, values in columns.items()}


def _partons(partons: events.Partons, jets: ak.Array, decay: np.ndarray, radius: float) -> dict[str, ak.Array]:
    """Return the jagged branches of the decay's products, without a decay of the hard process's partons in the jet."""
    event, jet_eta, jet_phi = (ak.to_numpy(jets[name])[:, None] for name in ("event", "jet_eta", "jet_phi"))
    distance = kinematics.delta_r(partons.eta, partons.phi, jet_eta, jet_phi)
    in_cone = (partons.event == event) & (partons.decay < 0) & (distance < radius)
    belongs = np.where(decay[:, None] >= 0, partons.decay == decay[:, None], in_cone)
    index = np.nonzero(belongs)[1]
    names = ("pt", "eta", "phi", "energy", "pid")
    return {f"parton_{name}": ak.unflatten(getattr(partons, name)[index], belongs.sum(axis=1)) for name in names}


def _add_substructure_and_labels(jets: ak.Array, sample: Sample, label: str) -> ak.Array:
    """Add labels, and the substructure of the clustered momenta, which is faster for many jets at once."""
    vectors, radius = jets.momenta, sample.cuts.radius
    columns = {name: jets[name] for name in jets.fields if name != "momenta"}
    columns["jet_nparticles"] = ak.num(jets.part_px)
    columns["jet_sdmass"] = clustering.soft_drop_mass(vectors, radius)
    columns |= {f"jet_tau{n}": clustering.subjettiness(vectors, n, radius) for n in (1, 2, 3, 4)}
    for number, name in enumerate(sample.dataset.labels):
        columns[name] = np.full(len(jets), number == sample.number(label), dtype=np.int32)
    return ak.zip(columns, depth_limit=1)


def make_shard(shard: Shard, progress: Callable[[int], None]) -> None:
    """Generate one file, unless it is complete already."""
    if shard.is_complete:
        progress(shard.jets)
    else:
        jets = generate_jets(shard.dataset, shard.label, shard.jets, shard.seed, progress)
        write_jets(shard.path, jets, shard.compact)


def make_shards(shards: list[Shard], workers: int, report: Callable[[int], None]) -> None:
    """Generate files in parallel.

    Parameters
    ----------
    shards : list of Shard
        Complete files are kept.
    workers : int
        The number of processes. The jets do not depend on it.
    report : callable
        Called once a second with the number of jets so far.

    Raises
    ------
    PartError
        As `generate_jets` does.
    """
    context = multiprocessing.get_context("spawn")
    n_generated = context.Value("q", 0)
    with ProcessPoolExecutor(workers, context, _start_worker, (n_generated,)) as pool:
        waiting = {pool.submit(_make_counted, shard) for shard in shards}
        while waiting:
            done, waiting = wait(waiting, timeout=1, return_when=FIRST_EXCEPTION)
            try:
                for future in done:
                    future.result()
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
            report(n_generated.value)


def _start_worker(counter: "Synchronized[int]") -> None:
    global _n_generated
    _n_generated = counter
    threading.Thread(target=_exit_with_parent, daemon=True).start()


def _exit_with_parent() -> None:
    """End this worker when the command is killed; otherwise it would continue to the end of its shard."""
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)


def _make_counted(shard: Shard) -> None:
    def progress(n: int) -> None:
        if _n_generated is not None:
            with _n_generated.get_lock():
                _n_generated.value += n

    make_shard(shard, progress)
