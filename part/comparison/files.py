"""Models compared on jets that stay in their files.

Shapes: M models, J jets, C classes.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from part.benchmarking.cost import cost
from part.comparison.pairs import TRACED, AttentionChanges, check_comparable
from part.comparison.result import Comparison, compare
from part.comparison.summary import jet_columns
from part.errors import PartError
from part.inference.tagger import Tagger
from part.io import TableWriter
from part.jets.streaming import Span, chunks, locate, share

Told = Callable[[str, int, int], None]  # stage, how much of it is done, of how much


def compare_files(
    models: Mapping[str, Tagger],
    found: Sequence[Span],
    rows: TableWriter,
    attention_jets: int,
    replicas: int,
    seed: int,
    told: Told,
) -> Comparison:
    """Jets are read and discarded; what is told of each goes to `rows`. The probabilities stay.

    attention_jets: how many of them attention is compared on, some of each file. Raises PartError.
    """
    if attention_jets < 1:
        raise PartError(f"Attention is to be compared on {attention_jets} jets; expected 1 or more.")
    check_comparable(models)
    probabilities, truth = _scores(models, found, rows, told)
    few = share(found, attention_jets)
    attention = _attention(models, few, told)
    sample = next(chunks(few)).jets
    costs = []
    for tagger in models.values():
        told("Models timed", len(costs), len(models))
        costs.append(cost(tagger, sample))
    return compare(
        list(models),
        next(iter(models.values())).dataset,
        probabilities,
        truth,
        costs,
        attention,
        sum(map(len, few)),
        replicas,
        seed,
        lambda done: told("Bootstrap draws", done, replicas),
    )


def _scores(
    models: Mapping[str, Tagger], found: Sequence[Span], rows: TableWriter, told: Told
) -> tuple[np.ndarray, np.ndarray | None]:
    """Probabilities (M, J, C) and labels (J,) of all jets, which go to the table on the way."""
    dataset = next(iter(models.values())).dataset
    total, done, probabilities, truth = sum(map(len, found)), 0, [], []
    for chunk in chunks(found):
        with chunk.named():
            scores = np.stack([tagger.predict(chunk.jets) for tagger in models.values()])
        labels = chunk.labels(dataset)
        rows.append(chunk.columns | jet_columns(list(models), dataset, scores, labels))
        probabilities.append(scores)
        truth.append(labels)
        done += len(chunk.jets)
        told("Jets", done, total)
    return np.concatenate(probabilities, axis=1), None if truth[0] is None else np.concatenate(truth)


def _attention(models: Mapping[str, Tagger], few: Sequence[Span], told: Told) -> list:
    changes, done = AttentionChanges(models), 0
    for chunk in chunks(few) if changes.wanted else ():
        for start in range(0, len(chunk.jets), TRACED):
            block = chunk.jets[start : start + TRACED]
            changes.add(block)
            done += len(block)
            told("Jets traced", done, sum(map(len, few)))
    return changes.found


def most_different(result: Comparison, found: Sequence[Span], count: int) -> list[dict]:
    """The jets on which the models disagree most, where they are and what they are taken for."""
    titles, listed = result.dataset.classes, []
    for jet in result.most_different(count).tolist():
        path, entry = locate(found, jet)
        told = {"file": path, "entry": entry, "divergence": float(f"{result.divergence[jet]:.5g}")}
        told |= {} if result.truth is None else {"label": titles[result.truth[jet]]}
        taken = {name: titles[c] for name, c in zip(result.names, result.classes[:, jet], strict=True)}
        listed.append(told | {"classes": taken})
    return listed
