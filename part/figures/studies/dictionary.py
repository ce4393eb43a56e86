"""Charts of the study `dictionary`: how well activations are written, all features, and one of them."""

from collections import Counter

import numpy as np

from part.analysis.dictionary.properties import OF_TOKENS, PROPERTIES
from part.analysis.dictionary.result import CHANGES, MEASURES, DictionaryResult
from part.analysis.dictionary.sums import EDGES
from part.analysis.statistics.running_mean import Z95
from part.figures.charts import Chart, Grid, Plot, Series
from part.figures.sentences.numbers import number
from part.figures.sentences.places import cell_names, ends, farthest, observed_ends

EFFECT = "weight beyond shuffled particles, from −1 to 1"
LOGIT = "change of the logit, relative to the mean"
STATES = ("unchanged", "written by the dictionary", "mean activations")


def charts(result: DictionaryResult) -> dict[str, Chart]:
    """Return the quality, all features, their names, and the effects of the most important ones on logits."""
    drawn: dict[str, Chart] = {"quality": quality(result), "features": features(result)}
    drawn |= {"names": names(result)} if (result.name >= 0).any() else {}
    return drawn | ({"effects": effects(result)} if len(result.chosen) else {})


def quality(result: DictionaryResult) -> Plot:
    """Return the accuracy, or without labels the agreement, of the model with the activations replaced."""
    measure = 0 if np.isfinite(result.quality[0]).all() else MEASURES.index("agreement")
    value, half = result.quality[measure], Z95 * np.nan_to_num(result.quality_error[measure])
    what = "accuracy" if measure == 0 else "agreement with the model's own prediction"
    bars = Series("", STATES, value, value - half, value + half, style="bars")
    title = f"With {result.place} replaced"
    limits = 0.0, 1.02
    return Plot(
        title, what, "", (bars,), x_range=limits, sentence=_quality_sentence(result), about="dictionary_quality"
    )


def _quality_sentence(result: DictionaryResult) -> str:
    written = f"The dictionary explains {100 * result.explained:.1f} % of the variance"
    recovered, error = result.recovered, Z95 * result.recovered_error
    for measure, what in (("accuracy", "accuracy"), ("agreement", "agreement")):
        q = MEASURES.index(measure)
        if np.isfinite(recovered[q]) and error[q] > 0:
            return f"{written} and recovers {number(100 * recovered[q], 100 * error[q])} % of the {what}."
    return f"{written}."


def features(result: DictionaryResult, marked: int | None = None) -> Plot:
    """Return how often and how strongly each feature is active, on logarithmic axes."""
    named = result.name >= 0
    sentence = (
        f"Of {result.features} features {int(named.sum())} have a name (of random directions {result.random_names}) "
        f"and {result.n_dead} {'is' if result.n_dead == 1 else 'are'} active for none of {result.tokens:,} particles."
    )
    texts = "Features", "share of particles", "mean weight [standard deviations]"
    series = tuple(_points(result, *group) for group in _groups(result, marked))
    return Plot(*texts, series, log_x=True, log_y=True, sentence=sentence, about="dictionary_features")


def feature_at(result: DictionaryResult, marked: int | None, series: int, point: int) -> int:
    """Return the feature of a point of `features`."""
    return int(_groups(result, marked)[series][0][point])


def _groups(result: DictionaryResult, marked: int | None) -> list[tuple[np.ndarray, str, int | None]]:
    """Return the features of each series, with its name and colour."""
    named = result.name >= 0
    groups: list[tuple[np.ndarray, str, int | None]] = [
        (np.flatnonzero((result.frequency > 0) & ~named), "without a name", None),
        (np.flatnonzero(named), "with a name", 0),
    ]
    if marked is not None and result.frequency[marked] > 0:
        groups.append((np.array([marked]), f"feature {marked + 1}", 1))
    return [group for group in groups if len(group[0])]


def _points(result: DictionaryResult, chosen: np.ndarray, name: str, colour: int | None) -> Series:
    labels = tuple(f"feature {m + 1}: {result.label(m)}".removesuffix(": ") for m in chosen.tolist())
    x, y = result.frequency[chosen], result.strength[chosen]
    return Series(name, x, y, colour=colour, style="points", labels=labels)


def names(result: DictionaryResult) -> Plot:
    """Return how many features have each name."""
    count = Counter(result.title(m) for m in range(result.features) if result.name[m] >= 0)
    titles = [title for title, _ in count.most_common()]
    bars = Series("", tuple(titles), np.array([float(count[title]) for title in titles]), style="bars")
    most = ", ".join(f"{title} ({n})" for title, n in count.most_common(3))
    sentence = f"The most frequent names: {most}." if count else ""
    return Plot("Names of features", "features", "", (bars,), sentence=sentence, about="dictionary_names")


def effects(result: DictionaryResult, kind: int = 0) -> Grid:
    """Return by how much each logit moves without each of the most important features, or if it is doubled."""
    value, error = result.change.value[:, kind], result.change.error[:, kind]
    rows = tuple(f"{m + 1} {result.title(m)}".strip() for m in result.chosen.tolist())
    title = f"Logits if a feature is {'switched off' if CHANGES[kind] == 'off' else 'doubled'}"
    places = cell_names(rows, result.classes)
    sides = "upwards", "downwards"
    sentence = farthest(value, Z95 * error, places, "Largest change", "changes", sides=sides)
    texts = title, LOGIT, value, rows, result.classes, "feature"
    about = "dictionary_effects"
    return Grid(*texts, error=error, signed=True, sentence=sentence, about=about)


def properties(result: DictionaryResult, feature: int) -> Plot:
    """Return on which particles a feature is active, beside the largest effect of random directions."""
    effect, half = result.effect[feature], Z95 * np.nan_to_num(result.effect_error[feature])
    known = np.flatnonzero(np.isfinite(effect))
    order = known[np.argsort(-effect[known])]
    titles = [h.title for h in OF_TOKENS.values()] + [f"rank in {name}" for name in PROPERTIES[len(OF_TOKENS) :]]
    shown = tuple(titles[k] for k in order)
    value, low, high = effect[order], (effect - half)[order], (effect + half)[order]
    series = (
        Series("this feature", shown, value, low, high, style="bars"),
        Series("95 % of random directions", shown, result.random[order], colour=None, style="bars"),
    )
    title = f"Feature {feature + 1}: {result.title(feature)}".removesuffix(": ")
    sentence = ""
    if result.name[feature] >= 0:
        half_share = Z95 * result.share_error[feature]
        what = "mean rank" if result.name[feature] >= len(OF_TOKENS) else "share of its weight"
        sentence = (
            f"“{result.title(feature)}”: {what} {number(result.share[feature], half_share)}, for shuffled particles "
            f"{result.null[feature]:.2f}."
        )
    limits = -1.02, 1.02
    return Plot(title, EFFECT, "", series, x_range=limits, sentence=sentence, about="dictionary_properties")


def weights(result: DictionaryResult, feature: int) -> Plot:
    """Return how often each weight of a feature occurs."""
    counts = result.histogram[feature]
    texts = "Weights where it is active", "weight [standard deviations]", "particles"
    sentence = ""
    if counts.sum():
        sentence = (
            f"Active for {100 * result.frequency[feature]:.2f} % of {result.tokens:,} particles, with a mean weight of "
            f"{result.strength[feature]:.2g}."
        )
    series = (Series("", EDGES, counts, style="steps"),)
    return Plot(*texts, series, log_x=True, sentence=sentence, about="dictionary_weights")


def of_classes(result: DictionaryResult, feature: int) -> Plot:
    """Return how often a feature is active in the jets of each class."""
    value = result.class_frequency[feature]
    shown = np.flatnonzero(np.isfinite(value))
    titles = tuple(result.classes[c] for c in shown)
    bars = Series("", titles, value[shown], style="bars")
    sentence = observed_ends(value[shown], titles, "", f"{result.jets} jets")
    return Plot("How often, by class", "share of particles", "", (bars,), sentence=sentence, about="dictionary_classes")


def on_logits(result: DictionaryResult, feature: int) -> Plot | None:
    """Return how the logits move without a feature, and if it is doubled; None where that was not measured."""
    place = np.flatnonzero(result.chosen == feature)
    if not len(place):
        return None
    value, half = (a[place[0]] for a in (result.change.value, Z95 * result.change.error))
    series = tuple(
        Series(name, result.classes, value[k], (value - half)[k], (value + half)[k], colour=k, style="bars")
        for k, name in enumerate(("switched off", "doubled"))
    )
    sentence = ends(
        value[0], half[0], list(result.classes), most="Without it the logit rises most for", least="least for"
    )
    jets = int(result.change.jets[place[0]].max())
    title = f"Logits without it and if it is doubled, {jets} jets"
    return Plot(title, LOGIT, "", series, sentence=sentence, about="dictionary_logits")
