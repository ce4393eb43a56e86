"""The outputs of a model that are no classes but numbers, such as a regressed mass.

Shapes: J jets, T numbers.
"""

import awkward as ak
import numpy as np
import torch

from part.inference.checks import check_outputs
from part.inference.tagger import Tagger
from part.jets.features import make_batch, multiplicities
from part.models.numerics.precision import autocast


def predict_numbers(tagger: Tagger, jets: ak.Array, batch_size: int = 256) -> np.ndarray:
    """Return the outputs after those of the classes, as they are.

    Parameters
    ----------
    tagger : Tagger
    jets : ak.Array
        J jets as `part.read_jets` returns them.
    batch_size : int
        Jets per forward pass.

    Returns
    -------
    ndarray (J, T), float32
        In the order of `tagger.dataset.targets`, in the units of the training; T = 0 of a model that only classifies.

    Raises
    ------
    PartError
        If a branch that the model needs is missing, or if an output is not a finite number.
    """
    n_classes = len(tagger.dataset.labels)
    n_numbers = tagger.config.classes - n_classes
    numbers = np.empty((len(jets), n_numbers), np.float32)
    order = np.argsort(multiplicities(jets), kind="stable") if n_numbers else np.empty(0, int)
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        batch = make_batch(jets[rows], tagger.features).to(tagger.device)
        with torch.inference_mode(), autocast(tagger.precision, tagger.device):
            outputs = tagger.model(batch.x, batch.v, batch.mask)
        check_outputs(outputs, tagger.model, tagger.name, jets, rows)
        numbers[rows] = outputs[:, n_classes:].float().cpu().numpy()
    return numbers
