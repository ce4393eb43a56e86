"""What is known of each head of a model beside its attention on a jet: numbers, names, and the order by a number."""

import numpy as np

from app.services import jobs, precomputed
from app.services.caching import cached, digest
from part.analysis.bias.variance_shares import centre, variance_shares
from part.analysis.sparsity.measures import sparsity
from part.figures.jet_view import JetView
from part.figures.mosaic_bytes import HeadMarks
from part.inference.tagger import Tagger

OF_JET = {
    "entropy": "entropy [nats]",
    "top1": "mass of the strongest key",
    "gini": "Gini coefficient",
    "near_binary": "near-binary rows",
    "identity_distance": "distance to identity",
}
BIAS_SHARE = "bias share"
IMPORTANCE = "importance [nats]"


def offered(model: Tagger, jet_view: JetView) -> dict[str, str]:
    """Return the titles of the measures that a jet and a model have, by name."""
    if jet_view.trace.pattern is None or jet_view.attends_to_slots:
        return {}
    titles = dict(OF_JET)
    if jet_view.trace.has("bias") and jet_view.trace.has("scores_qk"):
        titles["bias_share"] = BIAS_SHARE
    if known_result(model, "ImportanceStudy") is not None:
        titles["importance"] = IMPORTANCE
    return titles


def head_measure(key: str, model: Tagger, jet_view: JetView, name: str) -> tuple[str, np.ndarray] | None:
    """Return the title of a measure and its values (L, H); None for a name that is not `offered`.

    Measures are of the jet, whose content `key` identifies; the importance is that of the study, how far predictions
    change on average without a head.
    """
    if name not in offered(model, jet_view):
        return None
    if name == "importance":
        result = known_result(model, "ImportanceStudy")
        values, _ = result.table("divergence")
        return IMPORTANCE, values[:, : model.config.heads]
    title = BIAS_SHARE if name == "bias_share" else OF_JET[name]
    return title, _of_jet(key, name, jet_view)


@cached(max_entries=64)
def _of_jet(key: str, name: str, _jet_view: JetView) -> np.ndarray:
    pattern = _jet_view.trace["pattern"]
    mask = np.ones((1, pattern.shape[-1]), bool)
    if name == "bias_share":
        scores, bias = (_jet_view.trace[array][None] for array in ("scores_qk", "bias"))
        return variance_shares(centre(scores, mask), centre(bias, mask), mask)[0, 1]
    return sparsity(pattern[None], mask)[name][0]


def head_marks(key: str, model: Tagger, jet_view: JetView, measure: str, arrangement: str) -> HeadMarks:
    """Return the names of a model's heads, and the measure that marks and arranges them, if there is one."""
    found = head_measure(key, model, jet_view, measure)
    order = None if found is None else _order(found[1], arrangement)
    return HeadMarks(found, head_names(model), order)


def _order(values: np.ndarray, arrangement: str) -> tuple[int, ...] | None:
    """Return the heads (L H) from the largest value to the smallest, of each layer or of all; unknown ones are last."""
    sorting = np.where(np.isfinite(values), -values, np.inf)
    if arrangement == "layers":
        rows = np.argsort(sorting, 1, kind="stable") + np.arange(len(values))[:, None] * values.shape[1]
        return tuple(rows.ravel().tolist())
    return tuple(np.argsort(sorting.ravel(), kind="stable").tolist()) if arrangement == "all" else None


def marks_key(marks: HeadMarks) -> str:
    """Return what identifies marks by content."""
    measure = "" if marks.measure is None else marks.measure[0] + digest(np.asarray(marks.measure[1]))
    return digest(np.array([measure, *marks.names, str(marks.order)]))[:16]


def head_names(model: Tagger) -> tuple[str, ...]:
    """Return what the atlas calls each head (L H), "" for one without a name; () before there is an atlas."""
    result = known_result(model, "AtlasStudy")
    if result is None:
        return ()
    heads = model.config.layers * model.config.heads
    return tuple(result.label(source) for source in range(heads))


def known_result(model: Tagger, study: str):
    """Return the result of a study, by the name of its class, whatever its options and jets; None if there is none.

    It is the last one that has been measured, or the one that the model comes with.
    """
    own = jobs.results(lambda key: key[0] == "study" and key[3] == model.cache_key and key[4].startswith(f"{study}("))
    if own or model.precision != "fp32":
        return own[-1] if own else None
    made = precomputed.find_any(model.sha256, f"{study}(")
    return made.result if made else None
