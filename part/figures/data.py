"""The data of a figure, computed once from a jet's view and drawn alike on screen, on paper and in exports."""

from collections.abc import Iterable
from dataclasses import replace

from part.errors import PartError
from part.figures.display import Display, make_display
from part.figures.heatmaps import ClassRows, Matrix, Mosaic, make_heatmap
from part.figures.jet_view import JetView
from part.figures.prediction import Prediction
from part.figures.view import View

FigureData = Matrix | Mosaic | ClassRows | Display | Prediction


def figure_data(jet_view: JetView, view: View, limits: tuple[float, float] | None = None) -> FigureData:
    """Compute the data of a figure.

    Parameters
    ----------
    jet_view : JetView
        The jet as a model saw it.
    view : View
        The figure and what it shows.
    limits : tuple of float, optional
        Limits of its colours or edges, to share them between models; by default those of the values.

    Returns
    -------
    Matrix, Mosaic, ClassRows, Display or Prediction

    Raises
    ------
    PartError
        If the model or the jet does not have what the view shows.
    """
    match view.figure:
        case "matrix":
            return make_heatmap(Matrix, jet_view, view, limits)
        case "mosaic":
            return make_heatmap(Mosaic, jet_view, view, limits)
        case "class":
            return make_heatmap(ClassRows, jet_view, view, limits)
        case "display":
            return make_display(jet_view, view, limits)
        case "prediction":
            return Prediction(jet_view, view)
    raise PartError(f"There is no figure {view.figure!r}.")


def shared_limits(figures: Iterable[FigureData]) -> tuple[float, float]:
    """Return the narrowest limits that hold those of all figures.

    Parameters
    ----------
    figures : iterable of figure data
        The same figure of several models.

    Returns
    -------
    tuple of float
        Limits for `figure_data`, so that the figures can be compared by colour.
    """
    limits = [figure.limits for figure in figures]
    return min(low for low, _ in limits), max(high for _, high in limits)


def limits_of_models(jet_views: Iterable[JetView], view: View) -> tuple[float, float] | None:
    """Return the limits of colours over all heads of all models that have the view's quantity; None if none has it."""
    mosaic = replace(view, figure="mosaic", query=None)
    having = [figure_data(jet_view, mosaic) for jet_view in jet_views if view.quantity in jet_view.quantities]
    return shared_limits(having) if having else None
