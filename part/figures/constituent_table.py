"""The constituents as a table, under headings with units.

Shapes: n constituents.
"""

import numpy as np

from part.figures.jet_view import JetView
from part.figures.view import View


def tabulate_constituents(jet_view: JetView, view: View) -> dict[str, np.ndarray]:
    """Tabulate the constituents of a jet.

    Parameters
    ----------
    jet_view : JetView
        The jet as a model saw it.
    view : View
        The order of the rows, and the head whose attention is shown.

    Returns
    -------
    dict of str to np.ndarray
        Columns (n,) by heading; what the file or the model does not have is left out. "#" is the position in the
        file, from 1. "attention received" is the mean over all queries of the head; a uniform head gives 1/n to each.
    """
    particles = jet_view.constituents
    columns: dict[str, np.ndarray | None] = {"#": np.arange(1, len(particles) + 1)}
    if particles.has_species:
        columns["species"] = np.array([particles.species_title(i) for i in range(len(particles))])
    columns |= {
        "charge": particles.charge,
        "pT [GeV]": particles.pt,
        "Δη": particles.deta,
        "Δφ": particles.dphi,
        "ΔR": particles.delta_r,
        "d0/σ": particles.d0_significance,
        "dz/σ": particles.dz_significance,
        "subjet": particles.subjet + 1,
        "prong": _prongs(jet_view, view),
    }
    if not particles.has_momenta:
        columns |= dict.fromkeys(("pT [GeV]", "Δη", "Δφ", "ΔR", "subjet", "prong"))
    if jet_view.trace.has("pattern"):
        columns["attention received"] = jet_view.pair_weights("pattern", view.layer, view.head).mean(axis=0)
    order = particles.order(view.order)
    return {heading: column[order] for heading, column in columns.items() if column is not None}


def _prongs(jet_view: JetView, view: View) -> np.ndarray | None:
    """Return the prong of each constituent (n,), such as "1 b", in the view's matching, by ΔR unless it has one."""
    partons = jet_view.partons
    if partons is None or not partons.n_prongs:
        return None
    prong = partons.prong("deltaR" if view.colour == "subjet" else view.colour)
    return np.array([partons.prong_title(i) if i >= 0 else "" for i in prong])
