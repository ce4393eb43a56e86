"""Slots of constituents that hold none: those of zero momentum.

Shapes: J jets, P constituents of all jets in a row.
"""

import numpy as np

from part.jets.schema import MOMENTA


def has_padding(flat: dict[str, np.ndarray]) -> bool:
    """Return whether some constituent (P,) has no momentum; energy alone is none."""
    px, py, pz, _ = (flat[name] for name in MOMENTA)
    return not px.all() and bool(((px == 0) & (py == 0) & (pz == 0)).any())


def without_padding(
    flat: dict[str, np.ndarray], counts: np.ndarray
) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Leave out the constituents that have no momentum.

    Parameters
    ----------
    flat : dict of ndarray (P,)
        The branches of constituents, all four-momenta among them.
    counts : ndarray (J,)
        The multiplicities.

    Returns
    -------
    flat : dict of ndarray
    counts : ndarray (J,)
    n_left_out : ndarray (J,)
        How many constituents were left out whose other values are not all zero or missing, as those of padding are.
    """
    px, py, pz, _ = (flat[name] for name in MOMENTA)
    empty = (px == 0) & (py == 0) & (pz == 0)
    padding = empty.copy()
    for values in flat.values():
        padding &= (values == 0) | np.isnan(values)
    jet = np.repeat(np.arange(len(counts)), counts)
    n_empty, n_padding = (np.bincount(jet[chosen], minlength=len(counts)) for chosen in (empty, padding))
    return {name: values[~empty] for name, values in flat.items()}, counts - n_empty, n_empty - n_padding
