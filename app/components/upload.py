"""The upload of jets, or of a training: its weights, data config and network file, with or without jets."""

from collections.abc import Sequence
from functools import partial
from itertools import chain

import streamlit as st

from app.components.assumed import draw_assumptions
from app.components.guard import callback
from app.components.messages import line, plain, said
from app.components.titles import model_title
from app.services import files, fitting, owners, uploads
from app.services.assumptions import measure
from app.services.jets import load_sample
from app.services.library import PartError
from app.services.models import load_assumed, read_by
from app.services.uploads import Uploaded
from app.state import session
from app.state.find_file import read_file
from app.state.selection import FIRST_JET, JetSelection
from app.state.visitor import visitor

SAID = ("model", "classes", "missing", "assumed", "but")  # what is shown of all files together
MAX_RECENT = 8
HELP = (
    "Jets in ROOT, parquet, HDF5 or npz; a training with its weights (.pt), data config (.yaml) and network file "
    "(.py), all at once. The content decides what each file is. No other visitor can list or open them."
)


def upload_panel(file: files.JetFile, recent: Sequence[Uploaded]) -> None:
    """Draw the upload, and what was opened before.

    Parameters
    ----------
    file : JetFile
        The jets that are shown, on which an uploaded training opens if none come with it.
    recent : sequence of Uploaded
        What the visitor opened, the newest first.
    """
    opened = st.session_state.setdefault("uploads_opened", 0)  # new widgets after each, closed and empty
    with st.popover("Upload jets or a training", width="stretch", key=f"upload_panel_{opened}"):
        st.file_uploader(
            "Files that belong together",
            key=_key(),
            accept_multiple_files=True,
            on_change=_on_upload,
            max_upload_size=uploads.MAX_UPLOAD // 2**20,
            help=HELP,
        )
        if refused := st.session_state.get("upload_refused"):
            st.error(plain(said(refused)))
        uploaded = st.session_state.get("uploaded")
        if uploaded is not None:
            _understood(uploaded, file)
        elif recent:
            st.caption("Opened before")
            for number, upload in enumerate(recent[:MAX_RECENT]):
                title = " · ".join((model_title(upload.model) if upload.model else upload.jets_title, *_about(upload)))
                st.button(plain(title), key=f"recent_{number}", width="stretch", on_click=_open, args=(upload,))


def _about(uploaded: Uploaded) -> list[str]:
    """Return what tells a training from others: its network."""
    return uploaded.page.sections[-1].texts("model") if uploaded.page else []


def _understood(uploaded: Uploaded, file: files.JetFile) -> None:
    """Offer to open a training if nothing is missing, with its open choices, and say what its files are."""
    problem = _problem(uploaded, file)
    if problem:
        st.warning(plain(problem))
    else:
        st.button("Open", key="open_upload", type="primary", width="stretch", on_click=_open_chosen, args=(uploaded,))
        _choices(uploaded, file)
    for text in uploaded.problems:
        st.warning(plain(text))
    assert uploaded.page is not None
    *alone, together = uploaded.page.sections
    if not together.title.startswith("Together"):
        alone, together = uploaded.page.sections, None
    said = [("<b>{}</b> {}", section.title, "; ".join(section.texts("is"))) for section in alone]
    for section in [together] if together else alone:
        said += [
            ("<span>{}</span> {}", about, text) for about, text in section.rows if about in SAID and text != problem
        ]
    line("".join(f"<p class='upload'>{markup}</p>" for markup, *_ in said), *chain(*(texts for _, *texts in said)))


def _choices(uploaded: Uploaded, file: files.JetFile) -> None:
    """Draw what was assumed of a training, with a switch and accuracies where it can be tried."""
    assert uploaded.model is not None
    try:
        jets = files.find(uploaded.jets) if uploaded.jets else file
        measure(uploaded.model, jets)
    except PartError:
        return  # opening says why the training cannot read the jets
    name = st.session_state.get("uploaded_as", uploaded.model)
    draw_assumptions(name, jets, "assumed_upload", partial(st.session_state.__setitem__, "uploaded_as"))


def _problem(uploaded: Uploaded, file: files.JetFile) -> str | None:
    """Return why a training cannot be opened, alone or on its jets, or None."""
    if uploaded.model is None:
        return "The weights are missing: add the state dict that weaver-core wrote (.pt)."
    try:
        load_assumed(uploaded.model, file)
        if uploaded.jets:
            load_sample(read_by(uploaded.model, files.find(uploaded.jets)))
    except PartError as error:
        return uploads.shown_sentence(error, uploaded)
    return None


def _key() -> str:
    return f"upload{st.session_state['uploads_opened'] or ''}"


@callback
def _on_upload() -> None:
    """Choose jets alone if they can be read, and show what a training is; otherwise nothing changes."""
    _forget()
    session.clear_error()
    given = [(_shown(upload.name), upload) for upload in st.session_state[_key()]]
    if not given:
        return
    uploaded = uploads.keep(given)
    if uploaded.page is not None:
        st.session_state["uploaded"] = uploaded
    elif uploaded.jets is not None:
        _open(uploaded)
    else:
        _refuse(uploaded.problems[0])


@callback
def _open_chosen(uploaded: Uploaded) -> None:
    """Open a training as the user chose to read it."""
    _open(uploaded, st.session_state.get("uploaded_as"))


@callback
def _open(uploaded: Uploaded, model: str | None = None) -> None:
    """Choose what was uploaded; a training opens alone, on the jets that came with it.

    Parameters
    ----------
    uploaded : Uploaded
        The jets, the training, or both.
    model : str, optional
        The training's name with the user's choices.
    """
    models = (model or uploaded.model,) if uploaded.model else session.read(JetSelection).models
    changes = {"models": models} if uploaded.model else {}
    if uploaded.jets:
        try:
            read_file(files.find(uploaded.jets), models)
        except PartError as error:
            _refuse(uploads.shown_sentence(error, uploaded))
            return
        changes |= {"file": uploaded.jets, **FIRST_JET}
        if not uploaded.model:
            changes["models"] = _models_that_fit(models, files.find(files.with_tree(uploaded.jets)))
    owners.add(visitor(), uploaded)
    _forget()
    st.session_state["uploads_opened"] += 1
    session.update(JetSelection, **changes)


def _models_that_fit(models: tuple[str, ...], file: files.JetFile) -> tuple[str, ...]:
    """Return those of the chosen models that can read a file, or the first that can, and say what others need."""
    chosen = fitting.first_choice(models, file)
    for name in models:
        if name not in chosen and (sentence := fitting.lacks_sentence(name, model_title(name), file)):
            st.toast(plain(f"{sentence}; {', '.join(map(model_title, chosen))} reads them."))
    return chosen


def _refuse(sentence: str) -> None:
    """Say why nothing was opened, in the panel, which stays open in front of the page."""
    st.session_state["upload_refused"] = sentence


def _forget() -> None:
    for key in ("uploaded", "uploaded_as", "upload_refused"):
        st.session_state.pop(key, None)


def _shown(name: str) -> str:
    """Return the name of a file as it is shown: without what cannot be printed, and not too long."""
    return "".join(character for character in name if character.isprintable())[:80]
