"""The state of the page Compare."""

from dataclasses import dataclass

from app.state.selection import MAX_GROUPS, MAX_JETS, MAX_MODELS
from app.state.url import one_of, texts, url_field, whole_number

SECTIONS = ("overview", "roc", "confusion", "disagreement", "attention", "heads", "columns", "sculpting")
EFFICIENCIES = ("0.5", "0.3")  # of the signal, at the working points on offer


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
    column : str
        The column that the quality is shown against, "" for none yet.
    signal : str
        The class of the working point, "" for the first.
    efficiency : str
        The signal efficiency of the working point, one of EFFICIENCIES.
    bins : int
        The number of bins of the column.
    slice : str
        A filter of `app.state.filters` on the jets that are shown of the result, "" for all.
    other_file : str
        The second sample of jets, for one model; "" for none.
    shown_class : str
        The class whose scores in both samples are shown, "" for the first.
    """

    n_compared: int = url_field(2000, whole_number(1, MAX_JETS), name="jets")
    section: str = url_field("overview", one_of(SECTIONS))
    other_model: int = url_field(1, whole_number(2, MAX_MODELS), name="against", one_based=True)
    merged: tuple[str, ...] = url_field((), texts(MAX_GROUPS), name="as_one")
    background: str = url_field("")
    column: str = url_field("", name="by")
    signal: str = url_field("")
    efficiency: str = url_field("0.5", one_of(EFFICIENCIES), name="at")
    bins: int = url_field(8, whole_number(2, 30))
    slice: str = url_field("")
    other_file: str = url_field("", name="second")
    shown_class: str = url_field("", name="score")
