"""The pair embedding by itself: which models have one, pairs drawn from jets, and the bias that features give.

Shapes: J jets, P pairs, H heads; the four features are those of `PAIR_FEATURES`, lnkT, lnz, lnΔ, lnm²
(arXiv:2202.03772, eq. 3), of momenta in GeV.
"""

import zlib
from dataclasses import dataclass

import numpy as np
import torch

from part.errors import PartError
from part.inference.tagger import Tagger
from part.jets.features import JetBatch
from part.models.config import LinParTConfig, ParTConfig
from part.models.numerics.precision import running_in
from part.models.pair import PAIR_FEATURES, pair_features

__all__ = ["PAIR_FEATURES", "Pairs", "all_pairs", "bias_of", "check_bias", "check_scores", "draw_pairs", "features_of"]
_ROWS = 16384  # pairs that the embedding takes at a time


@dataclass(frozen=True, eq=False)
class Pairs:
    """jet, i, j (P,): the jet of a batch and two different particles of it. features (P, 4)."""

    jet: np.ndarray
    i: np.ndarray
    j: np.ndarray
    features: np.ndarray

    def __len__(self) -> int:
        return len(self.jet)


def check_bias(tagger: Tagger) -> None:
    """Raises PartError, in one sentence, for a model that has no interaction bias of pairs of particles."""
    if not isinstance(tagger.config, ParTConfig):
        raise PartError(f"{tagger.name} has no attention between particles, so it has no interaction bias.")
    if isinstance(tagger.config, LinParTConfig):
        raise PartError(f"The particles of {tagger.name} attend to slots, so their pairs have no bias of their own.")
    if tagger.model.pair_embed is None:
        raise PartError(f"{tagger.name} has no interaction bias; its attention is q·k alone.")


def check_scores(tagger: Tagger) -> None:
    """As `check_bias`, and for a model that has nothing to hold the bias against."""
    check_bias(tagger)
    if tagger.config.model == "PairAttn":
        raise PartError(f"{tagger.name} has no q·k to hold the bias against; its attention is the bias alone.")


def bias_of(tagger: Tagger, features: np.ndarray) -> np.ndarray:
    """Features (P, 4) -> the bias that each head adds to the logits of such a pair (P, H), the same in all layers."""
    rows = torch.from_numpy(np.asarray(features, np.float32)).to(tagger.device)
    with torch.inference_mode(), running_in(tagger.precision, tagger.device):
        parts = [tagger.model.pair_embed.embed(some).float() for some in rows.split(_ROWS)]
    return torch.cat(parts).cpu().numpy()


def features_of(batch: JetBatch, jet: np.ndarray, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """Features (P, 4) of pairs of particles i, j (P,) of jets (P,), as the model computes them."""
    # The model takes the later particle first; the other way round the last digit may differ.
    first, second = np.maximum(i, j), np.minimum(i, j)
    with torch.inference_mode():
        return pair_features(batch.v[jet, first].float(), batch.v[jet, second].float()).cpu().numpy()


def all_pairs(batch: JetBatch) -> Pairs:
    """Both ways round."""
    real = batch.mask[:, :, None] & batch.mask[:, None, :]
    real &= ~torch.eye(real.shape[-1], dtype=torch.bool, device=real.device)
    jet, i, j = (index.cpu().numpy() for index in real.nonzero(as_tuple=True))
    return Pairs(jet, i, j, features_of(batch, jet, i, j))


def draw_pairs(batch: JetBatch, count: int, seed: int) -> tuple[Pairs, np.ndarray]:
    """`count` pairs of two different particles of each jet, with replacement, and a random number of each (P,).

    A jet's momenta and the seed decide, so that it does not matter in which order or company jets come. A jet of one
    particle has no pairs.
    """
    drawn = [_draw(jet, momenta, count, seed) for jet, momenta in enumerate(_momenta(batch)) if len(momenta) > 1]
    jet, i, j, chance = (np.concatenate(column) for column in zip(_nothing(), *drawn, strict=True))
    return Pairs(jet, i, j, features_of(batch, jet, i, j)), chance


def _momenta(batch: JetBatch) -> list[np.ndarray]:
    return [v[real].cpu().numpy() for v, real in zip(batch.v, batch.mask, strict=True)]


def _draw(jet: int, momenta: np.ndarray, count: int, seed: int) -> tuple[np.ndarray, ...]:
    rng, n = np.random.default_rng((seed, zlib.crc32(momenta.tobytes()))), len(momenta)
    i = rng.integers(0, n, count)
    j = (i + rng.integers(1, n, count)) % n
    return np.full(count, jet), i, j, rng.random(count)


def _nothing() -> tuple[np.ndarray, ...]:
    return (*(np.zeros(0, np.int64) for _ in range(3)), np.zeros(0))
