"""Texts for sentences and tables."""

from collections.abc import Sequence


def first_names(names: Sequence[str], most: int) -> str:
    """Return the first of many names, and how many more there are: "a, b and 7 more"."""
    left = len(names) - most
    return ", ".join(names[:most]) + (f" and {left} more" if left > 0 else "")
