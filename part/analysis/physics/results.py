"""The result of the study `physics`.

Shapes: B groups of jets, R sources of importance, L layers, H heads, O quantities.
"""

from dataclasses import dataclass

import numpy as np

from part.analysis.attribution.importance import Source
from part.analysis.physics.observables import OF_PARTICLES
from part.analysis.statistics.bins import group_columns
from part.lazy import ShownInNotebooks


@dataclass(frozen=True, eq=False)
class Correlations:
    """Rank correlations, the ends of their 95 % bootstrap intervals over jets, and the number of jets, all of a shape.

    NaN stands for what is not known or the same for all.
    """

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    jets: np.ndarray


@dataclass(frozen=True, eq=False)
class PhysicsResult(ShownInNotebooks):
    """Rank correlations in all jets, then in each bin of pT.

    Parameters
    ----------
    model : str
        The model's name.
    number_of_heads : str
        The number of a head for each jet that is correlated, one of `heads.OF_HEADS`.
    pt_edges : tuple of float
        Bins of the jets in pT [GeV].
    sources : tuple of Source (R,)
        The heads, the heads of the class token, the methods of attribution, and last the particles' pT.
    observables : tuple of str (O,)
        Of jets, see `observables.jet_observables`; none for a model whose particles do not attend to each other.
    centres : ndarray (B,)
        The mean pT of the jets in GeV.
    of_particles : Correlations (B, R, O)
        The mean over jets of the correlation within a jet with OF_PARTICLES.
    of_heads : Correlations (B, L, H, O) or None
        The correlation over jets of a number of each head with `observables`.
    """

    model: str
    number_of_heads: str
    pt_edges: tuple[float, ...]
    sources: tuple[Source, ...]
    observables: tuple[str, ...]
    centres: np.ndarray
    of_particles: Correlations
    of_heads: Correlations | None

    def rows(self) -> list[dict]:
        """Return a row for each group of jets, source or head, and quantity whose correlation is known."""
        rows = []
        for index in zip(*np.nonzero(np.isfinite(self.of_particles.value)), strict=True):
            b, r, o = map(int, index)
            head = {"correlated": "importance of particles"} | self.sources[r].columns()
            rows.append(head | self._numbers(self.of_particles, b, index, OF_PARTICLES[o]))
        if self.of_heads is not None:
            for index in zip(*np.nonzero(np.isfinite(self.of_heads.value)), strict=True):
                b, layer, head, o = map(int, index)
                columns = {"correlated": f"{self.number_of_heads} of heads"} | Source("head", layer, head).columns()
                rows.append(columns | self._numbers(self.of_heads, b, index, self.observables[o]))
        return rows

    def _numbers(self, correlations: Correlations, group: int, index: tuple, quantity: str) -> dict:
        numbers = {name: getattr(correlations, name)[index] for name in ("value", "low", "high")}
        row = group_columns(self.pt_edges, group) | {"quantity": quantity, "jets": int(correlations.jets[index])}
        return row | {f"rho{'' if name == 'value' else f'_{name}'}": float(v) for name, v in numbers.items()}

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the names of the axes, and `particles` (B, R, O) and `heads` (B, L, H, O).

        Both come with the ends of their intervals, _low and _high, and the number of jets, _jets.
        """
        arrays = {
            "sources": np.array([str(source) for source in self.sources]),
            "of_particles": np.array(OF_PARTICLES),
            "observables": np.array(self.observables, str),
            "pt_edges": np.array(self.pt_edges, float),
            "centres": self.centres,
        }
        for name, correlations in (("particles", self.of_particles), ("heads", self.of_heads)):
            if correlations is not None:
                arrays |= {name: correlations.value, f"{name}_low": correlations.low, f"{name}_high": correlations.high}
                arrays[f"{name}_jets"] = correlations.jets
        return arrays
