"""The arrays of a jet in as few bytes as the page needs to show three digits.

Scores are kept in steps of 1/256, or of a larger power of two where they exceed the range of 16 bits. Attention is not
kept where it is the softmax of the scores, nor the value-weighted attention where it is attention times a norm per
key: the page computes them. Elsewhere both are kept as float16.

Shapes: L layers, H heads, n constituents, K slots in place of the keys.
"""

from dataclasses import dataclass

import numpy as np

from part.figures.jet_view import JetView
from part.inference.trace import Trace

STEP = 2.0**-8  # of scores; a score is wrong by half of it at most, so attention by 0.8 % at most
TOLERANCE = 0.01  # of attention that is computed on the page, relative
SMALLEST = 1e-4  # of attention that the tolerance is for; the colours end there


@dataclass(frozen=True)
class Packed:
    """One array: `kind` is "int16", "float16" or "float32", and a number is its integer times `step`."""

    kind: str
    values: np.ndarray
    step: float = 1.0

    @property
    def bytes(self) -> bytes:
        """The numbers with all first bytes before all second ones and so on, which compresses better."""
        little = np.ascontiguousarray(self.values, np.dtype(self.kind).newbyteorder("<"))
        return little.view(np.uint8).reshape(-1, little.itemsize).T.tobytes()

    @property
    def decoded(self) -> np.ndarray:
        return self.values.astype(np.float64) * self.step


def pack_trace(jet_view: JetView) -> dict[str, Packed]:
    """Return the arrays of a jet from which the page computes all quantities, in file order."""
    trace, packed = jet_view.trace, {}
    for name in ("scores_qk", "bias"):
        if trace.has(name):
            packed[name] = in_steps(_one_layer_if_equal(trace[name]))
    if trace.has("pattern"):
        packed |= _attention(trace, packed)
    if trace.has("mixing"):
        packed["mixing"] = Packed("float32", trace["mixing"])
    if trace.has("class_pattern"):
        packed["class_pattern"] = Packed("float32", trace["class_pattern"])
    return packed


def in_steps(values: np.ndarray) -> Packed:
    """Return values as 16-bit integers times the smallest step that holds them all."""
    step, largest = STEP, float(np.abs(values).max(initial=0.0))
    while largest > 32767 * step:
        step *= 2
    return Packed("int16", np.rint(values / step).astype(np.int16), step)


def _one_layer_if_equal(values: np.ndarray) -> np.ndarray:
    """Return a single layer of values (L, H, n, n) that are the same in all layers, such as a shared bias."""
    return values[:1] if (values == values[:1]).all() else values


def _attention(trace: Trace, scores: dict[str, Packed]) -> dict[str, Packed]:
    pattern, norms, packed = trace["pattern"].astype(np.float64), trace["value_norms"].astype(np.float64), {}
    logits = np.zeros(1) + sum(kept.decoded for kept in scores.values())
    if not scores or not _agree(_softmax(logits), pattern, SMALLEST):
        packed["pattern"] = Packed("float16", pattern)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(pattern > 0, norms / pattern, 0.0)
    per_key = np.take_along_axis(ratios, pattern.argmax(-2, keepdims=True), -2)
    if _agree(pattern * per_key, norms, SMALLEST * norms.max(initial=0.0)):
        packed["norms"] = Packed("float32", per_key)
    else:
        packed["value_norms"] = Packed("float16", norms)
    return packed


def _softmax(scores: np.ndarray) -> np.ndarray:
    weights = np.exp(scores - scores.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)


def _agree(computed: np.ndarray, exact: np.ndarray, floor: float) -> bool:
    """Return whether numbers agree within the tolerance; below the floor they only have to be below it as well."""
    return bool((np.abs(computed - exact) <= TOLERANCE * np.maximum(exact, floor)).all())
