"""Figures for the screen, in plotly, for a light and a dark page."""

from part.figures.plotly.draw import draw_screen, picked
from part.figures.plotly.page import standalone

__all__ = ["draw_screen", "picked", "standalone"]
