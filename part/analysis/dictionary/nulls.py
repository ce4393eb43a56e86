"""What features are compared with: random directions on the same activations."""

import numpy as np
import torch

from part.analysis.dictionary.autoencoder import SparseDictionary


def random_dictionary(trained: SparseDictionary, seed: int) -> SparseDictionary:
    """Return a dictionary of the same size with random directions, for activations of the same mean and scale."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made = SparseDictionary(trained.width, trained.features, trained.active)
    made.mean.copy_(trained.mean)
    made.scale.copy_(trained.scale)
    return made.requires_grad_(False).to(trained.mean.device)


def quantile_of_known(values: np.ndarray, share: float) -> np.ndarray:
    """Return the quantile of each column of values (M, K), of those that are known; 0 where none is."""
    known = np.isfinite(values)
    filled = np.where(known.any(0), values, 0.0)
    return np.nanquantile(filled, share, axis=0)
