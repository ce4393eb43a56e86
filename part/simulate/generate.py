"""Shards of jets: one file for each class and seed, made independently of each other."""

import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

import awkward as ak
import numpy as np

from part.jets.schema import IDENTITY
from part.simulate import clustering, events
from part.simulate.detector import Candidates, bare, detect
from part.simulate.samples import SAMPLES, Sample
from part.simulate.writing import stored_jets, write_jets

_made = None  # jets made by all workers together: a shared counter, set in each worker


@dataclass(frozen=True)
class Shard:
    """One file to make: `jets` jets of a class of a dataset."""

    dataset: str
    label: str
    seed: int
    jets: int
    folder: Path
    compact: bool = False

    @property
    def path(self) -> Path:
        return self.folder / SAMPLES[self.dataset].file(self.label, self.seed)

    @property
    def finished(self) -> bool:
        return stored_jets(self.path) == self.jets


def generate_jets(
    dataset: str, label: str, n_jets: int, seed: int, progress: Callable[[int], None] = lambda n: None
) -> ak.Array:
    """Jets (J,) of one class as records with JetClass's names. The same arguments give the same jets.

    `progress` is told how many jets each batch of events has added.
    """
    sample = SAMPLES[dataset]
    process = sample.process(label)
    root = np.random.SeedSequence([seed, sample.first + sample.number(label)])
    detector_seed, *pythia_seeds = root.spawn(1 + len(process.variants))
    rng = np.random.default_rng(detector_seed)
    seeds = tuple(1 + int(child.generate_state(1)[0]) % 900_000_000 for child in pythia_seeds)
    parts, count = [], 0
    for particles in events.generate(process, seeds):
        jets = select_jets(particles, sample, label, rng)[: n_jets - count]
        parts.append(jets)
        count += len(jets)
        progress(len(jets))
        if count == n_jets:
            return _finish(ak.concatenate(parts), sample, label)


def select_jets(particles: events.Particles, sample: Sample, label: str, rng: np.random.Generator) -> ak.Array:
    """The jets of a batch of events that belong to the class, with their constituents."""
    process, visible = sample.process(label), events.visible(particles)
    candidates = bare(visible) if sample.detector is None else detect(visible, rng, sample.detector)
    jets = clustering.find_jets(candidates, sample.cuts)
    if process.flavours:
        jets = jets[np.isin(jets.event, events.with_parton(particles, process.flavours))]
    decays = events.decays(particles)
    matched = np.full(len(jets), -1)
    if process.products:
        matched = clustering.match(jets, decays, process.products, sample.cuts.radius)
        jets, matched = jets[matched >= 0], matched[matched >= 0]
    columns = {name: jets[name] for name in ("jet_pt", "jet_eta", "jet_phi", "jet_energy")}
    columns["momenta"] = clustering.constituent_vectors(jets, candidates)
    constituents = _constituents(candidates, jets, sample.massless)
    columns |= {name: constituents[name] for name in sample.branches}
    for name in ("pt", "eta", "phi", "pid"):
        values = getattr(decays, name)
        columns[f"aux_genpart_{name}"] = values[matched] if process.products else np.zeros(len(jets), values.dtype)
    columns["aux_truth_match"] = (matched >= 0).astype(np.int32)
    return ak.zip(columns, depth_limit=1)


def _constituents(candidates: Candidates, jets: ak.Array, massless: bool) -> dict[str, ak.Array]:
    """The jagged branches, constituents in falling order of pT.

    As in JetClass, the pseudorapidity of a track is that of its entry into the calorimeter, while its pT,
    azimuth and mass are the momentum's. Soft tracks that curl to the end caps thereby lie far from the axis;
    without this, the spread of Δη is 8 % too small. TopLandscape has no such tracks.
    """
    counts = ak.num(jets.part)
    flat = candidates.take(ak.to_numpy(ak.flatten(jets.part)))
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


def _finish(jets: ak.Array, sample: Sample, label: str) -> ak.Array:
    """Adds what is cheaper for many jets at once: substructure, of the clustered momenta, and the labels."""
    vectors, radius = jets.momenta, sample.cuts.radius
    columns = {name: jets[name] for name in jets.fields if name != "momenta"}
    columns["jet_nparticles"] = ak.num(jets.part_px)
    columns["jet_sdmass"] = clustering.soft_drop_mass(vectors, radius)
    columns |= {f"jet_tau{n}": clustering.subjettiness(vectors, n, radius) for n in (1, 2, 3, 4)}
    for number, name in enumerate(sample.dataset.labels):
        columns[name] = np.full(len(jets), number == sample.number(label), dtype=np.int32)
    return ak.zip(columns, depth_limit=1)


def make_shard(shard: Shard, progress: Callable[[int], None]) -> None:
    """Makes one file, unless it is there already with the asked number of jets."""
    if shard.finished:
        progress(shard.jets)
    else:
        write_jets(
            shard.path, generate_jets(shard.dataset, shard.label, shard.jets, shard.seed, progress), shard.compact
        )


def make_shards(shards: list[Shard], workers: int, report: Callable[[int], None]) -> None:
    """Makes all files with that many processes; once a second `report` is told how many jets there are."""
    context = multiprocessing.get_context("spawn")
    made = context.Value("q", 0)
    with ProcessPoolExecutor(workers, context, _start_worker, (made,)) as pool:
        waiting = {pool.submit(_make_counted, shard) for shard in shards}
        while waiting:
            done, waiting = wait(waiting, timeout=1, return_when=FIRST_EXCEPTION)
            try:
                for future in done:
                    future.result()
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
            report(made.value)


def _start_worker(counter) -> None:
    global _made
    _made = counter
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A command that is killed takes its workers with it; they would go on to the end of their shards."""
    multiprocessing.parent_process().join()
    os._exit(1)


def _make_counted(shard: Shard) -> None:
    def progress(n: int) -> None:
        with _made.get_lock():
            _made.value += n

    make_shard(shard, progress)


class Reporter:
    """Prints jets, jets a second and the time left: on one line of a terminal, else every half minute."""

    def __init__(self, total: int, stream) -> None:
        self.total, self.stream = total, stream
        self.start = self.last = time.monotonic()

    def __call__(self, made: int) -> None:
        now = time.monotonic()
        terminal = self.stream.isatty()
        if not terminal and made < self.total and now - self.last < 30:
            return
        self.last = now
        rate = made / max(now - self.start, 1e-9)
        left = (self.total - made) / rate if rate else float("inf")
        text = f"{made} of {self.total} jets, {rate:.0f} jets/s, {left:.0f} s left"
        print(text, end="\r" if terminal and made < self.total else "\n", file=self.stream, flush=True)
