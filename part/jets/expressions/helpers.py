"""The functions of weaver that its data configs call by names with an underscore.

Each takes the scope first and has exactly the parameters that an expression may give. Shapes: J jets, P constituents
of all jets in a row, N slots.
"""

import numpy as np

from part.jets.expressions.elementwise import apply, describe
from part.jets.expressions.indexing import take
from part.jets.expressions.lists import Jagged, Lists, Value, n_dimensions, to_awkward
from part.jets.expressions.numbers import whole_number
from part.jets.expressions.refused import Refused
from part.jets.expressions.scope import Scope
from part.jets.expressions.structure import argsort, columns_of, concatenate, stack
from part.jets.expressions.vectors import FourVectors

FLOAT32 = np.dtype(np.float32)  # the dtype of padded columns, if none is given


def hash_values(scope: Scope, *arrays: Value) -> Value:
    """Return for each jet Python's hash of the tuple of its numbers."""
    if not arrays or not all(isinstance(array, np.ndarray) and array.ndim == 1 for array in arrays):
        raise Refused("_hash of other values than numbers of the jets; expected one number for each jet")
    return np.array([hash(row) for row in zip(*(array.tolist() for array in arrays), strict=True)], np.int64)


def stack_columns(scope: Scope, arrays: Value, axis: Value = 1) -> Value:
    """Return the columns along a new axis, by default the one after the jets."""
    arrays = columns_of(arrays, "_stack")
    if all(isinstance(array, np.ndarray) for array in arrays):
        return stack(scope, arrays, axis)
    axis = whole_number(axis, "axis")
    dimensions = n_dimensions(arrays[0]) + 1
    if not 0 < axis % dimensions < dimensions or not -dimensions <= axis < dimensions:
        raise Refused(f"axis {axis} of _stack; expected 1 to {dimensions - 1}")
    place = (slice(None),) * (axis % dimensions) + (np.newaxis,)
    return concatenate(scope, tuple(to_awkward(array)[place] for array in arrays), axis % dimensions)


def clip(scope: Scope, a: Value, a_min: Value, a_max: Value) -> Value:
    """Return the values within bounds."""
    return apply(np.clip, a, a_min, a_max)


def pad(scope: Scope, a: Value, maxlen: Value, value: Value = 0, dtype: Value = FLOAT32) -> Value:
    """Return the first N constituents of each jet (J, N), filled up with a value."""
    maxlen = _length(scope, a, maxlen)
    if isinstance(a, np.ndarray) and a.ndim >= 2 and a.shape[1] == maxlen:
        return a
    values, lists = _lists_of(a)
    out = np.full((len(lists), maxlen), value, dtype)
    slots = np.arange(maxlen) < lists.counts[:, None]
    out[slots] = values[lists.positions() < maxlen].astype(dtype)
    return out


def repeat_pad(scope: Scope, a: Value, maxlen: Value, dtype: Value = FLOAT32) -> Value:
    """Return the first N constituents of each jet (J, N), filled up with its own from the first on; 0 if none."""
    maxlen = _length(scope, a, maxlen)
    values, lists = _lists_of(a)
    if not values.size:
        return np.zeros((len(lists), maxlen), dtype)
    counts = lists.counts[:, None]
    index = lists.offsets[:-1, None] + np.arange(maxlen) % np.maximum(counts, 1)
    padded = values[np.minimum(index, len(values) - 1)].astype(dtype)
    return np.where(counts > 0, padded, np.zeros((), dtype))


def _length(scope: Scope, a: Value, maxlen: Value) -> int:
    if not n_dimensions(a):
        raise Refused(f"padding of {describe(a)}; expected a column")
    maxlen = whole_number(maxlen, "maxlen")
    if maxlen < 0:
        raise Refused(f"maxlen {maxlen}; expected a positive number")
    scope.check_size(float(len(a)) * maxlen)
    return maxlen


def _lists_of(a: Value) -> tuple[np.ndarray, Lists]:
    """Return values (P,) and lengths of a column; a number of the jet counts as a list of one."""
    if isinstance(a, np.ndarray) and a.ndim <= 2:
        return a.ravel(), Lists(np.full(len(a), a.shape[1] if a.ndim == 2 else 1))
    if isinstance(a, Jagged):
        return a.values, a.lists
    raise Refused(f"padding of {describe(a)} of {n_dimensions(a)} dimensions; expected a list of numbers for each jet")


def batch_argsort(scope: Scope, array: Value) -> Value:
    """Return the order of the constituents by rising value."""
    return argsort(scope, array)


def batch_gather(scope: Scope, array: Value, indices: Value) -> Value:
    """Return the constituents in an order."""
    return take(array, indices)


def concat(scope: Scope, arrays: Value, axis: Value = 0) -> Value:
    """Return the columns one after another."""
    return concatenate(scope, arrays, axis)


def from_pxpypze(scope: Scope, px: Value, py: Value, pz: Value, energy: Value) -> FourVectors:
    """Return four-momenta from cartesian components."""
    return _vectors(("x", "y", "z", "t"), px, py, pz, energy)


def from_ptetaphie(scope: Scope, pt: Value, eta: Value, phi: Value, energy: Value) -> FourVectors:
    """Return four-momenta from transverse momentum, directions and energy."""
    return _vectors(("rho", "eta", "phi", "t"), pt, eta, phi, energy)


def from_ptetaphim(scope: Scope, pt: Value, eta: Value, phi: Value, mass: Value) -> FourVectors:
    """Return four-momenta from transverse momentum, directions and mass."""
    return _vectors(("rho", "eta", "phi", "tau"), pt, eta, phi, mass)


def _vectors(names: tuple[str, ...], *coordinates: Value) -> FourVectors:
    apply(lambda *_: np.empty(0), *coordinates)  # refuses what cannot be combined
    if not any(n_dimensions(value) for value in coordinates):
        raise Refused("a four-momentum of numbers alone; expected a column")
    return FourVectors(names, coordinates)
