"""A figure as an HTML page of its own that needs no network."""

import html

from part.figures.data import FigureData
from part.figures.palette import LIGHT
from part.figures.plotly.draw import draw_plotly

SIZES = {"matrix": (640, 560), "mosaic": (820, 780), "class": (820, 420), "display": (640, 720)}
# The page contains plotly.js, which may not request anything; its WebGL traces compile code at run time.
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'unsafe-inline' 'unsafe-eval'",
        "style-src 'unsafe-inline'",
        "img-src data: blob:",
    )
)
STYLE = f"""
body {{ font: 15px "Source Sans Pro", "Helvetica Neue", Arial, sans-serif; color: {LIGHT.text};
  background: {LIGHT.background}; margin: 24px auto; padding: 0 8px; }}
h1 {{ font-size: 18px; margin: 0; }}
p {{ margin: 2px 0 12px; color: {LIGHT.faint}; overflow-wrap: anywhere; }}
"""


def html_page(data: FigureData, title: str, source: str) -> str:
    """Write a figure as a page.

    Parameters
    ----------
    data : figure data
        What `part.figures.figure_data` returned.
    title : str
        The heading.
    source : str
        A line below the figure on where it comes from.

    Returns
    -------
    str
        HTML with title, jet, figure and source.
    """
    width, height = SIZES.get(data.view.figure, (640, 420))
    figure = draw_plotly(data, height=height, background=LIGHT.background)
    drawing = figure.to_html(full_html=False, include_plotlyjs=True, div_id="figure", config={"displayModeBar": False})
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<title>{html.escape(title)}</title>
<style>{STYLE}</style>
</head>
<body style="max-width: {width}px">
<h1>{html.escape(title)}</h1>
<p>{html.escape(data.jet_view.heading)}</p>
{drawing}
<p>{html.escape(source)}</p>
</body>
</html>
"""
