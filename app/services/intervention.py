"""Interventions on single jets, at once; with `backend` and `studying` that page's way into the library.

Shapes: C classes, N particles, L layers.
"""

from collections.abc import Callable
from dataclasses import dataclass

import awkward as ak
import numpy as np
import streamlit as st

from app.services import jobs
from app.services.files import JetFile
from app.services.jets import blocks, named, sample
from app.services.models import Scene, figures, run
from part.analysis.intervention import (
    Importance,
    Irc,
    Lens,
    Pass,
    Patching,
    Probes,
    Reference,
    Target,
    ablate,
    edits,
    flavoured,
    leave_one_out,
    lens,
    patch,
    targets_of,
)
from part.analysis.intervention.ablation import INSTEAD
from part.analysis.intervention.patching import CORRUPTIONS, PARTS, Recovery
from part.analysis.study import study_jets
from part.errors import PartError
from part.figures.charts import Plot, Series
from part.figures.studies import importance as importance_charts
from part.figures.studies import irc as irc_charts
from part.figures.studies import lens as lens_charts
from part.figures.studies import patching as patching_charts
from part.figures.studies import probes as probe_charts
from part.inference.forward import check_attention
from part.inference.tagger import Tagger
from part.jets import select

__all__ = [
    "CORRUPTIONS",
    "INSTEAD",
    "PARTS",
    "Importance",
    "Irc",
    "Lens",
    "Patching",
    "Plot",
    "Probes",
    "Series",
    "Target",
    "check_attention",
    "importance_charts",
    "irc_charts",
    "lens_charts",
    "patching_charts",
    "probe_charts",
    "targets_of",
]
REFERENCE = 64  # jets whose heads' outputs stand in for those of one that is looked at


@dataclass(frozen=True)
class Edit:
    """A kind of edit. sizes: to choose from, first what is shown at first; make(jets, size, rank in pT)."""

    title: str
    unit: str
    sizes: tuple[float, ...]
    first: float
    make: Callable[[ak.Array, float, int], ak.Array]


_LOGARITHMIC = tuple(float(f"{10**power:.1g}") for power in np.arange(-5, -0.4, 0.5))
EDITS = {
    "soft": Edit("Add a soft photon", "of the jet's pT", _LOGARITHMIC, 0.01, lambda j, s, _: edits.add_soft(j, s, 0.2)),
    "split": Edit("Split in halves", "apart in φ", _LOGARITHMIC, 0.01, lambda j, s, r: edits.split(j, r, 0.5, s)),
    "drop": Edit("Drop", "", (1.0,), 1.0, lambda j, _, r: edits.drop(j, r)),
    "rotate": Edit(
        "Rotate about the axis", "°", tuple(range(0, 181, 10)), 40, lambda j, s, _: edits.rotate(j, np.radians(s))
    ),
    "boost": Edit(
        "Boost along the beam",
        "in rapidity",
        tuple((np.arange(-10, 11) / 10).tolist()),
        0.5,
        lambda j, s, _: edits.boost(j, s),
    ),
    "smear": Edit("Smear momenta", "%", (0, 1, 2, 5, 10, 20, 30), 5, lambda j, s, _: edits.smear(j, s / 100)),
}


def without(
    file: JetFile, entry: int, model: Tagger, instead: str, entries: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of a jet as it is and without each of `targets_of` (1 + A, C), and without each of its particles
    (N, C). entries: the sample that stands in for heads' outputs, of which the first REFERENCE are taken."""
    some = entries[:REFERENCE]
    known = jobs.digest(some) if instead != "zero" else ""
    return _without(file.sha256, entry, model.identity, instead, known, file, model, some)


@st.cache_resource(max_entries=64, show_spinner=False)
def _without(
    sha256: str,
    entry: int,
    weights: str,
    instead: str,
    sample: str,
    _file: JetFile,
    _model: Tagger,
    _entries: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    jet = _jet(_file, entry)
    reference = None if instead == "zero" else _reference(sha256, weights, sample, _file, _model, _entries)

    def work() -> tuple[np.ndarray, np.ndarray]:
        passed = Pass(_model, jet)
        found = ablate(passed, jet, targets_of(_model), instead, reference).cpu().numpy()
        before = passed.probabilities[None].cpu().numpy()
        return np.concatenate((before, found))[:, 0], leave_one_out(passed).cpu().numpy()

    with named(_file):
        return run(work)


@st.cache_resource(max_entries=8, show_spinner="Hearing what heads write for other jets …")
def _reference(
    sha256: str, weights: str, sample: str, _file: JetFile, _model: Tagger, _entries: np.ndarray
) -> Reference:
    reference = Reference()
    for _, jets in blocks(_file, _entries, 16):
        run(lambda jets=jets: reference.add(Pass(_model, jets, {"mixed"}), jets))
    return reference


def donor_of(file: JetFile, entry: int, candidates: np.ndarray) -> int:
    """The jet of another class, where classes are known, with the number of constituents nearest to this one's."""
    known = sample(file)
    others = candidates[candidates != entry]
    if known.truth is not None and (apart := others[known.truth[others] != known.truth[entry]]).size:
        others = apart
    if not len(others):
        return (entry + 1) % len(known)
    return int(others[np.argmin(np.abs(known.n[others] - known.n[entry]))])


def patched(file: JetFile, entry: int, donor: int, model: Tagger, part: str, corruption: str) -> Recovery:
    """The jet is the clean one; the donor, or its flavour, corrupts it. Raises BadInput."""
    return _patched(file.sha256, entry, donor, model.identity, part, corruption, file, model)


@st.cache_resource(max_entries=64, show_spinner=False)
def _patched(
    sha256: str, entry: int, donor: int, weights: str, part: str, corruption: str, _file: JetFile, _model: Tagger
) -> Recovery:
    clean, other = _jet(_file, entry), _jet(_file, donor)
    with named(_file):
        return run(lambda: patch(_model, clean, flavoured(clean, other) if corruption == "flavour" else other, part))


def edited(file: JetFile, entry: int, name: str, model: Tagger, edit: str, size: float, particle: int) -> tuple:
    """The Scenes of a jet before, with what follows from its constituents computed again, and after an edit."""
    return _edited(file.sha256, entry, model.identity, edit, size, particle, name, file, model)


@st.cache_resource(max_entries=24, show_spinner=False)
def _edited(
    sha256: str,
    entry: int,
    weights: str,
    edit: str,
    size: float,
    particle: int,
    name: str,
    _file: JetFile,
    _model: Tagger,
) -> tuple[Scene, Scene]:
    jet = _jet(_file, entry)
    pt = np.hypot(*(ak.to_numpy(jet[name][0]) for name in ("part_px", "part_py")))
    rank = int((pt > pt[particle]).sum() + (pt[:particle] == pt[particle]).sum())
    with named(_file):
        before, after = edits.rebuilt(jet), EDITS[edit].make(jet, size, rank)
        return _scene(before, name, _model), _scene(after, name, _model)


def _scene(jet: ak.Array, name: str, model: Tagger) -> Scene:
    trace = run(model.trace, jet).jet(0)
    return figures.scene(model, jet, trace, figures.constituents(select(jet)[0]), name=name)


def curve(file: JetFile, entry: int, model: Tagger, kind: str):
    """As `Irc`, of one jet."""
    return _curve(file.sha256, entry, model.identity, kind, file, model)


@st.cache_resource(max_entries=64, show_spinner=False)
def _curve(sha256: str, entry: int, weights: str, kind: str, _file: JetFile, _model: Tagger):
    jet = _jet(_file, entry)
    jet = ak.zip({name: jet[name] for name in jet.fields if not name.startswith("label")}, depth_limit=1)
    with named(_file):
        return run(study_jets, Irc(kind), _model, jet)


def read(file: JetFile, entry: int, model: Tagger) -> np.ndarray:
    """Class probabilities (L + 1, C) of a jet from its state at each depth. Raises BadInput."""
    return _read(file.sha256, entry, model.identity, file, model)


@st.cache_resource(max_entries=64, show_spinner=False)
def _read(sha256: str, entry: int, weights: str, _file: JetFile, _model: Tagger) -> np.ndarray:
    jet = _jet(_file, entry)
    with named(_file):
        return run(lambda: lens(Pass(_model, jet))[:, 0].cpu().numpy())


def classes_of(file: JetFile, model: Tagger, *entries: int) -> tuple[str, ...]:
    """Of jets, as the model calls them. Raises BadInput where they are not known."""
    known = sample(file)
    if known.truth is None or known.dataset != model.dataset:
        raise PartError("A sample is patched from one class to another, and these jets have no labels of the model's.")
    return tuple(model.dataset.classes[known.truth[entry]] for entry in entries)


def _jet(file: JetFile, entry: int) -> ak.Array:
    return next(blocks(file, np.array([entry]), 1))[1]
