"""The share of each particle of one jet in a difference of logits: all that is added to its residual stream."""

from dataclasses import dataclass

import awkward as ak
import numpy as np

from part.analysis.attribution.target import requested_target
from part.analysis.circuits.direct_logits import logit_shares
from part.analysis.circuits.study import jet_weights
from part.errors import PartError
from part.inference.tagger import Tagger


@dataclass(frozen=True, eq=False)
class ParticleShares:
    """Shares in a difference of logits of one jet, with patterns, gates and the scales of norms held.

    Attributes
    ----------
    target : str
        The difference of logits, in words.
    particles : ndarray (N,)
        What embedding, heads and feed-forward parts add to each particle, as far as it reaches the logits.
    others : dict of str to float
        What is no particle's: the class token's initial state, feed-forward parts of class blocks, and the biases of
        the weights.
    total : float
        The difference of logits; particles and others add up to it.
    """

    target: str
    particles: np.ndarray
    others: dict[str, float]
    total: float


def particle_shares(tagger: Tagger, jet: ak.Array, target_class: str = "", contrast_class: str = "") -> ParticleShares:
    """Return the shares of the particles of one jet.

    Parameters
    ----------
    tagger : Tagger
    jet : ak.Array
        One jet, an array of length 1.
    target_class, contrast_class : str
        As in `part.analysis.circuits.study.DirectStudy`.

    Raises
    ------
    PartError
        If there is not exactly one jet, if the model has a global token, or as `logit_shares` does.
    """
    if len(jet) != 1:
        raise PartError(f"Expected an array of one jet, such as jets[0:1]; it holds {len(jet)}.")
    if getattr(tagger.config, "global_token", False):
        raise PartError(
            f"{tagger.name} has no shares of particles: its logits are read from a global token, to which heads add "
            "what they take of particles."
        )
    weights = jet_weights(tagger, jet, target_class, contrast_class)
    shares = logit_shares(tagger, jet, weights)
    others = {}
    if getattr(tagger.config, "class_layers", 0):
        others["class token"] = float(shares.class_token[0])
        ffn = enumerate(shares.class_ffn[0].tolist())
        others |= {f"class layer {layer + 1}, feed-forward": share for layer, share in ffn}
    others["constant"] = float(shares.constant[0])
    target = requested_target(tagger, target_class, contrast_class)
    predicted = tagger.dataset.titles[int(weights.argmax())] if target is None else ""
    title = f"{predicted} against all others" if target is None else target.title(tagger.dataset)
    particles = shares.tokens[0, shares.mask[0]].cpu().numpy().astype(np.float64)
    return ParticleShares(title, particles, others, float(shares.total[0]))
