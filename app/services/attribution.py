"""Attributions of single jets; with `backend` and `studying` that page's way into the library."""

import numpy as np
import streamlit as st

from app.services.files import JetFile
from app.services.jets import blocks, named
from app.services.models import run
from part.analysis.attribution.explained import Explained, chosen_target, explain
from part.analysis.attribution.findings import AttributionFindings
from part.analysis.attribution.jet_study import JetAttributionStudy, JetFindings
from part.analysis.attribution.methods import METHODS, Attribution, attribute, unsupported
from part.analysis.attribution.study import AttributionStudy
from part.figures.studies import attribution as charts
from part.figures.studies import attribution_jet as jet_charts
from part.inference.tagger import Tagger

__all__ = [
    "Attribution",
    "AttributionFindings",
    "AttributionStudy",
    "Explained",
    "JetAttributionStudy",
    "JetFindings",
    "charts",
    "jet_charts",
]
TITLES = {name: title for name, (title, _) in METHODS.items()}
SLOW = ("shapley",)  # only what Run finds
BY_INPUT = ("integrated", "integrated_momenta", "smoothgrad", "smoothgrad_momenta")


def refusals(model: Tagger) -> dict[str, str | None]:
    """By method, why the model cannot have it; None if it can."""
    return {method: unsupported(model, method) for method in METHODS}


def explained(file: JetFile, entry: int, model: Tagger, of: str, against: str) -> Explained:
    """A jet and what of it is explained, see `chosen_target`. Raises BadInput."""
    return _explained(file.sha256, entry, model.identity, of, against, file, model)


@st.cache_resource(max_entries=32, show_spinner=False)
def _explained(
    sha256: str, entry: int, weights: str, of: str, against: str, _file: JetFile, _model: Tagger
) -> Explained:
    _, jet = next(blocks(_file, np.array([entry]), 1))
    with named(_file):
        return run(explain, _model, jet, chosen_target(_model, of, against))


def found(file: JetFile, entry: int, model: Tagger, of: str, against: str, method: str) -> Attribution:
    """One of the quick methods on a jet. Raises BadInput."""
    return _found(file.sha256, entry, model.identity, of, against, method, file, model)


@st.cache_resource(max_entries=128, show_spinner=False)
def _found(
    sha256: str, entry: int, weights: str, of: str, against: str, method: str, _file: JetFile, _model: Tagger
) -> Attribution:
    return run(attribute, explained(_file, entry, _model, of, against), method)
