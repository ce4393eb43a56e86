"""What the study of attributions over a sample found.

Shapes: M methods and, last, the particles' pT; T fractions, S species, K ranks in pT.
"""

from dataclasses import dataclass

import numpy as np

from part.analysis.attribution.faithfulness import FRACTIONS
from part.analysis.attribution.methods import METHODS
from part.analysis.statistics.running_mean import Mean
from part.jets.schema import SPECIES

BY_PT = "pt"  # takes its place among the methods: the hardest particle first
TITLES = {name: title for name, (title, _) in METHODS.items()} | {BY_PT: "pT"}


@dataclass(frozen=True, eq=False)
class AttributionFindings:
    """Means over jets with standard errors. names (M,): the methods, last `pt`, whose values are the particles' pT.

    deletion, insertion (M + 1, T): probability along FRACTIONS; the last row is of random orders, as in the next.
    deletion_area, insertion_area (M + 1,): below those; deletion_gain, insertion_gain (M + 1,): what they are better
    by than random ones, jet by jet. agreement (M, M): rank correlations. infidelity, sensitivity, incompleteness
    (M,): see `faithfulness`, and the size of `Attribution.completeness_error`. species (M, S), rank (M, K): shares
    of each species, and of the 1 to K hardest particles, in the sizes of the attributions.
    """

    names: tuple[str, ...]
    means: dict[str, Mean]

    @property
    def titles(self) -> tuple[str, ...]:
        return tuple(TITLES[name] for name in self.names)

    def rows(self) -> list[dict]:
        found = []
        for i, name in enumerate((*self.names, "random")):
            row = {"method": name, "jets": int(self.means["deletion_area"].jets[0])}
            for quantity in ("deletion_area", "deletion_gain", "insertion_area", "insertion_gain"):
                row |= self._number(quantity, quantity, i)
            known = i if i < len(self.names) else None
            for quantity in ("infidelity", "sensitivity", "incompleteness"):
                row |= self._number(quantity, quantity, known)
            for s, title in enumerate(SPECIES):
                row |= self._number(title.replace(" ", "_"), "species", known, s)
            for k in (1, 5, 10):
                row |= self._number(f"hardest_{k}", "rank", known, k - 1)
            found.append(row)
        return found

    def _number(self, name: str, quantity: str, *place: int | None) -> dict:
        mean = self.means[quantity]
        known = None not in place and np.isfinite(mean.value[place])
        value, error = (float(mean.value[place]), float(mean.error[place])) if known else (None, None)
        return {name: value, f"{name}_error": error}

    def arrays(self) -> dict[str, np.ndarray]:
        found = {"names": np.array(self.names), "fractions": FRACTIONS}
        for name, mean in self.means.items():
            found |= {name: mean.value, f"{name}_error": mean.error}
        return found
