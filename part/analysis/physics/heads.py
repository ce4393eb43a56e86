"""A number of each head for each jet.

Shapes: J jets, L layers, H heads, N particles, C classes, A heads in a row.
"""

import awkward as ak
import numpy as np

from part.analysis.intervention.ablation import AblationTarget, ablate
from part.analysis.sparsity.measures import entropy, mean_over_queries
from part.inference.activations import normalised_patterns
from part.inference.forward import HEAD_OUTPUT, CachedForward
from part.inference.tagger import Tagger

ENTROPY, ABLATION = "entropy", "ablation"
OF_HEADS = (ENTROPY, ABLATION)
_TINY = np.finfo(np.float32).tiny


def head_numbers(tagger: Tagger, jets: ak.Array, quantity: str) -> np.ndarray:
    """Return a number of each head of the particle blocks (J, L, H).

    Parameters
    ----------
    tagger : Tagger
        A model whose particles attend to each other.
    jets : ak.Array
        J jets.
    quantity : str
        "entropy": of a query's attention, in nats, on average over the queries; NaN for a jet of one particle.
        "ablation": by how much the log odds of the predicted class move if the head's output is zero.
    """
    if quantity == ENTROPY:
        pattern, mask = normalised_patterns(tagger, jets)
        return mean_over_queries(entropy(pattern), mask)
    forward = CachedForward(tagger, jets, {HEAD_OUTPUT})
    layers, heads = tagger.config.layers, tagger.config.heads
    targets = [AblationTarget("head", layer, head) for layer in range(layers) for head in range(heads)]
    probabilities = ablate(forward, jets, targets).cpu().numpy().astype(np.float64)
    unchanged = forward.probabilities.cpu().numpy().astype(np.float64)
    predicted = unchanged.argmax(-1)
    change = np.abs(log_odds(probabilities, predicted) - log_odds(unchanged, predicted))
    return change.T.reshape(len(predicted), layers, heads)


def log_odds(probabilities: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Return ln p / (1 - p) of one class of each jet (J,), from probabilities (..., J, C).

    1 - p is summed over the other classes, which keeps the digits of a confident prediction.
    """
    is_class = np.arange(probabilities.shape[-1]) == index[:, None]
    own, others = (np.where(chosen, probabilities, 0).sum(-1) for chosen in (is_class, ~is_class))
    return np.log(np.maximum(own, _TINY)) - np.log(np.maximum(others, _TINY))
