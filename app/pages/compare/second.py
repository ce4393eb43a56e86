"""The second sample of jets, for one model on two samples."""

import numpy as np
import streamlit as st

from app.components.toolbar import file_title
from app.pages.compare.state import CompareState
from app.services import files
from app.services.library import PartError
from app.services.models import load_tagger
from app.services.owners import jets_title, may_open_jets
from app.services.two_samples import SamplesTask
from app.state import session
from app.state.filters import apply_filters
from app.state.find_file import read_file
from app.state.resolve import ResolvedSelection, passes_filters


def choose_second(resolved: ResolvedSelection) -> None:
    """Draw the widget that chooses the second file, one of those on offer or an upload of the visitor's."""
    uploads = [upload.jets for upload in resolved.uploads if upload.jets]
    chosen = session.read(CompareState).other_file
    names = [name for name in dict.fromkeys((*files.listed(), *uploads)) if name != resolved.selection.file]
    options = ["", *names] if chosen in ("", *names) else ["", chosen, *names]
    st.selectbox(
        "Second sample",
        options,
        format_func=lambda name: jets_title(name, resolved.uploads) or "Second sample …",
        label_visibility="collapsed",
        width=240,
        **session.bind_widget(CompareState, "other_file"),
    )


def second_sample(resolved: ResolvedSelection, name: str, n: int, entries: np.ndarray) -> SamplesTask:
    """Return the model on the first jets of both files that pass the filters.

    Raises PartError if the second file cannot be read, lacks a column that is filtered by, or has no jets that pass,
    and for an upload of another visitor.
    """
    if not may_open_jets(name, resolved.uploads):
        raise PartError(
            "The second sample is uploaded jets, which are not here: uploads open only in the browser that uploaded "
            "them, while they are kept; upload the file here."
        )
    model, selection = resolved.selection.models[0], resolved.selection
    file, sample = read_file(files.find(name), (model,))
    if sample.dataset != resolved.sample.dataset and selection.classes:
        raise PartError(f"{name} has other classes than {resolved.file.name}; expected the same, or no filter on them.")
    _, passing, error = apply_filters(selection.filters, file, sample)
    if error:
        raise PartError(error)
    own = np.flatnonzero(passes_filters(selection, sample) & passing)[:n]
    if not len(own):
        raise PartError(f"No jet of {name} passes the filters; expected at least one.")
    if not len(entries):
        raise PartError(f"No jet of {resolved.file.name} passes the filters; expected at least one.")
    first, second = file_title(resolved.file), file_title(file)
    sides = (resolved.file, entries, first), (file, own, second if second != first else f"{second} (second)")
    return SamplesTask(load_tagger(model, resolved.file), sides)
