"""The number that an attribution explains: the evidence for a class.

Shapes: B jets, C classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from part.errors import PartError
from part.inference.tagger import Tagger
from part.jets.class_groups import ClassGroup, class_group
from part.jets.schema import Dataset

TARGET_HELP = 'class that is explained, or a group such as "QCD_*"; by default the predicted class of each jet'
CONTRAST_HELP = "class or group that it is compared with; by default all others"


@dataclass(frozen=True)
class AttributionTarget:
    """The evidence for a class, as a function of the logits.

    A common shift of all logits changes no prediction, so a single logit means nothing. Differences of logits do,
    and unlike probabilities they do not saturate where the model is confident. The logit of a group of classes is the
    logarithm of the summed exponentials of theirs.

    Parameters
    ----------
    target_class : int or ClassGroup
        The class that is explained, by its index, or a group of classes.
    contrast_class : int or ClassGroup, optional
        Another one. The target is log p/p' of the two, and without a contrast log p/(1 - p).
    """

    target_class: int | ClassGroup
    contrast_class: int | ClassGroup | None = None

    def __call__(self, logits: Tensor) -> Tensor:
        """Return the target (B,) of logits (B, C)."""
        members = _members(self.target_class)
        if self.contrast_class is not None:
            return _log_sum(logits, members) - _log_sum(logits, _members(self.contrast_class))
        others = [index for index in range(logits.shape[1]) if index not in members]
        return _log_sum(logits, members) - _log_sum(logits, others)

    def title(self, dataset: Dataset) -> str:
        """Return the target as a reader knows it, such as "H→bb against the rest"."""
        other = "the rest" if self.contrast_class is None else _title(self.contrast_class, dataset)
        return f"{_title(self.target_class, dataset)} against {other}"


def _members(target: int | ClassGroup) -> tuple[int, ...]:
    return target.members if isinstance(target, ClassGroup) else (target,)


def _title(target: int | ClassGroup, dataset: Dataset) -> str:
    return target.name if isinstance(target, ClassGroup) else dataset.titles[target]


def _log_sum(logits: Tensor, members: Sequence[int]) -> Tensor:
    return logits[:, members[0]] if len(members) == 1 else logits[:, list(members)].logsumexp(1)


def class_target(dataset: Dataset, target_class: str, contrast_class: str = "") -> AttributionTarget:
    """Return the target for classes or groups as `class_group` reads them; without a contrast all others are meant.

    Raises
    ------
    PartError
        If there is no such class or group, or if both share a class.
    """
    target = class_group(dataset, target_class)
    if not contrast_class:
        if len(target) == len(dataset.classes):
            raise PartError(f"{target_class} holds all classes; expected others that it is compared with.")
        return AttributionTarget(_single(target))
    if target_class == contrast_class:
        raise PartError(f"A contrast needs two classes, not {target_class} twice.")
    contrast = class_group(dataset, contrast_class)
    if shared := set(target.members) & set(contrast.members):
        raise PartError(f"{target.name} and {contrast.name} share the class {dataset.classes[min(shared)]}.")
    return AttributionTarget(_single(target), _single(contrast))


def _single(group: ClassGroup) -> int | ClassGroup:
    return group if len(group) > 1 else group.members[0]


def requested_target(tagger: Tagger, target_class: str, contrast_class: str) -> AttributionTarget | None:
    """Return the target as `class_target` does; None, for the predicted class of each jet, without a target class."""
    if contrast_class and not target_class:
        raise PartError("A contrast needs both its classes; say which class is explained.")
    return class_target(tagger.dataset, target_class, contrast_class) if target_class else None
