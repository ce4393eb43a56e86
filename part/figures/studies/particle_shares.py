"""Charts of the shares of one jet's particles in a difference of logits."""

import numpy as np

from part.analysis.circuits.particle_shares import ParticleShares
from part.figures.charts import Plane, Plot, Series
from part.figures.jet_view import JetView
from part.figures.sentences.numbers import short
from part.figures.sentences.one_jet import largest_part
from part.figures.studies.constituents import of_constituents

UNIT = "logit"
MOST = 12  # particles with a bar of their own
ABOUT = "particle_shares"


def plane(shares: ParticleShares, jet_view: JetView) -> Plane | Plot:
    """Return the jet coloured by the share of each particle."""
    names = [jet_view.constituents.numbered(i) for i in range(len(shares.particles))]
    sentence = largest_part(shares.particles, names, UNIT)
    title = f"Share of each particle, {shares.target}"
    return of_constituents(title, UNIT, shares.particles, jet_view, sentence, ABOUT)


def bars(shares: ParticleShares, jet_view: JetView) -> Plot:
    """Return the largest shares of particles, those of the others together, what is no particle's, and the sum."""
    values = shares.particles
    order = np.argsort(-np.abs(values), kind="stable")
    rows = {jet_view.constituents.numbered(i): float(values[i]) for i in order[:MOST].tolist()}
    if n_left := len(values) - len(rows):
        rows[f"{n_left} other particle{'s' * (n_left > 1)}"] = float(values[order[MOST:]].sum())
    rows |= shares.others | {"sum": shares.total}
    y = np.array(list(rows.values()))
    sentence = (
        f"Particles add {short(float(values.sum()))}, all else {short(sum(shares.others.values()))}; the difference of "
        f"logits is {short(shares.total)}."
    )
    series = Series("", tuple(rows), y, style="bars")
    title = f"Shares add up, {shares.target}"
    return Plot(title, f"share of the difference [{UNIT}]", "", (series,), sentence=sentence, about=ABOUT)
