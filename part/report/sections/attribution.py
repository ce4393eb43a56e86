"""Which particles speak for the predicted class, by several methods, and how faithful these are."""

import numpy as np

from part.analysis.attribution.results import BY_PT
from part.figures.studies import study_charts
from part.report.content import Block, Paragraph, Section, Subheading
from part.report.measured import Measured
from part.report.words import jets_of, pictures, rounded


def section(measured: Measured) -> Section | None:
    if (result := measured.result("attribution")) is None:
        return None
    charts = study_charts("attribution", result)
    shown = pictures("attribution", charts, ("deletion", "insertion", "gains", "infidelity", "agreement", "species"))
    text = (
        "What is attributed is the log odds of each jet's predicted class. A faithful method finds the particles "
        "without which the probability falls (deletion) and with which alone it rises (insertion); random orders and "
        f"the order by pT are the yardsticks. Means over {jets_of(measured.studies['attribution'], measured)}, with "
        "intervals of 95 %."
    )
    blocks = (Paragraph(text), *filter(None, [shown]), *_partons(measured))
    return Section("attribution", "Attribution, and how faithful it is", blocks)


def _partons(measured: Measured) -> list[Block]:
    """Return how much of each attribution falls on the constituents of the true partons."""
    if (result := measured.result("truth")) is None:
        return []
    shown = pictures("truth", study_charts("truth", result), ("any_prong_shares", "any_prong_overlaps"))
    text = (
        "How much of each attribution, and of the attention of all heads, falls on the constituents of the true "
        f"partons, beside as many constituents at random. Means over {jets_of(measured.studies['truth'], measured)}."
    )
    return [Subheading("Whether it finds the partons"), Paragraph(text), shown] if shown else []


def summary(measured: Measured) -> list[str]:
    """Return the method of the largest gain by deletion, if it is better than the order by pT."""
    if (result := measured.result("attribution")) is None or BY_PT not in result.names:
        return []
    gain = result.means["deletion_gain"]
    methods = [i for i, name in enumerate(result.names) if name != BY_PT and np.isfinite(gain.value[i])]
    if not methods:
        return []
    best, pt = max(methods, key=lambda i: gain.value[i]), result.names.index(BY_PT)
    low, high = (end[best] for end in gain.interval)
    if not low > gain.interval[1][pt]:
        return []
    title, by_pt = result.titles[best], rounded(gain.value[pt], 2)
    text = f"{rounded(gain.value[best], 2)} [{rounded(low, 2)}, {rounded(high, 2)}]"
    return [f"Most faithful by deletion: {title}, an area of {text} below random orders; the order by pT has {by_pt}."]
