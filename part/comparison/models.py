"""The checks whether models and their heads can be compared, and the changes of their attention.

Shapes: M models.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import awkward as ak

from part.analysis.statistics.divergence import AttentionChange, attention_change
from part.errors import PartError
from part.inference.capabilities import lacks, require_classes
from part.inference.loading import load_model
from part.inference.tagger import Tagger
from part.jets.schema import Dataset
from part.models.checkpoints.training_files import arguments_of
from part.progress import Executor, execute_here

MIN_MODELS, MAX_MODELS = 2, 4
ATTENTION_JETS = 200
TRACED = 8  # jets traced at a time, which take some 100 MB


def load_distinct(
    models: Sequence[str], device: str = "auto", dataset: str | None = None, files: Mapping[str, Any] | None = None
) -> dict[str, Tagger]:
    """Load models under different names.

    Parameters
    ----------
    models : sequence of str
        See `part.load_model`.
    device, dataset : str
        See `part.load_model`.
    files : mapping, optional
        The arguments config, network and options of `part.load_model`, for all of the models that are weaver weights.

    Returns
    -------
    dict of str to Tagger
        By the names of their files or, where two of those are equal, as they were given.

    Raises
    ------
    PartError
        See `part.load_model`.
    """
    taggers = [load_model(model, device, dataset=dataset, **arguments_of(model, files)) for model in models]
    names = [tagger.name for tagger in taggers]
    return dict(zip(names if len(set(names)) == len(names) else models, taggers, strict=True))


def check_comparable(models: Mapping[str, Tagger]) -> None:
    """Raise PartError unless these are two to four models of the same classes."""
    if not MIN_MODELS <= len(models) <= MAX_MODELS:
        raise PartError(f"{len(models)} different models to compare; expected {MIN_MODELS} to {MAX_MODELS}.")
    for tagger in models.values():
        require_classes(tagger, "predictions to compare")
    first, *others = models
    for name in others:
        if models[name].dataset.labels != models[first].dataset.labels:
            raise PartError(
                f"{name} tells the classes of {_described(models[name].dataset)} apart, {first} those of "
                f"{_described(models[first].dataset)}; expected the same."
            )
        if models[name].data_config != models[first].data_config:
            raise PartError(
                f"{name} and {first} read files by different data configs; expected the same for both, since the "
                "configs may keep different jets."
            )


def _described(dataset: Dataset) -> str:
    """Return the name of a benchmark, or that of a data config with the first of its classes."""
    few = ", ".join(dataset.classes[:3]) + (", …" if len(dataset.classes) > 3 else "")
    return dataset.name if dataset.feature_sets else f"{dataset.name} ({len(dataset.classes)}: {few})"


def incomparable_heads(first: tuple[str, Tagger], other: tuple[str, Tagger]) -> str | None:
    """Return why the heads of two models cannot be compared one by one, or None if they can."""
    for name, tagger in (first, other):
        if reason := lacks(tagger.config, "particles"):
            return f"{name} has no attention to compare: {reason}."
    (a, b) = (f"{tagger.config.layers} × {tagger.config.heads}" for _, tagger in (first, other))
    return None if a == b else f"{first[0]} has {a} heads, {other[0]} {b}; only as many can be compared one by one."


class AttentionChanges:
    """The differences of the other models' attention from the first model's, summed over jets.

    Parameters
    ----------
    models : mapping of str to Tagger
    execute : Executor
        Where the models run.

    Attributes
    ----------
    results : list (M,)
        For each model an AttentionChange, or the sentence why there is none; None for the first.
    comparable : bool
        Whether there are heads to compare.
    """

    def __init__(self, models: Mapping[str, Tagger], execute: Executor = execute_here):
        first, *others = models.items()
        self._taggers, self._execute = list(models.values()), execute
        self.results: list[AttentionChange | str | None] = [
            None,
            *(incomparable_heads(first, other) for other in others),
        ]
        self._traced = [m for m in range(1, len(models)) if self.results[m] is None]
        self.comparable = bool(self._traced)

    def add(self, jets: ak.Array) -> None:
        """Trace some jets, at most TRACED."""
        if not self.comparable:
            return
        first = self._execute(self._taggers[0].trace, jets)
        for m in self._traced:
            pattern = self._execute(self._taggers[m].trace, jets).pattern
            change = attention_change(first.pattern, pattern, first.mask)
            total = self.results[m]
            self.results[m] = total + change if isinstance(total, AttentionChange) else change
