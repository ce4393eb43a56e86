"""The state of the page Explore."""

from dataclasses import dataclass

from app.services.library import view_options
from app.state.url import one_of, texts, url_field, whole_number

MAX_EDGES = 200
MAX_SHOWN = 8


@dataclass(frozen=True)
class ExploreState:
    """The choices of Explore.

    Attributes
    ----------
    quantity, scale : str
        What is drawn for each pair of query and key, and the scale of its colours, as in `part.figures.view.View`.
    edges : int
        The largest number of edges in the event display.
    shown_classes : tuple of str
        Classes whose bars are drawn whatever their probabilities.
    colour : str
        What the colours of the constituents in the event display stand for.
    """

    quantity: str = url_field("pattern", one_of(view_options.QUANTITIES), name="show")
    scale: str = url_field("log", one_of(view_options.SCALES))
    edges: int = url_field(40, whole_number(1, MAX_EDGES))
    shown_classes: tuple[str, ...] = url_field((), texts(MAX_SHOWN), name="shown")
    colour: str = url_field("subjet", one_of(view_options.COLOURS))
