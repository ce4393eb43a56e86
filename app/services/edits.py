"""Edits of single jets: what can be changed, by how much, and the jet before and after."""

from collections.abc import Callable
from dataclasses import dataclass

import awkward as ak
import numpy as np

from app.services.caching import cached
from app.services.files import JetFile
from app.services.jets import error_context, jets_at
from app.services.models import run_on_model_thread
from part.analysis.intervention import edits
from part.figures.jet_view import JetView, view_jet
from part.figures.particles import constituents
from part.inference.tagger import Tagger
from part.jets.preprocessing import keep_leading


@dataclass(frozen=True)
class Edit:
    """A kind of edit.

    Attributes
    ----------
    title, unit : str
        What it does, and the unit of its size.
    sizes : tuple of float
        The sizes to choose from.
    default : float
        The size that is shown first.
    apply : callable
        From jets, size and the constituent's rank in pT to the edited jets.
    """

    title: str
    unit: str
    sizes: tuple[float, ...]
    default: float
    apply: Callable[[ak.Array, float, int], ak.Array]


_DECADES = tuple(float(f"{10**power:.1g}") for power in np.arange(-5, -0.4, 0.5))
EDITS = {
    "soft": Edit("Add a soft photon", "of the jet's pT", _DECADES, 0.01, lambda j, s, _: edits.add_soft(j, s, 0.2)),
    "split": Edit("Split in halves", "apart in φ", _DECADES, 0.01, lambda j, s, rank: edits.split(j, rank, 0.5, s)),
    "drop": Edit("Drop", "", (1.0,), 1.0, lambda j, _, rank: edits.drop(j, rank)),
    "rotate": Edit(
        "Rotate about the axis", "°", tuple(range(0, 181, 10)), 40, lambda j, s, _: edits.rotate(j, np.radians(s))
    ),
    "boost": Edit(
        "Boost along the beam",
        "in rapidity",
        tuple((np.arange(-10, 11) / 10).tolist()),
        0.5,
        lambda j, s, _: edits.boost(j, s),
    ),
    "smear": Edit("Smear momenta", "%", (0, 1, 2, 5, 10, 20, 30), 5, lambda j, s, _: edits.smear(j, s / 100)),
}


@cached(max_entries=24)
def edit_jet(
    file: JetFile, entry: int, name: str, model: Tagger, edit: str, size: float, particle: int
) -> tuple[JetView, JetView]:
    """Return a jet as a model sees it before and after an edit.

    What follows from the constituents is computed again in both, so that nothing but the edit differs.

    Parameters
    ----------
    file, entry, name, model
        See `services.figures.view_jet`.
    edit, size
        A key of `EDITS` and the size of the edit.
    particle : int
        The constituent that is edited, in file order.
    """
    jet = jets_at(file, [entry])
    edits.check_editable(jet)
    pt = np.hypot(*(ak.to_numpy(jet[name][0]) for name in ("part_px", "part_py")))
    rank = int((pt > pt[particle]).sum() + (pt[:particle] == pt[particle]).sum())
    with error_context(file):
        before, after = edits.recompute_derived(jet), EDITS[edit].apply(jet, size, rank)
        return _view(before, name, model), _view(after, name, model)


def _view(jet: ak.Array, name: str, model: Tagger) -> JetView:
    trace = run_on_model_thread(model.trace, jet).jet(0)
    return view_jet(model, jet, trace, constituents(keep_leading(jet)[0]), name=name)
