"""The state of the page Attribution."""

from dataclasses import dataclass

from app.state.selection import StudyState
from app.state.url import url_field


@dataclass(frozen=True)
class AttributionState(StudyState):
    """The choices of Attribution.

    Attributes
    ----------
    method : str
        The method, "" for the first that the model supports.
    """

    method: str = url_field("")
