"""The sidebar: which jets, which of them, which models."""

import streamlit as st

from app.services import files
from app.services import jets as samples
from app.services import models as backend
from app.state.resolve import Choice, bounds, can_be_wrong
from app.state.selection import MAX_MODELS, adopt, change, complain, mirror


def sidebar(choice: Choice, one_by_one: bool = True) -> None:
    """one_by_one: the page shows a jet at a time, and can look for one that is misclassified."""
    with st.sidebar:
        _file(choice)
        _filters(choice)
        if one_by_one:
            _misclassified(choice)
        st.caption(_count(choice))
        st.multiselect(
            "Models",
            choice.models,
            key=mirror("models", list(choice.selection.models)),
            on_change=adopt,
            args=("models", tuple),
            max_selections=MAX_MODELS,
            select_all=False,  # it would come first, and Enter take all that match what was typed
            help="Up to four side by side; @bf16 runs in bfloat16.",
        )


def _file(choice: Choice) -> None:
    chosen = choice.selection.file
    names = st.session_state.setdefault("upload_names", {})
    offered = files.listed()
    options = [*offered, *(name for name in names if name not in offered)]
    st.selectbox(
        "Jets",
        options if chosen in options else [chosen, *options],
        key=mirror("file"),
        format_func=lambda name: names.get(name, name),
        on_change=_adopt_file,
        help="Files below the data folder; type the beginning of a name to find it.",
    )
    with st.popover("Upload a file", width="stretch"):
        st.file_uploader(
            "ROOT, parquet, HDF5 or npz; what it is, its content decides",
            key="upload",
            on_change=_adopt_upload,
            max_upload_size=files.MAX_UPLOAD // 2**20,
        )


def _adopt_file() -> None:
    change(file=st.session_state["choose_file"], jet=0, particle=None, pt=None, n=None, classes=())


def _adopt_upload() -> None:
    """Take an upload only if it can be read; otherwise everything stays as it is."""
    upload = st.session_state["upload"]
    if upload is None:
        return
    name = shown = "".join(c for c in upload.name if c.isprintable())[:80]
    try:
        name = files.keep_upload(upload.getvalue())
        samples.sample(files.find(name))
    except backend.BadInput as error:
        complain(str(error).replace(name, shown))
        return
    st.session_state.setdefault("upload_names", {})[name] = shown
    change(file=name, jet=0, particle=None, pt=None, n=None, classes=())


def _filters(choice: Choice) -> None:
    selection, sample = choice.selection, choice.sample
    if sample.truth is not None:
        titles = dict(zip(sample.dataset.classes, sample.dataset.titles, strict=True))
        st.multiselect(
            "Classes",
            list(titles),
            key=mirror("classes", list(selection.classes)),
            format_func=titles.get,
            on_change=adopt,
            args=("classes", tuple),
            placeholder="All classes",
        )
    for field, label, values in (("pt", "Jet pT [GeV]", sample.pt), ("n", "Constituents", sample.n)):
        low, high = bounds(values)
        if low < high:
            now = getattr(selection, field) or (low, high)
            st.slider(label, low, high, key=mirror(field, now), on_change=adopt, args=(field, tuple))


def _misclassified(choice: Choice) -> None:
    st.toggle(
        "Misclassified only",
        key=mirror("wrong"),
        on_change=adopt,
        args=("wrong",),
        disabled=not can_be_wrong(choice.file, choice.sample, choice.selection.models[0]),
        help="By the first model; jets are classified on the way to the next one that is.",
    )


def _count(choice: Choice) -> str:
    passing, browsed, total = len(choice.candidates), len(choice.sample), choice.sample.total
    beyond = "" if total == browsed else f" (the first of {total:,})"
    return f"{passing:,} of {browsed:,} jets{beyond} pass".replace(",", " ")
