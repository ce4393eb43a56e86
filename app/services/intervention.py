"""Interventions on single jets.

Shapes: C classes, N particles, A targets of ablation, L layers, H heads.
"""

from dataclasses import dataclass

import awkward as ak
import numpy as np

from app.services.caching import cached
from app.services.files import JetFile
from app.services.jets import batches, error_context, jets_at, load_sample
from app.services.models import run_on_model_thread
from part.analysis.intervention.ablation import (
    AblationTarget,
    ablate,
    ablation_targets,
    check_attention,
    leave_one_out,
)
from part.analysis.intervention.activation_patching import Recovery, patch, with_flavour_of
from part.analysis.intervention.irc import IRCResult, IRCStudy
from part.analysis.intervention.lens import logit_lens
from part.analysis.intervention.reference import HEAD_OUTPUT, Reference
from part.analysis.study import study_jets
from part.errors import PartError
from part.inference.capabilities import require_classes
from part.inference.forward import CachedForward
from part.inference.tagger import Tagger
from part.jets.class_groups import ClassGroup
from part.jets.labels import UNKNOWN

REFERENCE_JETS = 64  # jets whose head outputs replace those of a single jet


def check(model: Tagger) -> None:
    """Raise PartError for a model without attention heads, or whose outputs are no classes."""
    check_attention(model)
    require_classes(model, "prediction to change")


@dataclass(frozen=True, eq=False)
class JetAblations:
    """Class probabilities of a jet with each component of the model, and each particle, ablated.

    Attributes
    ----------
    targets : tuple of AblationTarget
        What can be ablated.
    before : np.ndarray
        (C,) the unchanged prediction.
    ablated : np.ndarray
        (A, C) without each target.
    without_particle : np.ndarray
        (N, C) without each particle.
    """

    targets: tuple[AblationTarget, ...]
    before: np.ndarray
    ablated: np.ndarray
    without_particle: np.ndarray

    def without(self, target: AblationTarget) -> np.ndarray:
        return self.ablated[self.targets.index(target)]

    def head_changes(self, group: ClassGroup, layers: int, heads: int) -> np.ndarray:
        """Return the change (L, H) of the probability of a class or group without each head."""
        values = [
            [group.probability(self.without(AblationTarget("head", layer, head))) for head in range(heads)]
            for layer in range(layers)
        ]
        return np.array(values) - group.probability(self.before)


def ablation_target(model: Tagger, kind: str, layer: int, head: int) -> AblationTarget:
    """Return the target that a name in the URL means: a kind, "all KIND" for all layers, or a species."""
    if kind in ("head", "attention", "bias", "q·k"):
        return AblationTarget(kind, layer, head if kind == "head" else None)
    if kind.startswith("all "):
        return AblationTarget(kind.removeprefix("all "))
    return next(target for target in ablation_targets(model) if str(target) == kind)


def ablation_kinds(model: Tagger) -> dict[str, bool]:
    """Return the names that `ablation_target` takes for a model, each with whether it is a species."""
    kinds: dict[str, bool] = {}
    for target in ablation_targets(model):
        if target.species is not None:
            kinds[str(target)] = True
        elif not target.kind.startswith("class"):
            kinds[target.kind if target.layer is not None else f"all {target.kind}"] = False
    return kinds


@cached(max_entries=64)
def ablate_jet(file: JetFile, entry: int, model: Tagger, replacement: str, reference: np.ndarray) -> JetAblations:
    """Return the predictions for a jet with each component ablated.

    Parameters
    ----------
    file, entry, model
        The jet and the model.
    replacement : str
        What replaces the outputs of heads.
    reference : np.ndarray
        The entries that these come from, see `reference_entries`.
    """
    jet, targets = jets_at(file, [entry]), ablation_targets(model)

    def compute() -> JetAblations:
        forward = CachedForward(model, jet)
        ablated = ablate(forward, jet, targets, replacement, outputs).cpu().numpy()[:, 0]
        before = forward.probabilities[0].cpu().numpy()
        return JetAblations(targets, before, ablated, leave_one_out(forward).cpu().numpy())

    with error_context(file):
        outputs = _head_outputs(file, model, reference) if len(reference) else None
        return run_on_model_thread(compute)


def reference_entries(replacement: str, entries: np.ndarray) -> np.ndarray:
    """Return the entries whose head outputs replace those of a jet: none for a replacement by zero."""
    return entries[: 0 if replacement == "zero" else REFERENCE_JETS]


@cached(max_entries=8, spinner="Recording the outputs of heads for other jets …")
def _head_outputs(file: JetFile, model: Tagger, entries: np.ndarray) -> Reference:
    reference = Reference()
    for _, jets in batches(file, entries, 16):
        run_on_model_thread(lambda jets=jets: reference.add(CachedForward(model, jets, {HEAD_OUTPUT}), jets))
    return reference


def default_donor(file: JetFile, entry: int, candidates: np.ndarray) -> int:
    """Return the jet, of another class if classes are known, whose number of constituents is nearest to this one's."""
    sample = load_sample(file)
    others = candidates[candidates != entry]
    if sample.truth is not None and sample.truth[entry] != UNKNOWN:
        is_other = (sample.truth[others] != sample.truth[entry]) & (sample.truth[others] != UNKNOWN)
        others = others[is_other] if is_other.any() else others
    if not len(others):
        return (entry + 1) % len(sample)
    return int(others[np.argmin(np.abs(sample.n[others] - sample.n[entry]))])


@cached(max_entries=64)
def patch_jet(
    file: JetFile,
    entry: int,
    donor: int,
    model: Tagger,
    component: str,
    corruption: str,
    first: ClassGroup | None = None,
    second: ClassGroup | None = None,
) -> Recovery:
    """Return how much of a jet's prediction each place recovers when its activations replace those of a corrupted jet.

    The corrupted jet is the donor, or the jet with the donor's flavour; first and second are the compared classes or
    groups, by default as `patch` says. Raises PartError.
    """
    clean, other = jets_at(file, [entry]), jets_at(file, [donor])
    with error_context(file):
        corrupted = with_flavour_of(clean, other) if corruption == "flavour" else other
        return run_on_model_thread(patch, model, clean, corrupted, component, first, second)


@cached(max_entries=64)
def irc_curve(file: JetFile, entry: int, model: Tagger, emission: str) -> IRCResult:
    """Return how far the prediction for one jet moves as an emission ("soft" or "collinear") vanishes."""
    jet = jets_at(file, [entry])
    jet = ak.zip({name: jet[name] for name in jet.fields if not name.startswith("label")}, depth_limit=1)
    with error_context(file):
        return run_on_model_thread(study_jets, IRCStudy(emission), model, jet)


@cached(max_entries=64)
def lens_jet(file: JetFile, entry: int, model: Tagger) -> np.ndarray:
    """Return the class probabilities (L + 1, C) that the class blocks read from a jet's state at each depth."""
    jet = jets_at(file, [entry])
    with error_context(file):
        return run_on_model_thread(lambda: logit_lens(CachedForward(model, jet))[:, 0].cpu().numpy())


def class_names(file: JetFile, model: Tagger, *entries: int) -> tuple[str, ...]:
    """Return the names of the jets' true classes. Raises PartError if their labels are not of the model's classes."""
    truth = load_sample(file).truth_for(model.dataset)
    if truth is None:
        raise PartError("A sample is patched from one class to another, and these jets have no labels of the model's.")
    if any(truth[entry] == UNKNOWN for entry in entries):
        raise PartError("A sample is patched from one class to another, and one of these jets belongs to none.")
    return tuple(model.dataset.classes[truth[entry]] for entry in entries)
