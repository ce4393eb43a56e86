"""The pair embedding by itself: the bias it gives to features, and pairs drawn from jets.

Shapes: J jets, P pairs, H heads, F features of a pair: those that the model takes, in the published ParT lnkT, lnz, lnΔ
and lnm² (arXiv:2202.03772, eq. 3) of momenta in GeV.
"""

import zlib
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch

from part.errors import PartError
from part.inference.capabilities import require
from part.inference.tagger import Tagger
from part.jets.features import JetBatch
from part.models.config import ParTConfig
from part.models.model_config import ModelConfig
from part.models.numerics.precision import autocast
from part.models.pair import PairEmbed
from part.models.pair_features import features_of_pairs as compute_features
from part.models.pair_features import pair_features
from part.models.pair_inputs import PAIR_FEATURES, split_kind
from part.models.transformer import ParticleTransformer

_CHUNK = 16384  # pairs per call of the embedding


@dataclass(frozen=True, eq=False)
class Pairs:
    """P pairs of different particles.

    Attributes
    ----------
    jet, i, j : ndarray (P,)
        The jet of a batch and two particles of it, query and key.
    features : ndarray (P, F)
        What the model takes.
    kinematics : ndarray (P, 4)
        lnkT, lnz, lnΔ, lnm², whatever the model takes; NaN where vectors are positions.
    """

    jet: np.ndarray
    i: np.ndarray
    j: np.ndarray
    features: np.ndarray
    kinematics: np.ndarray

    def __len__(self) -> int:
        return len(self.jet)


def check_bias(tagger: Tagger) -> None:
    """Raise PartError for a model without interaction bias of pairs, or with one that cannot be computed here."""
    require(tagger, "interaction bias of pairs", "particles", "bias")
    if getattr(tagger.config, "extra_pair_features", 0):
        raise PartError(f"{tagger.name} takes further features of pairs, which no file here has.")


def check_scores(tagger: Tagger) -> None:
    """Raise PartError for a model whose logits are not the sum of q·k and an interaction bias."""
    require(tagger, "q·k to compare with its interaction bias", "particles", "bias", "qk")
    check_bias(tagger)


def pair_feature_names(tagger: Tagger) -> tuple[str, ...]:
    """Return the names of the features (F,) of a pair that a model takes."""
    return tuple(getattr(tagger.config, "pair_feature_names", ())) or PAIR_FEATURES


def check_lund_plane(tagger: Tagger) -> None:
    """Raise PartError for a model whose bias is no function over the Lund plane."""
    check_bias(tagger)
    if (names := pair_feature_names(tagger)) != PAIR_FEATURES:
        raise PartError(
            f"The bias of {tagger.name} is a function of {', '.join(names)}; only one of {', '.join(PAIR_FEATURES)} "
            "can be drawn over the Lund plane."
        )


def first_biased_layer(tagger: Tagger) -> int:
    """Return the first particle block that has the bias, counted from 0."""
    blocks = getattr(tagger.config, "biased_blocks", None)
    return min(blocks) if blocks else 0


def evaluate_bias(tagger: Tagger, features: np.ndarray) -> np.ndarray:
    """Return the bias (P, H) that each head adds to the logits of pairs with features (P, F), in all layers."""
    rows = torch.from_numpy(np.asarray(features, np.float32)).to(tagger.device)
    pair_embed = cast(PairEmbed, cast(ParticleTransformer, tagger.model).pair_embed)
    with torch.inference_mode(), autocast(tagger.precision, tagger.device):
        biases = [pair_embed.embed(chunk).float() for chunk in rows.split(_CHUNK)]
    return torch.cat(biases).cpu().numpy()


def make_pairs(
    batch: JetBatch, jet: np.ndarray, i: np.ndarray, j: np.ndarray, config: ModelConfig | None = None
) -> Pairs:
    """Return particles i and j (P,) of jets (P,) with their features as a model computes them, see `all_pairs`."""
    # The model takes the later particle first; in the other order the last digit may differ.
    first, second = (batch.v[jet, index].float() for index in (np.maximum(i, j), np.minimum(i, j)))
    with torch.inference_mode():
        kinematics = pair_features(first, second).cpu().numpy()
        if not isinstance(config, ParTConfig) or config.pair_feature_names in ((), PAIR_FEATURES):
            return Pairs(jet, i, j, kinematics, kinematics)
        if not config.symmetric_pairs:
            first, second = (batch.v[jet, index].float() for index in (i, j))
        features = compute_features(config.pair_features, config.pair_inputs, first, second)
    if split_kind(config.pair_features)[0] == "xyzt":  # then vectors are positions
        kinematics = np.full_like(kinematics, np.nan)
    return Pairs(jet, i, j, features.cpu().numpy(), kinematics)


def all_pairs(batch: JetBatch, config: ModelConfig | None = None) -> Pairs:
    """Return all ordered pairs of different particles, with the features that `config` takes or the published ones."""
    real = batch.mask[:, :, None] & batch.mask[:, None, :]
    real &= ~torch.eye(real.shape[-1], dtype=torch.bool, device=real.device)
    jet, i, j = (index.cpu().numpy() for index in real.nonzero(as_tuple=True))
    return make_pairs(batch, jet, i, j, config)


def draw_pairs(batch: JetBatch, count: int, seed: int, config: ModelConfig | None = None) -> tuple[Pairs, np.ndarray]:
    """Draw `count` pairs of different particles from each jet, with replacement, and a random number (P,) for each.

    The jet's momenta seed the draw, so it does not depend on the order of the jets or on the batch. A jet of one
    particle has no pairs.
    """
    drawn = [_draw(jet, momenta, count, seed) for jet, momenta in enumerate(_momenta(batch)) if len(momenta) > 1]
    jet, i, j, chance = (np.concatenate(column) for column in zip(_empty(), *drawn, strict=True))
    return make_pairs(batch, jet, i, j, config), chance


def _momenta(batch: JetBatch) -> list[np.ndarray]:
    return [v[real].cpu().numpy() for v, real in zip(batch.v, batch.mask, strict=True)]


def _draw(jet: int, momenta: np.ndarray, count: int, seed: int) -> tuple[np.ndarray, ...]:
    rng, n = np.random.default_rng((seed, zlib.crc32(momenta.tobytes()))), len(momenta)
    i = rng.integers(0, n, count)
    j = (i + rng.integers(1, n, count)) % n
    return np.full(count, jet), i, j, rng.random(count)


def _empty() -> tuple[np.ndarray, ...]:
    return (*(np.zeros(0, np.int64) for _ in range(3)), np.zeros(0))
