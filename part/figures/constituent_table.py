"""Constituents in numbers, under headings with units.

Shapes: n constituents.
"""

import numpy as np

from part.figures.scene import Scene
from part.figures.view import View


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
        columns["attention received"] = scene.between("pattern", view.layer, view.head).mean(axis=0)
    order = particles.order(view.order)
    return {heading: column[order] for heading, column in columns.items() if column is not None}
