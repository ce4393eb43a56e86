"""Arrays -> figures. A View says what is shown; the numbers are made once, for screen, paper and export."""

from part.figures.constituent_table import table
from part.figures.data import figure_data, shared_limits
from part.figures.display import Display
from part.figures.heatmaps import ClassRows, Matrix, Mosaic, mosaic_bytes
from part.figures.particles import Constituents, constituents
from part.figures.plotly import draw_screen, picked
from part.figures.prediction import Prediction
from part.figures.scale import palette
from part.figures.scene import JetSummary, Scene, scene
from part.figures.view import View

__all__ = [
    "ClassRows",
    "Constituents",
    "Display",
    "JetSummary",
    "Matrix",
    "Mosaic",
    "Prediction",
    "Scene",
    "View",
    "constituents",
    "draw_paper",
    "draw_screen",
    "figure_data",
    "mosaic_bytes",
    "palette",
    "picked",
    "scene",
    "shared_limits",
    "table",
]


def __getattr__(name: str):
    if name == "draw_paper":  # matplotlib takes its time to import, which only figures for papers need
        from part.figures.matplotlib import draw_paper

        return draw_paper
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
