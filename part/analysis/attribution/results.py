"""The result of the study `attribution`, over a sample of jets.

Shapes: M methods and, last, the particles' pT; T fractions, S species, K ranks in pT.
"""

from dataclasses import dataclass

import numpy as np

from part.analysis.attribution.faithfulness import FRACTIONS
from part.analysis.attribution.methods import METHODS
from part.analysis.statistics.running_mean import Mean
from part.jets.schema import SPECIES
from part.lazy import ShownInNotebooks

BY_PT = "pt"  # listed among the methods: an attribution by pT, with the leading particle first
TITLES = {name: method.title for name, method in METHODS.items()} | {BY_PT: "pT"}


@dataclass(frozen=True, eq=False)
class AttributionResult(ShownInNotebooks):
    """Means over jets with their standard errors.

    Parameters
    ----------
    names : tuple of str (M,)
        The methods, and last "pt", whose values are the particles' pT.
    means : dict of str to Mean
        "deletion", "insertion" (M + 1, T): probability along FRACTIONS; the last row is that of random orders.
        "deletion_area", "insertion_area" (M + 1,): the areas below.
        "deletion_gain", "insertion_gain" (M + 1,): by how much the areas are better than random ones, jet by jet.
        "agreement" (M, M): rank correlations. "infidelity", "sensitivity" (M,): see `faithfulness`.
        "incompleteness" (M,): the size of `Attribution.completeness_error`.
        "species" (M, S), "rank" (M, K): shares of each species, and of the 1 to K leading particles in pT, in the sum
        of the sizes of the attributions.
    """

    names: tuple[str, ...]
    means: dict[str, Mean]

    @property
    def titles(self) -> tuple[str, ...]:
        return tuple(TITLES[name] for name in self.names)

    def rows(self) -> list[dict]:
        """Return a row for each method and one for random orders; None stands for what is not known."""
        rows = []
        for i, name in enumerate((*self.names, "random")):
            row = {"method": name, "jets": int(self.means["deletion_area"].jets[0])}
            for quantity in ("deletion_area", "deletion_gain", "insertion_area", "insertion_gain"):
                row |= self._columns(quantity, quantity, i)
            method = i if i < len(self.names) else None
            for quantity in ("infidelity", "sensitivity", "incompleteness"):
                row |= self._columns(quantity, quantity, method)
            for s, title in enumerate(SPECIES):
                row |= self._columns(title.replace(" ", "_"), "species", method, s)
            for k in (1, 5, 10):
                row |= self._columns(f"hardest_{k}", "rank", method, k - 1)
            rows.append(row)
        return rows

    def _columns(self, name: str, quantity: str, *index: int | None) -> dict:
        mean = self.means[quantity]
        has_value = None not in index and np.isfinite(mean.value[index])
        value, error = (float(mean.value[index]), float(mean.error[index])) if has_value else (None, None)
        return {name: value, f"{name}_error": error}

    def arrays(self) -> dict[str, np.ndarray]:
        """Return `names`, `fractions`, and each mean NAME with its standard error NAME_error."""
        arrays = {"names": np.array(self.names), "fractions": FRACTIONS}
        for name, mean in self.means.items():
            arrays |= {name: mean.value, f"{name}_error": mean.error}
        return arrays
