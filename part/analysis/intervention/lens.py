"""Study `lens`: what a model would predict from its state at each depth.

The logit lens (nostalgebraist, 2020; see arXiv:2303.08112) for taggers: the class blocks, or with a global token the
last norm and the output layer, read the particles' states before the first block, after it, and so on. They were
trained on the last state, so a poor prediction at small depth need not mean that the information is missing there; the
probes say what can be read linearly.

Shapes: B jets, L layers, C classes.
"""

from dataclasses import dataclass
from typing import ClassVar

import awkward as ak
import numpy as np
import torch
from torch import Tensor

from part.analysis.intervention.ablation import check_attention
from part.analysis.statistics.divergence import jensen_shannon
from part.analysis.statistics.running_mean import Mean, RunningMean, merge_means
from part.inference.forward import CachedForward
from part.inference.tagger import Tagger
from part.jets.labels import UNKNOWN
from part.lazy import ShownInNotebooks

MEASURES = ("accuracy", "true_class", "divergence")


def logit_lens(forward: CachedForward) -> Tensor:
    """Return the probabilities (L + 1, B, C) from the state at each depth; the last ones are the model's own."""
    return forward.finish({forward.layers: torch.stack(forward.states)})


@dataclass(frozen=True)
class LensStudy:
    """The quality of the predictions from each depth over a sample."""

    batch_size: ClassVar[int] = 64
    n_passes: ClassVar[int] = 1

    def check(self, tagger: Tagger) -> None:
        check_attention(tagger)

    def accumulator(self, tagger: Tagger) -> "LensAccumulator":
        return LensAccumulator(tagger)


@dataclass(frozen=True, eq=False)
class LensResult(ShownInNotebooks):
    """Means over jets at each depth (L + 1,).

    Parameters
    ----------
    measures : dict of str to Mean
        "accuracy" and "true_class", the mean probability of the true class, both NaN without labels; "divergence",
        the mean Jensen-Shannon divergence [nats] from the last depth.
    """

    measures: dict[str, Mean]

    def rows(self) -> list[dict]:
        """Return a row for each depth."""
        depths = range(len(self.measures["divergence"].value))
        return [
            {"depth": depth}
            | {name: float(mean.value[depth]) for name, mean in self.measures.items()}
            | {f"{name}_error": float(mean.error[depth]) for name, mean in self.measures.items()}
            for depth in depths
        ]

    def arrays(self) -> dict[str, np.ndarray]:
        """Return each measure NAME and its standard error NAME_error (L + 1,)."""
        values = {name: mean.value for name, mean in self.measures.items()}
        return values | {f"{name}_error": mean.error for name, mean in self.measures.items()}


class LensAccumulator:
    """The sums of a `LensStudy` over jets."""

    def __init__(self, tagger: Tagger):
        self._tagger = tagger
        self._sums = {name: RunningMean((tagger.config.layers + 1,)) for name in MEASURES}

    def add(self, jets: ak.Array, labels: np.ndarray | None) -> None:
        probabilities = logit_lens(CachedForward(self._tagger, jets)).cpu().numpy()
        divergence = np.stack([jensen_shannon(np.stack((p, probabilities[-1]))) for p in probabilities])
        self._sums["divergence"].add(divergence.T)
        if labels is not None:
            is_right, of_truth = probabilities.argmax(-1) == labels, probabilities[:, np.arange(len(labels)), labels]
            self._sums["accuracy"].add(np.where(labels == UNKNOWN, np.nan, is_right).T)
            self._sums["true_class"].add(np.where(labels == UNKNOWN, np.nan, of_truth).T)

    def next_pass(self) -> None: ...

    @property
    def sums(self) -> dict[str, RunningMean]:
        return self._sums

    def merge(self, sums: dict[str, RunningMean]) -> None:
        merge_means(self._sums, sums)

    def result(self) -> LensResult:
        return LensResult({name: sums.result for name, sums in self._sums.items()})
