"""The one loop in which models are compared: `compare` calls it for the command and notebooks, the app with its jets.

Shapes: M models, J jets, B jets of a batch, C classes.
"""

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

import awkward as ak
import numpy as np

from part.benchmarking.cost import Cost, measure_costs
from part.comparison.models import TRACED, AttentionChanges, check_comparable
from part.comparison.result import REPLICAS, Comparison, build_comparison
from part.comparison.samples import Sample, SampleBatch
from part.errors import PartError
from part.inference.tagger import Tagger
from part.jets.class_groups import MergedClasses
from part.jets.labels import UNKNOWN, known_classes
from part.jets.notices import gathered
from part.progress import Executor, ProgressCallback, execute_here, no_progress

Cache = MutableMapping[tuple[str, str], Any]
STAGES = ("Jets", "Jets traced", "Models timed", "Bootstrap draws")  # in this order


def run_comparison(
    models: Mapping[str, Tagger],
    sample: Sample,
    attention_sample: Sample,
    timing_jets: ak.Array,
    *,
    replicas: int = REPLICAS,
    seed: int = 0,
    batch_size: int | None = None,
    progress: ProgressCallback = no_progress,
    execute: Executor = execute_here,
    cache: Cache | None = None,
    on_batch: Callable[[SampleBatch, np.ndarray], None] | None = None,
    merged: MergedClasses | None = None,
) -> Comparison:
    """Compare models on any sample of jets; `compare_jets` and `compare_files` call it with theirs.

    Parameters
    ----------
    models : mapping of str to Tagger
        Two to four models by name; the first is the reference.
    sample : Sample
        The jets that quality and disagreement are measured on. It has a length, and `batches(size)` that yields
        `SampleBatch`es in any order; labels are those of the models' dataset, or None.
    attention_sample : Sample
        The jets that the attention is compared on, usually some of the same ones.
    timing_jets : ak.Array
        The jets that time and memory are measured on: the first `part.benchmarking.cost.BATCH` of them.
    replicas, seed : int
        The number of bootstrap replicas and their seed; 0 replicas give no intervals.
    batch_size : int, optional
        The most jets that a model receives in one call of `execute`, by default as the sample chooses. A server passes
        a small number, so that its other users wait less.
    progress : callable
        Receives a stage of `STAGES`, how much of it is done, and its total; called at the beginning of each stage and
        after each of its steps. It may raise `part.progress.Cancelled` to stop.
    execute : Executor
        Where the models run.
    cache : mutable mapping, optional
        Probabilities and costs of earlier comparisons on exactly this sample and these timing jets, which are used and
        extended. Keys are ("probabilities", tagger.cache_key) and ("costs", the cache_keys of all models), since models
        are timed in turns. The caller keeps one mapping for each sample.
    on_batch : callable, optional
        Receives each batch of the sample and the probabilities of all models for it (M, B, C).
    merged : MergedClasses, optional
        The classes that are compared, where groups of them count as one.

    Returns
    -------
    Comparison

    Raises
    ------
    PartError
        If the models cannot be compared or the jets lack what a model needs.
    """
    check_comparable(models)
    cache = {} if cache is None else cache
    with gathered():
        probabilities, labels = predict_sample(models, sample, batch_size, progress, execute, cache, on_batch)
        attention, n_traced = _compare_attention(models, attention_sample, progress, execute)
    dataset = next(iter(models.values())).dataset
    if merged is not None:
        dataset, probabilities = merged.dataset, merged.probabilities(probabilities)
        labels = None if labels is None else merged.truth(labels)
    return build_comparison(
        list(models),
        dataset,
        probabilities,
        labels,
        time_models(models, timing_jets, progress, execute, cache),
        attention.results,
        n_traced,
        replicas,
        seed,
        progress,
    )


def predict_sample(
    models: Mapping[str, Tagger],
    sample: Sample,
    batch_size: int | None,
    progress: ProgressCallback,
    execute: Executor,
    cache: Cache,
    on_batch: Callable[[SampleBatch, np.ndarray], None] | None,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the probabilities (M, J, C) and labels (J,) of all jets."""
    keys = [("probabilities", tagger.cache_key) for tagger in models.values()]
    classes = len(next(iter(models.values())).dataset.labels)
    probabilities = np.empty((len(models), len(sample), classes), np.float32)
    for m, key in enumerate(keys):
        if key in cache:
            probabilities[m, : len(cache[key])] = cache[key]
    labels, done = np.full(len(sample), UNKNOWN), 0
    progress("Jets", 0, len(sample))
    for batch in sample.batches(batch_size):
        if batch.probabilities is not None:
            probabilities[:, batch.rows] = batch.probabilities
        else:
            with batch.error_context():
                for m, tagger in enumerate(models.values()):
                    if keys[m] not in cache:
                        probabilities[m, batch.rows] = execute(tagger.predict, batch.jets)
        if on_batch is not None:
            on_batch(batch, probabilities[:, batch.rows])
        if batch.labels is not None:
            labels[batch.rows] = batch.labels
        done += len(batch.rows)
        progress("Jets", done, len(sample))
    probabilities, labels = probabilities[:, :done], labels[:done]  # a data config may have selected fewer jets
    if not done:
        raise PartError("None of these jets is selected and can be used.")
    for key, own in zip(keys, probabilities, strict=True):
        cache.setdefault(key, own)
    return probabilities, None if known_classes(labels) is None else labels


def _compare_attention(
    models: Mapping[str, Tagger], sample: Sample, progress: ProgressCallback, execute: Executor
) -> tuple[AttentionChanges, int]:
    """Return the changes of attention, and on how many jets they were measured."""
    attention, done = AttentionChanges(models, execute), 0
    if attention.comparable:
        progress("Jets traced", 0, len(sample))
        for batch in sample.batches(TRACED):
            attention.add(batch.jets)
            done += len(batch.rows)
            progress("Jets traced", done, len(sample))
    return attention, done if attention.comparable else len(sample)


def time_models(
    models: Mapping[str, Tagger],
    jets: ak.Array,
    progress: ProgressCallback = no_progress,
    execute: Executor = execute_here,
    cache: Cache | None = None,
) -> list[Cost]:
    """Return the costs of models, timed in turns; costs of these models together may be in the cache."""
    stage, cache = STAGES[2], {} if cache is None else cache
    progress(stage, 0, len(models))

    def execute_unless_stopped(function: Callable[..., Any], *args: Any) -> Any:
        progress(stage, 0, len(models))  # may raise Cancelled, before each pass
        return execute(function, *args)

    key = ("costs", " ".join(tagger.cache_key for tagger in models.values()))
    if key not in cache:
        cache[key] = measure_costs(models, jets, execute_unless_stopped)
    progress(stage, len(models), len(models))
    return cache[key]
