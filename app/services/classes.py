"""Classes and groups of classes, as pages choose them: by the texts that `part.jets.class_groups` reads."""

from collections.abc import Sequence

from part.errors import PartError
from part.jets.class_groups import ClassGroup, class_group, known_groups
from part.jets.schema import Dataset

MAX_GROUPS = 4  # of a prediction


def find_group(dataset: Dataset, text: str) -> ClassGroup | None:
    """Return the class or group that a text names, None if there is none."""
    try:
        return class_group(dataset, text)
    except PartError:
        return None


def group_texts(dataset: Dataset, made: Sequence[str]) -> dict[str, ClassGroup]:
    """Return the groups of a dataset by their texts: those that the user made, then those that names tell."""
    own = {text: group for text in made if (group := find_group(dataset, text)) and len(group) > 1}
    return own | {group.name: group for group in known_groups(dataset)}


def group_title(group: ClassGroup) -> str:
    """Return a group's name with the number of its classes."""
    return f"{group.name} ({len(group)} classes)"


def class_titles(dataset: Dataset, made: Sequence[str], chosen: Sequence[str] = ()) -> dict[str, str]:
    """Return what can be chosen as a class, by its text: groups, then classes.

    Parameters
    ----------
    dataset : Dataset
    made : sequence of str
        The user's groups.
    chosen : sequence of str
        Further texts, of a link perhaps; those that name nothing are left out.
    """
    titles = {text: group_title(group) for text, group in group_texts(dataset, made).items()}
    titles |= dict(zip(dataset.classes, dataset.titles, strict=True))
    for text in chosen:
        if text not in titles and (group := find_group(dataset, text)):
            titles[text] = group_title(group) if len(group) > 1 else group.name
    return titles


def without_shared(dataset: Dataset, titles: dict[str, str], text: str) -> dict[str, str]:
    """Return those of some classes and groups that share no class with one of them."""
    taken = find_group(dataset, text)
    members = set(taken.members) if taken else set()
    others = ((other, find_group(dataset, other)) for other in titles)
    return {other: titles[other] for other, group in others if group and not members & set(group.members)}


def new_group(dataset: Dataset, name: str, members: Sequence[str]) -> str:
    """Return the text of a group of classes. Raises PartError, in a sentence, if it is none."""
    name = name.strip()
    if not name or any(sign in name for sign in "=*,"):
        raise PartError("A group needs a name without =, * and commas.")
    if name in dataset.classes:
        raise PartError(f"There is a class {name} already; expected another name for the group.")
    if not 1 < len(members) < len(dataset.classes):
        raise PartError("A group needs at least two classes, and not all.")
    return f"{name}={','.join(members)}"
