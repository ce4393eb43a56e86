"""A random jet and trace: 12 particles, 3 layers, 4 heads."""

from dataclasses import replace

import numpy as np

from part.figures.jet_summary import JetSummary
from part.figures.jet_view import JetView
from part.figures.particles import Constituents
from part.inference.trace import Trace
from part.jets.schema import Dataset

N, LAYERS, HEADS, CLASS_LAYERS = 12, 3, 4, 2


def softmax(x: np.ndarray) -> np.ndarray:
    weights = np.exp(x - x.max(axis=-1, keepdims=True))
    return (weights / weights.sum(axis=-1, keepdims=True)).astype(np.float32)


def random_trace(n: int = N, seed: int = 0) -> Trace:
    rng = np.random.default_rng(seed)
    pairs = (LAYERS, HEADS, n, n)
    scores, bias = (rng.normal(0, 2, pairs).astype(np.float32) for _ in range(2))
    pattern = softmax(scores + bias)
    logits = rng.normal(size=5).astype(np.float32)
    return Trace(
        mask=np.ones(n, bool),
        logits=logits,
        probabilities=softmax(logits),
        scores_qk=scores,
        bias=bias,
        pattern=pattern,
        value_norms=pattern * rng.random((LAYERS, HEADS, 1, n), np.float32),
        class_pattern=softmax(rng.normal(0, 2, (CLASS_LAYERS, HEADS, n + 1))),
    )


def with_slots(trace: Trace, slots: int = 5, seed: int = 3) -> Trace:
    """Return the trace with particles that attend to slots."""
    rng = np.random.default_rng(seed)
    layers, heads, n, _ = trace.pattern.shape
    scores, bias = (rng.normal(0, 2, (layers, heads, n, slots)).astype(np.float32) for _ in range(2))
    pattern = softmax(scores + bias)
    norms = pattern * rng.random((layers, heads, 1, slots), np.float32)
    mixing = rng.normal(0, 0.5, (layers, slots, n)).astype(np.float32)
    return replace(trace, scores_qk=scores, bias=bias, pattern=pattern, value_norms=norms, mixing=mixing)


def random_constituents(n: int = N, seed: int = 1) -> Constituents:
    """Return constituents in no particular order; the last species is unknown, every third particle neutral."""
    rng = np.random.default_rng(seed)
    neutral = np.arange(n) % 3 == 0
    species = np.where(neutral, rng.integers(1, 3, n), rng.choice((0, 3, 4), n))
    species[-1] = -1
    return Constituents(
        pt=rng.exponential(20, n) + 1,
        energy=rng.exponential(40, n) + 20,
        deta=rng.normal(0, 0.2, n),
        dphi=rng.normal(0, 0.2, n),
        species=species,
        subjet=rng.permutation(np.arange(n) % 3),
        charge=np.where(neutral, 0, 1),
        d0=rng.normal(0, 0.1, n) * ~neutral,
        d0_significance=np.where(neutral, np.nan, rng.normal(0, 1, n)),
    )


TITLES = ("q/g", "H→bb", "W→qq′", "t→bqq′", "H→ℓνqq′")


def random_jet_view(n: int = N, seed: int = 0, **changes) -> JetView:
    fields = {
        "model": "toy",
        "trace": random_trace(n, seed),
        "constituents": random_constituents(n, seed + 1),
        "jet": JetSummary(pt=812.3, eta=-0.412, phi=1.0, energy=900.0, mass=173.0, n=n, title="t→bqq′"),
        "dataset": Dataset("toys", ("label_QCD", "label_Hbb", "label_Wqq", "label_Tbqq", "label_Hqql"), TITLES),
        "truth": 3,
    }
    return JetView(**fields | changes)
