"""Which component acts on which, as a graph."""

from app.components.messages import note
from app.components.study.context import ModelContext


def edges(context: ModelContext) -> None:
    note("The edges between components are drawn here.")
