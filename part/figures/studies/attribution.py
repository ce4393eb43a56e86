"""Charts of attributions: of a sample, and of one jet. Attributions to four-momenta are dashed, to inputs solid."""

import numpy as np

from part.analysis.attribution.faithfulness import FRACTIONS
from part.analysis.attribution.methods import METHODS
from part.analysis.attribution.results import BY_PT, TITLES, AttributionResult
from part.analysis.attribution.task import Attribution
from part.analysis.statistics.running_mean import Z95, Mean
from part.errors import PartError
from part.figures.charts import Chart, Grid, Plane, Plot, Series, probability_range
from part.figures.display import Display
from part.figures.jet_view import JetView
from part.figures.style import SYMBOLS
from part.figures.view import View
from part.jets.benchmarks import FEATURE_SETS
from part.jets.schema import IDENTITY, SPECIES

COLOUR_ORDER = ("integrated", "smoothgrad", "occlusion", "shapley", "rollout", "gradient_attention")
SHORT = dict(zip(IDENTITY[1:], SYMBOLS, strict=False))  # for the flags of species
BENCHMARK_INPUTS = {item.name for features in FEATURE_SETS.values() for item in features.features}
MAX_PARTICLES = 20  # in a list
EVIDENCE = "log odds"  # see `AttributionTarget`


def charts(result: AttributionResult) -> dict[str, Chart]:
    """Return all charts of a sample; methods of `alike` are left out."""
    result = _without(result, alike(result.names, result.means["agreement"].value))
    return {
        "deletion": deletion(result),
        "insertion": insertion(result),
        "gains": gains(result),
        "infidelity": infidelity(result),
        "agreement": agreement(result.names, result.means["agreement"].value, result.means["agreement"].error),
        "species": by_species(result),
        "ranks": by_rank(result),
    }


def alike(names: tuple[str, ...], agreement: np.ndarray) -> tuple[str, ...]:
    """Return the methods that give all particles of a jet the same number, or none; () if all methods do.

    They have no rank correlation (M, M), not even with themselves, and order particles by chance. The pT is one of them
    where momenta are not known.
    """
    missing = np.isnan(np.diagonal(agreement))
    return () if missing.all() else tuple(name for name, is_missing in zip(names, missing, strict=True) if is_missing)


def _without(result: AttributionResult, left_out: tuple[str, ...]) -> AttributionResult:
    """Return a result without some of its methods."""
    if not left_out:
        return result
    m, kept = len(result.names), [i for i, name in enumerate(result.names) if name not in left_out]
    means = {}
    for quantity, mean in result.means.items():
        rows = [*kept, m] if len(mean.value) > m else kept  # with that of random orders
        columns = np.ix_(kept, kept) if quantity == "agreement" else rows
        means[quantity] = Mean(mean.value[columns], mean.error[columns], mean.jets[columns])
    return AttributionResult(tuple(result.names[i] for i in kept), means)


def deletion(result: AttributionResult) -> Plot:
    """Return the probability as particles are removed, the most important first."""
    mean = result.means["deletion"]
    return faithfulness_curves("Deletion: lower is better", "removed", result.names, mean.value, mean.error)


def insertion(result: AttributionResult) -> Plot:
    """Return the probability as particles are put back, the most important first."""
    mean = result.means["insertion"]
    return faithfulness_curves("Insertion: higher is better", "put back", result.names, mean.value, mean.error)


def faithfulness_curves(
    title: str, done: str, names: tuple[str, ...], values: np.ndarray, error: np.ndarray | None
) -> Plot:
    """Return curves of all methods against the share of particles.

    Parameters
    ----------
    title : str
        The chart's title.
    done : str
        What is done to the particles, such as "removed".
    names : tuple of str
        M methods.
    values, error : np.ndarray
        Mean probabilities (M + 1, T), that of random orders last, and their standard errors, NaN without one.
    """
    series = []
    for i, name in enumerate((*names, "random")):
        spread = None if error is None or not np.isfinite(error[i]).all() else Z95 * error[i]
        low, high = (None, None) if spread is None else (values[i] - spread, values[i] + spread)
        series.append(Series(TITLES.get(name, name), FRACTIONS, values[i], low, high, **_line_style(name)))
    span = probability_range(*(line.y if line.high is None else line.high for line in series))
    return Plot(title, f"share of particles {done}", "probability", tuple(series), y_range=span)


def gains(result: AttributionResult) -> Plot:
    """Return the area gained over random orders, averaged over jets, with 95 % intervals."""
    names = tuple(TITLES[name] for name in result.names)
    series = []
    for colour, (kind, title) in enumerate((("deletion_gain", "deletion"), ("insertion_gain", "insertion"))):
        mean = result.means[kind]
        low, high = (bound[:-1] for bound in mean.interval)
        series.append(Series(title, names, mean.value[:-1], low, high, colour, "bars"))
    return Plot("Area gained over random orders", "area", "", tuple(series))


def infidelity(result: AttributionResult) -> Plot:
    """Return the infidelity of each method with 95 % intervals."""
    mean = result.means["infidelity"]
    return method_bars("Infidelity: 0 explains all, 1 nothing", result.names, mean.value, mean.interval)


def method_bars(title: str, names: tuple[str, ...], values: np.ndarray, interval: tuple | None = None) -> Plot:
    """Return a number per method as bars; methods whose number is NaN are left out."""
    finite = np.isfinite(values)
    titles = tuple(TITLES[name] for name, is_finite in zip(names, finite, strict=True) if is_finite)
    low, high = (bound[finite] for bound in interval) if interval else (None, None)
    return Plot(title, "", "", (Series("", titles, values[finite], low, high, 0, "bars"),))


def agreement(names: tuple[str, ...], values: np.ndarray, error: np.ndarray | None = None) -> Grid:
    """Return the rank correlations (M, M) of methods."""
    titles = tuple(TITLES[name] for name in names)
    title = "Agreement of methods"
    return Grid(title, "rank correlation", values, titles, titles, error=error, signed=True, limits=(-1.0, 1.0))


def by_species(result: AttributionResult) -> Grid:
    """Return the share of each species in each method's attribution."""
    mean = result.means["species"]
    titles = tuple(TITLES[name] for name in result.names)
    jets = int(mean.jets.max(initial=0))
    title, short = f"By species, {jets} jets", SYMBOLS[: len(SPECIES)]
    return Grid(title, "share of attribution", mean.value, titles, short, error=mean.error, limits=(0.0, 1.0))


def by_rank(result: AttributionResult) -> Plot:
    """Return the share of the leading particles in each method's attribution."""
    mean, series = result.means["rank"], []
    ranks = np.arange(1, mean.value.shape[1] + 1)
    for i, name in enumerate(result.names):
        low, high = (bound[i] for bound in mean.interval)
        series.append(Series(TITLES[name], ranks, mean.value[i], low, high, **_line_style(name)))
    title, x_title = "In the leading particles", "leading particles in pT"
    if BY_PT not in result.names:  # where momenta are not known
        title, x_title = "In the first particles", "first particles of the jet"
    return Plot(title, x_title, "share of attribution", tuple(series), y_range=(0, 1))


def plane(result: Attribution, jet_view: JetView) -> Plane:
    """Return the jet, coloured by the attribution to its particles. Raises PartError if their momenta are not known."""
    if not jet_view.constituents.has_momenta:
        raise PartError("The data config does not say the momenta of the constituents, so the jet cannot be drawn.")
    empty = np.empty(0, np.int64)
    jet = Display(jet_view, View("display"), empty, empty, np.empty(0), (0.0, 1.0))
    title = TITLES[result.method]
    return Plane(title, _unit(result), jet, result.values, result.error, signed=bool((result.values < 0).any()))


def bars(result: Attribution, jet_view: JetView) -> Plot:
    """Return the particles of largest attribution, with 95 % intervals where it is sampled."""
    top = _top(result)
    error = None if result.error is None else Z95 * result.error[top]
    low, high = (None, None) if error is None else (result.values[top] - error, result.values[top] + error)
    series = Series("", _particles(jet_view, top), result.values[top], low, high, 0, "bars")
    return Plot("Largest attributions", _unit(result), "", (series,))


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
    return Grid("By input", EVIDENCE, values, rows, names, signed=True, limits=(-largest, largest))


def _top(result: Attribution) -> np.ndarray:
    return np.argsort(-np.abs(result.values), kind="stable")[:MAX_PARTICLES]


def _particles(jet_view: JetView, indices: np.ndarray) -> tuple[str, ...]:
    particles = jet_view.constituents
    momenta = [f", {pt:.3g} GeV" if np.isfinite(pt) else "" for pt in particles.pt.tolist()]
    return tuple(f"{particles.numbered(i)}{momenta[i]}" for i in indices.tolist())


def _unit(result: Attribution) -> str:
    return "share of the class token" if result.method == "rollout" else EVIDENCE


def _line_style(name: str) -> dict:
    """Return colour and dashes of a method's line."""
    family = name.removesuffix("_momenta")
    colour = COLOUR_ORDER.index(family) if family in COLOUR_ORDER else None
    return {"colour": colour, "dashed": METHODS[name].momenta if name in METHODS else name != BY_PT}
