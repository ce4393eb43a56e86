"""How far the attributions of one jet can be believed, as charts."""

import numpy as np

from part.analysis.attribution.faithfulness import FRACTIONS
from part.analysis.attribution.jet_study import JetFindings
from part.figures.charts import Chart, Plot
from part.figures.studies import attribution


def charts(findings: JetFindings) -> dict[str, Chart]:
    return {
        "deletion": _curves("Deletion: lower is better", "removed", findings, findings.curves.deletion),
        "insertion": _curves("Insertion: higher is better", "put back", findings, findings.curves.insertion),
        "agreement": attribution.agreement(findings.names, findings.agreement),
        "infidelity": attribution.shares("Infidelity: 0 tells all, 1 nothing", findings.names, findings.infidelity),
        "sensitivity": attribution.shares("Sensitivity to inputs moved by 0.02", findings.names, findings.sensitivity),
    }


def _curves(title: str, done: str, findings: JetFindings, values: np.ndarray) -> Plot:
    """The random orders as their mean and the standard error of it."""
    methods, random = np.split(values, [len(findings.names)])
    error = np.full((len(methods) + 1, len(FRACTIONS)), np.nan)
    error[-1] = random.std(0, ddof=1) / len(random) ** 0.5
    means = np.concatenate((methods, random.mean(0, keepdims=True)))
    return attribution.curves(title, done, findings.names, means, error)
