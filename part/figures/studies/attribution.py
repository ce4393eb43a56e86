"""Attributions as charts: of a sample, and of one jet. Four-momenta are dashed, inputs whole."""

import numpy as np

from part.analysis.attribution.faithfulness import FRACTIONS
from part.analysis.attribution.findings import BY_PT, TITLES, AttributionFindings
from part.analysis.attribution.methods import MOMENTUM, Attribution
from part.analysis.statistics.running_mean import Z95
from part.figures.charts import Chart, Grid, Plane, Plot, Series
from part.figures.display import Display
from part.figures.scene import Scene
from part.figures.style import SYMBOLS
from part.figures.view import View
from part.jets.schema import IDENTITY, SPECIES

COLOURS = ("integrated", "smoothgrad", "occlusion", "shapley", "rollout", "gradient_attention")
SHORT = dict(zip(IDENTITY[1:], SYMBOLS, strict=False))  # names of flags
MOST = 20  # particles in a list
EVIDENCE = "log odds"  # see `Target`


def charts(findings: AttributionFindings) -> dict[str, Chart]:
    """All of a sample."""
    return {
        "deletion": deletion(findings),
        "insertion": insertion(findings),
        "gains": gains(findings),
        "infidelity": infidelity(findings),
        "agreement": agreement(findings.names, findings.means["agreement"].value, findings.means["agreement"].error),
        "species": by_species(findings),
        "ranks": by_rank(findings),
    }


def deletion(findings: AttributionFindings) -> Plot:
    mean = findings.means["deletion"]
    return curves("Deletion: lower is better", "removed", findings.names, mean.value, mean.error)


def insertion(findings: AttributionFindings) -> Plot:
    mean = findings.means["insertion"]
    return curves("Insertion: higher is better", "put back", findings.names, mean.value, mean.error)


def curves(title: str, done: str, names: tuple[str, ...], values: np.ndarray, error: np.ndarray | None) -> Plot:
    """values (M + 1, T): the mean of the random orders last; error: of all, or of that one alone with nan else."""
    series = []
    for i, name in enumerate((*names, "random")):
        known = error is not None and np.isfinite(error[i]).all()
        low, high = (values[i] - Z95 * error[i], values[i] + Z95 * error[i]) if known else (None, None)
        series.append(Series(TITLES.get(name, name), FRACTIONS, values[i], low, high, **_look(name)))
    return Plot(title, f"share of particles {done}", "probability", tuple(series), y_range=(0, 1))


def gains(findings: AttributionFindings) -> Plot:
    """What the orders are better by than random ones, jet by jet, with intervals of 95 %."""
    names = tuple(TITLES[name] for name in findings.names)
    series = []
    for colour, (kind, title) in enumerate((("deletion_gain", "deletion"), ("insertion_gain", "insertion"))):
        mean = findings.means[kind]
        low, high = (bound[:-1] for bound in mean.interval)
        series.append(Series(title, names, mean.value[:-1], low, high, colour, "bars"))
    return Plot("Area gained on random orders", "area", "", tuple(series))


def infidelity(findings: AttributionFindings) -> Plot:
    mean = findings.means["infidelity"]
    return shares("Infidelity: 0 tells all, 1 nothing", findings.names, mean.value, mean.interval)


def shares(title: str, names: tuple[str, ...], values: np.ndarray, interval: tuple | None = None) -> Plot:
    """A number a method, as bars; those that have none are left out."""
    known = np.isfinite(values)
    titles = tuple(TITLES[name] for name, some in zip(names, known, strict=True) if some)
    low, high = (bound[known] for bound in interval) if interval else (None, None)
    return Plot(title, "", "", (Series("", titles, values[known], low, high, 0, "bars"),))


def agreement(names: tuple[str, ...], values: np.ndarray, error: np.ndarray | None = None) -> Grid:
    """Rank correlations (M, M)."""
    titles = tuple(TITLES[name] for name in names)
    title = "Agreement of methods"
    return Grid(title, "rank correlation", values, titles, titles, error=error, signed=True, limits=(-1.0, 1.0))


def by_species(findings: AttributionFindings) -> Grid:
    mean = findings.means["species"]
    titles = tuple(TITLES[name] for name in findings.names)
    return Grid("By species", "share of attribution", mean.value, titles, SPECIES, error=mean.error, limits=(0.0, 1.0))


def by_rank(findings: AttributionFindings) -> Plot:
    mean, series = findings.means["rank"], []
    ranks = np.arange(1, mean.value.shape[1] + 1)
    for i, name in enumerate(findings.names):
        low, high = (bound[i] for bound in mean.interval)
        series.append(Series(TITLES[name], ranks, mean.value[i], low, high, **_look(name)))
    return Plot("In the hardest particles", "hardest particles", "share of attribution", tuple(series), y_range=(0, 1))


def plane(found: Attribution, scene: Scene) -> Plane:
    """The jet, coloured by what its particles give."""
    none = np.empty(0, np.int64)
    jet = Display(scene, View("display"), none, none, np.empty(0), (0.0, 1.0))
    title = TITLES[found.method]
    return Plane(title, _unit(found), jet, found.values, found.error, signed=bool((found.values < 0).any()))


def bars(found: Attribution, scene: Scene) -> Plot:
    """The particles of largest attribution, with intervals of 95 % where they are sampled."""
    top = _top(found)
    error = None if found.error is None else Z95 * found.error[top]
    low, high = (None, None) if error is None else (found.values[top] - error, found.values[top] + error)
    series = Series("", _particles(scene, top), found.values[top], low, high, 0, "bars")
    return Plot("Largest attributions", _unit(found), "", (series,))


def parts(found: Attribution, scene: Scene) -> Grid:
    """What each input or coordinate of the particles of largest attribution gives, and, below, of all of them."""
    top = _top(found)
    values = np.concatenate((found.parts[top], found.parts.sum(0, keepdims=True)))
    names = tuple(SHORT.get(name, name.removeprefix("part_")) for name in found.names)
    largest = float(np.abs(values[:-1]).max(initial=0)) or 1.0
    rows = (*_particles(scene, top), "all particles")
    return Grid("By input", EVIDENCE, values, rows, names, signed=True, limits=(-largest, largest))


def _top(found: Attribution) -> np.ndarray:
    return np.argsort(-np.abs(found.values), kind="stable")[:MOST]


def _particles(scene: Scene, places: np.ndarray) -> tuple[str, ...]:
    particles = scene.constituents
    return tuple(f"{particles.symbol(i)} {i + 1}, {particles.pt[i]:.3g} GeV" for i in places.tolist())


def _unit(found: Attribution) -> str:
    return "share of the class token" if found.method == "rollout" else EVIDENCE


def _look(name: str) -> dict:
    """Colour and kind of a method's line."""
    family = name.removesuffix("_momenta")
    colour = COLOURS.index(family) if family in COLOURS else None
    return {"colour": colour, "dashed": name in MOMENTUM or name not in (*TITLES, BY_PT)}
