"""The pair embedding by itself: the bias it gives to features, and pairs drawn from jets.

Shapes: J jets, P pairs, H heads; the four features are those of `PAIR_FEATURES`, lnkT, lnz, lnΔ, lnm²
(arXiv:2202.03772, eq. 3), of momenta in GeV.
"""

import zlib
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch

from part.inference.capabilities import require
from part.inference.tagger import Tagger
from part.jets.features import JetBatch
from part.models.numerics.precision import autocast
from part.models.pair import PairEmbed, pair_features
from part.models.transformer import ParticleTransformer

_CHUNK = 16384  # pairs per call of the embedding


@dataclass(frozen=True, eq=False)
class Pairs:
    """P pairs: jet, i, j (P,), the jet of a batch and two different particles of it, and their features (P, 4)."""

    jet: np.ndarray
    i: np.ndarray
    j: np.ndarray
    features: np.ndarray

    def __len__(self) -> int:
        return len(self.jet)


def check_bias(tagger: Tagger) -> None:
    """Raise PartError for a model whose pairs of particles have no interaction bias."""
    require(tagger, "interaction bias of pairs", "particles", "bias")


def check_scores(tagger: Tagger) -> None:
    """Raise PartError for a model whose logits are not the sum of q·k and an interaction bias."""
    require(tagger, "q·k to compare with its interaction bias", "particles", "bias", "qk")


def evaluate_bias(tagger: Tagger, features: np.ndarray) -> np.ndarray:
    """Return the bias (P, H) that each head adds to the logits of pairs with features (P, 4), in all layers."""
    rows = torch.from_numpy(np.asarray(features, np.float32)).to(tagger.device)
    pair_embed = cast(PairEmbed, cast(ParticleTransformer, tagger.model).pair_embed)
    with torch.inference_mode(), autocast(tagger.precision, tagger.device):
        biases = [pair_embed.embed(chunk).float() for chunk in rows.split(_CHUNK)]
    return torch.cat(biases).cpu().numpy()


def features_of_pairs(batch: JetBatch, jet: np.ndarray, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """Return the features (P, 4) of particles i and j (P,) of jets (P,), as the model computes them."""
    # The model takes the later particle first; in the other order the last digit may differ.
    first, second = np.maximum(i, j), np.minimum(i, j)
    with torch.inference_mode():
        return pair_features(batch.v[jet, first].float(), batch.v[jet, second].float()).cpu().numpy()


def all_pairs(batch: JetBatch) -> Pairs:
    """Return all ordered pairs of different particles."""
    real = batch.mask[:, :, None] & batch.mask[:, None, :]
    real &= ~torch.eye(real.shape[-1], dtype=torch.bool, device=real.device)
    jet, i, j = (index.cpu().numpy() for index in real.nonzero(as_tuple=True))
    return Pairs(jet, i, j, features_of_pairs(batch, jet, i, j))


def draw_pairs(batch: JetBatch, count: int, seed: int) -> tuple[Pairs, np.ndarray]:
    """Draw `count` pairs of different particles from each jet, with replacement, and a random number (P,) for each.

    The jet's momenta seed the draw, so it does not depend on the order of the jets or on the batch. A jet of one
    particle has no pairs.
    """
    drawn = [_draw(jet, momenta, count, seed) for jet, momenta in enumerate(_momenta(batch)) if len(momenta) > 1]
    jet, i, j, chance = (np.concatenate(column) for column in zip(_empty(), *drawn, strict=True))
    return Pairs(jet, i, j, features_of_pairs(batch, jet, i, j)), chance


def _momenta(batch: JetBatch) -> list[np.ndarray]:
    return [v[real].cpu().numpy() for v, real in zip(batch.v, batch.mask, strict=True)]


def _draw(jet: int, momenta: np.ndarray, count: int, seed: int) -> tuple[np.ndarray, ...]:
    rng, n = np.random.default_rng((seed, zlib.crc32(momenta.tobytes()))), len(momenta)
    i = rng.integers(0, n, count)
    j = (i + rng.integers(1, n, count)) % n
    return np.full(count, jet), i, j, rng.random(count)


def _empty() -> tuple[np.ndarray, ...]:
    return (*(np.zeros(0, np.int64) for _ in range(3)), np.zeros(0))
