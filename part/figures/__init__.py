"""Figures of jets and models: the data of each figure is computed once, and drawn for the screen and for papers.

May import everything of `part` but the exports and the commands.
"""

from typing import TYPE_CHECKING

from part.lazy import lazy_imports

if TYPE_CHECKING:
    from part.figures.constituent_table import tabulate_constituents
    from part.figures.data import figure_data, shared_limits
    from part.figures.jet_view import JetView, view_jet
    from part.figures.matplotlib import draw_matplotlib, figure_bytes
    from part.figures.plotly import draw_plotly
    from part.figures.studies import study_charts
    from part.figures.view import View

__all__ = [
    "JetView",
    "View",
    "draw_matplotlib",
    "draw_plotly",
    "figure_bytes",
    "figure_data",
    "shared_limits",
    "study_charts",
    "tabulate_constituents",
    "view_jet",
]

# These are imported on first use: plotly, matplotlib and torch take seconds, and a command's help needs none of them.
__getattr__ = lazy_imports(
    __name__,
    {
        "JetView": "part.figures.jet_view",
        "View": "part.figures.view",
        "tabulate_constituents": "part.figures.constituent_table",
        "draw_matplotlib": "part.figures.matplotlib",
        "draw_plotly": "part.figures.plotly",
        "figure_bytes": "part.figures.matplotlib",
        "figure_data": "part.figures.data",
        "shared_limits": "part.figures.data",
        "study_charts": "part.figures.studies",
        "view_jet": "part.figures.jet_view",
    },
)
