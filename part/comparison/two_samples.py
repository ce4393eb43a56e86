"""One model on two samples of jets: two generators, two years, data and simulation.

The samples are independent, so intervals of differences come from independent draws.
Shapes: J jets of a sample, C classes, K bins.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from part.analysis.statistics import bootstrap
from part.analysis.statistics.binomial import Rate, newcombe
from part.analysis.statistics.histograms import SampleDivergence, compare_values
from part.comparison.engine import predict_sample
from part.comparison.result import REPLICAS, Comparison
from part.comparison.samples import Sample, SampleBatch
from part.inference.tagger import Tagger
from part.jets.class_groups import MergedClasses
from part.jets.labels import UNKNOWN
from part.jets.notices import gathered
from part.progress import Executor, ProgressCallback, execute_here, no_progress

STAGES = ("Jets of the first sample", "Jets of the second sample", "Bootstrap draws")  # in this order
SCORE_BINS, FEW_SCORE_BINS, FEW_JETS = 25, 10, 500  # fewer bins where one of the samples has few jets
Ends = tuple[float, float]


@dataclass(frozen=True, eq=False)
class SamplePair:
    """A model on two samples, as `compare_samples` returns it.

    Parameters
    ----------
    names : tuple of str (2,)
        What the samples are called.
    samples : tuple of Comparison (2,)
        The model alone on each sample, without costs and attention.
    """

    names: tuple[str, str]
    samples: tuple[Comparison, Comparison]

    @property
    def model(self) -> str:
        return self.samples[0].names[0]

    @property
    def classes(self) -> tuple[str, ...]:
        return self.samples[0].dataset.classes

    @property
    def has_labels(self) -> bool:
        """Whether both samples have labels, without which there is no quality."""
        return all(sample.truth is not None for sample in self.samples)

    @property
    def measures(self) -> tuple[str, ...]:
        """The measures of `metrics.measure` that both samples have."""
        if not self.has_labels:
            return ()
        first, second = (sample.quality[0] for sample in self.samples)
        left_out = ("jets", "accuracy_error", "calibration_error")
        return tuple(name for name in first if name in second and name not in left_out)

    def change(self, name: str) -> tuple[float, Ends | None] | None:
        """Return how a measure changes from the first sample to the second, with its interval.

        A rejection changes by a factor, all others by a difference. None where one of the two is not known or infinite.
        """
        first, second = (sample.quality[0][name] for sample in self.samples)
        if first is None or second is None:
            return None
        is_ratio = name.startswith("rejection")
        value = second / first if is_ratio else second - first
        if name == "accuracy" and all(sample.replicas for sample in self.samples):
            low, high = newcombe(*self._right)
            return value, (float(low), float(high))
        if not all(name in sample.replicas for sample in self.samples):
            return value, None
        drawn = [sample.replicas[name][0] for sample in self.samples]
        with np.errstate(invalid="ignore", divide="ignore"):
            changes = drawn[1] / drawn[0] if is_ratio else drawn[1] - drawn[0]
        return value, None if np.isnan(changes).any() else bootstrap.interval(changes)

    @property
    def _right(self) -> tuple[Rate, Rate]:
        """How many jets of each sample are predicted right."""
        first, second = (
            Rate(np.array((s.classes[0, s.labelled] == s.labels).sum()), np.array(len(s.labels))) for s in self.samples
        )
        return first, second

    @cached_property
    def efficiencies(self) -> tuple[Rate, Rate]:
        """The share of each class (C,) that is predicted as it, in each sample."""
        rates = []
        for sample in self.samples:
            own, n = sample.labels, len(self.classes)
            right = own[sample.classes[0][sample.labelled] == own]
            rates.append(Rate(np.bincount(right, minlength=n), np.bincount(own, minlength=n)))
        return rates[0], rates[1]

    def score_histograms(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the numbers of jets (K,) by the probability of a class, in equal bins from 0 to 1.

        These are the jets of the class; without labels in one of the samples they are all jets.
        """
        scores = [self._scores(sample, index) for sample in self.samples]
        bins = SCORE_BINS if min(map(len, scores)) >= FEW_JETS else FEW_SCORE_BINS
        first, second = (np.histogram(own, bins, (0, 1))[0].astype(np.int64) for own in scores)
        return first, second

    def _scores(self, sample: Comparison, index: int) -> np.ndarray:
        scores = sample.probabilities[0, :, index]
        return scores if sample.truth is None or not self.has_labels else scores[sample.truth == index]

    @cached_property
    def score_divergences(self) -> tuple[SampleDivergence | None, ...]:
        """The Jensen-Shannon divergence of the scores of each class (C,); None for too few jets."""
        both = [[self._scores(sample, c) for sample in self.samples] for c in range(len(self.classes))]
        return tuple(compare_values(first, second) for first, second in both)


def compare_samples(
    tagger: Tagger,
    first: Sample,
    second: Sample,
    names: tuple[str, str] = ("first", "second"),
    *,
    merged: MergedClasses | None = None,
    replicas: int = REPLICAS,
    seed: int = 0,
    batch_size: int | None = None,
    progress: ProgressCallback = no_progress,
    execute: Executor = execute_here,
    on_batch: Callable[[int, SampleBatch, np.ndarray], None] | None = None,
) -> SamplePair:
    """Compare a model's quality and scores on two independent samples.

    Parameters
    ----------
    tagger : Tagger
    first, second : Sample
        See `run_comparison`.
    names : tuple of str (2,)
        What the samples are called.
    merged : MergedClasses, optional
        The classes that count, with groups in place of their members; by default those of the model.
    replicas, seed : int
        The number of bootstrap replicas and their seed; 0 replicas give no intervals.
    batch_size, progress, execute
        See `run_comparison`; the stages are `STAGES`.
    on_batch : callable, optional
        Receives 0 or 1 for the sample, each batch, and its probabilities (1, B, C), of the model's own classes.

    Returns
    -------
    SamplePair

    Raises
    ------
    PartError
        If the jets lack what the model needs, or a data config selects none of them.
    """
    models, alone = {tagger.name: tagger}, []
    with gathered():
        for side, sample in enumerate((first, second)):

            def tell(_: str, done: int, total: int, side: int = side) -> None:
                progress(STAGES[side], done, total)

            def keep(batch: SampleBatch, probabilities: np.ndarray, side: int = side) -> None:
                if on_batch is not None:
                    on_batch(side, batch, probabilities)

            alone.append(predict_sample(models, sample, batch_size, tell, execute, {}, keep))
    results = []
    dataset = tagger.dataset if merged is None else merged.dataset
    for side, (probabilities, truth) in enumerate(alone):
        if merged is not None:
            probabilities = merged.probabilities(probabilities)
            truth = None if truth is None else merged.truth(truth)
        drawn: dict[str, np.ndarray] = {}
        if truth is not None and replicas:
            progress(STAGES[2], side, 2)
            known = truth != UNKNOWN
            # Another seed for each sample: equal draws would correlate what is independent.
            drawn = bootstrap.replicas(probabilities[:, known], truth[known], dataset, replicas, 2 * seed + side)
        results.append(Comparison((tagger.name,), dataset, probabilities, truth, drawn, (), (), 0))
    return SamplePair(names, (results[0], results[1]))


def sample_rows(pair: SamplePair) -> Iterator[dict]:
    """Yield a row for each measure, then for the efficiency and the score of each class; unknown numbers are None."""
    for name in pair.measures:
        row: dict = {"measure": name, "class": ""}
        for side, sample in zip(("first", "second"), pair.samples, strict=True):
            row[side] = sample.quality[0][name]
            row |= _ends(side, sample.interval(0, name))
            if name in sample.rejections:
                counts = sample.rejection_counts[0][name]
                row |= {f"{side}_{key}": counts.get(key) for key in ("passing", "background", "above")}
        found = pair.change(name)
        row["change"] = None if found is None else _finite(found[0])
        yield row | _ends("change", found[1] if found else None)
    for c, title in enumerate(pair.classes):
        if pair.has_labels and all(rate.total[c] for rate in pair.efficiencies):
            yield {"measure": "efficiency", "class": title} | _efficiency(pair, c)
        if (found := pair.score_divergences[c]) is not None:
            numbers = {"change": found.value, "change_low": found.low, "change_high": found.high}
            numbers |= {"by_chance": found.chance, "p_value": found.p_value}
            yield {"measure": "score_jensen_shannon_bits", "class": title} | {k: _finite(v) for k, v in numbers.items()}


def _efficiency(pair: SamplePair, c: int) -> dict:
    row: dict = {}
    for side, rate in zip(("first", "second"), pair.efficiencies, strict=True):
        row[side] = _finite(rate.value[c])
        row |= _ends(side, (rate.interval[0][c], rate.interval[1][c]))
    low, high = newcombe(*pair.efficiencies)
    row["change"] = _finite(pair.efficiencies[1].value[c] - pair.efficiencies[0].value[c])
    return row | _ends("change", (low[c], high[c]))


def _ends(name: str, ends: Ends | None) -> dict:
    low, high = (None, None) if ends is None else (_finite(end) for end in ends)
    return {f"{name}_low": low, f"{name}_high": high}


def _finite(value: float) -> float | None:
    return float(f"{value:.5g}") if np.isfinite(value) else None
