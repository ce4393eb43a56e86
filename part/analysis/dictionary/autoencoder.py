"""A sparse autoencoder whose k strongest features alone are active, after arXiv:2406.04093.

Shapes: P tokens, D channels of an activation, M features.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class SparseDictionary(nn.Module):
    """Activations as sums of at most k of M directions of unit norm, with weights of 0 and more.

    Activations are centred and scaled to a mean variance of 1 per channel, as `calibrate` finds them, before anything
    else; the weights of features are in these units.

    Parameters
    ----------
    width : int
        D.
    features : int
        M.
    active : int
        k, the most features that a token has.

    Attributes
    ----------
    encoder, decoder : Parameter (M, D)
        The rows of the decoder count by their direction alone.
    centre : Parameter (D,)
        What is subtracted before the encoder and added after the decoder.
    mean, scale : Tensor (D,) and ()
        The mean of the activations and the root of their mean variance per channel.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, width: int, features: int, active: int):
        super().__init__()
        self.active = active
        directions = F.normalize(torch.randn(features, width), dim=-1)
        self.encoder, self.decoder = nn.Parameter(directions.clone()), nn.Parameter(directions)
        self.centre = nn.Parameter(torch.zeros(width))
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("scale", torch.ones(()))

    @property
    def features(self) -> int:
        return len(self.decoder)

    @property
    def width(self) -> int:
        return self.decoder.shape[1]

    @property
    def directions(self) -> Tensor:
        """The decoder's rows with unit norm (M, D)."""
        return F.normalize(self.decoder, dim=-1)

    @torch.no_grad()
    def calibrate(self, x: Tensor) -> None:
        """Take mean and scale from activations (P, D)."""
        self.mean.copy_(x.mean(0))
        self.scale.copy_((x - self.mean).square().mean().sqrt().clamp(min=1e-12))

    def standardise(self, x: Tensor) -> Tensor:
        """Return activations (..., D) in the units of the features."""
        return (x - self.mean) / self.scale

    def scores(self, z: Tensor) -> Tensor:
        """Return how strongly each feature answers (..., M) to standardised activations (..., D)."""
        return (z - self.centre) @ self.encoder.T

    def encode(self, x: Tensor) -> Tensor:
        """Return the weights of the features (..., M) in activations (..., D): of all but the k largest they are 0."""
        return keep_largest(self.scores(self.standardise(x)), self.active)

    def decode(self, weights: Tensor) -> Tensor:
        """Return the activations (..., D) that weights (..., M) stand for."""
        return (weights @ self.directions + self.centre) * self.scale + self.mean

    def reconstruct(self, x: Tensor) -> Tensor:
        """Return activations (..., D) as the dictionary writes them."""
        return self.decode(self.encode(x))

    def contribution(self, feature: int, weights: Tensor) -> Tensor:
        """Return what weights (...) of one feature add to activations (..., D)."""
        return weights[..., None] * self.directions[feature] * self.scale


def keep_largest(scores: Tensor, count: int) -> Tensor:
    """Return scores (..., M) with 0 in place of all but the `count` largest, and of negative ones."""
    top = scores.topk(min(count, scores.shape[-1]), dim=-1)
    return torch.zeros_like(scores).scatter(-1, top.indices, top.values.clamp(min=0))


def losses(dictionary: SparseDictionary, x: Tensor, dead: Tensor, auxiliary: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return what a training lowers for some activations.

    Parameters
    ----------
    dictionary : SparseDictionary
    x : Tensor (P, D)
        Activations.
    dead : Tensor (M,), bool
        Features that have not been active for long.
    auxiliary : int
        How many of these, the strongest of each token, are to explain what is left.

    Returns
    -------
    unexplained, auxiliary_loss : Tensor ()
        The mean squared error over the variance; and that of the error as dead features write it, relative to the
        error, which lets them learn something to do. It is 0 where none is dead.
    active : Tensor (M,), bool
        Which features were active.
    """
    z = dictionary.standardise(x)
    scores, directions = dictionary.scores(z), dictionary.directions
    weights = keep_largest(scores, dictionary.active)
    error = z - weights @ directions - dictionary.centre
    unexplained = error.square().mean()
    active = (weights > 0).any(0)
    n_dead = int(dead.sum())
    if not n_dead:
        return unexplained, unexplained.new_zeros(()), active
    of_dead = keep_largest(scores[:, dead], min(auxiliary, n_dead)) @ directions[dead]
    left = error.detach()
    return unexplained, (left - of_dead).square().mean() / left.square().mean().clamp(min=1e-12), active
