"""The state of the page Compare."""

from dataclasses import dataclass

from app.state.selection import MAX_GROUPS, MAX_JETS, MAX_MODELS
from app.state.url import one_of, texts, url_field, whole_number

SECTIONS = ("overview", "roc", "confusion", "disagreement", "attention")


@dataclass(frozen=True)
class CompareState:
    """The choices of Compare.

    Attributes
    ----------
    n_compared : int
        The number of jets.
    section : str
        What is shown below the table.
    other_model : int
        The index of the model whose attention is compared with the first one's.
    merged : tuple of str
        Groups of classes, as texts, that count as one class each.
    background : str
        The class or group that rejections refer to, "" for the usual one.
    """

    n_compared: int = url_field(2000, whole_number(1, MAX_JETS), name="jets")
    section: str = url_field("overview", one_of(SECTIONS))
    other_model: int = url_field(1, whole_number(2, MAX_MODELS), name="against", one_based=True)
    merged: tuple[str, ...] = url_field((), texts(MAX_GROUPS), name="as_one")
    background: str = url_field("")
