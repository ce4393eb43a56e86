"""Arrays of a figure as they are exported."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class LabelledArray:
    """An array with the names of its axes and the unit and meaning of its values.

    Attributes
    ----------
    values : np.ndarray
        The numbers.
    axes : tuple of str
        A name per axis.
    unit : str
        The unit, "1" without one.
    meaning : str
        What the numbers are.
    """

    values: np.ndarray
    axes: tuple[str, ...]
    unit: str
    meaning: str
