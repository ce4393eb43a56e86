"""A new run: the model, the jets and the most important choices, the command that they make, and the Start button."""

from typing import Any

import streamlit as st

from app.components.messages import line, note
from app.pages.train.state import TrainState
from app.services import runs
from app.services.files import ROOT
from app.services.library import PartError
from app.state import session


def form(is_busy: bool) -> None:
    """Draw the form.

    Parameters
    ----------
    is_busy : bool
        Whether a run is active.
    """
    if reason := runs.unavailable_reason():
        note(reason)
        return
    model = _model_row()
    values = model | _jets_row() | _numbers(**model)
    more = st.text_input(
        "Further options",
        key="new_more",
        placeholder="--start-from part-full --val-jets 2000",
        help="As on the command line; `python -m part train --help` lists them.",
    )
    allow_concurrent = is_busy and st.checkbox("Train beside the run that is active", key="new_together")
    argv = _check(values, more)
    disabled = argv is None or (is_busy and not allow_concurrent)
    st.button(
        "Start", key="start_run", type="primary", disabled=disabled, on_click=_start, args=(argv, allow_concurrent)
    )
    if is_busy and not allow_concurrent:
        st.caption("One run at a time, unless you tick the box above.")


def _check(values: dict[str, Any], more: str) -> list[str] | None:
    """Show the command that the form makes and return its arguments; or show why there is none."""
    if not all(values[name].strip() for name in ("train", "val")):
        note("Enter the jets to train on and to validate on. The commands simulate and download provide some.")
        return None
    try:
        argv = runs.form_arguments(values, more)
        runs.check_arguments(argv)
    except PartError as error:
        line('<p class="refused">{}</p>', str(error))
        return None
    st.container(key="new_command").code(runs.command(argv), language=None, wrap_lines=True)
    return argv


def _start(argv: list[str], allow_concurrent: bool) -> None:
    try:
        session.update(TrainState, run=runs.start(argv, allow_concurrent).name)
        st.session_state["new_name"] = ""  # the name is in use now
    except PartError as error:
        session.set_error(str(error))


def _model_row() -> dict[str, str]:
    left, middle, right = st.columns(3)
    dataset = left.selectbox("Dataset", runs.dataset_names(), key="new_dataset")
    model = middle.selectbox("Model", runs.architectures(), key="new_model")
    features = right.selectbox("Inputs", runs.feature_sets(dataset), key=f"new_features_{dataset}")
    return {"dataset": dataset, "model": model, "features": features}


def _jets_row() -> dict[str, str]:
    """Draw the fields of the jets, which start with those of the README's example if they exist."""
    about = "Files, folders or globs, separated by spaces; relative ones start in the project's folder."
    labels = {"train": ("Training jets", "data/train"), "val": ("Validation jets", "data/test")}
    values = {}
    for column, (name, (label, example)) in zip(st.columns(2), labels.items(), strict=True):
        default = example if (ROOT / example).is_dir() else ""
        values[name] = column.text_input(label, default, key=f"new_{name}", placeholder=example, help=about)
    return values


def _numbers(dataset: str, model: str, features: str) -> dict[str, Any]:
    """Draw the fields of name and numbers, which start with those of the published training."""
    published, key = runs.published_values(dataset, model), f"{dataset}_{model}"
    left, middle, right = st.columns(3)
    unused = runs.unused_name(model, features)
    name = left.text_input("Name", key="new_name", placeholder=unused)
    epochs = middle.number_input("Epochs", 1, 10_000, published["epochs"], key=f"new_epochs_{key}")
    jets = right.number_input(
        "Jets per epoch",
        1,
        None,
        published["jets_per_epoch"],
        key=f"new_jets_{key}",
        step=10_000,
        placeholder="all jets",
    )
    left, right = st.columns(2)
    batch_size = left.number_input("Batch size", 1, 10**6, published["batch_size"], key=f"new_batch_{key}")
    lr = published["lr"]
    rate = right.number_input("Learning rate", 0.0, 10.0, lr, key=f"new_lr_{key}", step=lr / 10, format="%g")
    return {
        "name": name.strip() or unused,
        "epochs": epochs,
        "jets_per_epoch": jets,
        "batch_size": batch_size,
        "lr": rate,
    }
