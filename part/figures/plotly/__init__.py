"""Draw figures for the screen with plotly, for a light and a dark page. Imports the figures' data and style."""

from part.figures.plotly.draw import clicked_constituent, draw_plotly
from part.figures.plotly.html_page import html_page

__all__ = ["clicked_constituent", "draw_plotly", "html_page"]
