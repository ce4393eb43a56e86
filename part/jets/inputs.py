"""The inputs of a model from the branches of constituents, scaled and clipped.

The inputs are weaver's, operation by operation and in the precision of the file, so that published weights receive the
numbers that they were trained on. Shapes: P constituents of all jets in a row, F features.
"""

import numpy as np

from part.jets.schema import FeatureSet


def write_inputs(columns: dict[str, np.ndarray], features: FeatureSet, out: np.ndarray) -> None:
    """Write the scaled and clipped inputs to `out` (P, F).

    columns: the branches, (P,) each; those of the jet are repeated for its constituents.
    """
    columns = columns | {"part_pt": hypot(columns["part_px"], columns["part_py"])}
    if features.name == "kinpidplus":
        columns |= _species_flags(columns["part_pid"])
    for i, feature in enumerate(features.features):
        value = _unscaled(feature.name, columns)
        if feature.subtract or feature.multiply != 1.0:
            value = (value - feature.subtract) * feature.multiply
        if np.isfinite(feature.high):
            value = np.clip(value, feature.low, feature.high)
        out[:, i] = value


def _unscaled(name: str, columns: dict[str, np.ndarray]) -> np.ndarray:
    match name:
        case "part_pt_log":
            return np.log(columns["part_pt"])
        case "part_e_log":
            return np.log(columns["part_energy"])
        case "part_logptrel":
            return np.log(columns["part_pt"] / columns["jet_pt"])
        case "part_logerel":
            return np.log(columns["part_energy"] / columns["jet_energy"])
        case "part_deltaR":
            return hypot(columns["part_deta"], columns["part_dphi"])
        case "part_d0" | "part_dz":
            return np.tanh(columns[f"{name}val"])
        case _:
            return columns[name]


def hypot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return np.hypot. For float32 it is the rounded root in float64, since np.hypot is not vectorised."""
    if a.dtype != np.float32 or b.dtype != np.float32:
        return np.hypot(a, b)
    return np.sqrt(np.square(a, dtype=np.float64) + np.square(b, dtype=np.float64)).astype(np.float32)


def _species_flags(pid: np.ndarray) -> dict[str, np.ndarray]:
    """Return the hadron flags of `kinpidplus`: charged 1 (pi), 0.5 (K), 0.2 (p); neutral 1 (K_L), 0.2 (n)."""
    pid = np.abs(pid)
    charged = 1.0 * (pid == 211) + 0.5 * (pid == 321) + 0.2 * (pid == 2212)
    neutral = 1.0 * (pid == 130) + 0.2 * (pid == 2112)
    return {"part_isChargedHadron": charged, "part_isNeutralHadron": neutral}
