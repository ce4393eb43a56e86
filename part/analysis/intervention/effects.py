"""The effects of ablations on the quality of a model, with paired bootstrap intervals and corrected p-values.

Every ablation is measured on the same bootstrap draws of jets as the unchanged model, so that fluctuations of the
sample that affect both cancel. Among a hundred comparisons some would look significant by chance: the p-values are
those of the single-step max-t method (Westfall and Young, 1993), which controls the probability of any false claim and
takes the correlation of the comparisons into account.

Shapes: A ablations, J jets, C classes, R replicas.
"""

from dataclasses import dataclass

import numpy as np

from part.analysis.statistics import bootstrap, metrics
from part.analysis.statistics.divergence import jensen_shannon
from part.jets.labels import known_classes
from part.jets.schema import Dataset

_TINY = np.finfo(np.float32).tiny


@dataclass(frozen=True, eq=False)
class Change:
    """The change of a measure; NaN stands for what cannot be determined.

    Parameters
    ----------
    full : float
        The measure of the unchanged model.
    value : ndarray (A,)
        The change by each ablation.
    low, high : ndarray (A,)
        The 95 % interval of each change by itself.
    p : ndarray (A,)
        The p-value of a change of 0, corrected for all A comparisons.
    """

    full: float
    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p: np.ndarray

    @property
    def significant(self) -> np.ndarray:
        """Return whether each change (A,) is significant at 5 % for all comparisons together."""
        return self.p < 1 - bootstrap.LEVEL


def measure_changes(
    probabilities: np.ndarray, labels: np.ndarray | None, dataset: Dataset, draws: int, seed: int = 0
) -> dict[str, Change]:
    """Measure how ablations change the predictions and their quality.

    Parameters
    ----------
    probabilities : ndarray (1 + A, J, C)
        Class probabilities of the unchanged model, then of each ablation.
    labels : ndarray (J,), optional
        Class indices, -1 for jets of no class.
    dataset : Dataset
    draws, seed : int
        The number of bootstrap draws and their seed.

    Returns
    -------
    dict of str to Change
        "divergence": the mean Jensen-Shannon divergence [nats] from the unchanged predictions; the only measure
        without labels. "cross_entropy": the mean of -ln p of the true class [nats]. "accuracy", "macro_auc", and the
        rejections of `metrics.working_points`, whose change is relative: 0.1 is a tenth more, and it is infinite where
        no background jet passes any more.
    """
    moved = np.stack([jensen_shannon(np.stack((probabilities[0], p))) for p in probabilities])
    strata = np.zeros(len(moved[0]), int) if labels is None else labels
    drawn = np.concatenate(list(bootstrap.draws(strata, draws, seed)))
    changes = {}
    known = known_classes(labels)
    if labels is not None and known is not None:
        labels, of_known = labels[known], probabilities[:, known]
        replicas = bootstrap.replicas(of_known, labels, dataset, draws, seed)
        for name, values in _quality(of_known, labels, dataset).items():
            changes[name] = change(values, replicas[name], relative=name.startswith("rejection"))
        loss = -np.log(np.maximum(of_known[:, np.arange(len(labels)), labels], _TINY, dtype=np.float64))
        changes["cross_entropy"] = change(loss.mean(1), loss @ drawn[:, known].T / len(labels))
    divergence = change(moved.mean(1), moved @ drawn.T / len(strata))
    undefined = np.full(len(moved) - 1, np.nan)  # a divergence is never below 0, so 0 is no hypothesis to test
    changes["divergence"] = Change(0.0, divergence.value, divergence.low, divergence.high, undefined)
    return changes


def change(values: np.ndarray, replicas: np.ndarray, relative: bool = False) -> Change:
    """Return the changes of a measure.

    Parameters
    ----------
    values : ndarray (1 + A,)
        The measure of the unchanged model, then of each ablation.
    replicas : ndarray (1 + A, R)
        The same for each bootstrap draw.
    relative : bool
        Whether the change is relative to the unchanged model.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        value, drawn = (v[1:] / v[:1] - 1 if relative else v[1:] - v[:1] for v in (values, replicas))
        filled = np.where(np.isnan(drawn), value[:, None], drawn)
        low, high = (np.quantile(filled, q, axis=1, method=m) for q, m in ((0.025, "lower"), (0.975, "higher")))
        error = np.where(np.isfinite(drawn).all(1), drawn.std(1, ddof=1), np.nan)
        deviation = np.abs(drawn - value[:, None]) / error[:, None]
        observed = np.abs(value) / error
    varies = error > 0
    if not varies.any():
        return Change(float(values[0]), value, low, high, np.where(error == 0, 1.0, np.nan))
    largest = np.sort(deviation[varies].max(0))
    n_beyond = len(largest) - np.searchsorted(largest, observed, side="left")
    p = np.where(varies, (1 + n_beyond) / (1 + len(largest)), np.where(error == 0, 1.0, np.nan))
    return Change(float(values[0]), value, low, high, p)


def _quality(probabilities: np.ndarray, labels: np.ndarray, dataset: Dataset) -> dict[str, np.ndarray]:
    """Return the measures (1 + A,) of the sample itself, by the names of `bootstrap.replicas`."""
    measures = {"accuracy": np.array([metrics.accuracy(p, labels) for p in probabilities])}
    if len(np.unique(labels)) > 1:
        measures["macro_auc"] = np.array([metrics.macro_auc(p, labels) for p in probabilities])
    for name, point in metrics.working_points(dataset, labels).items():
        measures[name] = np.array([metrics.rejection(p, labels, *point) for p in probabilities])
    return measures
