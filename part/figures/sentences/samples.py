"""Whether two samples of a number differ."""

from part.analysis.statistics.histograms import SampleDivergence
from part.figures.sentences.numbers import short
from part.figures.sentences.significance import LEVEL


def divergence(found: SampleDivergence | None, what: str, comparisons: int) -> str:
    """Return how far two samples differ, if permutations of their jets seldom do, as one of several comparisons.

    Parameters
    ----------
    found : SampleDivergence or None
        None where there are too few jets.
    what : str
        The beginning of the sentence, which says that they differ.
    comparisons : int
        How many such pairs of samples are looked at.
    """
    if found is None or found.p_value * comparisons >= LEVEL:
        return ""
    p = short(found.p_value) if found.p_value >= 0.01 else "below 0.01"
    bits = f"{short(found.value)} bits (95 %: {short(found.low)} to {short(found.high)})"
    return f"{what}: Jensen-Shannon divergence {bits}, p {p}."
