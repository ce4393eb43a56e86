"""The reweighting of training jets, as the `weights` of a data config say.

Weights are given by branches (`use_precomputed_weights`), or made for each class from the distribution of two
variables: with the method "flat" until it is flat, with "ref" until it is that of the first class. As in weaver-core
a weight is the probability with which a training takes a jet. `reweighting` computes them.

Shapes: J jets, X and Y bins of the two variables.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from part.errors import PartError
from part.jets.config.config import DataConfig
from part.jets.config.selected import SelectedJets
from part.jets.expressions.evaluation import parse, variables

METHODS = ("flat", "ref")
BASE, PRODUCT = "weight before reweighting", "weight"  # columns that no variable can be called

Histograms = dict[str, np.ndarray]  # class -> (X, Y)


@dataclass(frozen=True)
class Weights:
    """The weights of a data config.

    Attributes
    ----------
    product : str
        The expression of precomputed weights; "" where weights are made from distributions.
    method : str
        "flat" or "ref".
    bins : tuple of (str, tuple of float)
        The two variables with the edges of their bins.
    classes : tuple of (str, float)
        The columns that are 1 for the jets of a class, with the share of the class relative to the others.
    threshold : float
        The percentage of bins whose weights are cut off.
    base : str
        The expression of weights that the jets have before; "" for none.
    discards_outside : bool
        Whether jets outside of all bins have no weight. Otherwise they belong to the outermost bins.
    histograms : dict or None
        The weights (X, Y) of each class by bin, if the config has them.
    """

    product: str = ""
    method: str = METHODS[0]
    bins: tuple[tuple[str, tuple[float, ...]], ...] = ()
    classes: tuple[tuple[str, float], ...] = ()
    threshold: float = 10.0
    base: str = ""
    discards_outside: bool = True
    histograms: Histograms | None = None

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables that weights are computed from."""
        if self.product:
            return variables(self.product)
        return (*dict(self.bins), *dict(self.classes), *(variables(self.base) if self.base else ()))

    def columns(self, jets: SelectedJets) -> dict[str, np.ndarray]:
        """Return what the weights of J jets depend on, by name. Raises PartError."""
        if self.product:
            return {PRODUCT: jets.per_jet(self.product, "weights")}
        out = {name: jets.per_jet(name, "weights") for name in (*dict(self.bins), *dict(self.classes))}
        return out | ({BASE: jets.per_jet(self.base, "reweight_basewgt")} if self.base else {})


def parse_weights(config: DataConfig) -> Weights | None:
    """Return the weights of a config, None where it has none.

    Raises
    ------
    PartError
        If an entry is missing or has another form than weaver-core expects.
    """
    if not config.weights:
        return None
    where = f"{config.name}: weights"
    given = _mapping(config.weights, where)
    if given.get("use_precomputed_weights"):
        names = given.get("weight_branches")
        if not isinstance(names, list) or not names:
            raise PartError(f"{where}: weight_branches are missing; expected a list of branches.")
        product = "*".join(map(str, names))
        parse(product, where)
        return Weights(product)
    if (method := given.get("reweight_method")) not in METHODS:
        raise PartError(f"{where}: reweight_method is {method!r}; expected {' or '.join(METHODS)}.")
    bins = tuple((str(k), _edges(v, f"{where}.{k}")) for k, v in _mapping(given.get("reweight_vars"), where).items())
    if len(bins) != 2:
        raise PartError(f"{where}: {len(bins)} reweight_vars; expected two variables with the edges of their bins.")
    base = given.get("reweight_basewgt") or ""
    if not isinstance(base, str):
        raise PartError(f"{where}: reweight_basewgt is {base!r}; expected an expression.")
    if base:
        parse(base, f"{where}: reweight_basewgt")
    classes = _classes(given, where)
    return Weights(
        method=method,
        bins=bins,
        classes=classes,
        threshold=_percentage(given.get("reweight_threshold", 10), where),
        base=base,
        discards_outside=bool(given.get("reweight_discard_under_overflow", True)),
        histograms=_given_histograms(given.get("reweight_hists"), classes, bins, where),
    )


def _classes(given: Mapping[str, Any], where: str) -> tuple[tuple[str, float], ...]:
    names, shares = given.get("reweight_classes"), given.get("class_weights")
    if not isinstance(names, list) or not names:
        raise PartError(f"{where}: reweight_classes are missing; expected a list of columns.")
    shares = [1.0] * len(names) if shares is None else _floats(shares, f"{where}: class_weights")
    if len(shares) != len(names) or min(shares) <= 0:
        raise PartError(f"{where}: class_weights {shares}; expected {len(names)} numbers above 0.")
    return tuple(zip(map(str, names), shares, strict=True))


def _given_histograms(
    given: Any, classes: Sequence[tuple[str, float]], bins: Sequence[tuple[str, tuple[float, ...]]], where: str
) -> Histograms | None:
    if given is None:
        return None
    histograms, shape = {}, tuple(len(edges) - 1 for _, edges in bins)
    for name, _ in classes:
        try:
            histograms[name] = np.array(_mapping(given, where)[name], dtype=np.float32)
        except (KeyError, ValueError, TypeError):
            raise PartError(f"{where}: reweight_hists has no weights of {name}; expected {shape} numbers.") from None
        if histograms[name].shape != shape:
            raise PartError(
                f"{where}: reweight_hists.{name} has {histograms[name].shape} bins; expected {shape} as in the "
                "reweight_vars."
            )
    return histograms


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise PartError(f"{where}: {str(value)[:60]!r}; expected names with values.")
    return value


def _floats(values: Any, where: str) -> list[float]:
    try:
        return [float(value) for value in values]
    except (TypeError, ValueError):
        raise PartError(f"{where}: {str(values)[:60]!r}; expected a list of numbers.") from None


def _edges(values: Any, where: str) -> tuple[float, ...]:
    edges = _floats(values, where)
    if len(edges) < 2 or any(not low < high for low, high in pairwise(edges)):
        raise PartError(f"{where}: {str(values)[:60]!r}; expected the edges of bins in ascending order.")
    return tuple(edges)


def _percentage(value: Any, where: str) -> float:
    (number,) = _floats([value], f"{where}: reweight_threshold")
    if not 0 <= number <= 100:
        raise PartError(f"{where}: reweight_threshold is {number:g}; expected a percentage.")
    return number
