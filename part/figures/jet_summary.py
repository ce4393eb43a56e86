"""A jet in one line: its kinematics, multiplicity and class."""

from dataclasses import dataclass

import awkward as ak
import numpy as np

from part.jets import kinematics
from part.jets.buffers import flat_values
from part.jets.features import multiplicities
from part.jets.labels import class_of, detect_dataset
from part.jets.preprocessing import add_derived_fields, has_momenta
from part.jets.schema import MOMENTA, N_TRUNCATED, Dataset


@dataclass(frozen=True)
class JetSummary:
    """A jet in one line; what a data config does not say is NaN.

    Attributes
    ----------
    pt, energy : float
        Transverse momentum and energy in GeV.
    eta, phi : float
        Pseudorapidity and azimuth of the axis.
    mass : float
        Invariant mass in GeV of all constituents in the file.
    n : int
        The constituents in the file.
    title : str or None
        The jet's class, None if it is unknown.
    """

    pt: float
    eta: float
    phi: float
    energy: float
    mass: float
    n: int
    title: str | None = None


def summarise(jet: ak.Array, known: Dataset | None = None) -> JetSummary:
    """Return a jet in one line; `known` are the classes of a jet that a data config prepared."""
    mass = float("nan")
    if has_momenta(jet):
        jet = add_derived_fields(jet)
        px, py, pz, energy = (float(flat_values(jet[name]).sum(dtype=np.float64)) for name in MOMENTA)
        mass = float(np.sqrt(max(kinematics.m2(px, py, pz, energy), 0.0)))
    is_prepared = N_TRUNCATED in jet.fields
    dataset = known if is_prepared else detect_dataset(jet)
    truth = None if dataset is None else class_of(jet, dataset)
    numbers = {
        name: float(jet[f"jet_{name}"][0]) if f"jet_{name}" in jet.fields else float("nan")
        for name in ("pt", "eta", "phi", "energy")
    }
    n = int(multiplicities(jet)[0]) + (int(jet[N_TRUNCATED][0]) if is_prepared else 0)
    title = None if dataset is None or truth is None else dataset.titles[truth]
    return JetSummary(**numbers, mass=mass, n=n, title=title)
