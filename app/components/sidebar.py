"""The sidebar: the file of jets, the filters and the models."""

import streamlit as st

from app.components.assumed import assumptions
from app.components.column_filters import column_filters
from app.components.messages import caption, grouped, plain
from app.components.models_menu import models_menu
from app.components.upload import upload_panel
from app.services import files, models
from app.services.library import left_out_sentence
from app.services.owners import jets_title
from app.state import session
from app.state.missing import is_shared
from app.state.resolve import ResolvedSelection, bounds, has_truth
from app.state.selection import FIRST_JET, JetSelection


def sidebar(resolved: ResolvedSelection, one_by_one: bool = True, says_assumptions: bool = True) -> None:
    """Draw the sidebar.

    Parameters
    ----------
    resolved : ResolvedSelection
        What is shown.
    one_by_one : bool
        Whether the page shows a single jet, and so can look for one that is misclassified.
    says_assumptions : bool
        Whether to say here what was assumed of the models.
    """
    with st.sidebar:
        _file(resolved)
        _filters(resolved)
        column_filters(resolved)
        if one_by_one:
            _misclassified(resolved)
        st.caption(_count(resolved))
        for text in resolved.sample.notes:
            st.caption(plain(text))
        models_menu(resolved)
        caption(left_out_sentence(models.left_out()))
        for slot, name in enumerate(resolved.selection.models if says_assumptions else ()):
            assumptions(name, resolved.file, slot)


def _file(resolved: ResolvedSelection) -> None:
    chosen, trees = files.without_tree(resolved.selection.file), files.trees_of(resolved.selection.file)
    options = [*files.listed(), *dict.fromkeys(upload.jets for upload in resolved.uploads if upload.jets)]
    st.selectbox(
        "Jets",
        options if chosen in options else [chosen, *options],
        format_func=lambda name: jets_title(name, resolved.uploads),
        help="Files below the data folder; type the beginning of a name to find it.",
        **session.bind_widget(JetSelection, "file", chosen, reset=FIRST_JET),
    )
    if trees:
        _tree(resolved.selection.file, trees)
    caption(left_out_sentence(files.list_readable()[1]))
    upload_panel(resolved.file, resolved.uploads)
    if not is_shared(resolved.selection, resolved.uploads):
        st.caption("Uploads are yours alone: a link to this view opens only in this browser.")


def _tree(chosen: str, names: tuple[str, ...]) -> None:
    """Choose one of the trees or tables of a file that has jets in several."""
    st.session_state["choose_tree"] = chosen
    st.selectbox(
        "Tree",
        names if chosen in names else (chosen, *names),  # a training's data config may name another one
        format_func=lambda name: name.rpartition(":")[2],
        key="choose_tree",
        on_change=_choose_tree,
    )


def _choose_tree() -> None:
    session.update(JetSelection, **FIRST_JET, file=st.session_state["choose_tree"])


def _filters(resolved: ResolvedSelection) -> None:
    selection, sample = resolved.selection, resolved.sample
    if sample.truth is not None and sample.dataset:
        titles = dict(zip(sample.dataset.classes, sample.dataset.titles, strict=True))
        st.multiselect(
            "Classes",
            list(titles),
            format_func=lambda name: titles[name],
            placeholder="All classes",
            **session.bind_widget(JetSelection, "classes", list(selection.classes), tuple),
        )
    for field, label, values in (("pt", "Jet pT [GeV]", sample.pt), ("n", "Constituents", sample.n[sample.kept])):
        low, high = bounds(values)
        if low < high:
            value = getattr(selection, field) or (low, high)
            st.slider(label, low, high, **session.bind_widget(JetSelection, field, value, tuple))


def _misclassified(resolved: ResolvedSelection) -> None:
    st.toggle(
        "Misclassified only",
        disabled=not has_truth(resolved.file, resolved.sample, resolved.selection.models[0]),
        help="By the first model; jets are classified on the way to the next one that is misclassified.",
        **session.bind_widget(JetSelection, "misclassified_only"),
    )


def _count(resolved: ResolvedSelection) -> str:
    sample = resolved.sample
    passing, browsed, total, kept = len(resolved.candidates), len(sample), sample.total, sample.n_kept
    beyond = "" if total == browsed else f" (the first of {grouped(total)})"
    if kept == browsed:
        return f"{grouped(passing)} of {grouped(browsed)} jets{beyond} pass"
    by = f"the data config {resolved.file.config.name}" if resolved.file.config else "the file"
    return f"{grouped(passing)} of {grouped(kept)} jets pass; {by} selects these from {grouped(browsed)}{beyond}"
