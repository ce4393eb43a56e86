"""The interaction bias as a function over the Lund plane, at a fixed momentum fraction and mass.

Shapes: H heads, P pairs, Y points along lnkT, X points along ln 1/Δ.
"""

import numpy as np

from part.analysis.bias.shapley import Network

LN_INVERSE_DELTA = np.linspace(-1, 7, 65)
LN_KT = np.linspace(-5, 4, 73)


def bias_on_lund_plane(network: Network, lnz: float, lnm2: float | None = None) -> np.ndarray:
    """Return the bias of pairs at LN_KT and LN_INVERSE_DELTA.

    Parameters
    ----------
    network : callable
        Features (P, 4), lnkT, lnz, lnΔ and lnm², to biases (P, H).
    lnz : float
        Logarithm of min(pT) / (sum of pT), at most ln 1/2.
    lnm2 : float, optional
        Logarithm of the pair's squared mass in GeV². By default that of massless particles close to each other, see
        `massless`; for a fixed value most of the plane has no such pairs.

    Returns
    -------
    ndarray (H, Y, X)
    """
    lnkt, lndelta = np.meshgrid(LN_KT, -LN_INVERSE_DELTA, indexing="ij")
    mass = massless(lnkt, lnz) if lnm2 is None else np.full(lnkt.shape, lnm2)
    features = np.stack([lnkt, np.full(lnkt.shape, lnz), lndelta, mass], -1)
    return np.moveaxis(network(features.reshape(-1, 4)).reshape(*lnkt.shape, -1), -1, 0)


def massless(lnkt: np.ndarray, lnz: np.ndarray | float) -> np.ndarray:
    """Return lnm² of two massless particles at a small angle: m² = pT₁ pT₂ Δ² = kT² (1 - z) / z."""
    return 2 * lnkt + np.log1p(-np.exp(lnz)) - lnz


def nearby(features: np.ndarray, lnz: float, lnm2: float | None = None, within: float = 0.5) -> np.ndarray:
    """Return which pairs (P,) have a lnz, and unless it is None a lnm², that differs by at most `within`."""
    near = np.abs(features[:, 1] - lnz) <= within
    return near if lnm2 is None else near & (np.abs(features[:, 3] - lnm2) <= within)
