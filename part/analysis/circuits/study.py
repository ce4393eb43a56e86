"""The study `direct`: how much each component adds directly to the evidence for a class, on average over jets.

Shapes: J jets, L layers, H heads, M class layers, A heads of a class block, C classes.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, cast

import awkward as ak
import numpy as np
import torch
from torch import Tensor

from part.analysis.attribution.target import CONTRAST_HELP, TARGET_HELP, requested_target
from part.analysis.circuits.direct_logits import check_linear, class_head_shares, logit_shares
from part.analysis.statistics.running_mean import Mean, RunningMean, merge_means
from part.inference.tagger import Tagger
from part.jets.class_groups import class_group
from part.lazy import ShownInNotebooks
from part.models.config import ParTConfig
from part.options import option


@dataclass(frozen=True)
class DirectStudy:
    """The direct shares of all components in a difference of logits.

    The difference is the mean logit of the classes of the target minus that of the classes it is compared with.

    Parameters
    ----------
    target_class, contrast_class : str
        A class or group, "" for the class that each jet is predicted as; and what it is compared with, "" for all
        others.
    """

    target_class: str = option(TARGET_HELP, "", flag="--class", metavar="CLASS")
    contrast_class: str = option(CONTRAST_HELP, "", flag="--against", metavar="CLASS")

    batch_size: ClassVar[int] = 32
    n_passes: ClassVar[int] = 1

    def check(self, tagger: Tagger) -> None:
        check_linear(tagger)
        requested_target(tagger, self.target_class, self.contrast_class)

    def accumulator(self, tagger: Tagger) -> "DirectAccumulator":
        return DirectAccumulator(self, tagger)


@dataclass(frozen=True, eq=False)
class DirectResult(ShownInNotebooks):
    """Mean shares over jets; those of `shares` add up to the mean of "total".

    Attributes
    ----------
    model, target : str
        The model, and the difference of logits in words.
    shares : dict of str to Mean
        "embedding" (), "heads" (L, H), "ffn" (L,), "class_token" (), "class_ffn" (M,), "constant" (); and "total" ().
    class_heads : Mean (M, A), optional
        The share of what each head of the class blocks reads; None without class blocks.
    """

    model: str
    target: str
    shares: dict[str, Mean]
    class_heads: Mean | None

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each component; layers and heads count from 1."""
        means = self.shares if self.class_heads is None else self.shares | {"class_heads": self.class_heads}
        return [
            {"component": name}
            | {key: index[i] + 1 if i < len(index) else None for i, key in enumerate(("layer", "head"))}
            | {"share": float(value), "error": float(mean.error[index]), "jets": int(mean.jets[index])}
            for name, mean in means.items()
            for index, value in np.ndenumerate(mean.value)
        ]

    def arrays(self) -> dict[str, np.ndarray]:
        """Return each mean NAME and its standard error NAME_error."""
        means = self.shares if self.class_heads is None else self.shares | {"class_heads": self.class_heads}
        arrays = {name: mean.value for name, mean in means.items()}
        return arrays | {f"{name}_error": mean.error for name, mean in means.items()}


class DirectAccumulator:
    """The sums of a `DirectStudy` over jets."""

    def __init__(self, study: DirectStudy, tagger: Tagger):
        self._study, self._tagger = study, tagger
        config = cast(ParTConfig, tagger.config)
        n_class = config.class_layers
        shapes = {"embedding": (), "heads": (config.layers, config.heads), "ffn": (config.layers,)}
        shapes |= {"class_token": (), "class_ffn": (n_class,), "constant": (), "total": ()}
        self._shares = {name: RunningMean(shape) for name, shape in shapes.items()}
        self._class_heads = RunningMean((n_class, config.class_block.heads)) if n_class else None

    def add(self, jets: ak.Array, labels: np.ndarray | None) -> None:
        weights = jet_weights(self._tagger, jets, self._study.target_class, self._study.contrast_class)
        shares = logit_shares(self._tagger, jets, weights)
        values = {"embedding": shares.embedding.sum(1), "heads": shares.heads.sum(-1), "ffn": shares.ffn.sum(-1)}
        values |= {"class_token": shares.class_token, "class_ffn": shares.class_ffn}
        values |= {"constant": shares.constant, "total": shares.total}
        for name, tensor in values.items():
            self._shares[name].add(tensor.cpu().numpy())
        if self._class_heads is not None:
            self._class_heads.add(class_head_shares(self._tagger, jets, weights).class_heads.sum(-1).cpu().numpy())

    def next_pass(self) -> None:
        """Do nothing: the sample streams once."""

    @property
    def sums(self) -> tuple[dict[str, RunningMean], RunningMean | None]:
        return self._shares, self._class_heads

    def merge(self, sums: tuple[dict[str, RunningMean], RunningMean | None]) -> None:
        shares, class_heads = sums
        merge_means(self._shares, shares)
        if self._class_heads is not None and class_heads is not None:
            self._class_heads.merge(class_heads)

    def result(self) -> DirectResult:
        shares = {name: sums.result for name, sums in self._shares.items()}
        class_heads = None if self._class_heads is None else self._class_heads.result
        return DirectResult(self._tagger.name, self._target, shares, class_heads)

    @property
    def _target(self) -> str:
        target = requested_target(self._tagger, self._study.target_class, self._study.contrast_class)
        return "the predicted class against the rest" if target is None else target.title(self._tagger.dataset)


def jet_weights(tagger: Tagger, jets: ak.Array, target_class: str, contrast_class: str) -> Tensor:
    """Return the weights of the logits, (C,) or for the predicted class of each jet (J, C)."""
    if target_class:
        return logit_weights(tagger, target_class, contrast_class)
    n = len(tagger.dataset.classes)
    predicted = torch.as_tensor(tagger.predict(jets).argmax(-1), device=tagger.device)
    own = torch.nn.functional.one_hot(predicted, n).float()
    return own - (1 - own) / max(n - 1, 1)


def logit_weights(tagger: Tagger, target_class: str, contrast_class: str = "") -> Tensor:
    """Return weights (C,) of the logits: the mean of a class or group minus that of another, or of all others.

    Raises
    ------
    PartError
        If there is no such class or group.
    """
    dataset = tagger.dataset
    members = np.isin(np.arange(len(dataset.classes)), class_group(dataset, target_class).members)
    others = ~members
    if contrast_class:
        others = np.isin(np.arange(len(members)), class_group(dataset, contrast_class).members)
    weights = members / members.sum() - others / max(others.sum(), 1)
    return torch.as_tensor(weights, dtype=torch.float32, device=tagger.device)
