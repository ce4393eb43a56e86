"""Circuits: how the components of a model work together."""

from app.components.study.page import Tab, study_page
from app.pages.circuits.context import controls, make_context
from app.pages.circuits.dictionary import choose_feature, dictionary, dictionary_study
from app.pages.circuits.edges import choose_edges, edges, edges_study
from app.pages.circuits.search import choose_contrast, circuit_study, search
from app.pages.circuits.similarity import choose_other, similarity, similarity_study
from app.pages.circuits.state import CircuitsState

TABS = {
    "edges": Tab("Edges", edges, edges_study, choose_edges, question="Which component acts on which?"),
    "search": Tab(
        "Search", search, circuit_study, choose_contrast, question="Which heads or edges tell two classes apart?"
    ),
    "dictionary": Tab(
        "Features", dictionary, dictionary_study, choose_feature, question="Which features is a layer made of?"
    ),
    "similarity": Tab("Similarity", similarity, similarity_study, choose_other, question="How similar are the layers?"),
}

study_page("Circuits", TABS, CircuitsState, make_context, controls)
