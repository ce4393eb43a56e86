"""Made-up jets whose partons are known: the exclusive kT subjets of each jet are its prongs."""

import awkward as ak
import numpy as np

from part.jets import kinematics, subjet_index


def with_partons(jets: ak.Array, n: int = 2, known: np.ndarray | None = None) -> ak.Array:
    """Return jets with `parton_*` at the axes of n subjets; those that are not known (J,) have none."""
    index = subjet_index(jets, n)
    rows = [[] if known is not None and not known[j] else sorted(set(index[j].to_list())) for j in range(len(jets))]
    momenta = (
        ak.Array([[float(ak.sum(jets[name][j][index[j] == k])) for k in ks] for j, ks in enumerate(rows)])
        for name in ("part_px", "part_py", "part_pz")
    )
    px, py, pz = (ak.values_astype(component, np.float64) for component in momenta)
    columns = {"pt": kinematics.pt(px, py), "eta": kinematics.eta(px, py, pz), "phi": kinematics.phi(px, py)}
    columns["pid"] = ak.values_astype(ak.full_like(px, 5), np.int32)
    for name, column in columns.items():
        jets = ak.with_field(jets, column, f"parton_{name}")
    return jets
