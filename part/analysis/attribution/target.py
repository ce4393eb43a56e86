"""The number that an attribution explains: the evidence for a class.

Shapes: B jets, C classes.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from part.errors import PartError
from part.inference.tagger import Tagger
from part.jets.schema import Dataset

TARGET_HELP = "class that is explained; by default the predicted class of each jet"
CONTRAST_HELP = "class that it is compared with; by default all others"


@dataclass(frozen=True)
class AttributionTarget:
    """The evidence for a class, as a function of the logits.

    A common shift of all logits changes no prediction, so a single logit means nothing. Differences of logits do,
    and unlike probabilities they do not saturate where the model is confident.

    Parameters
    ----------
    target_class : int
        The index of the class that is explained.
    contrast_class : int, optional
        The index of another class. The target is log p/p' of the two, and without a contrast log p/(1 - p).
    """

    target_class: int
    contrast_class: int | None = None

    def __call__(self, logits: Tensor) -> Tensor:
        """Return the target (B,) of logits (B, C)."""
        if self.contrast_class is not None:
            return logits[:, self.target_class] - logits[:, self.contrast_class]
        others = torch.arange(logits.shape[1], device=logits.device) != self.target_class
        return logits[:, self.target_class] - logits[:, others].logsumexp(1)

    def title(self, dataset: Dataset) -> str:
        """Return the target as a reader knows it, such as "H→bb against the rest"."""
        other = "the rest" if self.contrast_class is None else dataset.titles[self.contrast_class]
        return f"{dataset.titles[self.target_class]} against {other}"


def class_target(dataset: Dataset, target_class: str, contrast_class: str = "") -> AttributionTarget:
    """Return the target for classes by their short names; an empty contrast means all other classes.

    Raises
    ------
    PartError
        If a class is unknown or both are the same.
    """
    for name in filter(None, (target_class, contrast_class)):
        if name not in dataset.classes:
            raise PartError(f"There is no class {name!r}; choose one of {', '.join(dataset.classes)}.")
    if target_class == contrast_class:
        raise PartError(f"A contrast needs two classes, not {target_class} twice.")
    contrast = dataset.classes.index(contrast_class) if contrast_class else None
    return AttributionTarget(dataset.classes.index(target_class), contrast)


def requested_target(tagger: Tagger, target_class: str, contrast_class: str) -> AttributionTarget | None:
    """Return the target as `class_target` does; None, for the predicted class of each jet, without a target class."""
    if contrast_class and not target_class:
        raise PartError("A contrast needs both its classes; say which class is explained.")
    return class_target(tagger.dataset, target_class, contrast_class) if target_class else None
