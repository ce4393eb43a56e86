"""Constituents and pairs in numbers, under headings with units, for tables and panels.

Shapes: n constituents.
"""

import numpy as np

from part.errors import PartError
from part.figures.scenes import Scene
from part.figures.view import QUANTITY_TITLES, View

PAIR_QUANTITIES = ("pattern", "scores_qk", "bias", "value_norms")


def table(scene: Scene, view: View) -> dict[str, np.ndarray]:
    """Heading -> column (n,) in the view's order. What the file or the model does not have is left out.

    "#" is the place in the file, from 1. Attention received: mean over all queries of the chosen head; a
    uniform head gives 1/n to each.
    """
    particles = scene.constituents
    columns = {"#": np.arange(1, len(particles) + 1)}
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
    }
    if scene.trace.has("pattern"):
        columns["attention received"] = scene.head("pattern", view.layer, view.head).mean(axis=0)
    order = particles.order(view.order)
    return {heading: column[order] for heading, column in columns.items() if column is not None}


def pair(scene: Scene, view: View, key: int, query: int | None = None) -> dict[str, str | float]:
    """Heading -> text or number: what the chosen head makes of a query (or the view's) and a key."""
    query = view.query if query is None else query
    particles = scene.constituents
    for name, index in (("query", query), ("key", key)):
        if index is None or not 0 <= index < len(particles):
            raise PartError(f"Expected a {name} from 1 to {len(particles)}; there is none chosen that fits.")
    panel = {
        "query": f"{query + 1}: {particles.describe(query)}",
        "key": f"{key + 1}: {particles.describe(key)}",
        "ΔR": float(particles.pair_delta_r[query, key]),
    }
    for quantity in PAIR_QUANTITIES:
        if quantity in scene.quantities:
            head = scene.head(quantity, view.layer, view.head)
            panel[QUANTITY_TITLES[quantity]] = float(head[query, key])
    return panel
