"""The hypotheses about what a head attends to: each is a function that says which keys it means.

A hypothesis returns True for its keys, (J, N) where they are the same for all queries and (J, N, N) otherwise, or None
where the jets do not hold what it needs. A new one is a function and a line in HYPOTHESES.
Shapes: J jets, N tokens of the longest jet; queries come before keys.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from part.analysis.atlas.tokens import Tokens
from part.jets import kinematics
from part.jets.schema import SPECIES

DISPLACED = 3.0  # |d0| / σ of a displaced track
QUARTER = 4  # softest and wide-angle keys are one in four
_LEPTONS = (SPECIES.index("electron"), SPECIES.index("muon"))


@dataclass(frozen=True)
class Hypothesis:
    """What a head may attend to.

    Attributes
    ----------
    title : str
        The name of a head that does so.
    find_keys : callable
        Returns the keys that are meant, see the module.
    of_others : bool
        Whether a token's attention to itself is left out, since it would fulfil the hypothesis trivially.
    """

    title: str
    find_keys: Callable[[Tokens], np.ndarray | None]
    of_others: bool = False


def leading(tokens: Tokens) -> np.ndarray | None:
    """The token with the largest pT."""
    return None if tokens.pt is None else _largest(tokens.pt, tokens.mask, 1)


def softest(tokens: Tokens) -> np.ndarray | None:
    """The quarter of the tokens with the smallest pT."""
    return None if tokens.pt is None else _largest(-tokens.pt, tokens.mask, tokens.mask.sum(1) // QUARTER)


def wide_angle(tokens: Tokens) -> np.ndarray | None:
    """The quarter of the tokens furthest from the jet axis."""
    if tokens.angles is None:
        return None
    return _largest(np.hypot(*np.moveaxis(tokens.angles, -1, 0)), tokens.mask, tokens.mask.sum(1) // QUARTER)


def leptons(tokens: Tokens) -> np.ndarray | None:
    """Electrons and muons."""
    return np.isin(tokens.species, _LEPTONS) if (tokens.species >= 0).any() else None


def displaced(tokens: Tokens) -> np.ndarray | None:
    """Tracks with |d0| / σ above DISPLACED."""
    return None if tokens.significance is None else tokens.significance > DISPLACED


def charged(tokens: Tokens) -> np.ndarray | None:
    """Charged particles."""
    return None if tokens.charge is None else (tokens.charge != 0) & tokens.mask


def neutral(tokens: Tokens) -> np.ndarray | None:
    """Neutral particles."""
    return None if tokens.charge is None else (tokens.charge == 0) & tokens.mask


def vertices(tokens: Tokens) -> np.ndarray | None:
    """The tokens of further collections, such as secondary vertices."""
    return None if tokens.kind is None else tokens.kind > 0


def prongs(tokens: Tokens) -> np.ndarray | None:
    """The tokens of true prongs, matched by ΔR."""
    return tokens.prong >= 0 if (tokens.prong >= 0).any() else None


def same_prong(tokens: Tokens) -> np.ndarray | None:
    """The other tokens of the query's own true prong."""
    if not (tokens.prong >= 0).any():
        return None
    return (tokens.prong[:, :, None] == tokens.prong[:, None]) & (tokens.prong >= 0)[:, None]


def itself(tokens: Tokens) -> np.ndarray:
    """The query itself."""
    return np.eye(tokens.mask.shape[1], dtype=bool) & tokens.mask[:, None]


def same_subjet(tokens: Tokens) -> np.ndarray | None:
    """The other tokens of the query's own subjet."""
    return None if tokens.subjet is None else tokens.subjet[:, :, None] == tokens.subjet[:, None]


def other_subjet(tokens: Tokens) -> np.ndarray | None:
    """The tokens of other subjets than the query's."""
    return None if tokens.subjet is None else tokens.subjet[:, :, None] != tokens.subjet[:, None]


def nearest(tokens: Tokens) -> np.ndarray | None:
    """The tokens with the smallest ΔR from the query."""
    return None if tokens.distance is None else _largest(-tokens.distance, tokens.pairs, tokens.neighbours)


def largest_kt(tokens: Tokens) -> np.ndarray | None:
    """The tokens with the largest kT = min(pT) ΔR with the query."""
    pt, distance = tokens.pt, tokens.distance
    if pt is None or distance is None:
        return None
    return _largest(kinematics.kt(pt[:, :, None], pt[:, None], distance), tokens.pairs, tokens.neighbours)


def smallest_mass(tokens: Tokens) -> np.ndarray | None:
    """The tokens whose pair with the query has the smallest mass."""
    return None if tokens.m2 is None else _largest(-tokens.m2, tokens.pairs, tokens.neighbours)


def largest_mass(tokens: Tokens) -> np.ndarray | None:
    """The tokens whose pair with the query has the largest mass."""
    return None if tokens.m2 is None else _largest(tokens.m2, tokens.pairs, tokens.neighbours)


def same_charge(tokens: Tokens) -> np.ndarray | None:
    """For a charged query, the other particles with charge of its sign."""
    return None if tokens.charge is None else tokens.charge[:, :, None] * tokens.charge[:, None] > 0


def opposite_charge(tokens: Tokens) -> np.ndarray | None:
    """For a charged query, the particles with charge of the other sign."""
    return None if tokens.charge is None else tokens.charge[:, :, None] * tokens.charge[:, None] < 0


def _largest(values: np.ndarray, mask: np.ndarray, count: int | np.ndarray) -> np.ndarray:
    """Return whether each value (J, N) or (J, N, N) is among the `count` largest of its row, of what mask holds."""
    order = np.argsort(np.where(mask, -values, np.inf), -1, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(values.shape[-1]), -1)
    return mask & (rank < np.reshape(count, (-1,) + (1,) * (values.ndim - 1)))


HYPOTHESES: dict[str, Hypothesis] = {
    "leading": Hypothesis("leading pT", leading),
    "softest": Hypothesis("softest quarter", softest),
    "wide_angle": Hypothesis("wide-angle quarter", wide_angle),
    "leptons": Hypothesis("leptons", leptons),
    "displaced": Hypothesis("displaced tracks", displaced),
    "charged": Hypothesis("charged", charged),
    "neutral": Hypothesis("neutral", neutral),
    "vertices": Hypothesis("vertices", vertices),
    "prongs": Hypothesis("true prongs", prongs),
    "same_prong": Hypothesis("same true prong", same_prong, of_others=True),
    "itself": Hypothesis("itself", itself),
    "same_subjet": Hypothesis("same subjet", same_subjet, of_others=True),
    "other_subjet": Hypothesis("other subjets", other_subjet, of_others=True),
    "nearest": Hypothesis("nearest in ΔR", nearest, of_others=True),
    "largest_kt": Hypothesis("largest kT", largest_kt, of_others=True),
    "smallest_mass": Hypothesis("smallest m²", smallest_mass, of_others=True),
    "largest_mass": Hypothesis("largest m²", largest_mass, of_others=True),
    "same_charge": Hypothesis("same charge", same_charge, of_others=True),
    "opposite_charge": Hypothesis("opposite charge", opposite_charge, of_others=True),
}
