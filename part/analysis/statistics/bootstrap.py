"""Intervals by bootstrap, and of differences between models: every model is measured on the same draws of jets.

Jets are drawn with replacement within their class, so that every draw has the classes of the sample. A draw is
a number for each jet, how often it was drawn, which spares sorting the scores anew.
Shapes: M models, J jets, C classes, R replicas (r of them at a time), P jets of one class, N of another.
"""

from collections.abc import Callable, Iterator

import numpy as np

from part.analysis.statistics.metrics import discriminant, rejections_of
from part.errors import PartError
from part.jets.schema import Dataset

LEVEL = 0.95
_BLOCK = 2_000_000  # numbers of draws held at a time


def replicas(
    probabilities: np.ndarray,
    labels: np.ndarray,
    dataset: Dataset,
    count: int = 200,
    seed: int = 0,
    told: Callable[[int], None] = lambda done: None,
) -> dict[str, np.ndarray]:
    """What `measure` tells of the models (M, J, C), for each of `count` draws: name -> (M, R), by its names.

    A rejection may be infinite. Without a second class there is no macro AUC. told: how many are done.
    """
    if count < 2:
        raise PartError(f"{count} replicas give no interval; expected 2 or more.")
    points = rejections_of(dataset, labels)
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
        told(sum(len(block["accuracy"][0]) for block in blocks))
    return {name: np.concatenate([block[name] for block in blocks], axis=1) for name in blocks[0]}


def interval(values: np.ndarray, level: float = LEVEL) -> tuple[float, float]:
    """The quantiles of replicas (R,) that hold `level` of them; either may be infinite."""
    tail = (1 - level) / 2
    return float(np.quantile(values, tail, method="lower")), float(np.quantile(values, 1 - tail, method="higher"))


def draws(labels: np.ndarray, count: int, seed: int = 0) -> Iterator[np.ndarray]:
    """`count` draws as blocks (r, J) of how often each jet was drawn; the seed alone decides."""
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
    """As `metrics.macro_auc`, for each draw (r,)."""
    values = [
        _auc(probabilities[jets, this], probabilities[others, this], drawn[:, jets], drawn[:, others])
        for this, jets in members.items()
        for other, others in members.items()
        if other != this
    ]
    return np.mean(values, axis=0)


def _auc(positive: np.ndarray, negative: np.ndarray, drawn_p: np.ndarray, drawn_n: np.ndarray) -> np.ndarray:
    """Scores (P,) and (N,), drawn (r, P) and (r, N) times -> Mann-Whitney, ties counting half (r,)."""
    order = np.argsort(negative, kind="stable")
    below = np.zeros((len(drawn_n), len(negative) + 1))
    np.cumsum(drawn_n[:, order], axis=1, out=below[:, 1:])
    ahead, upto = (np.searchsorted(negative[order], positive, side) for side in ("left", "right"))
    beaten = (below[:, ahead] + below[:, upto]) / 2
    return np.einsum("rp,rp->r", drawn_p, beaten) / (len(positive) * len(negative))


def _rejection(
    scores: np.ndarray, signal: np.ndarray, background: np.ndarray, efficiency: float, drawn: np.ndarray
) -> np.ndarray:
    """As `metrics.rejection`, for each draw (r,); signal and background are jet numbers."""
    chosen = signal[np.argsort(scores[signal], kind="stable")]
    rejected = background[np.argsort(scores[background], kind="stable")]
    lowest = np.floor((len(signal) - 1) * (1 - efficiency))
    cut = scores[chosen][np.argmax(np.cumsum(drawn[:, chosen], axis=1) > lowest, axis=1)]
    passing = np.cumsum(drawn[:, rejected][:, ::-1], axis=1)
    count = len(rejected) - np.searchsorted(scores[rejected], cut, side="left")
    passed = np.where(count > 0, passing[np.arange(len(drawn)), np.maximum(count, 1) - 1], 0)
    with np.errstate(divide="ignore"):
        return len(background) / passed
