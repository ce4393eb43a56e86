"""A jet whose attention is restricted to the k strongest keys.

Shapes: K values of k, C classes.
"""

import numpy as np

from app.services.caching import cached
from app.services.files import JetFile
from app.services.jets import error_context, jets_at
from app.services.models import run_on_model_thread
from part.analysis.intervention.topk import probabilities_by_k
from part.inference.tagger import Tagger


@cached(max_entries=64)
def keep_top_k(file: JetFile, entry: int, model: Tagger, ks: tuple[int, ...]) -> np.ndarray:
    """Return the probabilities (K, C) of a jet whose queries keep only k keys.

    Raises
    ------
    PartError
        If the particles of the model do not attend to each other.
    """
    jet = jets_at(file, [entry])
    with error_context(file):
        return run_on_model_thread(probabilities_by_k, model, jet, ks)
