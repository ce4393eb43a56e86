"""A new run: what to train on what, the command that this makes, and the button that starts it."""

import streamlit as st

from app.components.messages import line, note
from app.services import runs as training
from app.services.files import ROOT
from app.services.runs import DATASETS, MODELS
from app.state.selection import change, complain


def form(busy: bool) -> None:
    """busy: whether a run is running."""
    if reason := training.missing():
        note(reason)
        return
    what = _what()
    given = what | _on_what() | _how(**what)
    more = st.text_input(
        "Further options",
        key="new_more",
        placeholder="--start-from part-full --val-jets 2000",
        help="As on the command line; `python -m part train --help` lists them.",
    )
    together = busy and st.checkbox("Beside the run that is running", key="new_together")
    argv = _checked(given, more)
    idle = argv is None or (busy and not together)
    st.button("Start", key="start_run", type="primary", disabled=idle, on_click=_start, args=(argv, together))
    if busy and not together:
        st.caption("One run at a time, unless you say otherwise above.")


def _checked(given: dict, more: str) -> list[str] | None:
    """The arguments that the form makes, shown as the command they are; or None, and why they will not do."""
    if not all(given[name].strip() for name in ("train", "val")):
        note("Say which jets to train and to validate on. The commands simulate and download bring some.")
        return None
    try:
        argv = training.arguments(given, more)
        training.plan_of(argv)
    except training.BadInput as error:
        line('<p class="refused">{}</p>', str(error))
        return None
    st.container(key="new_command").code(training.command(argv), language=None, wrap_lines=True)
    return argv


def _start(argv: list[str], together: bool) -> None:
    try:
        change(run=training.start(argv, together).name)
        st.session_state["new_name"] = ""  # it is taken now
    except training.BadInput as error:
        complain(str(error))


def _what() -> dict:
    left, middle, right = st.columns(3)
    dataset = left.selectbox("Dataset", list(DATASETS), key="new_dataset")
    model = middle.selectbox("Model", MODELS, key="new_model")
    features = right.selectbox("Inputs", DATASETS[dataset].feature_sets, key=f"new_features_{dataset}")
    return {"dataset": dataset, "model": model, "features": features}


def _on_what() -> dict:
    """Files; those of the README's example if they are there."""
    about = "Files, folders or globs, with spaces between them; relative ones start in the project's folder."
    values = {}
    for column, name, label, usual in zip(
        st.columns(2), ("train", "val"), ("Training jets", "Validation jets"), ("data/train", "data/test"), strict=True
    ):
        value = usual if (ROOT / usual).is_dir() else ""
        values[name] = column.text_input(label, value, key=f"new_{name}", placeholder=usual, help=about)
    return values


def _how(dataset: str, model: str, features: str) -> dict:
    """Numbers; what the published training of the model says, unless changed."""
    usual, key = training.usual(dataset, model), f"{dataset}_{model}"
    left, middle, right = st.columns(3)
    free = training.free_name(model, features)
    name = left.text_input("Name", key="new_name", placeholder=free)
    epochs = middle.number_input("Epochs", 1, 10_000, usual["epochs"], key=f"new_epochs_{key}")
    jets = right.number_input(
        "Jets an epoch",
        1,
        None,
        usual["jets_per_epoch"],
        key=f"new_jets_{key}",
        step=10_000,
        placeholder="all there are",
    )
    left, right = st.columns(2)
    batch = left.number_input("Batch size", 1, 10**6, usual["batch_size"], key=f"new_batch_{key}")
    lr, step = usual["lr"], usual["lr"] / 10
    rate = right.number_input("Learning rate", 0.0, 10.0, lr, key=f"new_lr_{key}", step=step, format="%g")
    return {
        "name": name.strip() or free,
        "epochs": epochs,
        "jets_per_epoch": jets,
        "batch_size": batch,
        "lr": rate,
    }
