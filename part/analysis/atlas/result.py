"""The result of the study `atlas`: the effects of all hypotheses, and the names of heads.

Shapes: R sources, K hypotheses, G groups of jets (two halves, then the classes), E entries.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from part.analysis.atlas.effects import Effects
from part.analysis.atlas.hypotheses import HYPOTHESES
from part.analysis.atlas.names import HeadName, find_names
from part.analysis.attribution.importance import Source
from part.analysis.statistics.running_mean import Z95
from part.lazy import ShownInNotebooks


@dataclass(frozen=True, eq=False)
class AtlasResult(ShownInNotebooks):
    """What each head attends to.

    Attributes
    ----------
    model, neighbours, least_effect, classes
        The model, the options of the study and the titles of the classes.
    sources : tuple of Source (R,)
        The heads of the layers, then those of the class blocks.
    hypotheses : tuple of str (K,)
        Names in `hypotheses.HYPOTHESES`.
    effects : Effects
        Group 0 is the half of the jets on which names are chosen, group 1 the half on which they are tested; then the
        classes, of both halves.
    untrained : ndarray (K,), optional
        The largest effect of any head with untrained weights.
    overlap, common : ndarray (R, K, K) and (K, K)
        The attention on the keys of both of two hypotheses over all queries, of the half that tests, and the share of
        the pairs of tokens that fulfil both.
    best, worst : ndarray (R, K, E)
        The entries of the jets in which a source exceeds its null most and least, -1 where there are none.
    position, position_error : ndarray
        Of each head of the layers: the share of the variance of its attention that the rank of the key explains.
    spread : ndarray
        Of each head of the layers: the mean effective number of keys, exp(entropy), over the number of tokens.
    jets : int
        The number of jets.
    """

    model: str
    neighbours: int
    least_effect: float
    classes: tuple[str, ...]
    sources: tuple[Source, ...]
    hypotheses: tuple[str, ...]
    effects: Effects
    untrained: np.ndarray | None
    overlap: np.ndarray
    common: np.ndarray
    best: np.ndarray
    worst: np.ndarray
    position: np.ndarray
    position_error: np.ndarray
    spread: np.ndarray
    jets: int

    @cached_property
    def names(self) -> tuple[HeadName | None, ...]:
        """The name of each source, None where no hypothesis holds."""
        return find_names(self.effects, self.untrained, self.least_effect)

    def title(self, hypothesis: int) -> str:
        """Return what a head that fulfils a hypothesis is called."""
        return HYPOTHESES[self.hypotheses[hypothesis]].title

    def label(self, source: int) -> str:
        """Return the name of a source with its numbers, such as "leptons, 0.89 ± 0.01, null 0.04"; "" without one."""
        name = self.names[source]
        if name is None:
            return ""
        half = Z95 * self.effects.share_error[source, name.hypothesis]
        return f"{self.title(name.hypothesis)}, {name.share:.2f} ± {half:.2f}, null {name.null:.2f}"

    def best_two(self, source: int) -> tuple[tuple[int, int], float, float] | None:
        """Return the two hypotheses that explain most of a source's attention beyond chance.

        Returns
        -------
        hypotheses : tuple of int
            The hypothesis of its name, or of its largest effect, and the one that adds most.
        share, chance : float
            The share of its attention on the keys of either, and the share of such pairs of tokens. None where the
            jets have no hypothesis' keys.
        """
        effect = self.effects.effect[0, source]
        if not np.isfinite(effect).any():
            return None
        name = self.names[source]
        first = int(np.nanargmax(effect)) if name is None else name.hypothesis
        own, chance = (np.diagonal(a) for a in (self.overlap[source], self.common))
        share = own[first] + own - self.overlap[source, first]
        expected = chance[first] + chance - self.common[first]
        gain = np.where(np.isfinite(effect), share - expected, -np.inf)
        gain[first] = -np.inf  # where nothing adds, the second is the one that takes least away
        second = int(gain.argmax())
        return (first, second), float(share[second]), float(expected[second])

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each source and hypothesis whose keys the jets have; layers and heads count from 1."""
        return [row for r in range(len(self.sources)) for row in self._rows_of(r)]

    def _rows_of(self, source: int) -> list[dict[str, Any]]:
        effects, name, rows = self.effects, self.names[source], []
        for k, hypothesis in enumerate(self.hypotheses):
            excess = effects.excess[:, source, k]
            if not np.isfinite(excess[:2]).any():
                continue
            row: dict[str, Any] = self.sources[source].columns() | {"hypothesis": hypothesis}
            row |= {"is_name": name is not None and name.hypothesis == k}
            row |= {"share": _plain(effects.share[1, source, k]), "error": _plain(effects.share_error[source, k])}
            row |= {"shuffled": _plain(effects.null[1, source, k]), "effect": _plain(effects.effect[1, source, k])}
            row |= {"effect_of_first_half": _plain(effects.effect[0, source, k]), "jets": int(effects.jets[1, k])}
            row |= {"untrained": None if self.untrained is None else _plain(self.untrained[k])}
            rows.append(row)
        return rows

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the arrays of the result with its axes, by the names of the fields."""
        fields = ("overlap", "common", "best", "worst", "position", "position_error", "spread")
        arrays = {name: getattr(self, name) for name in fields} | vars(self.effects)
        arrays |= {"sources": np.array([str(s) for s in self.sources]), "hypotheses": np.array(self.hypotheses)}
        arrays |= {
            "classes": np.array(self.classes),
            "names": np.array([self.label(r) for r in range(len(self.sources))]),
        }
        return arrays if self.untrained is None else arrays | {"untrained": self.untrained}


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
