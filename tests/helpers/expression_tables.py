"""Random columns, and what Python itself makes of an expression of them with numpy and awkward."""

import math
from types import CodeType

import awkward as ak
import numpy as np

from part.jets.expressions.vectors import FourVectors

# Every name of a column says its kind: x, y, d, i, u, b, k of constituents, v and w of another collection, the others
# of jets.
JAGGED = ("x", "y", "d", "i", "k", "u", "b")


def random_table(seed: int, n_jets: int = 40, least: int = 0) -> dict[str, np.ndarray | ak.Array]:
    """Return columns of n_jets jets with `least` to 12 constituents each, in all dtypes that files have."""
    rng = np.random.default_rng(seed)
    counts, others = rng.integers(least, 13, n_jets), rng.integers(0, 4, n_jets)
    p, q = int(counts.sum()), int(others.sum())
    flat = {
        "x": rng.normal(0, 3, p).astype(np.float32),
        "y": rng.exponential(2, p).astype(np.float32),
        "d": rng.normal(0, 1, p),
        "i": rng.integers(-5, 6, p).astype(np.int32),
        "k": rng.integers(0, 300, p),
        "u": rng.integers(0, 2, p).astype(np.uint8),
        "b": rng.random(p) < 0.5,
    }
    table = {name: ak.unflatten(values, counts) for name, values in flat.items()}
    table |= {"v": ak.unflatten(rng.normal(0, 1, q).astype(np.float32), others)}
    table |= {"w": ak.unflatten(rng.exponential(1, q), others)}
    return table | {
        "jet_pt": rng.uniform(200, 900, n_jets).astype(np.float32),
        "jet_eta": rng.normal(0, 1, n_jets).astype(np.float32),
        "jet_phi": rng.uniform(-np.pi, np.pi, n_jets).astype(np.float32),
        "jet_mass": rng.exponential(50, n_jets),
        "label": rng.integers(0, 6, n_jets).astype(np.int32),
        "event_no": rng.integers(0, 10**9, n_jets),
        "is_signal": rng.random(n_jets) < 0.5,
        "flag": rng.integers(0, 2, n_jets).astype(np.uint8),
        "discs": rng.random((n_jets, 3)).astype(np.float32),
    }


def python_value(expression: str | CodeType, table: dict, **names: object) -> object:
    """Return what Python's eval makes of a trusted expression, with all columns as ak.Array as in weaver."""
    columns = {name: ak.Array(column) for name, column in table.items()}
    scope = {"np": np, "numpy": np, "ak": ak, "awkward": ak, "math": math, "len": len}
    with np.errstate(all="ignore"):
        return eval(expression, scope | columns | names)


def assert_same_column(actual: object, expected: object) -> None:
    """Compare two columns: type, lengths of lists and values, NaN included."""
    assert not isinstance(actual, FourVectors)
    actual, expected = ak.Array(actual), _without_idle_options(ak.Array(expected))
    assert str(actual.type) == str(expected.type)
    for axis in range(1, actual.ndim):
        assert ak.all(ak.num(actual, axis=axis) == ak.num(expected, axis=axis), axis=None)
    missing = [np.asarray(ak.flatten(ak.is_none(array, axis=-1), axis=None)) for array in (actual, expected)]
    np.testing.assert_array_equal(*missing)
    numbers = [np.asarray(ak.flatten(array, axis=None)) for array in (actual, expected)]
    np.testing.assert_allclose(*numbers, rtol=3e-7, atol=0, equal_nan=True)


def _without_idle_options(array: ak.Array) -> ak.Array:
    """Return an array whose type says that values may be missing only where some are."""

    def project(layout: ak.contents.Content, **_: object) -> ak.contents.Content | None:
        idle = layout.is_option and not np.asarray(layout.mask_as_bool(valid_when=False)).any()
        return layout.project() if idle else None

    return ak.transform(project, array)
