"""The state of the page Sparsity."""

from dataclasses import dataclass

from app.state.selection import StudyState
from app.state.url import url_field, whole_number


@dataclass(frozen=True)
class SparsityState(StudyState):
    """The choices of Sparsity.

    Attributes
    ----------
    measure : str
        The quantity that is shown, "" for the first.
    k : int
        The number of keys that each query keeps.
    """

    measure: str = url_field("")
    k: int = url_field(3, whole_number(1, 10**4))
