"""The state of the page Circuits."""

from dataclasses import dataclass

from app.state.selection import StudyState
from app.state.url import flag, one_of, url_field, whole_number

SHOWN = 60  # edges that are drawn at first
MOST_SHOWN = 200


@dataclass(frozen=True)
class CircuitsState(StudyState):
    """The choices of Circuits.

    Attributes
    ----------
    corruption : str
        What the corrupted jet of a pair is, a name of `part.analysis.circuits.corruptions`.
    shown : int
        How many edges the graph shows, the strongest ones.
    between : str
        Which edges the graph shows: "" all, those from heads to heads ("heads"), or those of pair features through the
        bias ("features").
    edge : str
        The chosen edge, such as "L3H5-L6H2-q", "" for none.
    members : str
        What sets are made of, "heads" or "edges".
    replacement : str
        What replaces all that is not in a set: "mean", "zero" or "corrupted".
    size : int
        How many members the set has that is shown, 0 for the smallest one that keeps enough.
    of_class_token : bool
        Whether the heads of the class token are searched, too.
    feature : int or None
        The chosen feature of the dictionary, None for the most important one with a name.
    other : str
        The model whose layers are compared with those of the model, "" for the model itself.
    """

    corruption: str = url_field("class", name="corrupted")
    shown: int = url_field(SHOWN, whole_number(1, MOST_SHOWN), name="strongest")
    between: str = url_field("", one_of(("", "heads", "features")))
    edge: str = url_field("")
    members: str = url_field("heads", name="set")
    replacement: str = url_field("mean", name="others_give")
    size: int = url_field(0, whole_number(0, 10**6), name="set_size")
    of_class_token: bool = url_field(False, flag, name="class_token")
    feature: int | None = url_field(None, whole_number(1, 10**6), one_based=True)
    other: str = url_field("", name="with")
