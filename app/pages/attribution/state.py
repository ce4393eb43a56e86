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
    target_class, contrast_class : str
        The class that is explained, "" for the predicted one, and the class it is compared with, "" for all others.
    """

    method: str = url_field("")
    target_class: str = url_field("", name="explained")
    contrast_class: str = url_field("", name="versus")
