"""The names of uploaded models, which are those of the visitor's files, wherever pages name models."""

from plotly import graph_objects as go
from plotly import io

from app.services.owners import model_title as title_of
from app.services.owners import recent, with_titles
from app.state.visitor import visitor


def model_title(name: str) -> str:
    """Return what a page calls a model."""
    return title_of(name, recent(visitor()))


def own_names(figure: go.Figure) -> go.Figure:
    """Return a figure in which uploads have the names of the visitor's files."""
    uploads = recent(visitor())
    if not any(upload.model for upload in uploads):
        return figure
    text = figure.to_json()
    named = with_titles(text, uploads)
    return figure if named == text else io.from_json(named)
