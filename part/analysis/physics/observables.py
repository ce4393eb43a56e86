"""What importance is correlated with: quantities of constituents, and observables of jets.

Shapes: J jets, N particles of the longest jet.
"""

import awkward as ak
import numpy as np

from part.jets import add_derived_fields, keep_leading, kinematics, subjet_index
from part.jets.features import multiplicities
from part.jets.observables import OBSERVABLES, observables
from part.jets.preprocessing import has_momenta, is_particle
from part.jets.schema import DISPLACEMENT, MOMENTA

SUBJETS = 3
OF_JETS = (*OBSERVABLES, "constituents")
OF_PARTICLES = ("pT", "ΔR", "kT", "z", "|d0|/σ")


def particle_quantities(jets: ak.Array) -> dict[str, np.ndarray]:
    """Return OF_PARTICLES of the constituents that a model sees, (J, N) each; NaN on padding and where not known.

    "pT" is in GeV, "ΔR" is the distance to the jet axis, "kT" = pT ΔR in GeV the momentum across that axis. "z" is the
    share of the pT of the constituent's own of three exclusive kT subjets; the share of the jet's pT would have the
    ranks of pT itself. "|d0|/σ" is the significance of the transverse impact parameter, of tracks alone.
    """
    known = has_momenta(jets)
    jets = keep_leading(add_derived_fields(jets) if known else jets)[0]
    counts = multiplicities(jets)
    mask = np.arange(counts.max()) < counts[:, None]
    quantities = {name: np.full(mask.shape, np.nan) for name in OF_PARTICLES}
    if known:
        px, py, deta, dphi = (_flat(jets, name) for name in (*MOMENTA[:2], "part_deta", "part_dphi"))
        pt, distance = kinematics.pt(px, py), np.hypot(deta, dphi)
        cell = np.repeat(np.arange(len(counts)) * SUBJETS, counts) + ak.to_numpy(
            ak.flatten(subjet_index(jets, SUBJETS))
        )
        counted = is_particle(jets)
        subjet_pt = np.hypot(*(np.bincount(cell, weights=component * counted)[cell] for component in (px, py)))
        values = (pt, distance, pt * distance, pt / subjet_pt)
        for name, column in zip(OF_PARTICLES, values, strict=False):
            quantities[name][mask] = column
    if set(DISPLACEMENT[:2]) <= set(jets.fields):
        d0, error = (_flat(jets, name) for name in DISPLACEMENT[:2])
        has_track = error > 0  # neutral particles have no error
        significance = np.divide(np.abs(d0), error, out=np.full(len(d0), np.nan), where=has_track)
        quantities["|d0|/σ"][mask] = significance
    return quantities


def jet_observables(jets: ak.Array) -> dict[str, np.ndarray]:
    """Return the observables (J,) of `part.jets.observables` and the number of "constituents", of what a model sees.

    Without momenta there is only the latter.
    """
    jets = keep_leading(jets)[0]
    substructure = observables(jets) if has_momenta(jets) else {}
    return substructure | {"constituents": multiplicities(jets).astype(float)}


def _flat(jets: ak.Array, name: str) -> np.ndarray:
    return ak.to_numpy(ak.flatten(jets[name])).astype(np.float64)
