"""What the user has chosen: one frozen Selection, kept in the session and in the URL.

The Selection is the truth. Widgets mirror it: their callbacks write it, and each run sets them from it.
Layers, heads, particles and models count from 0 here, and from 1 in the URL. Jets count from 0, as in files.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import streamlit as st

from app.services.models import figures

MAX_MODELS = 4
MAX_EDGES = 200
MAX_COMPARED = 100_000  # jets
LNZ, LNM2 = (-6.0, -0.7), (-6.0, 9.0)  # most pairs of a jet are within; z is at most 1/2
INSTEAD, PATCHED, CORRUPTIONS = ("zero", "mean", "resample"), ("residual", "head", "pattern"), ("jet", "flavour")
EDITS = ("soft", "split", "drop", "rotate", "boost", "smear")
SECTIONS = ("overview", "roc", "confusion", "disagreement", "attention")


@dataclass(frozen=True)
class Selection:
    """file: a name for `files.find`, "" for the first. classes, pt (GeV), n (constituents), wrong: filters.

    particle: the chosen query, in file order, or None. focus: the model that a shared detail row shows.
    compared: how many jets models are compared on, section: what is shown of it, against: of which model.
    measure: which number of a head's sparsity, "" for the first; k: how many keys a query keeps.
    studied: how many jets a study takes, tab: what is shown of it, "" for the page's first.
    run: the training run that is looked at, "" for the first.
    target: what is ablated, "" for a head, instead: what heads give way to. patched: which part, donor: by which jet,
    None for one that is found, corruption: how. edit: of the jet, size: of it, None for a usual one.
    lnz, lnm2: of the pairs whose bias is shown as a function; lnm2 None for massless pairs.
    method: of attribution, "" for the first. explained: which class, "" for the predicted one; versus: "" for the rest.
    results: measurements of speed that are shown, () for the newest; batch: jets of a pass that is shown in detail.
    """

    file: str = ""
    jet: int = 0
    classes: tuple[str, ...] = ()
    pt: tuple[float, float] | None = None
    n: tuple[int, int] | None = None
    wrong: bool = False
    models: tuple[str, ...] = ()
    layer: int = 0
    head: int = 0
    quantity: str = "pattern"
    scale: str = "log"
    order: str = "pt"
    particle: int | None = None
    edges: int = 40
    focus: int = 0
    compared: int = 2000
    section: str = "overview"
    against: int = 1
    run: str = ""
    studied: int = 500
    tab: str = ""
    measure: str = ""
    k: int = 3
    lnz: float = -1.5
    lnm2: float | None = None
    target: str = ""
    instead: str = "zero"
    patched: str = "residual"
    donor: int | None = None
    corruption: str = "jet"
    edit: str = "soft"
    size: float | None = None
    method: str = ""
    explained: str = ""
    versus: str = ""
    results: tuple[str, ...] = ()
    batch: int = 64


DEFAULT = Selection()
OPENING = Selection(jet=8, layer=4, head=3)  # where the bare address leads: a t→bqq′ of the shipped sample
_URL_NAMES = {"classes": "class", "models": "model", "quantity": "show", "compared": "jets"}
_ONE_BASED = ("layer", "head", "particle", "focus", "against")


def to_url(selection: Selection) -> dict[str, str | list[str]]:
    """Query parameters; what has its default value is left out."""
    params = {}
    for field in fields(Selection):
        value = getattr(selection, field.name)
        if value == field.default:
            continue
        if field.name in ("pt", "n"):
            value = f"{value[0]:g}-{value[1]:g}"
        elif field.name in _ONE_BASED:
            value = str(value + 1)
        params[_URL_NAMES.get(field.name, field.name)] = list(value) if isinstance(value, tuple) else str(value)
    return params


def from_url(params: Mapping[str, list[str]]) -> Selection:
    """The inverse of `to_url`; a value that makes no sense falls back to its default, alone."""
    values = {}
    for field in fields(Selection):
        given = params.get(_URL_NAMES.get(field.name, field.name))
        if given:
            try:
                values[field.name] = _PARSERS[field.name](given)
            except ValueError:
                continue
    return Selection(**values)


def _number(low: int, high: int, offset: int = 0):
    def parse(given: list[str]) -> int:
        value = int(given[-1]) - offset
        if not low <= value <= high:
            raise ValueError
        return value

    return parse


def _real(low: float, high: float):
    def parse(given: list[str]) -> float:
        value = float(given[-1])
        if not low <= value <= high:
            raise ValueError
        return value

    return parse


def _choice(options: tuple[str, ...]):
    def parse(given: list[str]) -> str:
        if given[-1] not in options:
            raise ValueError
        return given[-1]

    return parse


def _range(kind: type):
    def parse(given: list[str]) -> tuple:
        low, high = (kind(text) for text in given[-1].split("-"))
        if not 0 <= low <= high < 1e9:
            raise ValueError
        return low, high

    return parse


def _texts(given: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in given if text))


_PARSERS = {
    "file": lambda given: given[-1],
    "jet": _number(0, 10**9),
    "classes": _texts,
    "pt": _range(float),
    "n": _range(int),
    "wrong": lambda given: given[-1] == "True",
    "models": lambda given: _texts(given)[:MAX_MODELS],
    "layer": _number(0, 99, 1),
    "head": _number(0, 99, 1),
    "quantity": _choice(figures.view.QUANTITIES),
    "scale": _choice(figures.view.SCALES),
    "order": _choice(figures.view.ORDERS),
    "particle": _number(0, 10**4, 1),
    "edges": _number(1, MAX_EDGES),
    "focus": _number(0, MAX_MODELS - 1, 1),
    "compared": _number(1, MAX_COMPARED),
    "section": _choice(SECTIONS),
    "against": _number(1, MAX_MODELS - 1, 1),
    "run": lambda given: given[-1],
    "studied": _number(1, MAX_COMPARED),
    "tab": lambda given: given[-1],
    "measure": lambda given: given[-1],
    "k": _number(1, 128),
    "lnz": _real(*LNZ),
    "lnm2": _real(*LNM2),
    "method": lambda given: given[-1],
    "explained": lambda given: given[-1],
    "versus": lambda given: given[-1],
    "target": lambda given: given[-1],
    "instead": _choice(INSTEAD),
    "patched": _choice(PATCHED),
    "donor": _number(0, 10**9),
    "corruption": _choice(CORRUPTIONS),
    "edit": _choice(EDITS),
    "size": _real(-1e3, 1e3),
    "results": lambda given: _texts(given)[:MAX_MODELS],
    "batch": _number(1, 10**6),
}


def load() -> Selection:
    """The session's selection; the URL's at first, and when the user went back or forward in history.

    A run that a choice caused may still see the URL of before, and another page leaves none: then the
    selection stands.
    """
    chosen = st.session_state.pop("chosen", False)
    url = _url()
    if "selection" not in st.session_state or (url and not chosen and url != st.session_state["url"]):
        st.session_state["selection"] = from_url(url) if url else OPENING
        st.session_state["url"] = url
    return st.session_state["selection"]


def store(selection: Selection) -> None:
    """Keep a selection and write it to the URL, if that changes."""
    st.session_state["selection"] = selection
    params = to_url(selection)
    url = {name: value if isinstance(value, list) else [value] for name, value in params.items()}
    st.session_state["url"] = url
    if _url() != url:
        st.query_params.from_dict(params)


def _url() -> dict[str, list[str]]:
    return {name: st.query_params.get_all(name) for name in st.query_params}


def complain(sentence: str) -> None:
    """Have the page say what was refused, until the next choice."""
    st.session_state["refused"] = sentence


def complaint() -> str | None:
    return st.session_state.get("refused")


def change(**values) -> None:
    """For callbacks: replace some choices; the run that follows checks them and writes the URL."""
    st.session_state.pop("refused", None)
    st.session_state["chosen"] = True
    st.session_state["selection"] = replace(st.session_state["selection"], **values)


def mirror(field: str, value=None) -> str:
    """Set a field's widget from the selection; its key. value: where the widget writes it differently."""
    key = f"choose_{field}"
    st.session_state[key] = getattr(st.session_state["selection"], field) if value is None else value
    return key


def adopt(field: str, convert=None) -> None:
    """The callback of a mirrored widget: its value becomes the selection's."""
    value = st.session_state[f"choose_{field}"]
    if value is not None:
        change(**{field: convert(value) if convert else value})
