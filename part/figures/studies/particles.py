"""Charts of the attribution to the particles of one jet."""

import numpy as np

from part.analysis.attribution.results import TITLES
from part.analysis.attribution.task import Attribution
from part.analysis.statistics.running_mean import Z95
from part.errors import PartError
from part.figures.charts import Grid, Plane, Plot, Series
from part.figures.display import Display
from part.figures.jet_view import JetView
from part.figures.sentences.numbers import short
from part.figures.sentences.one_jet import largest_part
from part.figures.style import SYMBOLS
from part.figures.view import View
from part.jets.benchmarks import FEATURE_SETS
from part.jets.schema import IDENTITY

SHORT = dict(zip(IDENTITY[1:], SYMBOLS, strict=False))  # for the flags of species
BENCHMARK_INPUTS = {item.name for features in FEATURE_SETS.values() for item in features.features}
MAX_PARTICLES = 20  # in a list
EVIDENCE = "log odds"  # see `AttributionTarget`


def plane(result: Attribution, jet_view: JetView) -> Plane:
    """Return the jet, coloured by the attribution to its particles. Raises PartError if their momenta are not known."""
    if not jet_view.constituents.has_momenta:
        raise PartError("The data config does not say the momenta of the constituents, so the jet cannot be drawn.")
    empty = np.empty(0, np.int64)
    jet = Display(jet_view, View("display"), empty, empty, np.empty(0), (0.0, 1.0))
    title, is_signed = TITLES[result.method], bool((result.values < 0).any())
    texts, sentence = (title, _unit(result)), _shares_of_signs(result.values)
    numbers = result.values, result.error
    return Plane(*texts, jet, *numbers, signed=is_signed, sentence=sentence, about="attribution")


def _shares_of_signs(values: np.ndarray) -> str:
    """Return how the contributions of one jet's particles divide into those for and against the class."""
    if not (values < 0).any():
        return ""
    n_for, n_against = int((values > 0).sum()), int((values < 0).sum())
    sums = short(values[values > 0].sum()), short(values[values < 0].sum())
    return f"{n_for} particles speak for the class ({sums[0]} in all), {n_against} against it ({sums[1]})."


def bars(result: Attribution, jet_view: JetView) -> Plot:
    """Return the particles of largest attribution, with 95 % intervals where it is sampled."""
    top = _top(result)
    error = None if result.error is None else Z95 * result.error[top]
    low, high = (None, None) if error is None else (result.values[top] - error, result.values[top] + error)
    names = _particles(jet_view, np.arange(len(result.values)))
    half = None if result.error is None else Z95 * result.error
    sentence = largest_part(result.values, names, "" if result.method == "rollout" else EVIDENCE, half)
    by_sign = bool((result.values < 0).any())
    series = Series("", _particles(jet_view, top), result.values[top], low, high, 0, "bars", by_sign=by_sign)
    texts = "Largest attributions", _unit(result), ""
    return Plot(*texts, (series,), sentence=sentence, about="attribution")


def by_input(result: Attribution, jet_view: JetView) -> Grid:
    """Return the attribution by input of the particles of largest attribution, and in the last row of all particles."""
    if result.parts is None:
        raise PartError(f"{TITLES[result.method]} does not divide its attribution among inputs.")
    top = _top(result)
    values = np.concatenate((result.parts[top], result.parts.sum(0, keepdims=True)))
    is_benchmark = BENCHMARK_INPUTS.issuperset(result.names)  # a data config's own names stay as they are
    names = tuple(SHORT.get(n, n.removeprefix("part_")) if is_benchmark else n for n in result.names)
    largest = float(np.abs(values[:-1]).max(initial=0)) or 1.0
    rows = (*_particles(jet_view, top), "all particles")
    sentence = largest_part(values[-1], names, f"{EVIDENCE}, all particles together")
    limits = -largest, largest
    return Grid(
        "By input",
        EVIDENCE,
        values,
        rows,
        names,
        signed=True,
        limits=limits,
        quantity="attribution",
        sentence=sentence,
        about="inputs",
    )


def _top(result: Attribution) -> np.ndarray:
    return np.argsort(-np.abs(result.values), kind="stable")[:MAX_PARTICLES]


def _particles(jet_view: JetView, indices: np.ndarray) -> tuple[str, ...]:
    particles = jet_view.constituents
    momenta = [f", {pt:.3g} GeV" if np.isfinite(pt) else "" for pt in particles.pt.tolist()]
    return tuple(f"{particles.numbered(i)}{momenta[i]}" for i in indices.tolist())


def _unit(result: Attribution) -> str:
    return "share of the class token" if result.method == "rollout" else EVIDENCE
