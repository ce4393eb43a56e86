"""Groups of classes that a data config names: new variables that are sums of labels."""

import re
from collections.abc import Sequence


def label_groups(
    definitions: Sequence[tuple[str, str]], expressions: Sequence[str], labels: Sequence[str]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the new variables such as `label_bb: label_Hbb + label_Zbb`, with the labels that they sum.

    Parameters
    ----------
    definitions : sequence of (str, str)
        The new variables with their expressions.
    expressions : sequence of str
        Those of the labels, one for each class.
    labels : sequence of str
        The names of these classes.

    Returns
    -------
    tuple of (str, tuple of str)
        The name of each group and the labels of its classes: at least two, and not all.
    """
    groups = []
    for name, expression in definitions:
        summands = _summands(expression)
        members = [label for own, label in zip(expressions, labels, strict=False) if own in summands]
        if len(members) == len(summands) and 1 < len(members) < len(labels) and name not in expressions:
            groups.append((name.removeprefix("label_"), tuple(members)))
    return tuple(groups)


def _summands(expression: str) -> set[str]:
    """Return the names that an expression adds with + or |; something that is no name if it does anything else."""
    return {name.strip(" ()\n\t") for name in re.split(r"[+|]", expression)}
