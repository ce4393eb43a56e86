"""What the page Sparsity needs of the library, beside `studying`: its studies, their charts, and a jet whose attention
is cut to the k strongest keys. Shapes: K values of k, C classes.
"""

import numpy as np
import streamlit as st

from app.services.files import JetFile
from app.services.jets import blocks, named
from app.services.models import run
from part.analysis.intervention.topk import TopK, probabilities_by_k
from part.analysis.sparsity.components import Components
from part.analysis.sparsity.findings import QUANTITIES
from part.analysis.sparsity.study import Sparsity
from part.figures.charts import colour_limits
from part.figures.studies import components as component_charts
from part.figures.studies import sparsity as charts
from part.figures.studies import topk as topk_charts
from part.inference.tagger import Tagger

__all__ = ["QUANTITIES", "Components", "Sparsity", "TopK", "charts", "colour_limits", "component_charts", "topk_charts"]


def cut(file: JetFile, entry: int, model: Tagger, ks: tuple[int, ...]) -> np.ndarray:
    """Probabilities (K, C) of a jet whose queries keep k keys. Raises BadInput for a model without such attention."""
    return _cut(file.sha256, entry, model.identity, ks, file, model)


@st.cache_resource(max_entries=64, show_spinner=False)
def _cut(sha256: str, entry: int, weights: str, ks: tuple[int, ...], _file: JetFile, _model: Tagger) -> np.ndarray:
    _, jet = next(blocks(_file, np.array([entry]), 1))
    with named(_file):
        return run(probabilities_by_k, _model, jet, ks)
