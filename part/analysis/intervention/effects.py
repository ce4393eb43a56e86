"""What taking things away does to quality, with paired bootstrap intervals and a correction for asking so often.

Every ablation is measured on the same draws of jets as the model as it is, so what the jets' luck does to both drops
out. With a hundred comparisons some would look significant by chance: the p-values are those of the single-step max-t
method (Westfall and Young, 1993), which controls the chance of any false claim and makes use of how much the
comparisons have in common.

Shapes: A ablations, J jets, C classes, R replicas.
"""

from dataclasses import dataclass

import numpy as np

from part.analysis.statistics import bootstrap, metrics
from part.analysis.statistics.divergence import jensen_shannon
from part.jets.schema import Dataset

_TINY = np.finfo(np.float32).tiny


@dataclass(frozen=True, eq=False)
class Change:
    """full: the measure of the model as it is. value (A,): its change by each ablation; low, high (A,): 95 %, each for
    itself; p (A,): of a change of 0, for all ablations together. What cannot be known is nan."""

    full: float
    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p: np.ndarray

    @property
    def significant(self) -> np.ndarray:
        """Which changes (A,) are, at 5 % for all together."""
        return self.p < 1 - bootstrap.LEVEL


def changes(
    probabilities: np.ndarray, labels: np.ndarray | None, dataset: Dataset, draws: int, seed: int = 0
) -> dict[str, Change]:
    """Of each measure, from probabilities (1 + A, J, C): first the model as it is, then without each target.

    "divergence": mean Jensen-Shannon divergence [nats] from the prediction as it was; without labels the only one.
    "cross_entropy": mean of -ln p of the true class [nats]. "accuracy", "macro_auc", and the rejections of
    `metrics.rejections_of`, of which the change is relative: 0.1 is a tenth more, infinite where no jet of the
    background passes any more.
    """
    moved = np.stack([jensen_shannon(np.stack((probabilities[0], p))) for p in probabilities])
    strata = np.zeros(len(moved[0]), int) if labels is None else labels
    drawn = np.concatenate(list(bootstrap.draws(strata, draws, seed)))
    found = {}
    if labels is not None:
        replicas = bootstrap.replicas(probabilities, labels, dataset, draws, seed)
        for name, values in _quality(probabilities, labels, dataset).items():
            relative = name.startswith("rejection")
            found[name] = change(values, replicas[name], relative)
        loss = -np.log(np.maximum(probabilities[:, np.arange(len(labels)), labels], _TINY, dtype=np.float64))
        found["cross_entropy"] = change(loss.mean(1), loss @ drawn.T / len(strata))
    divergence = change(moved.mean(1), moved @ drawn.T / len(strata))
    found["divergence"] = Change(
        0.0, divergence.value, divergence.low, divergence.high, np.full(len(moved) - 1, np.nan)
    )
    return found


def change(values: np.ndarray, replicas: np.ndarray, relative: bool = False) -> Change:
    """values (1 + A,) and their replicas (1 + A, R), the model as it is first."""
    with np.errstate(divide="ignore", invalid="ignore"):
        value, drawn = (v[1:] / v[:1] - 1 if relative else v[1:] - v[:1] for v in (values, replicas))
        known = np.where(np.isnan(drawn), value[:, None], drawn)
        low, high = (np.quantile(known, q, axis=1, method=m) for q, m in ((0.025, "lower"), (0.975, "higher")))
        error = np.where(np.isfinite(drawn).all(1), drawn.std(1, ddof=1), np.nan)
        away = np.abs(drawn - value[:, None]) / error[:, None]
        seen = np.abs(value) / error
    moving = error > 0
    if not moving.any():
        return Change(float(values[0]), value, low, high, np.where(error == 0, 1.0, np.nan))
    farthest = np.sort(away[moving].max(0))
    beyond = len(farthest) - np.searchsorted(farthest, seen, side="left")
    p = np.where(moving, (1 + beyond) / (1 + len(farthest)), np.where(error == 0, 1.0, np.nan))
    return Change(float(values[0]), value, low, high, p)


def _quality(probabilities: np.ndarray, labels: np.ndarray, dataset: Dataset) -> dict[str, np.ndarray]:
    """The measures (1 + A,) of the sample itself, by the names of `bootstrap.replicas`."""
    found = {"accuracy": np.array([metrics.accuracy(p, labels) for p in probabilities])}
    if len(np.unique(labels)) > 1:
        found["macro_auc"] = np.array([metrics.macro_auc(p, labels) for p in probabilities])
    for name, point in metrics.rejections_of(dataset, labels).items():
        found[name] = np.array([metrics.rejection(p, labels, *point) for p in probabilities])
    return found
