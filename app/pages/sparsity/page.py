"""Sparsity: how many particles a head's queries attend to, where those are, and whether fewer would do."""

from app.components.study.page import Tab, study_page
from app.pages.sparsity.context import SparsityContext, controls, make_context
from app.pages.sparsity.sample import collections, components, groups, heads, places, weights
from app.pages.sparsity.state import SparsityState
from app.pages.sparsity.top_k import top_k


def sparsity_study(context: SparsityContext) -> tuple[str, dict]:
    return "sparsity", {}


def components_study(context: SparsityContext) -> tuple[str, dict]:
    return "components", {}


def top_k_study(context: SparsityContext) -> tuple[str, dict]:
    return "topk", {}


TABS = {
    "heads": Tab("Heads", heads, sparsity_study, question="To how many particles does each head attend?"),
    "weights": Tab("Weights", weights, sparsity_study, question="How large are the attention weights?"),
    "groups": Tab("Class, multiplicity, pT", groups, sparsity_study, question="In which jets is this head sparse?"),
    "places": Tab("Subjets, species", places, sparsity_study, question="Where does attention go, beyond chance?"),
    "collections": Tab("Collections", collections, sparsity_study, question="Which collections attend to which?"),
    "components": Tab("Components", components, components_study, question="What do the heads write?"),
    "topk": Tab("Top-k", top_k, top_k_study, shows_jet=True, question="With how few keys is the answer the same?"),
}

study_page("Sparsity", TABS, SparsityState, make_context, controls)
