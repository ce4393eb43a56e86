"""What the charts of a comparison are, and what they show, by their keys on the page."""

from app.services.library import Comparison
from app.services.library import comparison_sentences as sentences

KINDS = {"reliability": "calibration", "change": "confusion_change", "nats": "attention_divergence"}
KINDS |= {"% of queries": "attention_flips"}


def about(key: str) -> str:
    """Return the kind of a chart; the keys of the models' confusion matrices end in a number."""
    key = key.rstrip("0123456789")
    return KINDS.get(key, key)


def sentence(key: str, comparison: Comparison, other: int) -> str:
    """Return what a chart shows.

    Parameters
    ----------
    key : str
        The chart's key.
    comparison : Comparison
        What it is of.
    other : int
        The model whose attention is compared with the first one's.
    """
    kind = about(key)
    if kind == "confusion":
        return sentences.confusion(comparison, int(key.removeprefix(kind)))
    if kind in ("attention_divergence", "attention_flips"):
        return sentences.attention(comparison, comparison.attention[other], kind == "attention_flips")
    if kind in ("pareto", "roc"):
        return sentences.gain(comparison, "accuracy" if kind == "pareto" else "macro_auc")
    if kind in ("confusion_change", "drift"):
        return getattr(sentences, kind)(comparison, 1 if kind == "confusion_change" else other)
    return getattr(sentences, kind)(comparison)
