"""Four-momenta of jets or constituents, as weaver's `_p4_from_...` makes them with the package `vector`.

The formulas are those of `vector` for the same coordinates, so that the numbers agree; see `tests/jets/expressions`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from part.jets.expressions.elementwise import apply, remainder
from part.jets.expressions.lists import Value, n_dimensions
from part.jets.expressions.refused import Refused

ALIASES = {
    "px": "x",
    "py": "y",
    "pz": "z",
    "pt": "rho",
    "pt2": "rho2",
    "e": "t",
    "E": "t",
    "energy": "t",
    "E2": "t2",
    "m": "tau",
    "M": "tau",
    "mass": "tau",
    "m2": "tau2",
    "M2": "tau2",
    "mass2": "tau2",
    "p": "mag",
    "p2": "mag2",
    "pseudorapidity": "eta",
    "et": "Et",
    "transverse_energy": "Et",
    "mt": "Mt",
    "mt2": "Mt2",
    "transverse_mass": "Mt",
}
# For each quantity those that it is computed from, and how.
Formulas = dict[str, tuple[str, Callable]]


def _signed_root(squared: Value) -> Value:
    return np.copysign(np.sqrt(np.abs(squared)), squared)


def _inverse_sine_theta(eta: Value) -> Value:
    falling = np.exp(-eta)
    return 0.5 * (1 + falling**2) / falling


def _eta(z: Value, rho: Value) -> Value:
    return np.where((z == 0) & (rho == 0), 0 * z, np.arcsinh(z / rho))


def _cosine_theta(z: Value, mag: Value) -> Value:
    return np.where((z == 0) & (mag == 0), 1 + 0 * z, z / mag)


def _without_nan(value: Value, replacement: float) -> Value:
    return np.where(np.isnan(value), replacement + 0 * value, value)


CARTESIAN: Formulas = {
    "rho": ("x y", lambda x, y: np.sqrt(x**2 + y**2)),
    "rho2": ("x y", lambda x, y: x**2 + y**2),
    "phi": ("x y", lambda x, y: np.arctan2(y, x)),
    "eta": ("z rho", _eta),
    "mag": ("mag2", np.sqrt),
    "mag2": ("x y z", lambda x, y, z: x**2 + y**2 + z**2),
    "costheta": ("z mag", _cosine_theta),
    "theta": ("costheta", np.arccos),
    "Et": ("t rho2 z", lambda t, rho2, z: np.copysign(np.sqrt(t**2 * rho2 / (rho2 + z**2)), t)),
}
POLAR: Formulas = {
    "x": ("rho phi", lambda rho, phi: rho * np.cos(phi)),
    "y": ("rho phi", lambda rho, phi: rho * np.sin(phi)),
    "z": ("rho eta", lambda rho, eta: rho * np.sinh(eta)),
    "rho2": ("rho", lambda rho: rho**2),
    "mag": ("rho eta", lambda rho, eta: rho * _inverse_sine_theta(eta)),
    "mag2": ("rho eta", lambda rho, eta: rho**2 * _inverse_sine_theta(eta) ** 2),
    "theta": ("eta", lambda eta: 2.0 * np.arctan(np.exp(-eta))),
    "costheta": ("theta", np.cos),
    "Et": ("t eta", lambda t, eta: t * (2 / (np.exp(-eta) + 1 / np.exp(-eta)))),
}
FROM_ENERGY: Formulas = {
    "tau": ("tau2", _signed_root),
    "tau2": ("t mag2", lambda t, mag2: t**2 - mag2),
    "Mt2": ("t z", lambda t, z: t**2 - z**2),
}
FROM_MASS: Formulas = {
    "t": ("tau2 mag2", lambda tau2, mag2: np.sqrt(np.maximum(tau2 + mag2, 0))),
    "tau2": ("tau", lambda tau: np.copysign(tau**2, tau)),
    "Mt2": ("tau2 rho2", lambda tau2, rho2: tau2 + rho2),
}
ALWAYS: Formulas = {
    "t2": ("t", lambda t: t**2),
    "Mt": ("Mt2", _signed_root),
    "rapidity": ("t z", lambda t, z: 0.5 * np.log((t + z) / (t - z))),
    "beta": ("mag t", lambda mag, t: _without_nan(mag / t, 0.0)),
    "gamma": ("t tau", lambda t, tau: _without_nan(t / tau, np.inf)),
}
FORMULAS: dict[tuple[str, ...], Formulas] = {
    ("x", "y", "z", "t"): CARTESIAN | FROM_ENERGY | ALWAYS,
    ("rho", "eta", "phi", "t"): POLAR | FROM_ENERGY | ALWAYS,
    ("rho", "eta", "phi", "tau"): POLAR | FROM_MASS | ALWAYS,
}
PROPERTIES = frozenset(ALIASES).union(*(names for names in FORMULAS), *FORMULAS.values())
METHODS = ("deltaphi", "deltaeta", "deltaR")  # of a vector and another one


@dataclass(frozen=True, eq=False)
class FourVectors:
    """Four-momenta in one of the coordinates of FORMULAS; other quantities are computed when they are asked for.

    Attributes
    ----------
    names : tuple of str
        A key of FORMULAS.
    coordinates : tuple of Value
        Columns of jets or of constituents.
    """

    names: tuple[str, ...]
    coordinates: tuple[Value, ...]

    __array_ufunc__ = None  # numpy must not take it for a sequence
    __iter__ = None

    def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
        raise TypeError("four-momenta where an array is expected")

    def __len__(self) -> int:
        return max(len(value) for value in self.coordinates if n_dimensions(value))

    def __getitem__(self, index: Value) -> "FourVectors":
        return self.map(lambda value: value[index])

    def map(self, function: Callable[[Value], Value]) -> "FourVectors":
        """Return the vectors whose coordinates are a function of these."""
        return FourVectors(self.names, tuple(function(value) for value in self.coordinates))

    def component(self, name: str) -> Value:
        """Return a quantity by any of the names that `vector` has for it."""
        name = ALIASES.get(name, name)
        if name in self.names:
            return self.coordinates[self.names.index(name)]
        needed, formula = FORMULAS[self.names][name]
        return apply(formula, *(self.component(other) for other in needed.split()))


def relation(a: Value, b: Value, method: str) -> Value:
    """Return deltaphi, deltaeta or deltaR of four-momenta and others."""
    if not (isinstance(a, FourVectors) and isinstance(b, FourVectors)):
        raise Refused(f".{method} of other values than four-momenta; expected two results of _p4_from_...")
    deta = apply(np.subtract, a.component("eta"), b.component("eta"))
    if method == "deltaeta":
        return deta
    turns = apply(np.subtract, a.component("phi"), b.component("phi"))
    dphi = apply(lambda turn: remainder(turn + np.pi, 2 * np.pi) - np.pi, turns)
    return dphi if method == "deltaphi" else apply(lambda p, q: np.sqrt(p**2 + q**2), dphi, deta)


def combined(function: Callable, a: Value, b: Value) -> FourVectors:
    """Return the sum or difference of four-momenta, in float64."""
    if not (isinstance(a, FourVectors) and isinstance(b, FourVectors)) or function not in (np.add, np.subtract):
        raise Refused("an operation with four-momenta; expected `+` or `-` of two of them, or .pt, .mass, ... of one")
    names = ("x", "y", "z", "t")

    def exact(p: Value, q: Value) -> Value:
        return function(p * np.float64(1), q)

    return FourVectors(names, tuple(apply(exact, a.component(name), b.component(name)) for name in names))
