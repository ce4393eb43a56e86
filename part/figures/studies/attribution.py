"""Charts of the study `attribution`. Attributions to four-momenta are dashed, to inputs solid."""

import numpy as np

from part.analysis.attribution.faithfulness import FRACTIONS
from part.analysis.attribution.methods import METHODS
from part.analysis.attribution.results import BY_PT, TITLES, AttributionResult
from part.analysis.statistics.running_mean import Z95, Mean
from part.figures.axis_ranges import probability_range
from part.figures.charts import Chart, Grid, Plot, Series
from part.figures.sentences.attribution import alike as alike_sentence
from part.figures.sentences.attribution import gain, most_gained
from part.figures.sentences.one_jet import extremes
from part.figures.sentences.places import cell_names, ends, farthest
from part.figures.style import SYMBOLS
from part.jets.schema import SPECIES

COLOUR_ORDER = ("integrated", "smoothgrad", "occlusion", "shapley", "rollout", "gradient_attention")


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
    sentence = _gain(result, "deletion", "its curve lies below theirs")
    return faithfulness_curves("Deletion: lower is better", "removed", result.names, mean.value, mean.error, sentence)


def insertion(result: AttributionResult) -> Plot:
    """Return the probability as particles are put back, the most important first."""
    mean = result.means["insertion"]
    sentence = _gain(result, "insertion", "its curve lies above theirs")
    title = "Insertion: higher is better"
    return faithfulness_curves(title, "put back", result.names, mean.value, mean.error, sentence)


def _gain(result: AttributionResult, kind: str, area: str) -> str:
    mean, titles = result.means[f"{kind}_gain"], [TITLES[name] for name in result.names]
    return gain(mean.value[:-1], Z95 * mean.error[:-1], titles, area)


def faithfulness_curves(
    title: str, done: str, names: tuple[str, ...], values: np.ndarray, error: np.ndarray | None, sentence: str = ""
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
    sentence : str
        What they show.
    """
    series = []
    for i, name in enumerate((*names, "random")):
        spread = None if error is None or not np.isfinite(error[i]).all() else Z95 * error[i]
        low, high = (None, None) if spread is None else (values[i] - spread, values[i] + spread)
        series.append(Series(TITLES.get(name, name), FRACTIONS, values[i], low, high, **_line_style(name)))
    span = probability_range(*(line.y if line.high is None else line.high for line in series))
    texts = title, f"share of particles {done}", "probability"
    return Plot(*texts, tuple(series), y_range=span, sentence=sentence, about="faithfulness")


def gains(result: AttributionResult) -> Plot:
    """Return the area gained over random orders, averaged over jets, with 95 % intervals."""
    names = tuple(TITLES[name] for name in result.names)
    series = []
    for colour, (kind, title) in enumerate((("deletion_gain", "deletion"), ("insertion_gain", "insertion"))):
        mean = result.means[kind]
        low, high = (bound[:-1] for bound in mean.interval)
        series.append(Series(title, names, mean.value[:-1], low, high, colour, "bars"))
    pairs = [most_gained(s.y, s.half, names) for s in series]
    sentence = f"Most is gained in deletion by {pairs[0]}, in insertion by {pairs[1]}." if all(pairs) else ""
    return Plot("Area gained over random orders", "area", "", tuple(series), sentence=sentence, about="faithfulness")


def infidelity(result: AttributionResult) -> Plot:
    """Return the infidelity of each method with 95 % intervals."""
    mean = result.means["infidelity"]
    title, about = "Infidelity: 0 explains all, 1 nothing", "infidelity"
    return method_bars(title, about, result.names, mean.value, mean.interval)


def method_bars(
    title: str, about: str, names: tuple[str, ...], values: np.ndarray, interval: tuple | None = None
) -> Plot:
    """Return a number per method as bars; methods whose number is NaN are left out. Without intervals it is one jet."""
    finite = np.isfinite(values)
    titles = tuple(TITLES[name] for name, is_finite in zip(names, finite, strict=True) if is_finite)
    low, high = (bound[finite] for bound in interval) if interval else (None, None)
    sentence = (
        extremes(values[finite], titles)
        if low is None or high is None
        else ends(values[finite], (high - low) / 2, titles, most="Largest for", least="smallest for")
    )
    bars = (Series("", titles, values[finite], low, high, 0, "bars"),)
    return Plot(title, "", "", bars, sentence=sentence, about=about)


def agreement(names: tuple[str, ...], values: np.ndarray, error: np.ndarray | None = None) -> Grid:
    """Return the rank correlations (M, M) of methods."""
    titles = tuple(TITLES[name] for name in names)
    return Grid(
        "Agreement of methods",
        "rank correlation",
        values,
        titles,
        titles,
        error=error,
        signed=True,
        limits=(-1.0, 1.0),
        sentence=alike_sentence(values, None if error is None else Z95 * error, titles),
        about="agreement_of_methods",
    )


def by_species(result: AttributionResult) -> Grid:
    """Return the share of each species in each method's attribution."""
    mean = result.means["species"]
    titles = tuple(TITLES[name] for name in result.names)
    jets, short = int(mean.jets.max(initial=0)), SYMBOLS[: len(SPECIES)]
    return Grid(
        f"By species, {jets} jets",
        "share of attribution",
        mean.value,
        titles,
        short,
        error=mean.error,
        limits=(0.0, 1.0),
        sentence=_species_sentence(result, titles),
        about="attribution_by_species",
    )


def _species_sentence(result: AttributionResult, titles: tuple[str, ...]) -> str:
    """Return which share is farthest from the species' own share of pT; "" where momenta are not known."""
    if BY_PT not in result.names:
        return ""
    mean, pt = result.means["species"], result.names.index(BY_PT)
    rows = [i for i in range(len(result.names)) if i != pt]
    above = mean.value[rows] - mean.value[pt]
    half = Z95 * np.hypot(mean.error[rows], mean.error[pt])
    names = cell_names([titles[i] for i in rows], SPECIES)
    return farthest(above, half, names, "Farthest from the species' own share of pT", "shares")


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
    sentence = ends(
        mean.value[:, 0],
        Z95 * mean.error[:, 0],
        [TITLES[name] for name in result.names],
        most="The first particle has most of",
        least="least of",
    )
    texts = title, x_title, "share of attribution"
    return Plot(*texts, tuple(series), y_range=(0, 1), sentence=sentence, about="attribution_by_rank")


def _line_style(name: str) -> dict:
    """Return colour and dashes of a method's line."""
    family = name.removesuffix("_momenta")
    colour = COLOUR_ORDER.index(family) if family in COLOUR_ORDER else None
    return {"colour": colour, "dashed": METHODS[name].momenta if name in METHODS else name != BY_PT}
