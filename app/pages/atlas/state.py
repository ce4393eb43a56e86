"""The state of the page Atlas."""

from dataclasses import dataclass

from app.state.selection import StudyState
from app.state.url import flag, url_field


@dataclass(frozen=True)
class AtlasState(StudyState):
    """The choices of Atlas.

    Attributes
    ----------
    hypothesis : str
        The hypothesis that is shown for all heads, "" for the first.
    of_class_token : bool
        Whether the chosen head is one of the class token's.
    """

    hypothesis: str = url_field("")
    of_class_token: bool = url_field(False, flag, name="class_token")
