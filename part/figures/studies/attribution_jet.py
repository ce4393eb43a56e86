"""Charts of how faithful the attributions of one jet are."""

import numpy as np

from part.analysis.attribution.faithfulness import FRACTIONS
from part.analysis.attribution.results import TITLES
from part.analysis.attribution.single_jet_study import JetAttributionResult
from part.figures.charts import Chart, Plot
from part.figures.sentences.attribution import area_of_jet
from part.figures.studies import attribution


def charts(result: JetAttributionResult) -> dict[str, Chart]:
    """Return all charts of a jet; methods of `attribution.alike` are left out."""
    left_out = attribution.alike(result.names, result.agreement)
    kept = [i for i, name in enumerate(result.names) if name not in left_out]
    names = tuple(result.names[i] for i in kept)
    infidelity, sensitivity = result.infidelity[kept], result.sensitivity[kept]
    return {
        "deletion": _curves("Deletion: lower is better", "removed", result, kept, result.curves.deletion),
        "insertion": _curves("Insertion: higher is better", "put back", result, kept, result.curves.insertion),
        "agreement": attribution.agreement(names, result.agreement[np.ix_(kept, kept)]),
        "infidelity": attribution.method_bars("Infidelity: 0 explains all, 1 nothing", "infidelity", names, infidelity),
        "sensitivity": attribution.method_bars(
            "Sensitivity to inputs moved by 0.02", "sensitivity", names, sensitivity
        ),
    }


def _curves(title: str, done: str, result: JetAttributionResult, kept: list[int], values: np.ndarray) -> Plot:
    """Return the curves of some methods, and the mean of the random orders with its standard error."""
    methods, random = np.split(values, [len(result.names)])
    methods, names = methods[kept], tuple(result.names[i] for i in kept)
    error = np.full((len(methods) + 1, len(FRACTIONS)), np.nan)
    error[-1] = random.std(0, ddof=1) / len(random) ** 0.5
    means = np.concatenate((methods, random.mean(0, keepdims=True)))
    areas, of_random = (np.trapezoid(curves, FRACTIONS, axis=1) for curves in (methods, random))
    titles = [TITLES[name] for name in names]
    sentence = area_of_jet(areas, of_random, titles, is_small_good=done == "removed") if names else ""
    return attribution.faithfulness_curves(title, done, names, means, error, sentence)
