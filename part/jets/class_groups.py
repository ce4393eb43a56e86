"""Groups of classes, which count as one class with the summed probability of their members.

A class is named by its short name. A group is named by the data config, by a pattern such as "QCD_*", or by whoever
makes it: "bb=Hbb,Zbb". Such a text stands for a class wherever one is chosen, on pages, on the command line and in
studies. Only numpy is imported here. Shapes: J jets, C classes, D merged classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import lru_cache

import numpy as np

from part.errors import PartError
from part.jets.schema import Dataset

LISTED = 12  # classes that an error names
GROUP_HELP = 'group of classes as one class, such as "QCD_*" or "bb=Hbb,Zbb"; may be repeated'


@dataclass(frozen=True)
class ClassGroup:
    """Some classes of a dataset, or a single one.

    Parameters
    ----------
    name : str
        What pages and tables call it; for a single class its title.
    members : tuple of int
        Class indices.
    """

    name: str
    members: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.members)

    def probability(self, probabilities: np.ndarray) -> np.ndarray:
        """Return the summed probability (...) of the members, from probabilities (..., C)."""
        return probabilities[..., list(self.members)].sum(-1)

    def logit(self, logits: np.ndarray) -> np.ndarray:
        """Return the logit (...) of the group, the logarithm of the summed exponentials of its members' (..., C).

        The softmax over this and the logits of all other classes is the group's probability.
        """
        return np.logaddexp.reduce(logits[..., list(self.members)], axis=-1)


def class_group(dataset: Dataset, text: str) -> ClassGroup:
    """Return the class or the group that a text names.

    Parameters
    ----------
    dataset : Dataset
    text : str
        The short name of a class, the name of a group of the data config, a pattern with "*" that short names match,
        or "NAME=CLASS,CLASS,...", whose classes may be any of these.

    Raises
    ------
    PartError
        If there is no such class or group.
    """
    if (index := _index(dataset, text)) is not None:
        return ClassGroup(dataset.titles[index], (index,))
    for name, members in dataset.groups:
        if text == name:
            return ClassGroup(name, tuple(dataset.labels.index(label) for label in members))
    name, equals, listed = text.partition("=")
    if equals and name.strip():
        return ClassGroup(name.strip(), _listed(dataset, listed, text))
    members = tuple(i for i, own in enumerate(dataset.classes) if fnmatchcase(own, text)) if "*" in text else ()
    if not members:
        raise PartError(f"There is no class {text!r}; choose one of {_few(dataset.classes)}.")
    return ClassGroup(text, members)


@lru_cache(maxsize=32)
def known_groups(dataset: Dataset) -> tuple[ClassGroup, ...]:
    """Return the groups that the data config names, and those of classes whose names begin alike.

    A name begins as another one where the words before some "_" are the same; the pattern "QCD_*" names the group. A
    group has at least two members and never all classes, and of several groups of the same members there is one.
    """
    named = [class_group(dataset, name) for name, _ in dataset.groups]
    beginnings: dict[str, None] = {}
    for name in dataset.classes:
        words = name.split("_")
        beginnings |= dict.fromkeys("_".join(words[:n]) + "_*" for n in range(1, len(words)) if any(words[:n]))
    groups: dict[tuple[int, ...], ClassGroup] = {}
    for group in (*named, *(_beginning(dataset, pattern) for pattern in beginnings)):
        if 1 < len(group) < len(dataset.classes):
            groups.setdefault(group.members, group)
    return tuple(groups.values())


@dataclass(frozen=True, eq=False)
class MergedClasses:
    """The classes of a dataset with some groups in place of their members.

    Parameters
    ----------
    dataset : Dataset
        The D merged classes; a group stands where its first member was.
    index : ndarray (C,)
        The merged class of each class.
    """

    dataset: Dataset
    index: np.ndarray

    def probabilities(self, probabilities: np.ndarray) -> np.ndarray:
        """Return probabilities (..., D) of probabilities (..., C), of the same dtype."""
        merged = np.zeros((*probabilities.shape[:-1], len(self.dataset.labels)))
        for own, column in enumerate(self.index):
            merged[..., column] += probabilities[..., own]
        return merged.astype(probabilities.dtype)

    def truth(self, truth: np.ndarray) -> np.ndarray:
        """Return merged class indices (J,) of class indices (J,); those of no class and beyond the classes stay."""
        known = (truth >= 0) & (truth < len(self.index))
        return np.where(known, self.index[np.where(known, truth, 0)], truth)


def merge_classes(dataset: Dataset, texts: Sequence[str], background: str = "") -> MergedClasses:
    """Return the classes with groups in place of their members.

    Parameters
    ----------
    dataset : Dataset
    texts : sequence of str
        Groups as `class_group` takes them.
    background : str
        The class or group that rejections and ROC curves refer to; by default QCD, or else the last class.

    Raises
    ------
    PartError
        If there is no such class, if two groups share one, or if fewer than two classes are left.
    """
    groups = {text: class_group(dataset, text) for text in (*texts, *([background] if background else []))}
    index = np.full(len(dataset.labels), -1)
    for number, group in enumerate(groups.values()):
        for other in [other for other in list(groups.values())[:number] if set(group.members) & set(other.members)]:
            shared = dataset.classes[min(set(group.members) & set(other.members))]
            raise PartError(f"{other.name} and {group.name} share the class {shared}; expected groups without.")
        index[list(group.members)] = min(group.members)
    first = np.where(index < 0, np.arange(len(index)), index)
    kept, index = np.unique(first, return_inverse=True)
    if len(kept) < 2:
        raise PartError(f"{', '.join(groups)} leaves one class of {dataset.name}; expected two or more to tell apart.")
    names = {min(group.members): group.name for group in groups.values() if len(group) > 1}
    labels = tuple(names.get(i, dataset.labels[i]) for i in kept.tolist())
    titles = tuple(names.get(i, dataset.titles[i]) for i in kept.tolist())
    merged = replace(dataset, labels=labels, titles=titles, groups=())
    if background:
        column = int(index[groups[background].members[0]])
        merged = replace(merged, background=merged.classes[column])
    return MergedClasses(merged, index)


def _index(dataset: Dataset, name: str) -> int | None:
    for names in (dataset.classes, dataset.labels):
        if name in names:
            return names.index(name)
    return None


def _beginning(dataset: Dataset, pattern: str) -> ClassGroup:
    members = (i for i, name in enumerate(dataset.classes) if name.startswith(pattern[:-1]))
    return ClassGroup(pattern, tuple(members))


def _listed(dataset: Dataset, listed: str, text: str) -> tuple[int, ...]:
    """Return the classes of "CLASS,CLASS,..."; a comma may also be part of the name of a class."""
    members: dict[int, None] = {}
    pieces = listed.split(",")
    while pieces:
        ends = range(len(pieces), 0, -1)
        whole = next((n for n in ends if _index(dataset, ",".join(pieces[:n]).strip()) is not None), 1)
        name = ",".join(pieces[:whole]).strip()
        if "=" in name and _index(dataset, name) is None:
            raise PartError(f"There is no class {name!r} for the group {text!r}; expected NAME=CLASS,CLASS.")
        members |= dict.fromkeys(class_group(dataset, name).members)
        pieces = pieces[whole:]
    return tuple(sorted(members))


def _few(names: Sequence[str]) -> str:
    more = f", … ({len(names)} in all)" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more
