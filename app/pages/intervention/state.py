"""The state of the page Intervention."""

from dataclasses import dataclass

from app.services.edits import EDITS
from app.services.library import COMPONENTS, CORRUPTIONS, REPLACEMENTS
from app.state.selection import StudyState
from app.state.url import number, one_of, url_field, whole_number


@dataclass(frozen=True)
class InterventionState(StudyState):
    """The choices of Intervention.

    Attributes
    ----------
    target, replacement : str
        What is ablated, "" for a head, and what replaces the outputs of heads.
    measure : str
        The measure of importance, "" for the first.
    component, donor, corruption
        What is patched, by which jet (None for a suitable one), and how that corrupts the chosen jet.
    edit, size
        The edit of the jet and its size, None for the default.
    """

    target: str = url_field("")
    replacement: str = url_field("zero", one_of(REPLACEMENTS), name="instead")
    measure: str = url_field("")
    component: str = url_field("residual", one_of(COMPONENTS), name="patched")
    donor: int | None = url_field(None, whole_number(0, 10**9))
    corruption: str = url_field("jet", one_of(CORRUPTIONS))
    edit: str = url_field("soft", one_of(tuple(EDITS)))
    size: float | None = url_field(None, number(-1e3, 1e3))
