"""Study `lens`: what a model would answer at each depth, its states given to the class blocks there and then.

The logit lens (nostalgebraist, 2020; see arXiv:2303.08112) for taggers: the class blocks, or with a global token the
last norm and the output layer, take the particles' states before the first block, after it, and so on. They have
learnt to take the last ones, so a poor answer at small depth need not mean that the state knows nothing; the probes
tell what can be read from it linearly.

Shapes: B jets, L layers, L + 1 depths, C classes.
"""

import argparse
from dataclasses import dataclass
from typing import ClassVar

import awkward as ak
import numpy as np
import torch
from torch import Tensor

from part.analysis.statistics.divergence import jensen_shannon
from part.analysis.statistics.running_mean import Mean, Moments
from part.inference.forward import Pass, check_attention
from part.inference.tagger import Tagger

MEASURES = ("accuracy", "true_class", "divergence")


def lens(passed: Pass) -> Tensor:
    """Probabilities (L + 1, B, C) from the state at each depth; the last are the model's own."""
    return torch.cat([passed.again(passed.layers, 1, None, states) for states in passed.states])


@dataclass(frozen=True)
class Lens:
    """Means over a sample, by depth."""

    block: ClassVar[int] = 64
    passes: ClassVar[int] = 1

    def check(self, tagger: Tagger) -> None:
        check_attention(tagger)

    def begin(self, tagger: Tagger) -> "LensUnderWay":
        return LensUnderWay(tagger)


@dataclass(frozen=True, eq=False)
class LensFound:
    """measures: "accuracy", "true_class", the mean probability of the true class, both nan without labels, and
    "divergence", mean Jensen-Shannon divergence [nats] from the last depth; each (L + 1,)."""

    measures: dict[str, Mean]

    def rows(self) -> list[dict]:
        depths = range(len(self.measures["divergence"].value))
        return [
            {"depth": depth}
            | {name: float(mean.value[depth]) for name, mean in self.measures.items()}
            | {f"{name}_error": float(mean.error[depth]) for name, mean in self.measures.items()}
            for depth in depths
        ]

    def arrays(self) -> dict[str, np.ndarray]:
        """Each measure and its standard error (L + 1,)."""
        found = {name: mean.value for name, mean in self.measures.items()}
        return found | {f"{name}_error": mean.error for name, mean in self.measures.items()}


class LensUnderWay:
    def __init__(self, tagger: Tagger):
        self._tagger = tagger
        self._sums = {name: Moments((tagger.config.layers + 1,)) for name in MEASURES}

    def add(self, jets: ak.Array, truth: np.ndarray | None) -> None:
        found = lens(Pass(self._tagger, jets)).cpu().numpy()
        divergence = np.stack([jensen_shannon(np.stack((now, found[-1]))) for now in found])
        self._sums["divergence"].add(divergence.T)
        if truth is not None:
            self._sums["accuracy"].add((found.argmax(-1) == truth).T)
            self._sums["true_class"].add(found[:, np.arange(len(truth)), truth].T)

    def next_pass(self) -> None: ...

    def result(self) -> LensFound:
        return LensFound({name: sums.result for name, sums in self._sums.items()})


def add_arguments(parser: argparse.ArgumentParser) -> None: ...


def study_of(args: argparse.Namespace) -> Lens:
    return Lens()
