"""Comparisons of models on jets in memory or in files.

Shapes: M models, B jets of a batch, C classes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import awkward as ak
import numpy as np

from part.benchmarking.cost import BATCH
from part.comparison.engine import run_comparison
from part.comparison.models import ATTENTION_JETS, check_comparable
from part.comparison.result import REPLICAS, Comparison
from part.comparison.samples import FileSample, MemorySample, SampleBatch, evenly_spaced
from part.comparison.summary import jet_columns
from part.errors import PartError
from part.inference.cluster import Cluster
from part.inference.tagger import Tagger
from part.io import TableWriter
from part.jets.class_groups import merge_classes
from part.jets.streaming import EntryRange, proportional_subset
from part.progress import ProgressCallback, no_progress


def compare_jets(
    models: Mapping[str, Tagger],
    jets: ak.Array,
    attention_jets: int = ATTENTION_JETS,
    replicas: int = REPLICAS,
    seed: int = 0,
    progress: ProgressCallback = no_progress,
    groups: Sequence[str] = (),
    background: str = "",
) -> Comparison:
    """Compare models on jets in memory.

    Parameters
    ----------
    models : mapping of str to Tagger
        Two to four models by name; the first is the reference.
    jets : ak.Array
        Jets that `part.read_jets` returned.
    attention_jets : int
        On how many of the jets the attention is compared, which are evenly spaced.
    replicas, seed : int
        The number of bootstrap replicas and their seed; 0 replicas give no intervals.
    progress : callable
        Receives a stage of `engine.STAGES`, how much of it is done, and its total.
    groups, background
        Groups of classes that count as one class each, and the background, see `part.jets.class_groups`.

    Returns
    -------
    Comparison

    Raises
    ------
    PartError
        If the models cannot be compared, or there are no jets or they lack what a model needs.
    """
    check_comparable(models)
    _check_attention_jets(attention_jets)
    if not len(jets):
        raise PartError("There are no jets to compare models on; expected at least one.")
    dataset = next(iter(models.values())).dataset
    few = MemorySample(jets[evenly_spaced(len(jets), attention_jets)], dataset)
    sample = MemorySample(jets, dataset)
    return run_comparison(
        models,
        sample,
        few,
        jets[:BATCH],
        replicas=replicas,
        seed=seed,
        progress=progress,
        merged=merge_classes(dataset, groups, background),
    )


def compare_files(
    models: Mapping[str, Tagger],
    ranges: Sequence[EntryRange],
    table: TableWriter | None = None,
    attention_jets: int = ATTENTION_JETS,
    replicas: int = REPLICAS,
    seed: int = 0,
    progress: ProgressCallback = no_progress,
    groups: Sequence[str] = (),
    background: str = "",
    columns: Sequence[str] = (),
    cluster: Cluster | None = None,
) -> Comparison:
    """Compare models on the jets of files of any size.

    Jets are read and discarded; the probabilities of all jets are kept, 40 bytes for a jet and model of ten classes.

    Parameters
    ----------
    models : mapping of str to Tagger
        Two to four models by name; the first is the reference.
    ranges : sequence of EntryRange
        The entries of each file, as `part.jets.streaming.entry_ranges` returns them.
    table : TableWriter, optional
        Receives a row for each jet: where it comes from, and `summary.jet_columns`.
    attention_jets : int
        On about how many jets the attention is compared, from the front of each file in proportion to its length.
    replicas, seed, progress, groups, background
        See `compare_jets`.
    columns : sequence of str
        Numbers of the jets that the table and the comparison have as well, see `part.jets.columns.read_column`.
    cluster : Cluster, optional
        Workers that predict the jets, with the same models in this order; attention is compared and models are timed
        in this process.

    Returns
    -------
    Comparison

    Raises
    ------
    PartError
        See `compare_jets`; errors about jets also name the file and its first entry.
    """
    _check_attention_jets(attention_jets)
    check_comparable(models)
    dataset = next(iter(models.values())).dataset
    merged = merge_classes(dataset, groups, background)

    numbers: dict[str, list[np.ndarray]] = {name: [] for name in columns}

    def write(batch: SampleBatch, probabilities: np.ndarray) -> None:
        if table is not None:
            truth = None if batch.labels is None else merged.truth(batch.labels)
            own = jet_columns(list(models), merged.dataset, merged.probabilities(probabilities), truth)
            table.append({**batch.columns, **own})
        for name in columns:
            numbers[name].append(np.asarray(batch.columns[name]))

    few = FileSample(proportional_subset(ranges, attention_jets), dataset)
    result = run_comparison(
        models,
        FileSample(ranges, dataset, columns, cluster),
        few,
        next(few.batches()).jets[:BATCH],
        replicas=replicas,
        seed=seed,
        progress=progress,
        on_batch=write,
        merged=merged,
    )
    return replace(result, columns={name: np.concatenate(values) for name, values in numbers.items()})


def _check_attention_jets(count: int) -> None:
    if count < 1:
        raise PartError(f"Attention is to be compared on {count} jets; expected 1 or more.")
