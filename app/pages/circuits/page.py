"""Circuits: how the components of a model work together."""

from app.components.study.page import Tab, study_page
from app.pages.circuits.context import controls, make_context
from app.pages.circuits.edges import choose_edges, edges, edges_study
from app.pages.circuits.search import choose_contrast, circuit_study, search
from app.pages.circuits.state import CircuitsState

TABS = {
    "edges": Tab("Edges", edges, edges_study, choose_edges, question="Which component acts on which?"),
    "search": Tab("Search", search, circuit_study, choose_contrast, question="Which few heads tell two classes apart?"),
}

study_page("Circuits", TABS, CircuitsState, make_context, controls)
