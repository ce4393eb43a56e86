"""The result of the study `truth`.

Shapes: B groups of jets, R sources of importance, G groups of particles.
"""

from dataclasses import dataclass

import numpy as np

from part.analysis.attribution.importance import Source
from part.analysis.statistics.bins import group_columns
from part.analysis.statistics.running_mean import Z95, Mean
from part.analysis.truth.overlap import GROUPS
from part.lazy import ShownInNotebooks


@dataclass(frozen=True, eq=False)
class TruthResult(ShownInNotebooks):
    """Means over the jets whose prongs are known, with their standard errors.

    Parameters
    ----------
    model : str
        The model's name.
    match, k, pt_edges
        Options of the study.
    sources : tuple of Source (R,)
        The heads, the heads of the class token, the methods of attribution, and last the particles' pT.
    means : dict of str to Mean
        In all jets, then in each bin of pT. "share" (B, R, G): the share of the importance in each of
        `overlap.GROUPS`; "shuffled" (B, G): its expectation for shuffled prongs, which is the share of the
        constituents; "excess" (B, R, G): their difference, jet by jet; "variance" (B, R, G): of a jet's shuffled share.
        "auc" and "overlap" (B, R, G): see `overlap.auc` and `overlap.top_overlap`; "random_overlap" (B, G): the latter
        for constituents chosen at random. "pt" (B,): jet pT in GeV.
    jets, left_out : int
        The number of jets in all, and of those whose prongs are not known.
    """

    model: str
    match: str
    k: int
    pt_edges: tuple[float, ...]
    sources: tuple[Source, ...]
    means: dict[str, Mean]
    jets: int
    left_out: int

    @property
    def shuffled_interval(self) -> tuple[np.ndarray, np.ndarray]:
        """The 95 % interval (B, R, G) of the mean share for shuffled prongs."""
        mean, variance = self.means["shuffled"].value[:, None], self.means["variance"]
        spread = Z95 * np.sqrt(variance.value / np.maximum(variance.jets, 1))
        return mean - spread, mean + spread

    def rows(self) -> list[dict]:
        """Return a row for each source, group of jets that is not empty, and group of particles that these have."""
        low, high = self.shuffled_interval
        share = self.means["share"]
        rows = []
        for (b, r, g), jets in np.ndenumerate(share.jets):
            if not jets:
                continue
            row = self.sources[r].columns() | group_columns(self.pt_edges, b) | {"particles": GROUPS[g]}
            row |= {"jets": int(jets), "left_out": self.left_out} | self._columns("share", (b, r, g))
            row |= {"shuffled": _finite(self.means["shuffled"].value[b, g])}
            row |= {"shuffled_low": _finite(low[b, r, g]), "shuffled_high": _finite(high[b, r, g])}
            for name in ("excess", "auc", "overlap"):
                row |= self._columns(name, (b, r, g))
            rows.append(row | {"random_overlap": _finite(self.means["random_overlap"].value[b, g])})
        return rows

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the names of the axes, and each mean NAME, its standard error NAME_error and its jets NAME_jets."""
        low, high = self.shuffled_interval
        arrays = {
            "sources": np.array([str(source) for source in self.sources]),
            "particles": np.array(GROUPS),
            "pt_edges": np.array(self.pt_edges, float),
            "shuffled_low": low,
            "shuffled_high": high,
            "left_out": np.array(self.left_out),
        }
        for name, mean in self.means.items():
            arrays |= {name: mean.value, f"{name}_error": mean.error, f"{name}_jets": mean.jets}
        return arrays

    def _columns(self, name: str, index: tuple[int, ...]) -> dict[str, float | None]:
        mean = self.means[name]
        return {name: _finite(mean.value[index]), f"{name}_error": _finite(mean.error[index])}


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
