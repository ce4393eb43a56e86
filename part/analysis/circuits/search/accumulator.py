"""What searches for heads and for edges share: preparation, some passes of their own, and the measurement at the end.

Shapes: J jets, P samples, K the largest size, S members to choose from.
"""

from typing import Any, Protocol

import awkward as ak
import numpy as np

from part.analysis.circuits.corruptions import Corruption, find_corruption
from part.analysis.circuits.search.jets_of_classes import Labelled, Partners, concatenate, of_two_classes
from part.analysis.circuits.search.kept_heads import logit_difference
from part.analysis.circuits.search.measures import make_result
from part.analysis.circuits.search.passes import Measured
from part.analysis.circuits.search.result import CircuitResult, Searched
from part.analysis.circuits.search.sets import MeasuredSets
from part.errors import PartError
from part.inference.tagger import Tagger
from part.jets.class_groups import ClassGroup
from part.jets.features import make_batch, multiplicities

TOGETHER = 64  # jets that run together in a step of a search
MEASURED_TOGETHER = 256  # in the last pass, where each set means other weights
CORRUPTED = "corrupted"


class SetOptions(Protocol):
    """The options that both studies have."""

    @property
    def replacement(self) -> str: ...

    @property
    def corruption(self) -> str: ...

    @property
    def samples(self) -> int: ...

    @property
    def draws(self) -> int: ...

    @property
    def seed(self) -> int: ...

    @property
    def n_passes(self) -> int: ...


class SetModel(Protocol):
    """A model of which only a set of members computes."""

    def load(self, jets: Labelled) -> None: ...

    def differences(self, kept: np.ndarray) -> np.ndarray: ...


class SearchAccumulator:
    """The passes of a search. A subclass says what the passes between the first and the last one do.

    Attributes
    ----------
    at_once : int or None
        How many jets are loaded at a time, None for any number.
    """

    at_once: int | None = None

    def __init__(self, study: SetOptions, tagger: Tagger, contrast: tuple[ClassGroup, ClassGroup], means: Any):
        self._study, self._tagger, self._contrast = study, tagger, contrast
        self._waiting: list[Labelled] = []
        self._pass = 0
        self._means = means
        self._partners = Partners(tagger.dataset, contrast, study.samples)
        self._measured = Measured()
        self._sets: MeasuredSets | None = None

    # What a subclass has.

    def _prepare(self, jets: Labelled) -> None:
        """Take further notes of jets in the first pass."""

    def _preparation(self) -> Any:
        """Return these notes."""

    def _merge_preparation(self, other: Any) -> None:
        """Add the notes of other jets."""

    def _chosen(self, jets: Labelled) -> Labelled:
        """Return those of some jets that later passes take."""
        return jets

    def _run_step(self, jets: Labelled) -> None:
        """Take jets in a pass of the search."""
        raise NotImplementedError

    def _finish_step(self) -> None:
        """Conclude a pass of the search."""
        raise NotImplementedError

    def _step_sums(self) -> Any:
        """Return what a pass of the search has collected."""
        raise NotImplementedError

    def _merge_step(self, sums: Any) -> None:
        """Add what the same pass has collected of other jets."""
        raise NotImplementedError

    def _found_sets(self) -> MeasuredSets:
        """Return the sets to measure after the search."""
        raise NotImplementedError

    def _searched(self) -> Searched:
        raise NotImplementedError

    def _set_model(self) -> SetModel:
        """Return the model in which sets are kept."""
        raise NotImplementedError

    # The passes.

    def add(self, jets: ak.Array, labels: np.ndarray | None) -> None:
        if labels is None:
            raise PartError("A search for a circuit needs jets with labels.")
        self._waiting.append(of_two_classes(jets, labels, self._contrast, self._study.samples))
        many = MEASURED_TOGETHER if self._is_measuring and not self._corruption else TOGETHER
        if sum(map(len, self._waiting)) >= many:
            self._work_off()

    @property
    def _is_measuring(self) -> bool:
        return self._pass == self._study.n_passes - 1

    @property
    def _corruption(self) -> Corruption | None:
        return find_corruption(self._study.corruption) if self._study.replacement == CORRUPTED else None

    def _work_off(self) -> None:
        """Run the waiting jets together: of a sample with many other classes a batch has few of these two."""
        waiting, self._waiting = concatenate([jets for jets in self._waiting if len(jets)]), []
        if waiting is None:
            return
        if self._pass == 0:
            self._partners.add(waiting, as_donors=self._corruption is not None)
            if self._study.replacement == "mean":
                self._means.add(self._tagger, waiting)
            self._prepare(waiting)
            return
        if not len(waiting := self._chosen(waiting)):
            return
        if (corruption := self._corruption) is not None:
            waiting = self._partners.paired(waiting, corruption)
        if self._is_measuring:
            self._measure(waiting)
        else:
            self._run_step(waiting)

    def _of_whole(self, jets: Labelled) -> np.ndarray:
        """Return the differences of logits (J,) of the whole model."""
        batch = make_batch(jets.jets, self._tagger.features).to(self._tagger.device)
        return logit_difference(self._tagger.logits(batch).log_softmax(-1), self._contrast)

    def _measure(self, jets: Labelled) -> None:
        assert self._sets is not None
        model, flags = self._set_model(), self._sets.flags
        values = np.full((len(jets), len(flags)), np.nan)
        for sample in range(self._study.samples):
            places = np.flatnonzero(self._sets.is_measured_on(sample))
            different, inverse = np.unique(flags[places], axis=0, return_inverse=True)
            for rows in self._rows_of(jets, sample):
                model.load(jets[rows])
                found = np.array([model.differences(kept) for kept in different])
                values[np.ix_(rows, places)] = found[inverse.ravel()].T
        self._measured.add(jets, values)

    def _rows_of(self, jets: Labelled, sample: int) -> list[np.ndarray]:
        """Return the rows of the jets of a sample, as many as are loaded at a time, of like multiplicity."""
        rows = np.flatnonzero(jets.sample == sample)
        rows = rows[np.argsort(multiplicities(jets.jets)[rows], kind="stable")]
        return [rows[i : i + (self.at_once or len(rows))] for i in range(0, len(rows), self.at_once or len(rows) or 1)]

    def next_pass(self) -> None:
        self._work_off()
        if self._pass == 0:
            self._check_counts()
        else:
            self._finish_step()
        self._pass += 1
        if self._is_measuring:
            self._sets = self._found_sets()

    def _check_counts(self) -> None:
        for sample, side in np.argwhere(self._partners.counts < 2)[:1]:
            n, name = self._partners.counts[sample, side], self._contrast[side].name
            of = self._study.samples
            raise PartError(
                f"Sample {sample + 1} of {of} has {n} of the two or more jets of {name} that it needs, "
                "so study more jets or fewer samples."
            )

    @property
    def sums(self) -> Any:
        """What the present pass collects."""
        self._work_off()
        if self._pass == 0:
            return self._partners, self._means, self._preparation()
        return self._measured if self._is_measuring else self._step_sums()

    def merge(self, sums: Any) -> None:
        if self._pass == 0:
            partners, means, preparation = sums
            self._partners.merge(partners)
            self._means.merge(means)
            self._merge_preparation(preparation)
        elif self._is_measuring:
            self._measured.merge(sums)
        else:
            self._merge_step(sums)

    def result(self) -> CircuitResult:
        self._work_off()
        assert self._sets is not None
        return make_result(self._searched(), self._sets, self._measured, self._study.draws, self._study.seed)
