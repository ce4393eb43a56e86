"""Bootstrap intervals, also of differences between models: every model is measured on the same draws of jets.

Jets are drawn with replacement within their class, so every draw has the classes of the sample. A draw is stored as
the number of times that each jet was drawn, so scores need not be sorted again.
Shapes: M models, J jets, C classes, R replicas (r of them at a time), P jets of one class, N of another.
"""

from collections.abc import Callable, Iterator

import numpy as np

from part.analysis.statistics.metrics import check_classes, discriminant, working_points
from part.errors import PartError
from part.jets.schema import Dataset

LEVEL = 0.95
_BLOCK = 2_000_000  # counts held in memory at a time


def replicas(
    probabilities: np.ndarray,
    labels: np.ndarray,
    dataset: Dataset,
    count: int = 200,
    seed: int = 0,
    on_draws: Callable[[int], None] = lambda done: None,
) -> dict[str, np.ndarray]:
    """Return the metrics of `metrics.measure` for bootstrap draws of the jets.

    Parameters
    ----------
    probabilities : ndarray (M, J, C)
        Class probabilities of M models.
    labels : ndarray (J,)
        Class indices.
    dataset : Dataset
        Decides the working points of the rejections.
    count : int
        R, the number of draws, at least 2.
    seed : int
    on_draws : callable
        Receives the number of draws that are done.

    Returns
    -------
    dict of ndarray (M, R)
        By the names of `metrics.measure`. A rejection may be infinite; there is no macro AUC of one class.

    Raises
    ------
    PartError
        If `count` is below 2, or a label is beyond the classes.
    """
    if count < 2:
        raise PartError(f"{count} replicas give no interval; expected 2 or more.")
    check_classes(labels, dataset)
    points = working_points(dataset, labels)
    members = {int(c): np.flatnonzero(labels == c) for c in np.unique(labels)}
    blocks = []
    for drawn in draws(labels, count, seed):
        block = {"accuracy": np.stack([_accuracy(p.argmax(1) == labels, drawn) for p in probabilities])}
        if len(members) > 1:
            block["macro_auc"] = np.stack([_macro_auc(p, members, drawn) for p in probabilities])
        for name, (signal, background, efficiency) in points.items():
            kinds = members[signal], members[background]
            scores = [discriminant(p, signal, background) for p in probabilities]
            block[name] = np.stack([_rejection(s, *kinds, efficiency, drawn) for s in scores])
        blocks.append(block)
        on_draws(sum(len(block["accuracy"][0]) for block in blocks))
    return {name: np.concatenate([block[name] for block in blocks], axis=1) for name in blocks[0]}


def interval(values: np.ndarray, level: float = LEVEL) -> tuple[float, float]:
    """Return the central interval of replicas (R,) that holds `level` of them; either end may be infinite."""
    tail = (1 - level) / 2
    return float(np.quantile(values, tail, method="lower")), float(np.quantile(values, 1 - tail, method="higher"))


def auc_interval(scores: np.ndarray, positive: np.ndarray, count: int = 200, seed: int = 0) -> tuple[float, float]:
    """Return the interval of `metrics.auc`, of scores (J,) and which jets (J,) are positive; jets of both kinds."""
    values = [
        _auc(scores[positive], scores[~positive], drawn[:, positive], drawn[:, ~positive])
        for drawn in draws(positive, count, seed)
    ]
    return interval(np.concatenate(values))


def draws(labels: np.ndarray, count: int, seed: int = 0) -> Iterator[np.ndarray]:
    """Yield `count` draws in blocks (r, J) of how often each jet was drawn; only the seed decides them."""
    rng = np.random.default_rng(seed)
    members = [np.flatnonzero(labels == c) for c in np.unique(labels)]
    rows = max(1, _BLOCK // len(labels))
    for start in range(0, count, rows):
        block = np.zeros((min(rows, count - start), len(labels)))
        for row in block:
            for jets in members:
                row[jets] = np.bincount(rng.integers(0, len(jets), len(jets)), minlength=len(jets))
        yield block


def _accuracy(right: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    return drawn @ right / len(right)


def _macro_auc(probabilities: np.ndarray, members: dict[int, np.ndarray], drawn: np.ndarray) -> np.ndarray:
    """Return `metrics.macro_auc` of each draw (r,)."""
    values = [
        _auc(probabilities[jets, this], probabilities[others, this], drawn[:, jets], drawn[:, others])
        for this, jets in members.items()
        for other, others in members.items()
        if other != this
    ]
    return np.mean(values, axis=0)


def _auc(positive: np.ndarray, negative: np.ndarray, drawn_p: np.ndarray, drawn_n: np.ndarray) -> np.ndarray:
    """Return the Mann-Whitney AUC (r,) of scores (P,) and (N,) that were drawn (r, P) and (r, N) times."""
    order = np.argsort(negative, kind="stable")
    below = np.zeros((len(drawn_n), len(negative) + 1))
    np.cumsum(drawn_n[:, order], axis=1, out=below[:, 1:])
    below_ties, with_ties = (np.searchsorted(negative[order], positive, side) for side in ("left", "right"))
    outranked = (below[:, below_ties] + below[:, with_ties]) / 2
    return np.einsum("rp,rp->r", drawn_p, outranked) / (len(positive) * len(negative))


def _rejection(
    scores: np.ndarray, signal: np.ndarray, background: np.ndarray, efficiency: float, drawn: np.ndarray
) -> np.ndarray:
    """Return `metrics.rejection` of each draw (r,); signal and background are jet indices."""
    chosen = signal[np.argsort(scores[signal], kind="stable")]
    rejected = background[np.argsort(scores[background], kind="stable")]
    lowest = np.floor((len(signal) - 1) * (1 - efficiency))
    cut = scores[chosen][np.argmax(np.cumsum(drawn[:, chosen], axis=1) > lowest, axis=1)]
    passing = np.cumsum(drawn[:, rejected][:, ::-1], axis=1)
    count = len(rejected) - np.searchsorted(scores[rejected], cut, side="left")
    passed = np.where(count > 0, passing[np.arange(len(drawn)), np.maximum(count, 1) - 1], 0)
    with np.errstate(divide="ignore"):
        return len(background) / passed
