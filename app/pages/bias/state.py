"""The state of the page Bias."""

from dataclasses import dataclass

from app.state.selection import StudyState
from app.state.url import number, url_field

LNZ, LNM2 = (-6.0, -0.7), (-6.0, 9.0)  # most pairs of a jet are within; z is at most 1/2


@dataclass(frozen=True)
class BiasState(StudyState):
    """The choices of Bias.

    Attributes
    ----------
    lnz, lnm2 : float
        The pairs whose bias is shown as a function; lnm2 is None for massless pairs.
    """

    lnz: float = url_field(-1.5, number(*LNZ))
    lnm2: float | None = url_field(None, number(*LNM2))
