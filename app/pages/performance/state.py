"""The state of the page Performance."""

from dataclasses import dataclass

from app.state.selection import MAX_MODELS
from app.state.url import texts, url_field, whole_number


@dataclass(frozen=True)
class PerformanceState:
    """The choices of Performance.

    Attributes
    ----------
    tab : str
        The tab that is shown, "" for the first.
    results : tuple of str
        The measurements that are shown, () for the newest.
    batch : int
        The number of jets of a pass that is shown in detail.
    measure : str
        What the bars of operators show.
    """

    tab: str = url_field("")
    results: tuple[str, ...] = url_field((), texts(MAX_MODELS))
    batch: int = url_field(64, whole_number(1, 10**6))
    measure: str = url_field("")
