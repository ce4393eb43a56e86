"""The shares of one jet's prongs in its importance, beside those of shuffled prongs.

Shapes: N particles, G groups of particles that the jet has.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import awkward as ak
import numpy as np

from part.analysis.attribution.importance import normalised
from part.analysis.truth.overlap import ANY, FURTHER, LEADING, RANKS, auc, group_members, shares, top_overlap
from part.analysis.truth.prongs import find_prongs
from part.jets.pdg import symbol

SHUFFLES = 2000


@dataclass(frozen=True, eq=False)
class JetProngs:
    """The shares of one jet's prongs.

    Parameters
    ----------
    groups : tuple of str (G,)
        The prongs that the jet has, by falling pT with their symbols, and "no prong".
    expected : ndarray (G,)
        The share of the particles, which is that of a shuffled prong on average.
    shares : dict of str to ndarray (G,)
        By the name of the importance.
    shuffled_intervals : dict of str to (ndarray, ndarray)
        The ends of the central 95 % of shuffled prongs.
    auc, overlap : dict of str to float
        How well the importance tells the particles of prongs from others, see `overlap.auc` and
        `overlap.top_overlap`; NaN where all or none belong to a prong.
    """

    groups: tuple[str, ...]
    expected: np.ndarray
    shares: dict[str, np.ndarray]
    shuffled_intervals: dict[str, tuple[np.ndarray, np.ndarray]]
    auc: dict[str, float]
    overlap: dict[str, float]


def jet_prongs(
    jet: ak.Array, importance: Mapping[str, np.ndarray], by: str = "deltaR", seed: int = 0
) -> JetProngs | None:
    """Return the shares of a jet's prongs, or None if its prongs are not known.

    Parameters
    ----------
    jet : ak.Array
        An array of one jet.
    importance : mapping of str to ndarray (N,)
        Numbers by name, whose sizes count.
    by : str
        How constituents are matched, see `prongs.find_prongs`.
    seed : int
        The seed of the shuffles.
    """
    prongs = find_prongs(jet, by)
    if not prongs.count[0]:
        return None
    mask = np.ones_like(prongs.index, bool)
    members, has_group = group_members(prongs, mask)
    present = LEADING + np.flatnonzero(has_group[0, LEADING : len(RANKS)])
    values = normalised(np.abs(np.stack(list(importance.values()))))[None]
    observed = shares(values, members)[0][:, present]
    rng = np.random.default_rng(seed)
    orders = rng.permuted(np.tile(np.arange(mask.shape[1]), (SHUFFLES, 1)), axis=1)
    shuffled = np.stack([v[orders] @ members[0][:, present] for v in values[0]])  # (names, shuffles, G)
    low, high = np.quantile(shuffled, (0.025, 0.975), axis=1)
    area, overlap = (measure(values, members, mask)[0, :, ANY] for measure in (auc, top_overlap))
    names = tuple(importance)
    return JetProngs(
        groups=tuple(_title(int(g), prongs.pid[0]) for g in present),
        expected=members[0][:, present].mean(0),
        shares=dict(zip(names, observed, strict=True)),
        shuffled_intervals={name: (low[i], high[i]) for i, name in enumerate(names)},
        auc=dict(zip(names, area.tolist(), strict=True)),
        overlap=dict(zip(names, overlap.tolist(), strict=True)),
    )


def _title(group: int, pid: np.ndarray) -> str:
    """Return the name of a group, such as "leading prong, b"; several prongs have several symbols."""
    own = pid[FURTHER - LEADING :] if group == FURTHER else pid[group - LEADING : group - LEADING + 1]
    symbols = " ".join(symbol(int(code)) for code in own if code)
    return f"{RANKS[group]}, {symbols}" if symbols and group <= FURTHER else RANKS[group]
