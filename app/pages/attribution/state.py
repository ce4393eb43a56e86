"""The state of the page Attribution."""

from dataclasses import dataclass

from app.services.library import MATCHES, OF_HEADS
from app.state.selection import StudyState
from app.state.url import one_of, texts, url_field


@dataclass(frozen=True)
class AttributionState(StudyState):
    """The choices of Attribution.

    Attributes
    ----------
    method : str
        The method, "" for the first that the model supports.
    compared : tuple of str
        The methods of the studies of truth and physics, () for the cheap ones.
    match, prong_group : str
        How constituents are matched to prongs, and whose share is shown, "" for the first.
    particle_quantity, observable, of_heads : str
        The quantity of particles and the observable of jets that are shown, "" for kT and τ21, and the number of heads
        that is correlated with the latter.
    """

    method: str = url_field("")
    compared: tuple[str, ...] = url_field((), texts())
    match: str = url_field("deltaR", one_of(MATCHES))
    prong_group: str = url_field("", name="on")
    particle_quantity: str = url_field("", name="quantity")
    observable: str = url_field("")
    of_heads: str = url_field("entropy", one_of(OF_HEADS), name="number")
