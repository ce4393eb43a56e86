"""A view of a scene -> the numbers of its figure, which screen, paper and export draw alike."""

from collections.abc import Iterable

from part.figures.display import Display, display
from part.figures.heatmaps import ClassRows, Matrix, Mosaic, heatmap
from part.figures.prediction import Prediction
from part.figures.scene import Scene
from part.figures.view import View

FigureData = Matrix | Mosaic | ClassRows | Display | Prediction


def figure_data(scene: Scene, view: View, limits: tuple[float, float] | None = None) -> FigureData:
    """The numbers of a figure. limits: of its colours or edges, to share them with another model's.

    Raises PartError when the model or the jet has not what the view asks for.
    """
    match view.figure:
        case "matrix":
            return heatmap(Matrix, scene, view, limits)
        case "mosaic":
            return heatmap(Mosaic, scene, view, limits)
        case "class":
            return heatmap(ClassRows, scene, view, limits)
        case "display":
            return display(scene, view, limits)
        case "prediction":
            return Prediction(scene, view)


def shared_limits(figures: Iterable[FigureData]) -> tuple[float, float]:
    """The narrowest limits that hold those of all figures, to be handed to `figure_data` again."""
    limits = [figure.limits for figure in figures]
    return min(low for low, _ in limits), max(high for _, high in limits)
