"""What each kind of chart is: the quantity, its unit and scale, how to read it, and the paper that it is from.

A chart names its kind in `about`. The texts are at most `MAX_WORDS` long.
"""

from part.figures.about.atlas import ATLAS
from part.figures.about.attention import ATTENTION
from part.figures.about.attribution import ATTRIBUTION
from part.figures.about.circuits import CIRCUITS
from part.figures.about.dictionary import DICTIONARY
from part.figures.about.edges import EDGES
from part.figures.about.intervention import INTERVENTION
from part.figures.about.models import MODELS

MAX_WORDS = 60
TEXTS: dict[str, tuple[str, str]] = (
    ATLAS | ATTENTION | ATTRIBUTION | CIRCUITS | DICTIONARY | EDGES | INTERVENTION | MODELS
)


def explain(kind: str) -> str:
    """Return the explanation of a kind of chart with its paper, "" for no kind.

    Parameters
    ----------
    kind : str
        The `about` of a chart.

    Raises
    ------
    KeyError
        For a kind that has no explanation.
    """
    if not kind:
        return ""
    text, paper = TEXTS[kind]
    return f"{text} See {paper}." if paper else text
