"""The matches of the heads of several models on any sample of jets: here, on workers, or in the app's own threads.

Shapes: M models, J jets, N particles.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import awkward as ak
import numpy as np

from part.comparison.head_matching import HeadMatcher, HeadMatching
from part.comparison.models import TRACED
from part.comparison.samples import FileSample, Sample
from part.errors import PartError
from part.inference.activations import attention_between_particles
from part.inference.capabilities import lacks
from part.inference.cluster import Cluster
from part.inference.tagger import Tagger
from part.jets.hashing import jet_hashes
from part.jets.notices import gathered
from part.jets.streaming import Chunk, EntryRange
from part.progress import Executor, ProgressCallback, execute_here, no_progress

STAGE = "Jets traced"


@dataclass(frozen=True, eq=False)
class HeadMatches:
    """What became of each head of the first model in the others.

    Attributes
    ----------
    names : tuple of str (M,)
        The models.
    matchings : tuple (M,)
        The matches of each model, or a sentence why there are none; None for the first model itself.
    """

    names: tuple[str, ...]
    matchings: tuple[HeadMatching | str | None, ...]

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each other model and head of the first one; layers and heads count from 1."""
        return [
            {"first": self.names[0], "second": name} | row
            for name, matching in zip(self.names, self.matchings, strict=True)
            if isinstance(matching, HeadMatching)
            for row in matching.rows()
        ]

    def summary(self) -> list[dict[str, Any]]:
        """Return for each other model its matches and the number of jets, or why there are none."""
        content = []
        for name, matching in list(zip(self.names, self.matchings, strict=True))[1:]:
            row: dict[str, Any] = {"first": self.names[0], "second": name}
            if isinstance(matching, HeadMatching):
                row |= {"jets": matching.jets, "heads": matching.rows()}
            else:
                row |= {"none": matching}
            content.append(row)
        return content

    def text(self) -> str:
        """Return a line for each other model: how many heads have a match, and how many have it in their place."""
        return "\n".join(
            f"Heads of {self.names[0]} in {name}: {_counts(matching)}"
            if isinstance(matching, HeadMatching)
            else str(matching)
            for name, matching in list(zip(self.names, self.matchings, strict=True))[1:]
        )


def _counts(matching: HeadMatching) -> str:
    n, median = len(matching.match), np.nanmedian(matching.best[0]) if matching.is_like.any() else np.nan
    known = f", median similarity {median:.2f}" if np.isfinite(median) else ""
    return (
        f"{matching.is_like.sum()} of {n} are more like their match than shuffled keys, {matching.is_distinct.sum()} "
        f"more than like any other head; {matching.is_in_place.sum()} are matched in place{known} "
        f"({matching.jets} jets)."
    )


class HeadMatchers:
    """The sums over jets of the matches of several models.

    Parameters
    ----------
    models : mapping of str to Tagger
        Two or more models by name; the first is the reference.
    """

    def __init__(self, models: Mapping[str, Tagger]):
        self._names, (first, *others) = tuple(models), models.values()
        of_first, *reasons = (_reason(name, tagger) for name, tagger in models.items())
        self._found: list[HeadMatcher | str | None] = [None]
        for other, reason in zip(others, reasons, strict=True):
            self._found.append(of_first or reason or HeadMatcher(_shape(first), _shape(other)))

    @property
    def is_possible(self) -> bool:
        """Whether there are heads to match."""
        return any(isinstance(matcher, HeadMatcher) for matcher in self._found)

    def add(self, models: Sequence[Tagger], jets: ak.Array, execute: Executor = execute_here) -> None:
        """Add some jets, at most `TRACED` at a time; models are those of the mapping in its order."""
        half = (jet_hashes(jets) // 10) % 2  # as in the atlas; the jets' order does not matter
        first, seen = execute(attention_between_particles, models[0], jets)
        for tagger, matcher in zip(models, self._found, strict=True):
            if isinstance(matcher, HeadMatcher):
                other, mask = execute(attention_between_particles, tagger, jets)
                n = min(seen.shape[1], mask.shape[1])  # a model may see the leading particles alone
                matcher.add(first[..., :n, :n], other[..., :n, :n], seen[:, :n] & mask[:, :n], half)

    def merge(self, other: "HeadMatchers") -> None:
        """Add the sums of other jets."""
        for own, theirs in zip(self._found, other._found, strict=True):
            if isinstance(own, HeadMatcher) and isinstance(theirs, HeadMatcher):
                own.merge(theirs)

    def result(self) -> HeadMatches:
        found = (m.result() if isinstance(m, HeadMatcher) else m for m in self._found)
        return HeadMatches(self._names, tuple(found))


def match_heads(
    models: Mapping[str, Tagger],
    sample: Sample,
    progress: ProgressCallback = no_progress,
    execute: Executor = execute_here,
) -> HeadMatches:
    """Match the heads of the first model with those of the others.

    Parameters
    ----------
    models : mapping of str to Tagger
        Two or more models by name, which may have different inputs, classes and numbers of heads; the first is the
        reference. Of models that attend to slots, the attention through slots counts.
    sample : Sample
        The jets, see `part.comparison.samples`; the order in which they come does not matter.
    progress, execute
        See `part.comparison.engine.run_comparison`; the stage is `STAGE`.

    Returns
    -------
    HeadMatches

    Raises
    ------
    PartError
        If there are fewer than two models, or the jets lack what one needs.
    """
    _check(models)
    matchers, taggers, done = HeadMatchers(models), list(models.values()), 0
    if not matchers.is_possible:
        return matchers.result()
    progress(STAGE, 0, len(sample))
    with gathered():
        for batch in sample.batches(TRACED):
            with batch.error_context():
                matchers.add(taggers, batch.jets, execute)
            done += len(batch.rows)
            progress(STAGE, done, len(sample))
    return matchers.result()


def match_heads_in_files(
    models: Mapping[str, Tagger],
    ranges: Sequence[EntryRange],
    progress: ProgressCallback = no_progress,
    cluster: Cluster | None = None,
) -> HeadMatches:
    """Match heads on the jets of files of any size, here or on workers, with the same numbers.

    Parameters
    ----------
    models, progress
        See `match_heads`.
    ranges : sequence of EntryRange
        The entries of each file, as `part.jets.streaming.entry_ranges` returns them.
    cluster : Cluster, optional
        Workers with the same models in this order.
    """
    _check(models)
    matchers, total, done = HeadMatchers(models), sum(map(len, ranges)), 0
    if cluster is None or not matchers.is_possible:
        return match_heads(models, FileSample(ranges, next(iter(models.values())).dataset), progress)
    progress(STAGE, 0, total)
    for entries, own in cluster.map_chunks(partial(_match_chunk, tuple(models)), ranges):
        matchers.merge(own)
        done += len(entries)
        progress(STAGE, done, total)
    return matchers.result()


def _match_chunk(names: tuple[str, ...], taggers: Sequence[Tagger], chunk: Chunk) -> HeadMatchers:
    matchers = HeadMatchers(dict(zip(names, taggers, strict=True)))
    with chunk.error_context():
        for start in range(0, len(chunk.jets), TRACED):
            matchers.add(taggers, chunk.jets[start : start + TRACED])
    return matchers


def _check(models: Mapping[str, Tagger]) -> None:
    if len(models) < 2:
        raise PartError("Heads of one model to match with none; expected two models or more.")


def _reason(name: str, tagger: Tagger) -> str | None:
    reason = lacks(tagger.config, "attention")
    return f"{name} has no heads to match: {reason}." if reason else None


def _shape(tagger: Tagger) -> tuple[int, int]:
    return tagger.config.layers, tagger.config.heads
